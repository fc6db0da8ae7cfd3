"""Importing a MetaGraph again: everything is found where its nodes really went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.proto import MetaGraphDef


@pytest.fixture(autouse=True)
def _own_graph() -> Any:
    with tf.Graph().as_default():
        yield


def model() -> MetaGraphDef:
    """Export variables of both kinds, collections of names, and a saver."""
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=1.0)
        r = tf.get_variable("r", initializer=2.0, use_resource=True)
        y = tf.add(v, r, name="y")
        tf.add_to_collection("outputs", y)
        tf.add_to_collection("outputs", y.op)
        tf.add_to_collection("texts", "y:0")
        meta: MetaGraphDef = tf.train.Saver().export_meta_graph()
        return meta


def element_names(key: str) -> list[str]:
    """Return the names of a collection's elements."""
    return [element.name for element in tf.get_collection(key)]


def test_collections_follow_nodes_that_were_renamed() -> None:
    """MG-134: the second import's collections have the second import's objects."""
    for _ in range(2):
        tf.train.import_meta_graph(model())
    assert element_names("outputs") == ["y:0", "y", "y_1:0", "y_1"]
    assert element_names("variables") == ["v:0", "r:0", "v_1:0", "r_1:0"]
    assert element_names("trainable_variables") == element_names("variables")
    second = tf.global_variables()[2]
    assert second.initializer.name == "v/Assign_1"
    assert second.value().name == "v/read_1:0"
    assert second.initial_value.name == "v/initial_value_1:0"


def test_saver_follows_nodes_that_were_renamed(tmp_path: Path) -> None:
    """MG-134: each saver saves and restores its own copy."""
    first, second = (tf.train.import_meta_graph(model()) for _ in range(2))
    assert second.as_saver_def().restore_op_name == "save/restore_all_1"
    path = str(tmp_path / "m")
    v, _, copy, _ = tf.global_variables()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        first.save(sess, path, write_meta_graph=False)
        sess.run([v.assign(7.0), copy.assign(8.0)])
        second.restore(sess, path)
        assert sess.run([v, copy]) == [7.0, 1.0]


@pytest.mark.parametrize("scope", ["s/", "outer"])
def test_scopes_that_are_entered_again(scope: str) -> None:
    """MG-131, MG-134: the same inside of a scope that is not made unique."""
    for _ in range(2):
        if scope == "s/":
            saver = tf.train.import_meta_graph(model(), import_scope=scope)
        else:
            with tf.name_scope("outer/"):
                saver = tf.train.import_meta_graph(model())
    inside = scope.rstrip("/")
    assert element_names("outputs")[2:] == [f"{inside}/y_1:0", f"{inside}/y_1"]
    assert element_names("variables")[2:] == [f"{inside}/v_1:0", f"{inside}/r_1:0"]
    assert tf.get_collection("texts") == [f"{inside}/y:0", f"{inside}/y_1:0"]
    assert saver.as_saver_def().restore_op_name == f"{inside}/save/restore_all_1"


def test_only_some_names_collide() -> None:
    """MG-132, MG-134: node by node, next to nodes of the program."""
    tf.constant(0.0, name="y")
    tf.train.import_meta_graph(model())
    assert element_names("outputs") == ["y_1:0", "y_1"]
    assert element_names("variables") == ["v:0", "r:0"]


def loops() -> MetaGraphDef:
    """Export a loop with a branch in it, of a variable."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [], name="x")
        _, y = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, y: (i + 1, tf.cond(y > 9.0, lambda: y + x, lambda: y * x)),
            [0, tf.constant(2.0)],
        )
        tf.identity(y, name="y")
        return tf.train.export_meta_graph()


@pytest.mark.parametrize("scope", [None, "s/"])
def test_contexts_follow_nodes_that_were_renamed(scope: str | None) -> None:
    """MG-134, MG-175, MG-221: both loops run together and have gradients."""
    for _ in range(2):
        tf.train.import_meta_graph(loops(), import_scope=scope)
    graph = tf.get_default_graph()
    inside = scope or ""
    contexts = [context.name for context in graph.get_collection("while_context")]
    frames = [
        op.get_attr("frame_name").decode()
        for op in graph.get_operations()
        if op.type == "Enter"
    ]
    assert contexts == list(dict.fromkeys(frames))
    assert contexts[1] == f"{inside}while/while_context_1"
    pairs = [("x:0", "y:0"), ("x_1:0", "y_1:0")]
    tensors = [
        [graph.get_tensor_by_name(inside + name) for name in pair] for pair in pairs
    ]
    fetches = [y for _, y in tensors]
    fetches += [tf.gradients(y, x)[0] for x, y in tensors]
    with tf.Session() as sess:
        found = sess.run(fetches, {tensors[0][0]: 2.0, tensors[1][0]: 3.0})
    # 2 * x ** 3 for x = 2; (2 * x * x) + x for x = 3, as 18 > 9.
    assert found == [16.0, 21.0, 24.0, 13.0]


def test_message_stays_as_it_is() -> None:
    """MG-126, MG-134: names are not written into the caller's message."""
    for meta in (model(), loops()):
        before = meta.SerializeToString(deterministic=True)
        for _ in range(2):
            tf.train.import_meta_graph(meta)
        assert meta.SerializeToString(deterministic=True) == before
