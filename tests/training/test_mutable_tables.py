"""Tables that change go through MetaGraphs and checkpoints with the variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf


def _found(handle: Any, keys: list[str]) -> Any:
    return tf.raw_ops.LookupTableFindV2(
        table_handle=handle, keys=keys, default_value=tf.constant(-1, tf.int64)
    )


@pytest.mark.parametrize("scope", [None, "outer"])
def test_a_table_is_restored_with_its_meta_graph(
    scope: str | None, tmp_path: Path
) -> None:
    """MG-224: the saver of the file fills the table; no Python object is needed."""
    with tf.Graph().as_default():
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        v = tf.get_variable("v", initializer=2.0)
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run([v.initializer, table.insert(["a", "b"], [3, 4])])
            path = saver.save(session, str(tmp_path / "model"))
    assert sorted(name for name, _ in tf.train.list_variables(path)) == [
        "MutableHashTable-keys",
        "MutableHashTable-values",
        "v",
    ]
    with tf.Graph().as_default() as graph:
        saver = tf.train.import_meta_graph(f"{path}.meta", import_scope=scope)
        prefix = "" if scope is None else f"{scope}/"
        handle = graph.get_tensor_by_name(f"{prefix}MutableHashTable:0")
        found = _found(handle, ["a", "b", "c"])
        with tf.Session() as session:
            saver.restore(session, path)
            assert session.run(found).tolist() == [3, 4, -1]


def test_a_table_that_is_not_saved(tmp_path: Path) -> None:
    """With `checkpoint=False` savers do not know of it."""
    with tf.Graph().as_default():
        tf.lookup.experimental.MutableHashTable(
            tf.string, tf.int64, -1, checkpoint=False
        )
        tf.get_variable("v", initializer=2.0)
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            path = saver.save(session, str(tmp_path / "model"))
    assert [name for name, _ in tf.train.list_variables(path)] == ["v"]
