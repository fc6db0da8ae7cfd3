"""The message modules of `tensorflow.core` that programs import."""

from __future__ import annotations

import importlib
from pathlib import Path

import metagraft.compat.core
import metagraft.compat.v1 as tf
from metagraft.compat.core.example import example_pb2, feature_pb2
from metagraft.compat.core.framework import graph_pb2, summary_pb2, types_pb2
from metagraft.compat.core.protobuf import config_pb2, error_codes_pb2, meta_graph_pb2
from metagraft.compat.core.util import event_pb2

ROOT = Path(metagraft.compat.core.__file__).parent


def test_every_name_of_every_module_is_there() -> None:
    """Each row of each table leads somewhere."""
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in ROOT.rglob("*_pb2.py")
    ]
    assert len(modules) > 45
    for name in modules:
        module = importlib.import_module(f"metagraft.compat.core.{name}")
        for public in dir(module):
            getattr(module, public)


def test_messages_are_those_of_the_public_names() -> None:
    """A message made through a module is taken where `tf` takes one."""
    assert graph_pb2.GraphDef is tf.GraphDef
    assert meta_graph_pb2.MetaGraphDef is tf.MetaGraphDef
    assert config_pb2.ConfigProto is tf.ConfigProto
    assert summary_pb2.Summary is tf.Summary
    assert event_pb2.Event is tf.Event
    assert example_pb2.Example is tf.train.Example
    assert feature_pb2.Feature is tf.train.Feature


def test_values_of_enums_are_names_of_the_module() -> None:
    """As protobuf's generated modules have them; numbers of `types.proto`."""
    assert (types_pb2.DT_FLOAT, types_pb2.DT_STRING_REF) == (1, 107)
    assert types_pb2.DataType.Name(9) == "DT_INT64"
    assert error_codes_pb2.OUT_OF_RANGE == tf.errors.OUT_OF_RANGE
