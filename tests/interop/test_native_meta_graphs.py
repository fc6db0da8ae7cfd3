"""MetaGraphs of the native functions and of TensorFlow: each imports the other's."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import metagraft

LARGE = np.arange(600, dtype=np.float32).reshape(3, 200)
FED = np.array([[1.0, 2.0, 3.0]], np.float32)


def build(tf: ModuleType) -> None:
    """A part with variables, a loop and a branch, inside of a larger program."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    ready = tf.no_op(name="ready")
    with tf.variable_scope("net"), tf.control_dependencies([ready]):
        w = tf.get_variable("w", initializer=np.ones([3, 2], np.float32))
        b = tf.get_variable("b", initializer=[1.0, 2.0], use_resource=True)
        y = tf.add(tf.matmul(x, w), b, name="y")
        loop = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, z: [
                i + 1,
                tf.cond(i < 1, lambda: z * 2.0, lambda: z + tf.reduce_sum(x)),
            ],
            [0, y],
        )
        big = tf.constant(LARGE, name="big")
        tf.add(tf.reduce_sum(loop[1]), tf.reduce_sum(big[:, :2]), name="out")
    tf.add_to_collection("outs", "net/out:0")
    tf.add_to_collection("tensors", y)


def expected(tf: ModuleType) -> float:
    """Return what the program computes."""
    with tf.Graph().as_default(), tf.Session() as sess:
        build(tf)
        sess.run(tf.global_variables_initializer())
        return float(sess.run("net/out:0", {"x:0": FED}))


def slopes(tf: ModuleType) -> Any:
    """Return the gradient of what the program computes."""
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        build(tf)
        x = graph.get_tensor_by_name("x:0")
        (slope,) = tf.gradients(graph.get_tensor_by_name("net/out:0"), x)
        sess.run(tf.global_variables_initializer())
        return sess.run(slope, {x: FED})


def run_in(tf: ModuleType, graph: Any, out: str, feeds: Any) -> float:
    """Initialise the variables of a graph and return a value."""
    with graph.as_default(), tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return float(sess.run(out, feeds))


def test_whole_graph(tf: ModuleType, mg: ModuleType, tmp_path: Path) -> None:
    """MG-120: what is exported natively TensorFlow imports and runs."""
    with mg.Graph().as_default():
        build(mg)
        metagraft.export_meta_graph(tmp_path / "m.meta")
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(str(tmp_path / "m.meta"))
        assert len(tf.trainable_variables()) == 2
    assert run_in(tf, graph, "net/out:0", {"x:0": FED}) == expected(tf)


def test_part(tf: ModuleType, mg: ModuleType, tmp_path: Path) -> None:
    """MG-053, MG-099, MG-157: TensorFlow takes every listed input."""
    path = tmp_path / "m.meta"
    with mg.Graph().as_default():
        build(mg)
        exported = metagraft.export_meta_graph(path, scope="net")
    with tf.Graph().as_default() as graph:
        mine = tf.placeholder(tf.float32, [None, 3], name="mine")
        mapped = {entry.key: mine for entry in exported.unbound_inputs}
        tf.train.import_meta_graph(str(path), import_scope="t", input_map=mapped)
        assert [v.op.name for v in tf.global_variables()] == ["t/w", "t/b"]
    assert run_in(tf, graph, "t/out:0", {"mine:0": FED}) == expected(tf)


@pytest.mark.parametrize("scope", [None, "net"])
def test_large_constants(
    scope: str | None, tf: ModuleType, mg: ModuleType, tmp_path: Path
) -> None:
    """MG-036: TensorFlow runs the file as it is; what it writes comes back whole."""
    path = tmp_path / "m.meta"
    with mg.Graph().as_default() as ours:
        build(mg)
        exported = metagraft.export_meta_graph(path, scope=scope, large_constants=500)
    with tf.Graph().as_default() as graph:
        mine = tf.placeholder(tf.float32, [None, 3], name="mine")
        mapped = {entry.key: mine for entry in exported.unbound_inputs}
        tf.train.import_meta_graph(
            str(path), import_scope="t", input_map=mapped or {"x": mine}
        )
        prefix = "t" if scope else "t/net"
        assert graph.get_tensor_by_name(f"{prefix}/big:0").shape == [3, 200]
        written = tf.train.export_meta_graph()
    assert run_in(tf, graph, f"{prefix}/out:0", {"mine:0": FED}) == expected(tf)
    result = metagraft.import_meta_graph(written, graph=mg.Graph())
    found = result[f"{prefix}/big"].node_def
    assert found.op == "Const"
    value = ours.get_operation_by_name("net/big").node_def.attr["value"]
    assert found.attr["value"] == value
    assert run_in(
        mg, result.graph, f"{prefix}/out:0", {"mine:0": FED}
    ) == pytest.approx(expected(tf))


def test_parts_of_tensorflow(tf: ModuleType, mg: ModuleType) -> None:
    """MG-052, MG-053, MG-157: a part that TensorFlow cannot import again."""
    with tf.Graph().as_default():
        build(tf)
        theirs = tf.train.export_meta_graph(export_scope="net")
    graph = mg.Graph()
    with graph.as_default():
        mine = mg.placeholder(mg.float32, [None, 3], name="mine")
        done = mg.no_op(name="done")
    for scope in ("first", "second"):
        mapped = {"x": mine, "^ready": done}
        metagraft.import_meta_graph(theirs, graph=graph, scope=scope, input_map=mapped)
    value = expected(tf)
    for scope in ("first", "second"):
        found = run_in(mg, graph, f"{scope}/out:0", {"mine:0": FED})
        assert found == pytest.approx(value)
        with graph.as_default(), mg.Session() as sess:
            (slope,) = mg.gradients(graph.get_tensor_by_name(f"{scope}/out:0"), mine)
            sess.run(mg.global_variables_initializer())
            assert sess.run(slope, {mine: FED}) == pytest.approx(slopes(tf))


def test_two_imports_of_tensorflows_file(
    tf: ModuleType, mg: ModuleType, tmp_path: Path
) -> None:
    """MG-134, MG-220, MG-221: two copies side by side, each restored on its own."""
    path = str(tmp_path / "model")
    with tf.Graph().as_default(), tf.Session() as sess:
        build(tf)
        sess.run(tf.global_variables_initializer())
        saved = tf.train.Saver().save(sess, path)
    graph = mg.Graph()
    results = [
        metagraft.import_meta_graph(f"{saved}.meta", graph=graph) for _ in range(2)
    ]
    with mg.Session(graph=graph) as sess:
        for result in results:
            result.saver.restore(sess, saved)
        sess.run(
            results[1]["net/b/Assign"], {results[1]["net/b/Assign"].inputs[1]: [5, 5]}
        )
        values = [float(sess.run(r["net/out:0"], {r["x:0"]: FED})) for r in results]
    assert values[0] == pytest.approx(expected(tf))
    assert values[1] != pytest.approx(values[0])


def test_diff(tf: ModuleType, mg: ModuleType) -> None:
    """The same program exports graphs without differences."""
    written = []
    for library in (tf, mg):
        with library.Graph().as_default():
            build(library)
            written.append(library.train.export_meta_graph())
    found = metagraft.diff(*written)
    assert not found.nodes, str(found)
    assert not found.collections, str(found)
    assert not found.versions
