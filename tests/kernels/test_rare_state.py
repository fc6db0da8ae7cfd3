"""Constants in files, arguments outside of functions, locks; worked by hand."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.proto import DataType


def test_constant_in_a_file(tmp_path: Path) -> None:
    """The bytes of the file are the elements; too few are refused."""
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    path = tmp_path / "region"
    path.write_bytes(values.tobytes())
    with tf.Graph().as_default(), tf.Session() as session:
        constant, more = (
            tf.raw_ops.ImmutableConst(
                dtype=tf.float32, shape=shape, memory_region_name=str(path)
            )
            for shape in ([2, 3], [7])
        )
        np.testing.assert_array_equal(session.run(constant), values)
        with pytest.raises(errors.InvalidArgumentError, match="has 24 bytes"):
            session.run(more)


def test_abort_raises() -> None:
    """The process goes on."""
    with tf.Graph().as_default(), tf.Session() as session:
        abort = tf.raw_ops.Abort(error_msg="enough")
        with pytest.raises(errors.AbortedError, match="enough"):
            session.run(abort)


def test_arguments_of_a_function_body_are_fed() -> None:
    """A graph made of the body of a function runs when its arguments are fed."""
    body = tf.GraphDef()
    for name, op, inputs in (
        ("x", "_Arg", ()),
        ("y", "Square", ("x",)),
        ("result", "_Retval", ("y",)),
    ):
        node = body.node.add(name=name, op=op, input=inputs)
        node.attr["T"].type = DataType.DT_FLOAT
        if op != "Square":
            node.attr["index"].i = 0
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(body, name="")
        assert session.run(["y:0", "result"], {"x:0": 3.0}) == [9.0, None]
        with pytest.raises(errors.InvalidArgumentError, match="must feed a value"):
            session.run("y:0")


def test_a_mutex_is_held_by_one_run_at_a_time() -> None:
    """A second run waits until the lock is consumed."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=0, use_resource=True)
        mutex = tf.raw_ops.MutexV2(shared_name="m")
        lock = tf.raw_ops.MutexLock(mutex=mutex)
        with tf.control_dependencies([lock]):
            read = v.read_value()
        with tf.control_dependencies([v.assign(read + 1)]):
            done = tf.raw_ops.ConsumeMutexLock(mutex_lock=lock)
        session.run(v.initializer)
        threads = [threading.Thread(target=session.run, args=(done,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert session.run(v) == 6


def _map_of(**values: Any) -> Any:
    made = tf.raw_ops.EmptyTensorMap()
    for key, value in values.items():
        made = tf.raw_ops.TensorMapInsert(input_handle=made, key=key, value=value)
    return made


def _sum_of(*maps: Any) -> Any:
    return tf.raw_ops.AddN(inputs=maps)


def test_sums_of_maps() -> None:
    """Values of the same key are added, those of others kept; zeros have all keys."""
    with tf.Graph().as_default(), tf.Session() as session:
        first, second = _map_of(a=[1.0, 2.0], b=5.0), _map_of(a=[3.0, 7.0], c=8.0)
        added = _sum_of(first, second, tf.raw_ops.EmptyTensorMap(), _map_of(c=0.5))
        found = {
            key: tf.raw_ops.TensorMapLookup(
                input_handle=handle, key=key[0], value_dtype=tf.float32
            )
            for handle, keys in ((added, "abc"), (tf.zeros_like(first), ["a0", "b0"]))
            for key in keys
        }
        values = session.run(found)
        assert {key: value.tolist() for key, value in values.items()} == {
            "a": [4.0, 9.0], "b": 5.0, "c": 8.5, "a0": [0.0, 0.0], "b0": 0.0,
        }  # fmt: skip
        texts = tf.raw_ops.TensorMapSize(
            input_handle=_sum_of(_map_of(a="x"), _map_of(b="y"))
        )
        assert session.run(texts) == 2


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("x", "y", "unsupported dtype"),
        ([1.0, 2.0], 1.0, "incompatible element shapes"),
        (1.0, 1, "incompatible element types"),
    ],
)
def test_sums_of_maps_that_differ(first: Any, second: Any, words: str) -> None:
    """Values of one key must be alike, and numbers."""
    with tf.Graph().as_default(), tf.Session() as session:
        added = _sum_of(_map_of(a=first), _map_of(a=second))
        with pytest.raises(errors.InvalidArgumentError, match=words):
            session.run(tf.raw_ops.TensorMapSize(input_handle=added))


@pytest.mark.parametrize(("key", "words"), [("b", "dtype"), ([1], "same shape")])
def test_keys_of_maps_that_differ(key: Any, words: str) -> None:
    """Keys are one array if they are alike."""
    with tf.Graph().as_default(), tf.Session() as session:
        handle = tf.raw_ops.TensorMapInsert(
            input_handle=_map_of(a=1.0), key=key, value=2.0
        )
        keys = tf.raw_ops.TensorMapStackKeys(input_handle=handle, key_dtype=tf.int32)
        with pytest.raises(errors.InvalidArgumentError, match=words):
            session.run(keys)
