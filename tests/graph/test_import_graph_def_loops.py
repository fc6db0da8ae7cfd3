"""Loops that `import_graph_def` brings, without what a MetaGraph tells of them."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.proto import GraphDef


@pytest.fixture(autouse=True)
def _own_graph() -> Any:
    with tf.Graph().as_default():
        yield


def powers() -> GraphDef:
    """Return the graph of `y = 2 * x ** 3`, computed by a loop."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [], name="x")
        loop = tf.while_loop(
            lambda i, _: i < 3, lambda i, y: (i + 1, y * x), [0, tf.constant(2.0)]
        )
        tf.identity(loop[1], name="y")
        return graph.as_graph_def()


def frames() -> list[str]:
    """Return the frames of the default graph's loops, each once."""
    found = [
        op.get_attr("frame_name").decode()
        for op in tf.get_default_graph().get_operations()
        if op.type == "Enter"
    ]
    return list(dict.fromkeys(found))


def test_first_import_keeps_its_frame() -> None:
    """MG-221: as TensorFlow, the importer renames nothing that is free."""
    tf.import_graph_def(powers(), name="a")
    assert frames() == ["while/while_context"]


def test_two_imports_run_together() -> None:
    """MG-221: loops that came twice are two loops, also in one run."""
    source = powers()
    y, x = tf.import_graph_def(source, return_elements=["y:0", "x:0"], name="a")
    z, w = tf.import_graph_def(source, return_elements=["y:0", "x:0"], name="b")
    assert frames() == ["while/while_context", "while/while_context_1"]
    with tf.Session() as sess:
        assert sess.run([y, z], {x: 2.0, w: 3.0}) == [16.0, 54.0]


def test_frames_of_loops_that_were_built_are_taken_too() -> None:
    """MG-221: a loop of the program and one of a file are two loops."""
    mine = tf.while_loop(lambda i: i < 5, lambda i: i + 1, [0])
    y, x = tf.import_graph_def(powers(), return_elements=["y:0", "x:0"], name="a")
    assert frames() == ["while/while_context", "while/while_context_1"]
    with tf.Session() as sess:
        assert sess.run([mine, y], {x: 2.0}) == [5, 16.0]


def test_frames_stay_after_an_error() -> None:
    """MG-149: a message whose frames were renamed is not the caller's."""
    source = powers()
    before = source.SerializeToString(deterministic=True)
    for _ in range(2):
        tf.import_graph_def(source, name="a")
    assert source.SerializeToString(deterministic=True) == before


def test_loops_that_are_built_later_have_other_frames() -> None:
    """MG-221: the name of an imported frame is not taken again."""
    y, x = tf.import_graph_def(powers(), return_elements=["y:0", "x:0"], name="a")
    mine = tf.while_loop(lambda i: i < 5, lambda i: i + 1, [0])
    gradient = tf.gradients(y, x)[0]
    again = tf.gradients(y, x)[0]
    assert len(frames()) == 4
    with tf.Session() as sess:
        found = sess.run([mine, y, gradient, again], {x: 2.0})
    assert found == [5, 16.0, 24.0, 24.0]
