"""MetaGraphs while eager execution is on: there is no graph but what callers give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.graph import defaults
from metagraft.meta_graph import export, importer
from metagraft.proto import GraphDef, MetaGraphDef

NO_GRAPH = "when eager execution is enabled"


@pytest.fixture(autouse=True)
def _eager_mode(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(defaults._stacks, "graph", None)
    defaults.enable_eager_execution()
    yield
    defaults.disable_eager_execution()


@pytest.mark.parametrize(
    "given", [{}, {"graph": tf.Graph()}, {"graph_def": GraphDef()}]
)
def test_export(given: dict[str, Any]) -> None:
    """MG-022: one of the two is not enough."""
    with pytest.raises(RuntimeError, match=NO_GRAPH):
        tf.train.export_meta_graph(**given)
    with pytest.raises(ValueError, match=NO_GRAPH):
        export.export_scoped_meta_graph(**given)


def test_export_with_graph_and_nodes() -> None:
    """MG-022: with both, no mode matters."""
    nodes = GraphDef()
    nodes.node.add(name="n", op="NoOp")
    exported = tf.train.export_meta_graph(graph_def=nodes, graph=tf.Graph())
    assert exported.graph_def == nodes


def test_native_functions() -> None:
    """MG-022, MG-125: they need a graph, and only that."""
    with pytest.raises(RuntimeError, match=NO_GRAPH):
        metagraft.export_meta_graph()
    with pytest.raises(RuntimeError, match=NO_GRAPH):
        metagraft.import_meta_graph(MetaGraphDef())
    graph = tf.Graph()
    meta = metagraft.export_meta_graph(graph=graph).meta_graph_def
    assert metagraft.import_meta_graph(meta, graph=graph).graph is graph


def test_import() -> None:
    """MG-125: there is no graph to import into."""
    with pytest.raises(RuntimeError, match=NO_GRAPH):
        tf.train.import_meta_graph(MetaGraphDef())
    with pytest.raises(ValueError, match=NO_GRAPH):
        importer.import_scoped_meta_graph(MetaGraphDef())


def test_saver() -> None:
    """MG-239: there are no variables to find, and eager ones do not exist here."""
    with pytest.raises(RuntimeError, match="`var_list` must specify a list or dict"):
        tf.train.Saver()
    with pytest.raises(tf.errors.UnimplementedError, match="Saver is for graphs"):
        tf.train.Saver([])
