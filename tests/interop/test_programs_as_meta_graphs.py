"""What every program builds goes through MetaGraphs of both libraries, the same way."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from metagraft.proto import MetaGraphDef
from tests import known_differences, same_meta_graph
from tests.programs.every_program import PROGRAMS
from tests.same_graph import COUNTED_ATTRS


def _exported(tf: ModuleType, name: str) -> MetaGraphDef:
    """Build one program and export it, shapes and collections included."""
    with tf.Graph().as_default():
        PROGRAMS[name](tf)
        return _without_counters(tf.train.export_meta_graph())


def _moved(tf: ModuleType, meta_graph: MetaGraphDef, **options: Any) -> MetaGraphDef:
    """Import a MetaGraph and export it again."""
    message = tf.MetaGraphDef.FromString(meta_graph.SerializeToString())
    with tf.Graph().as_default():
        tf.train.import_meta_graph(message, **options)
        return _without_counters(tf.train.export_meta_graph())


def _without_counters(exported: Any) -> MetaGraphDef:
    """Leave out the attributes whose values a counter of the process makes."""
    meta_graph = same_meta_graph.parsed(exported)
    for node in meta_graph.graph_def.node:
        for key in COUNTED_ATTRS & set(node.attr):
            del node.attr[key]
    return meta_graph


UNBUILT = known_differences.entries("same_graph")
CASES = [name for name in PROGRAMS if name not in UNBUILT]


@pytest.mark.parametrize(
    "name", known_differences.parameters("same_meta_graph", CASES, AssertionError)
)
def test_same_meta_graph(name: str, tf: ModuleType, mg: ModuleType) -> None:
    """Both export the same; ours goes into TensorFlow; both import it as the same."""
    theirs, ours = _exported(tf, name), _exported(mg, name)
    differences = same_meta_graph.differences(theirs, ours)
    assert not differences, f"{name}, exported:\n{differences}"
    for options in ({}, {"import_scope": "scope"}):
        expected = _moved(tf, ours, **options)
        differences = same_meta_graph.differences(expected, _moved(mg, ours, **options))
        assert not differences, f"{name}, imported with {options}:\n{differences}"
