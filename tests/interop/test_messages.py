"""Messages and op signatures are TensorFlow's, field by field."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf import descriptor_pool, text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor

import metagraft.compat.core
import metagraft.proto
from metagraft.graph import catalogue
from metagraft.proto.coercion import as_message, foreign_name
from metagraft.proto.text import format_text, parse_text

PACKAGES = (
    "tensorflow.core.example",
    "tensorflow.core.framework",
    "tensorflow.core.profiler",
    "tensorflow.core.protobuf",
    "tensorflow.core.util",
)
MODULES = (
    "tensorflow.python.keras.protobuf.saved_metadata_pb2",
    "tensorflow.python.training.checkpoint_state_pb2",
)
# TensorFlow 2.21 ships no Python module of these.
NOT_LOADED = {
    *("CriticalSectionDef", "CriticalSectionExecutionDef"),
    # Ours: examples that are not taken apart whole.
    *("UnparsedExample", "UnparsedFeatureList", "UnparsedFeatures"),
    "UnparsedSequenceExample",
    *("ConvolutionDimensionNumbers", "DotDimensionNumbers", "GatherDimensionNumbers"),
    *("PrecisionConfig", "ScatterDimensionNumbers"),
    "UniformQuantizedConvolutionDimensionNumbersAttr",
    *("ChunkMetadata", "ChunkInfo", "ChunkedMessage", "ChunkedField", "FieldIndex"),
}
# As `framework.graph_pb2`.
_CORE = Path(metagraft.compat.core.__file__).parent
MESSAGE_MODULES = sorted(
    ".".join(path.relative_to(_CORE).with_suffix("").parts)
    for path in _CORE.rglob("*_pb2.py")
)


@pytest.fixture(scope="module")
def pool(tf: ModuleType) -> descriptor_pool.DescriptorPool:
    """All of TensorFlow's messages."""
    assert tf
    for name in MODULES:
        importlib.import_module(name)
    for package in PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            if module.name.endswith("_pb2"):
                importlib.import_module(f"{package}.{module.name}")
    return descriptor_pool.Default()


def _field(field: FieldDescriptor) -> tuple[Any, ...]:
    target = field.message_type or field.enum_type
    oneof = field.containing_oneof
    return (
        *(field.name, field.number, field.type, field.is_repeated, field.is_packed),
        *(field.has_presence, target and target.name, oneof and oneof.name),
    )


def _assert_same(ours: Descriptor, theirs: Descriptor) -> None:
    # What TensorFlow 1.15 still had, for the files that it wrote.
    kept = [
        field
        for field in ours.fields
        if field.name in theirs.fields_by_name or not field.GetOptions().deprecated
    ]
    assert sorted(map(_field, kept)) == sorted(map(_field, theirs.fields))
    assert set(ours.nested_types_by_name) == set(theirs.nested_types_by_name)
    for enum in ours.enum_types:
        values = theirs.enum_types_by_name[enum.name].values
        assert [(v.name, v.number) for v in enum.values] == [
            (v.name, v.number) for v in values
        ]
    for nested in ours.nested_types:
        _assert_same(nested, theirs.nested_types_by_name[nested.name])


@pytest.mark.parametrize("name", metagraft.proto.__all__)
def test_fields_are_tensorflows(
    name: str, pool: descriptor_pool.DescriptorPool
) -> None:
    """Every message has TensorFlow's fields, numbers, presence and packing."""
    ours = getattr(metagraft.proto, name).DESCRIPTOR
    if name in NOT_LOADED:
        return
    if isinstance(ours, Descriptor):
        full_name = foreign_name(getattr(metagraft.proto, name))
        _assert_same(ours, pool.FindMessageTypeByName(full_name))
    else:
        full_name = ours.full_name.replace("metagraft.", "tensorflow.")
        theirs = pool.FindEnumTypeByName(full_name)
        assert {v.name: v.number for v in ours.values} == {
            v.name: v.number for v in theirs.values
        }


@pytest.mark.parametrize("name", MESSAGE_MODULES)
def test_message_modules_have_tensorflows_names(name: str, tf: ModuleType) -> None:
    """A module of messages has each message, enum and value of TensorFlow's module."""
    assert tf
    ours = importlib.import_module(f"metagraft.compat.core.{name}")
    file = importlib.import_module(f"tensorflow.core.{name}").DESCRIPTOR
    assert set(dir(ours)) >= {*file.message_types_by_name, *file.enum_types_by_name}
    for message, descriptor in file.message_types_by_name.items():
        assert foreign_name(getattr(ours, message)) == descriptor.full_name
    for enum in file.enum_types_by_name.values():
        for value in enum.values:
            assert getattr(ours, value.name) == value.number
            assert getattr(ours, enum.name).Value(value.name) == value.number


def test_tensorflow_messages_become_ours(tf: ModuleType) -> None:
    """A graph of TensorFlow's is taken as it is; its text reads here and there."""
    with tf.Graph().as_default() as graph:
        tf.add(tf.constant([1.0, 2.0], name="a"), 3.0, name="sum")
    theirs = graph.as_graph_def()
    ours = as_message(theirs, metagraft.proto.GraphDef)
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(
        deterministic=True
    )
    assert (
        parse_text(text_format.MessageToString(theirs), metagraft.proto.GraphDef)
        == ours
    )
    assert format_text(ours) == text_format.MessageToString(theirs)
    with pytest.raises(TypeError, match=r"expected a NodeDef.*tensorflow\.GraphDef"):
        as_message(theirs, metagraft.proto.NodeDef)


def test_packed_messages_open_on_both_sides(tf: ModuleType) -> None:
    """The text of a packed message spells it out, and each side reads the other's."""
    from tensorflow.core.protobuf import meta_graph_pb2

    asset = meta_graph_pb2.AssetFileDef(filename="vocabulary")
    theirs = tf.MetaGraphDef()
    theirs.collection_def["saved_model_assets"].any_list.value.add().Pack(asset)
    ours = as_message(theirs, metagraft.proto.MetaGraphDef)
    assert format_text(ours) == text_format.MessageToString(theirs)
    assert (
        parse_text(text_format.MessageToString(theirs), metagraft.proto.MetaGraphDef)
        == ours
    )


def test_signatures_are_those_of_op_lists(tf: ModuleType) -> None:
    """Every op has the signature that TensorFlow writes into MetaGraphs."""
    from tensorflow.python.framework import meta_graph, op_def_registry

    graph_def = tf.GraphDef()
    for name in catalogue.names():
        if op_def_registry.get(name) is not None:
            graph_def.node.add(name=name, op=name)
    theirs = meta_graph.stripped_op_list_for_graph(graph_def)
    assert len(theirs.op) > 1800
    different = []
    for op in theirs.op:
        found = catalogue.get(op.name).to_proto()
        expected = op.SerializeToString(deterministic=True)
        if found.SerializeToString(deterministic=True) != expected:
            different.append(op.name)
    assert not different
