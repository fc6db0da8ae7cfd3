"""Checkpoints of objects go from one library to the other."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _program(tf: ModuleType) -> tuple[Any, Any, Any]:
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    w = tf.Variable([[3.0]], name="w")
    optimizer = tf.train.AdamOptimizer(0.5)
    step = optimizer.minimize(tf.reduce_sum(v * v) + tf.reduce_sum(w * w))
    root = tf.train.Checkpoint(v=v, parts=[w, {"again": v}], optimizer=optimizer)
    return root, step, [v, w, *optimizer.variables()]


@pytest.mark.parametrize("mg_writes", [True, False])
def test_read_by_the_other(
    tf: ModuleType, mg: ModuleType, tmp_path: Path, mg_writes: bool
) -> None:
    """All objects match, and all values come back."""
    writer, reader = (mg, tf) if mg_writes else (tf, mg)
    with writer.Graph().as_default(), writer.Session() as session:
        root, step, variables = _program(writer)
        session.run(writer.global_variables_initializer())
        session.run(step)
        manager = writer.train.CheckpointManager(root, str(tmp_path), 2)
        with session.as_default():
            prefix = manager.save()
        expected = session.run(variables)
    with reader.Graph().as_default(), reader.Session() as session:
        root, _, variables = _program(reader)
        manager = reader.train.CheckpointManager(root, str(tmp_path), 2)
        assert manager.checkpoints == [prefix]
        status = root.restore(manager.latest_checkpoint).assert_consumed()
        status.run_restore_ops(session)
        found = session.run(variables)
    assert [value.tolist() for value in found] == [v.tolist() for v in expected]


def test_saver_of_tensorflow_reads_objects(
    tf: ModuleType, mg: ModuleType, tmp_path: Path
) -> None:
    """By the names that variables have in the graph."""
    with mg.Graph().as_default(), mg.Session() as session:
        root, _, _ = _program(mg)
        session.run(mg.global_variables_initializer())
        root.write(str(tmp_path / "m"), session)
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", [2])
        tf.train.Saver().restore(session, str(tmp_path / "m"))
        assert session.run(v).tolist() == [1.0, 2.0]
