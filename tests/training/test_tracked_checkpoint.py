"""`Checkpoint` and `CheckpointManager`: what the comparison with TensorFlow leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf


@pytest.fixture(autouse=True)
def _own_graph() -> Iterator[None]:
    with tf.Graph().as_default():
        yield


def test_checkpoint_of_a_saver(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """MG-310: variables are found by the names in the graph, as is documented."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.Variable([1.0, 2.0], name="a")
        tf.Variable(3, name="b")
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, tmp_path / "m")
    a, b = tf.Variable([0.0, 0.0], name="a"), tf.Variable(0, name="b")
    root = tf.train.Checkpoint(first=a, second=[b])
    status = root.restore(prefix)
    assert "Restoring a name-based tf.train.Saver checkpoint" in caplog.text
    status.assert_consumed().assert_existing_objects_matched()
    status.assert_nontrivial_match()
    with tf.Session() as session:
        status.initialize_or_restore(session)
        assert session.run(a).tolist() == [1.0, 2.0]
        assert session.run([b, root.save_counter]) == [3, 0]
    root.other = tf.Variable(1.0, name="other")
    with pytest.raises(AssertionError, match="not assigned a value from checkpoint"):
        status.assert_existing_objects_matched()
    del root.other, root.second
    with pytest.raises(AssertionError, match=r"not used in the checkpoint: \['b'\]"):
        status.assert_consumed()
    with pytest.raises(AssertionError, match="no variable has a name of it"):
        tf.train.Checkpoint().restore(prefix).assert_nontrivial_match()


def test_objects_added_after_restore(tmp_path: Path) -> None:
    """What is added between `restore` and the run is restored too."""
    with tf.Graph().as_default(), tf.Session() as session:
        root = tf.train.Checkpoint(inner=tf.train.Checkpoint(v=tf.Variable(5.0)))
        session.run(tf.global_variables_initializer())
        prefix = root.save(tmp_path / "m", session)
    root = tf.train.Checkpoint(inner=tf.train.Checkpoint())
    status = root.restore(prefix)
    with pytest.raises(AssertionError, match=r"inner/v/\.ATTRIBUTES/VARIABLE_VALUE"):
        status.assert_consumed()
    root.inner.v = tf.Variable(0.0)
    with tf.Session() as session:
        status.run_restore_ops(session)
        assert session.run(root.inner.v) == 5.0
        count = len(session.graph.get_operations())
        status.run_restore_ops(session)
        assert len(session.graph.get_operations()) == count


def test_nodes_are_added_once(tmp_path: Path) -> None:
    """Saving again adds no nodes; with another variable it does."""
    root = tf.train.Checkpoint(v=tf.Variable(1.0, name="v"))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        root.save(tmp_path / "m", session)
        count = len(session.graph.get_operations())
        root.save(tmp_path / "m", session)
        assert len(session.graph.get_operations()) == count
        root.w = tf.Variable(2.0, name="w")
        session.run(root.w.initializer)
        saved = root.save(tmp_path / "m", session)
    assert "w/.ATTRIBUTES/VARIABLE_VALUE" in dict(tf.train.list_variables(saved))


def test_what_needs_a_session(tmp_path: Path) -> None:
    """It is asked for by name."""
    root = tf.train.Checkpoint(v=tf.Variable(1.0))
    for save in (root.save, root.write):
        with pytest.raises(RuntimeError, match="without a default session"):
            save(tmp_path / "m")
    with pytest.raises(RuntimeError, match=r"Please use `with tf.Session\(\):`"):
        root.restore(None).initialize_or_restore()
    with pytest.raises(RuntimeError, match="without a default session"):
        tf.train.CheckpointManager(root, tmp_path, 1).save()


def test_arguments_that_are_not_supported(tmp_path: Path) -> None:
    """Options are refused, not ignored; keys must be text."""
    root = tf.train.Checkpoint(v=tf.Variable(1.0))
    with tf.Session():
        for save in (root.save, root.write):
            with pytest.raises(TypeError, match="options must be a CheckpointOptions"):
                save(tmp_path / "m", options=3)
        with pytest.raises(TypeError, match="options must be a CheckpointOptions"):
            tf.train.CheckpointManager(root, tmp_path, 1).save(options=3)
        with pytest.raises(ValueError, match="keys that are no text"):
            tf.train.Checkpoint(d={3: root.v}).write(tmp_path / "m")


def test_restore_or_initialize(tmp_path: Path) -> None:
    """MG-310: the newest is restored in the default session, as is documented."""
    v = tf.Variable(1.0)
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), tmp_path, 2)
    with tf.Session() as session:
        assert manager.restore_or_initialize() is None
        session.run(v.initializer)
        saved = manager.save()
        session.run(v.assign(7.0))
        assert manager.restore_or_initialize() == saved
        assert session.run(v) == 1.0
        assert manager.checkpoint.save_counter.eval() == 1


def test_clock_that_went_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MG-310: times of the future are not believed."""
    tf.train.update_checkpoint_state(
        str(tmp_path), "m-1", ["m-1"], None, [9e9], last_preserved_timestamp=8e9
    )
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(), tmp_path, 2)
    assert "behind the last preserved checkpoint timestamp" in caplog.text
    assert manager.checkpoints == []
    assert manager.latest_checkpoint == str(tmp_path / "m-1")


def test_tables_and_templates(tmp_path: Path) -> None:
    """Tables come back as they were; templates name their variables."""

    def function(x: tf.Tensor) -> tf.Tensor:
        return x * tf.get_variable("w", initializer=2.0)

    with tf.Session() as session:
        template = tf.make_template("t", function)
        template(tf.constant(1.0))
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        root = tf.train.Checkpoint(t=template, tables=[table])
        session.run(tf.global_variables_initializer())
        session.run(table.insert(["a"], [1]))
        prefix = root.save(str(tmp_path / "m"), session)
        assert [name for name, _ in tf.train.list_variables(prefix)] == [
            "_CHECKPOINTABLE_OBJECT_GRAPH",
            "save_counter/.ATTRIBUTES/VARIABLE_VALUE",
            "t/w/.ATTRIBUTES/VARIABLE_VALUE",
            "tables/0/.ATTRIBUTES/table-keys",
            "tables/0/.ATTRIBUTES/table-values",
        ]
        session.run([table.insert(["a", "b"], [7, 8]), template.variables[0].assign(9)])
        root.restore(prefix).assert_consumed().run_restore_ops(session)
        assert session.run(table.lookup(tf.constant(["a", "b"]))).tolist() == [1, -1]
        assert session.run(template.variables[0]) == 2.0
        other = tf.train.Checkpoint(tables=[tf.Variable(0.0), table])
        with pytest.raises(AssertionError, match="were not bound"):
            other.restore(prefix).assert_existing_objects_matched()
