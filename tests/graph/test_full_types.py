"""Nodes have the full types that TensorFlow gives them.

Those of every op, with one set of attributes each, are in what TensorFlow made of old
signatures (`tests/meta_graph/test_old_files.py`). The values here are TensorFlow's.
"""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf
from metagraft.graph import catalogue
from metagraft.graph.full_types import add_full_type
from metagraft.proto import FullTypeDef, FullTypeId, NodeDef


def _shown(full_type: FullTypeDef) -> str:
    """Return a full type in one line: `DATASET[PRODUCT[TENSOR[FLOAT]]]`."""
    name = FullTypeId.Name(full_type.type_id).removeprefix("TFT_")
    args = ",".join(_shown(arg) for arg in full_type.args)
    return f"{name}[{args}]" if args else name


@pytest.mark.parametrize(
    ("op_type", "attr", "types", "expected"),
    [
        ("Shape", "out_type", 9, "SHAPE_TENSOR[INT64]"),
        ("TensorListReserve", "element_dtype", 19, "ARRAY[TENSOR[HALF]]"),
        ("TensorListReserve", "element_dtype", 14, "ARRAY[TENSOR[UNSET]]"),
        ("TensorListReserve", "element_dtype", 21, "ARRAY"),
        ("RaggedTensorToVariant", "Tvalues", 21, "RAGGED[LEGACY_VARIANT]"),
        ("MutexLock", "", 0, "MUTEX_LOCK"),
        ("TextLineDataset", "", 0, "DATASET[TENSOR[STRING]]"),
        ("DatasetFromGraph", "", 0, "DATASET[ANY]"),
        (
            "RangeDataset",
            "output_types",
            [20, 21, 8],
            "DATASET[PRODUCT[TENSOR[UNSET],TENSOR[LEGACY_VARIANT],TENSOR[COMPLEX64]]]",
        ),
        (
            "OptionalFromValue",
            "Toutput_types",
            [1],
            "OPTIONAL[PRODUCT[TENSOR[FLOAT]]]",
        ),
        ("SparseTensorSliceDataset", "Tvalues", 21, "DATASET"),
    ],
)
def test_full_type_of_attributes(
    op_type: str, attr: str, types: int | list[int], expected: str
) -> None:
    """Attributes are replaced by types; what is in single variants says nothing."""
    node = NodeDef(op=op_type)
    if isinstance(types, list):
        node.attr[attr].list.type.extend(types)
    elif attr:
        node.attr[attr].type = types
    add_full_type(node, catalogue.get(op_type))
    assert _shown(node.experimental_type) == f"PRODUCT[{expected}]"


def test_nodes_without_outputs_and_without_types() -> None:
    """One op has the type of no values; most have none."""
    for op_type, expected in {"MakeIterator": "PRODUCT", "MatMul": ""}.items():
        node = NodeDef(op=op_type)
        add_full_type(node, catalogue.get(op_type))
        found = node.HasField("experimental_type")
        assert (_shown(node.experimental_type) if found else "") == expected


@pytest.mark.parametrize("given", [FullTypeDef(), FullTypeDef(type_id="TFT_ANY")])
def test_types_of_files_are_kept(given: FullTypeDef) -> None:
    """A node that comes with a type keeps it, also one that says nothing."""
    with tf.Graph().as_default() as graph:
        tf.shape(tf.placeholder(tf.float32), name="shape")
        tf.identity(1.0, name="same")
        graph_def = graph.as_graph_def()
    for node in graph_def.node:
        if node.name in ("shape", "same"):
            node.experimental_type.CopyFrom(given)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        for name in ("shape", "same"):
            node = graph.get_operation_by_name(name).node_def
            assert node.HasField("experimental_type")
            assert node.experimental_type == given


def test_bodies_of_functions() -> None:
    """Built bodies have types; those of files are imported as they are."""
    with tf.Graph().as_default() as graph:
        tf.function(tf.shape)(tf.placeholder(tf.float32, [None]))
        graph_def = graph.as_graph_def()
    (function,) = graph_def.library.function
    (node,) = (node for node in function.node_def if node.op == "Shape")
    assert _shown(node.experimental_type) == "PRODUCT[SHAPE_TENSOR[INT32]]"
    node.ClearField("experimental_type")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        (function,) = graph.as_graph_def().library.function
    (node,) = (node for node in function.node_def if node.op == "Shape")
    assert not node.HasField("experimental_type")


def test_types_that_programs_set() -> None:
    """An operation says of its outputs what a program says of them."""
    with tf.Graph().as_default() as graph:
        op = tf.constant(1).op
        given = FullTypeDef(type_id=FullTypeId.TFT_PRODUCT)
        given.args.add(type_id=FullTypeId.TFT_ARRAY)
        op.experimental_set_type(given)
        with pytest.raises(ValueError, match="expected TFT_UNSET or TFT_PRODUCT"):
            op.experimental_set_type(given.args[0])
    (node,) = graph.as_graph_def().node
    assert _shown(node.experimental_type) == "PRODUCT[ARRAY]"
