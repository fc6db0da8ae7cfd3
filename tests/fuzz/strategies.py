"""MetaGraphs that hypothesis makes from nothing, mostly senseless ones."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

from metagraft.proto import (
    AttrValue,
    CollectionDef,
    GraphDef,
    MetaGraphDef,
    NodeDef,
    TensorProto,
    TensorShapeProto,
)

OPS = [
    "NoOp",
    "Placeholder",
    "Const",
    "Identity",
    "AddV2",
    "AddN",
    "Split",
    "Pack",
    "Unpack",
    "ConcatV2",
    "Reshape",
    "Shape",
    "Fill",
    "Range",
    "Merge",
    "Switch",
    "Enter",
    "Exit",
    "NextIteration",
    "LoopCond",
    "VariableV2",
    "VarHandleOp",
    "ReadVariableOp",
    "Assign",
    "IdentityN",
    "PartitionedCall",
    "While",
    "If",
    "NoSuchOp",
]
ATTRS = ("T", "dtype", "N", "num_split", "num", "shape", "value", "axis", "Tshape", "f")
NAMES = ("a", "b", "c", "a/b", "a/c", "d")
KEYS = ("variables", "train_op", "cond_context", "while_context", "mine", "savers")

_numbers = st.one_of(
    st.integers(-3, 4), st.sampled_from([1 << 31, 1 << 40, (1 << 63) - 1])
)
_types = st.one_of(st.sampled_from([1, 3, 7, 9, 10, 20]), st.integers(0, 140))


@st.composite
def shapes(draw: st.DrawFn) -> TensorShapeProto:
    """Return shapes, known and unknown, possible and impossible."""
    shape = TensorShapeProto(unknown_rank=draw(st.integers(0, 9)) == 0)
    for size in draw(st.lists(_numbers, max_size=3)):
        shape.dim.add(size=size)
    return shape


@st.composite
def tensors(draw: st.DrawFn) -> TensorProto:
    """Return stored tensors whose parts need not fit together."""
    tensor = TensorProto(dtype=draw(_types), tensor_shape=draw(shapes()))
    tensor.tensor_content = draw(st.binary(max_size=9))
    tensor.float_val.extend(draw(st.lists(st.floats(width=32), max_size=2)))
    tensor.int_val.extend(draw(st.lists(st.integers(-5, 5), max_size=2)))
    return tensor


def attr_values() -> st.SearchStrategy[AttrValue]:
    """Return attributes of every kind."""
    lists = st.lists(_types, max_size=3).map(
        lambda types: AttrValue.ListValue(type=types)
    )
    fields: dict[str, st.SearchStrategy[Any]] = {
        "type": _types,
        "i": _numbers,
        "s": st.binary(max_size=4),
        "b": st.booleans(),
        "f": st.floats(width=32),
        "shape": shapes(),
        "tensor": tensors(),
        "list": lists,
    }
    return st.one_of(
        [
            value.map(lambda v, k=kind: AttrValue(**{k: v}))
            for kind, value in fields.items()
        ]
    )


@st.composite
def nodes(draw: st.DrawFn) -> NodeDef:
    """Return nodes that take one another, or themselves."""
    node = NodeDef(name=draw(st.sampled_from(NAMES)), op=draw(st.sampled_from(OPS)))
    form = st.sampled_from(("{}", "{}", "{}", "{}:0", "{}:1", "^{}"))
    for text in draw(st.lists(form, max_size=3)):
        node.input.append(text.format(draw(st.sampled_from(NAMES))))
    for name in draw(st.lists(st.sampled_from(ATTRS), max_size=4)):
        node.attr[name].CopyFrom(draw(attr_values()))
    return node


@st.composite
def meta_graphs(draw: st.DrawFn) -> MetaGraphDef:
    """Return MetaGraphs of a few nodes and collections."""
    meta = MetaGraphDef(graph_def=GraphDef(node=draw(st.lists(nodes(), max_size=6))))
    meta.graph_def.versions.producer = draw(st.sampled_from((0, 21, 1000, 2474)))
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=2)):
        definition = CollectionDef()
        if draw(st.booleans()):
            definition.bytes_list.value.append(draw(st.binary(max_size=8)))
        else:
            definition.node_list.value.append(draw(st.sampled_from((*NAMES, "a:0"))))
        meta.collection_def[key].CopyFrom(definition)
    return meta
