"""Checkpoints of objects go from one library to the other."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from metagraft.proto import TrackableObjectGraph


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


def _tables_and_templates(tf: ModuleType) -> tuple[Any, Any, Any]:
    def inner(x: Any) -> Any:
        with tf.variable_scope("sub"):
            z = tf.get_variable("z", initializer=3.0)
        return x * tf.get_variable("w", initializer=2.0, use_resource=True) + z

    def outer(x: Any) -> Any:
        y = tf.make_template("inner", inner)(x)
        return y + tf.get_variable("b", initializer=1.0)

    template = tf.make_template("outer", outer)
    result = template(template(tf.constant(1.0)))
    texts = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    numbers = tf.lookup.experimental.DenseHashTable(tf.int64, tf.float32, -1.0, -1, -2)
    root = tf.train.Checkpoint(template=template, tables=[texts, {"n": numbers}])
    filled = [texts.insert(["a", "b"], [1, 2]), numbers.insert([5], [0.5])]
    looked_up = [texts.lookup(tf.constant(["b", "c"])), numbers.lookup([[5]])]
    return (
        root,
        [*(v.assign(v * 2.0) for v in template.variables), filled],
        [
            result,
            looked_up,
        ],
    )


@pytest.mark.parametrize("mg_writes", [True, False])
def test_tables_and_templates(
    tf: ModuleType, mg: ModuleType, tmp_path: Path, mg_writes: bool
) -> None:
    """Both libraries describe them alike."""
    writer, reader = (mg, tf) if mg_writes else (tf, mg)
    described = []
    prefix = ""
    for library in (writer, reader):
        with library.Graph().as_default(), library.Session() as session:
            root, changes, values = _tables_and_templates(library)
            session.run(library.global_variables_initializer())
            if library is reader:
                status = root.restore(prefix).assert_consumed()
                status.run_restore_ops(session)
                found = session.run(values)
            else:
                session.run(changes)
                expected = session.run(values)
            prefix = root.save(str(tmp_path / library.__name__), session)
        described.append(
            library.train.load_checkpoint(prefix).get_tensor(
                "_CHECKPOINTABLE_OBJECT_GRAPH"
            )
        )
    assert str(found) == str(expected)
    first, second = map(TrackableObjectGraph.FromString, described)
    assert first == second
