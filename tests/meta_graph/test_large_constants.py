"""`large_constants`: values beside the MetaGraph, and back again bit for bit."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.formats.bundle.reader import BundleReader
from metagraft.meta_graph import export
from metagraft.proto import MetaGraphDef

VALUES: dict[str, Any] = {
    "floats": np.linspace(0, 1, 500, dtype=np.float32).reshape(5, 100),
    "nans": np.full(300, np.nan),
    "integers": np.arange(300, dtype=np.int64).reshape(3, 1, 100),
    "halves": np.arange(300).astype(np.float16),
    "brains": np.arange(300).astype(ml_dtypes.bfloat16),
    "flags": np.arange(900) % 3 == 0,
    "complexes": np.arange(200) * (1 + 2j),
    "texts": np.array([[b"a" * 100, b"\xff\x00"] * 3], object),
}


def graph_of_constants() -> Any:
    """Return a graph with large constants of many types, and small ones."""
    with tf.Graph().as_default() as graph:
        for name, value in VALUES.items():
            tf.identity(tf.constant(value, name=name), name=f"{name}_used")
        tf.constant([1, 2], name="small")
        with tf.device("/gpu:0"), tf.control_dependencies([tf.no_op(name="first")]):
            tf.constant(np.zeros(300), name="placed")
    return graph


def plain(graph: Any) -> bytes:
    """Return the bytes of a graph's nodes."""
    written: bytes = graph.as_graph_def().SerializeToString(deterministic=True)
    return written


@pytest.mark.parametrize("scope", [None, "s"])
def test_back_again(scope: str | None, tmp_path: Path) -> None:
    """MG-036: the import has the same constants, bit for bit, beside others too."""
    graph = graph_of_constants()
    path = tmp_path / "folder" / "m.meta"
    exported = metagraft.export_meta_graph(path, graph=graph, large_constants=200)
    nodes = {node.name: node for node in exported.meta_graph_def.graph_def.node}
    for name in VALUES:
        assert nodes[name].op == "Identity"
        assert exported.meta_graph_def.ByteSize() < 20000
    assert nodes["small"].op == "Const"
    target = tf.Graph()
    if scope:
        with target.as_default():
            tf.constant(0, name="other")
    result = metagraft.import_meta_graph(path, graph=target, scope=scope)
    if scope is None:
        assert plain(target) == plain(graph)
    for node in graph.as_graph_def().node:
        found = result[node.name].node_def
        assert dict(found.attr.items()) == dict(node.attr.items())
        assert found.device == node.device
    assert not any("large_constants" in name for name in result.names)


def test_value_runs_without_being_put_back(tmp_path: Path) -> None:
    """MG-036: the nodes in the file mean the same; where the values are can be fed."""
    exported = metagraft.export_meta_graph(
        tmp_path / "m.meta", graph=graph_of_constants(), large_constants=200
    )
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for file in tmp_path.glob("m.meta.constants*"):
        file.rename(moved / file.name)
    graph = tf.Graph()
    with graph.as_default():
        tf.train.import_meta_graph(exported.meta_graph_def)
    assert graph.get_tensor_by_name("floats:0").shape == [5, 100]
    prefix = {"large_constants/prefix:0": str(moved / "m.meta.constants")}
    with tf.Session(graph=graph) as sess:
        for name in ("floats", "integers", "flags"):
            value = sess.run(f"{name}_used:0", prefix)
            np.testing.assert_array_equal(value, VALUES[name])
        with pytest.raises(tf.errors.NotFoundError):
            sess.run("floats_used:0")


def test_in_loops_and_branches(tmp_path: Path) -> None:
    """MG-036: what reads a value inside of a loop takes all it needs from inside."""
    with tf.Graph().as_default() as graph:
        loop = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, y: [i + 1, y + tf.constant(np.ones(300), name="inner")],
            [0, tf.zeros([300], tf.float64)],
        )
        tf.identity(loop[1], name="y")
    path = tmp_path / "m.meta"
    metagraft.export_meta_graph(path, graph=graph, large_constants=1000)
    for importer in (metagraft.import_meta_graph, compat_import):
        target = tf.Graph()
        importer(path, graph=target)
        with tf.Session(graph=target) as sess:
            assert sess.run("y:0").tolist() == [3.0] * 300


def compat_import(path: Path, graph: Any) -> None:
    """Import as a program written for TensorFlow does."""
    tf.train.import_meta_graph(str(path), graph=graph)


