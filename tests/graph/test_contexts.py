"""Contexts of branches and loops: as TensorFlow stores them, and read back."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.cond_context import CondContext
from metagraft.graph.while_context import WhileContext
from metagraft.meta_graph.importer import import_scoped_meta_graph
from metagraft.proto import CondContextDef, MetaGraphDef, WhileContextDef
from tests.programs import branches, folds, while_loops

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "contexts"
PROGRAMS = {
    program.__name__: program
    for program in (*branches.PROGRAMS, *while_loops.PROGRAMS, *folds.PROGRAMS)
}
KINDS: dict[str, Any] = {
    "cond_context": CondContextDef,
    "while_context": WhileContextDef,
}


def recorded(name: str) -> MetaGraphDef:
    """Return the MetaGraph that TensorFlow wrote for a program."""
    path = FOLDER / f"{name}.meta.gz"
    return MetaGraphDef.FromString(gzip.decompress(path.read_bytes()))


def stored(meta_graph: MetaGraphDef, kind: str) -> list[Any]:
    """Return the stored contexts of one kind."""
    collection = meta_graph.collection_def[kind].bytes_list.value
    return [KINDS[kind].FromString(content) for content in collection]


def present(kind: str, scope: str | None = None) -> list[Any]:
    """Return the contexts of the default graph as messages."""
    return [c.to_proto(export_scope=scope) for c in tf.get_collection(kind)]


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_built_contexts(name: str) -> None:
    """A program leaves the contexts that TensorFlow stores for it."""
    meta_graph = recorded(name)
    with tf.Graph().as_default():
        PROGRAMS[name](tf)
        for kind in KINDS:
            assert present(kind) == stored(meta_graph, kind)


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_imported_contexts(name: str) -> None:
    """Stored contexts are read back whole."""
    meta_graph = recorded(name)
    expected = {kind: stored(meta_graph, kind) for kind in KINDS}
    with tf.Graph().as_default():
        import_scoped_meta_graph(meta_graph)
        for kind, messages in expected.items():
            assert present(kind) == messages


@pytest.mark.parametrize("name", ["cond_captures", "while_simple"])
def test_contexts_in_a_scope(name: str) -> None:
    """Under an import scope all names move there, and back on export."""
    meta_graph = recorded(name)
    expected = {kind: stored(meta_graph, kind) for kind in KINDS}
    with tf.Graph().as_default() as graph:
        import_scoped_meta_graph(meta_graph, import_scope="inner")
        for kind, messages in expected.items():
            assert present(kind, "inner") == messages
            assert present(kind, "other") == [None] * len(messages)
        frames = {
            op.get_attr("frame_name").decode()
            for op in graph.get_operations()
            if op.type == "Enter"
        }
        assert all(frame.startswith("inner/") for frame in frames)


def test_membership() -> None:
    """Operations know the branch or loop they belong to."""
    with tf.Graph().as_default():
        p = tf.placeholder(tf.bool, [])
        x = tf.placeholder(tf.float32, [])
        inner: list[Any] = []

        def doubled() -> Any:
            inner.append(x * 2.0)
            return inner[0]

        y = tf.cond(p, doubled, lambda: x)
        z = tf.while_loop(lambda v: v < 3.0, lambda v: v + x, [y])
    branch = inner[0].op._get_control_flow_context()
    loop = z.op._get_control_flow_context()
    assert isinstance(branch, CondContext)
    assert branch.branch == 1
    assert branch.outer_context is None
    assert isinstance(loop, WhileContext)
    assert y.op._get_control_flow_context() is None


def test_inner_values_stay_inside() -> None:
    """Values of a branch cannot be fetched, those of a loop not used outside."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        tf.cond(x > 0.0, lambda: tf.multiply(x, 2.0, name="inner"), lambda: x)
        with pytest.raises(ValueError, match="marked as not fetchable"):
            session.run("cond/inner:0", {x: 1.0})
        tf.while_loop(lambda i: i < 3, lambda i: tf.add(i, 1, name="next"), [0])
        inside = graph.get_tensor_by_name("while/next:0")
        with pytest.raises(ValueError, match="is in a while loop"):
            tf.identity(inside)
        with pytest.raises(ValueError, match="different while loops"):
            tf.while_loop(lambda i: i < 3, lambda i: i + inside, [0], name="other")
