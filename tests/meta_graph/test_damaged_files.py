"""Damaged MetaGraphs that once did harm: each is refused, by name, or can be used."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError

import metagraft.compat.v1 as tf
from metagraft.graph.constant_value import constant_value
from metagraft.graph.folding import constant_value_as_dims
from metagraft.graph.tensor_values import make_ndarray
from metagraft.proto import (
    CondContextDef,
    MetaGraphDef,
    NodeDef,
    TensorProto,
    VariableDef,
)
from tests.fuzz.examination import examine

SECONDS = 20  # a loaded machine is slow; what hangs takes longer
HUGE = 1 << 62
Damage = Callable[[MetaGraphDef], Any]


@pytest.fixture(autouse=True)
def _own_graph() -> Any:
    with tf.Graph().as_default():
        yield


def model() -> MetaGraphDef:
    """Return a MetaGraph of an input, a split, two variables and a saver."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 4], name="x")
        with tf.variable_scope("s"):
            w = tf.get_variable("w", initializer=[1.0, 2.0])
            tf.get_variable("r", initializer=[1.0], use_resource=True)
            first, second = tf.split(x, 2, axis=0, name="parts")
            tf.add(first * w[0], second, name="y")
        tf.add_to_collection("outputs", first)
        return tf.train.Saver().export_meta_graph()


def node(meta: MetaGraphDef, name: str) -> NodeDef:
    """Return the node of a name."""
    (found,) = [n for n in meta.graph_def.node if n.name == name]
    return found


def _count(meta: MetaGraphDef) -> None:
    node(meta, "s/parts").attr["num_split"].i = HUGE


def _type(meta: MetaGraphDef) -> None:
    node(meta, "x").attr["dtype"].type = 1 << 30  # type: ignore[assignment]


def _reference(meta: MetaGraphDef) -> None:
    node(meta, "x").attr["dtype"].type = 101  # type: ignore[assignment]


def _placeholder(meta: MetaGraphDef) -> None:
    node(meta, "s/w/initial_value").attr["value"].placeholder = "T"


def _line_break(meta: MetaGraphDef) -> None:
    meta.graph_def.node.add(name="one\ntwo", op="NoOp")


def _shape(meta: MetaGraphDef) -> None:
    node(meta, "x").attr["shape"].shape.dim[0].size = -5


def _many_dimensions(meta: MetaGraphDef) -> None:
    shape = node(meta, "x").attr["shape"].shape
    shape.MergeFromString(b"\x12\x02\x08\x01" * 1_000_000)


def _class(meta: MetaGraphDef) -> None:
    node(meta, "x").attr["_class"].s = b"loc:@x"


def _op_list(meta: MetaGraphDef) -> None:
    op = meta.meta_info_def.stripped_op_list.op.add(name="Mine")
    op.attr.add(name="T", type="bogus")
    meta.graph_def.node.add(name="mine", op="Mine")


def _function(meta: MetaGraphDef) -> None:
    meta.graph_def.library.function.add().signature.name = "Identity"


def _no_return(meta: MetaGraphDef) -> None:
    signature = meta.graph_def.library.function.add().signature
    signature.name = "mine"
    signature.output_arg.add(name="y", type=1)
    meta.graph_def.node.add(name="call", op="mine")


def _producer(meta: MetaGraphDef) -> None:
    meta.graph_def.versions.producer = -1


def _node_list(meta: MetaGraphDef) -> None:
    meta.collection_def["outputs"].node_list.value.append("no_such:0")


def _operation(meta: MetaGraphDef) -> None:
    _change_variable(meta, 1, snapshot_name="s/w")


def _no_variable(meta: MetaGraphDef) -> None:
    _change_variable(meta, 1, is_resource=True, variable_name="s/w/read:0")


def _no_read(meta: MetaGraphDef) -> None:
    _change_variable(meta, 0, is_resource=True, snapshot_name="x:0")


def _change_variable(meta: MetaGraphDef, position: int, **fields: Any) -> None:
    values = meta.collection_def["variables"].bytes_list.value
    definition = VariableDef.FromString(values[position])
    definition.MergeFrom(VariableDef(**fields))
    values[position] = definition.SerializeToString()


def _number_for_variable(meta: MetaGraphDef) -> None:
    meta.collection_def["variables"].int64_list.value.append(3)
    meta.ClearField("saver_def")