def test_scope(tmp_path: Path) -> None:
    """MG-036: constants of a part, under the names that they have in it."""
    with tf.Graph().as_default():
        tf.constant(np.zeros(300), name="s/large_constants/c")
        tf.constant(np.ones(300), name="outside")
        metagraft.export_meta_graph(
            tmp_path / "m.meta", scope="s", large_constants=1000
        )
    with BundleReader(tmp_path / "m.meta.constants") as bundle:
        assert bundle.keys() == ["large_constants/c"]
    result = metagraft.import_meta_graph(tmp_path / "m.meta", graph=tf.Graph())
    assert list(result.names) == ["large_constants/c"]


def test_past_the_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MG-036: a graph that is too large for a message is exported and imported."""
    monkeypatch.setattr(export, "LARGEST_GRAPH_BYTES", 12000)
    graph = graph_of_constants()
    with pytest.raises(ValueError, match="larger than 2GB"):
        metagraft.export_meta_graph(tmp_path / "m.meta", graph=graph)
    assert not list(tmp_path.iterdir())
    metagraft.export_meta_graph(tmp_path / "m.meta", graph=graph, large_constants=1000)
    target = tf.Graph()
    metagraft.import_meta_graph(tmp_path / "m.meta", graph=target)
    with pytest.raises(ValueError, match="larger than 2GB"):
        metagraft.export_meta_graph(graph=target)


def test_one_value_at_a_time(tmp_path: Path) -> None:
    """MG-036: an export holds the value of one constant, not of all."""
    size = 1 << 20
    with tf.Graph().as_default() as graph:
        for number in range(16):
            tf.constant(np.full(size, number, np.uint8))
    metagraft.export_meta_graph(tmp_path / "w.meta", graph=graph, large_constants=size)
    tracemalloc.start()
    metagraft.export_meta_graph(tmp_path / "m.meta", graph=graph, large_constants=size)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * size


def test_place_of_the_values(tmp_path: Path) -> None:
    """MG-036: beside the file; or as told; or where it was written."""
    first = tmp_path / "first"
    graph = graph_of_constants()
    exported = metagraft.export_meta_graph(
        first / "m.meta", graph=graph, large_constants=200
    )
    by_message = metagraft.import_meta_graph(exported.meta_graph_def, graph=tf.Graph())
    assert plain(by_message.graph) == plain(graph)
    first.rename(tmp_path / "second")
    moved = metagraft.import_meta_graph(tmp_path / "second/m.meta", graph=tf.Graph())
    assert plain(moved.graph) == plain(graph)
    target = tf.Graph()
    with pytest.raises(metagraft.errors.NotFoundError, match="say where it is"):
        metagraft.import_meta_graph(exported.meta_graph_def, graph=target)
    assert target.get_operations() == []
    told = metagraft.import_meta_graph(
        exported.meta_graph_def,
        graph=tf.Graph(),
        constants=tmp_path / "second/m.meta.constants",
    )
    assert plain(told.graph) == plain(graph)


def test_values_of_another_file(tmp_path: Path) -> None:
    """MG-036: values of another type or shape are refused, and nothing is imported."""
    for name, value in (
        ("a", np.zeros(300)),
        ("b", np.zeros(301)),
        ("c", [b"x" * 999]),
    ):
        with tf.Graph().as_default():
            tf.constant(value, name="v")
            metagraft.export_meta_graph(tmp_path / f"{name}.meta", large_constants=900)
    for name, match in (("b", r"shape \[300\].*shape \[301\]"), ("c", "DT_STRING")):
        graph = tf.Graph()
        with pytest.raises(metagraft.errors.InvalidArgumentError, match=match):
            metagraft.import_meta_graph(
                tmp_path / "a.meta",
                graph=graph,
                constants=tmp_path / f"{name}.meta.constants",
            )
        assert graph.get_operations() == []


def test_clear_extraneous_savers(tmp_path: Path) -> None:
    """MG-061: what reads a constant's value is no saver."""
    exported = metagraft.export_meta_graph(
        tmp_path / "m.meta", graph=graph_of_constants(), large_constants=200
    )
    with tf.Graph().as_default():
        tf.train.import_meta_graph(exported.meta_graph_def)
        again = tf.train.export_meta_graph(clear_extraneous_savers=True)
    assert len(again.graph_def.node) == len(exported.meta_graph_def.graph_def.node)


def test_nothing_is_large(tmp_path: Path) -> None:
    """MG-036: then there is no checkpoint; a negative size is refused."""
    graph = graph_of_constants()
    path = tmp_path / "m.meta"
    exported = metagraft.export_meta_graph(path, graph=graph, large_constants=1 << 20)
    assert [file.name for file in tmp_path.iterdir()] == ["m.meta"]
    whole = metagraft.export_meta_graph(graph=graph).meta_graph_def
    assert exported.meta_graph_def == whole
    assert MetaGraphDef.FromString(path.read_bytes()) == whole
    with pytest.raises(ValueError, match="size in bytes, got -1"):
        metagraft.export_meta_graph(path, graph=graph, large_constants=-1)
