"""What every program builds goes through MetaGraphs of both libraries, the same way."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from metagraft.proto import MetaGraphDef
from tests import known_differences, same_meta_graph
from tests.programs.every_program import PROGRAMS
from tests.same_graph import COUNTED_ATTRS

# Whole, and node by node: then nodes spell their inputs as they were told of them.
EXPORTS: list[dict[str, Any]] = [{}, {"clear_devices": True}]
# How the one and the other is imported.
IMPORTS: list[dict[str, Any]] = [{}, {"import_scope": "scope"}]


def _exported(tf: ModuleType, name: str) -> list[MetaGraphDef]:
    """Build one program and export it, shapes and collections included."""
    with tf.Graph().as_default():
        PROGRAMS[name](tf)
        return _exports(tf)


def _moved(
    tf: ModuleType, meta_graph: MetaGraphDef, **options: Any
) -> list[MetaGraphDef]:
    """Import a MetaGraph and export it again."""
    message = tf.MetaGraphDef.FromString(meta_graph.SerializeToString())
    with tf.Graph().as_default():
        tf.train.import_meta_graph(message, **options)
        return _exports(tf)


def _exports(tf: ModuleType) -> list[MetaGraphDef]:
    return [_without_counters(tf.train.export_meta_graph(**how)) for how in EXPORTS]


def _without_counters(exported: Any) -> MetaGraphDef:
    """Leave out the attributes whose values a counter of the process makes."""
    meta_graph = same_meta_graph.parsed(exported)
    for node in meta_graph.graph_def.node:
        for key in COUNTED_ATTRS & set(node.attr):
            if node.attr[key].s:  # required by some ops, so it stays, as one for all
                node.attr[key].s = b"counted"
    return meta_graph


UNBUILT = known_differences.entries("same_graph")
CASES = [name for name in PROGRAMS if name not in UNBUILT]


@pytest.mark.parametrize(
    "name", known_differences.parameters("same_meta_graph", CASES, AssertionError)
)
def test_same_meta_graph(name: str, tf: ModuleType, mg: ModuleType) -> None:
    """Both export the same; ours goes into TensorFlow; both import it as the same.

    MG-033: also where the exporter rebuilds the list of nodes.
    """
    theirs, ours = _exported(tf, name), _exported(mg, name)
    _check_same(theirs, ours, f"{name}, exported")
    for given, options in zip(ours, IMPORTS, strict=True):
        expected, found = _moved(tf, given, **options), _moved(mg, given, **options)
        _check_same(expected, found, f"{name}, imported with {options}")


def _check_same(
    expected: list[MetaGraphDef], found: list[MetaGraphDef], what: str
) -> None:
    for how, theirs, ours in zip(EXPORTS, expected, found, strict=True):
        differences = same_meta_graph.differences(theirs, ours)
        assert not differences, f"{what}, exported with {how}:\n{differences}"