def _variable_bytes(meta: MetaGraphDef) -> None:
    meta.collection_def["variables"].bytes_list.value.append(b"\xff")


def _deep(meta: MetaGraphDef) -> None:
    context = CondContextDef(context_name="c")
    for _ in range(120):
        outer = CondContextDef(context_name="c")
        outer.nested_contexts.add().cond_ctxt.CopyFrom(context)
        context = outer
    content = context.SerializeToString()
    meta.collection_def["cond_context"].bytes_list.value.append(content)


def _unbound(meta: MetaGraphDef) -> None:
    meta.collection_def["unbound_inputs"].bytes_list.value.append(b"x")


def _saver(meta: MetaGraphDef) -> None:
    meta.saver_def.save_tensor_name = ""


REFUSED: dict[Damage, tuple[type[Exception], str]] = {
    _count: (ValueError, r"too big: 4611686018427387904; NodeDef: {{node s/parts}}"),
    _type: (ValueError, r"invalid DataType enum: 1073741824(?s:.*){{node x}}"),
    _reference: (ValueError, r"reference type value of float_ref(?s:.*){{node x}}"),
    _placeholder: (ValueError, r"'placeholder' when 'tensor'(?s:.*)s/w/initial_value"),
    _line_break: (ValueError, "Node 'one\ntwo': Node name contains invalid"),
    _shape: (ValueError, r"\[-5,4\] has dimensions with values(?s:.*){{node x}}"),
    _many_dimensions: (ValueError, r"1000002 dimensions has too many(?s:.*){{node x}}"),
    _class: (TypeError, "Node 'x': attr '_class'"),
    _op_list: (ValueError, "Signature of 'Mine': attr 'T' has the unknown type"),
    _function: (ValueError, "Cannot add function 'Identity'"),
    _no_return: (ValueError, r"Return y missing(?s:.*)function 'mine'"),
    _producer: (ValueError, "producer version -1 below"),
    _node_list: (KeyError, "Collection 'outputs': The name 'no_such:0'"),
    _operation: (ValueError, "Collection 'trainable_v|Collection 'variables': .*'s/w'"),
    _no_variable: (ValueError, "s/w/read:0 is no variable but the output of a Ident"),
    _no_read: (ValueError, r"Collection '\w+': "),
    _number_for_variable: (TypeError, "collection of variables holds 3"),
    _variable_bytes: (DecodeError, "Collection 'variables': "),
    _deep: (DecodeError, "Collection 'cond_context': "),
    _unbound: (ValueError, "unbound inputs: x"),
    _saver: (ValueError, "must specify the save_tensor_name"),
}


@pytest.mark.parametrize("damage", REFUSED, ids=lambda d: d.__name__.strip("_"))
def test_refused_by_name(damage: Damage) -> None:
    """MG-140, MG-147, MG-149, MG-165, MG-173, MG-180: the error says where; no change.

    The library, versions and collections of the graph are compared too.
    """
    tf.constant(1.0, name="before")
    tf.add_to_collection("outputs", "before")
    graph = tf.get_default_graph()
    before = graph.as_graph_def()
    meta = model()
    damage(meta)
    expected, words = REFUSED[damage]
    started = time.monotonic()
    with pytest.raises(expected, match=words) as caught:
        tf.train.import_meta_graph(meta)
    assert type(caught.value) is expected
    assert time.monotonic() - started < SECONDS
    assert graph.as_graph_def() == before
    assert graph.get_all_collection_keys() == ["outputs"]
    assert graph.get_collection("outputs") == ["before"]


def _empty_attr(meta: MetaGraphDef) -> None:
    node(meta, "x").attr[""].i = 3


def _class_bytes(meta: MetaGraphDef) -> None:
    node(meta, "s/y").attr["_class"].list.s.append(b"\xff\xfe")


def _unbound_bytes(meta: MetaGraphDef) -> None:
    meta.collection_def["unbound_inputs"].bytes_list.value.append(b"\xff")


def _number_among_variables(meta: MetaGraphDef) -> None:
    meta.collection_def["variables"].Clear()
    meta.collection_def["variables"].int64_list.value.append(3)


def _shapes_of_wrong_number(meta: MetaGraphDef) -> None:
    node(meta, "s/y").attr["_output_shapes"].list.shape.add()


def _resource_constant(meta: MetaGraphDef) -> None:
    added = meta.graph_def.node.add(name="c", op="Const")
    added.attr["dtype"].type = 20  # type: ignore[assignment]
    added.attr["value"].tensor.dtype = 20  # type: ignore[assignment]


ACCEPTED: list[Damage] = [
    _empty_attr,
    _class_bytes,
    _unbound_bytes,
    _number_among_variables,
    _shapes_of_wrong_number,
    _resource_constant,
]


@pytest.mark.parametrize("damage", ACCEPTED, ids=lambda d: d.__name__.strip("_"))
def test_can_be_used(damage: Damage) -> None:
    """MG-047, MG-146: odd but harmless; shown, exported and imported again."""
    meta = model()
    damage(meta)
    assert examine(meta).word == "accepted"


@pytest.mark.parametrize("depth", [30, 200, 3000])
def test_text_that_is_nested_deeply(tmp_path: Path, depth: int) -> None:
    """MG-122: functions in attributes of functions: read, or refused as a file is."""
    path = tmp_path / "deep.meta"
    inside = "func { attr { key: 'a' value { " * depth
    closing = "} } } " * depth
    node_text = (
        f"name: 'n' op: 'NoOp' attr {{ key: 'a' value {{ {inside} {closing} }} }}"
    )
    path.write_text(f"graph_def {{ node {{ {node_text} }} }}", encoding="utf-8")
    error = examine(path).error
    if depth == 3000:
        assert isinstance(error, OSError)
        assert "nested too deeply" in str(error)


# -- values of constants ---------------------------------------------------------------


def test_deep_chains_have_values() -> None:
    """Identities are followed without recursion."""
    tensor = tf.constant(7)
    for _ in range(3000):
        tensor = tf.identity(tensor)
    assert constant_value(tensor) == 7


def test_shared_operands_are_evaluated_once() -> None:
    """Thirty doublings of a shape take no time, nor the memory of the result."""
    size = tf.shape(tf.placeholder(tf.float32, [None]))
    tensor = size
    started = time.monotonic()
    for _ in range(30):
        tensor = tf.concat([tensor, tensor], 0)
    assert constant_value(tensor) is None
    assert constant_value_as_dims(tensor) is None
    same = tf.constant(True)
    for _ in range(30):
        same = tf.equal(same, same)
    assert constant_value(same)
    assert time.monotonic() - started < SECONDS


def test_large_values_are_not_written_out() -> None:
    """A few bytes in a file do not become gigabytes."""
    tensor = TensorProto(dtype=1, float_val=[2.0])  # type: ignore[arg-type]
    for _ in range(2):
        tensor.tensor_shape.dim.add(size=1 << 20)
    array = make_ndarray(tensor)
    assert array.shape == (1 << 20, 1 << 20)
    assert array[-1, -1] == 2.0
    assert constant_value(tf.range(1 << 40)) is None
    filled = constant_value(tf.fill([1 << 20, 1 << 20], 3))
    assert filled.shape == (1 << 20, 1 << 20)
    tensor.float_val.append(3.0)
    with pytest.raises(ValueError, match="more than 2 GB"):
        make_ndarray(tensor)


def test_sizes_do_not_wrap_around() -> None:
    """A product of dimensions beyond 64 bits is not taken for a small one."""
    tensor = TensorProto(dtype=1)  # type: ignore[arg-type]
    for _ in range(2):
        tensor.tensor_shape.dim.add(size=HUGE)
    with pytest.raises(ValueError, match="too"):
        make_ndarray(tensor)


def test_numbers_that_do_not_fit() -> None:
    """Halves are the low 16 bits of what is stored, as in TensorFlow."""
    tensor = TensorProto(dtype=19, half_val=[0x13C00])  # type: ignore[arg-type]
    assert make_ndarray(tensor) == np.float16(1.0)


def test_constants_name_themselves() -> None:
    """A constant without sense is named when its value is asked for."""
    meta = model()
    value = node(meta, "s/w/initial_value").attr["value"].tensor
    value.tensor_content = b"\0"
    tf.train.import_meta_graph(meta)
    tensor = tf.get_default_graph().get_tensor_by_name("s/w/initial_value:0")
    with pytest.raises(ValueError, match="Constant 's/w/initial_value': Tensor cont"):
        constant_value(tensor)
