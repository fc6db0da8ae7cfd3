"""`tf.DeviceSpec` and device functions that use it; values from TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf


def test_parts_and_strings() -> None:
    """From parts to a string and back; parts can be changed."""
    spec = tf.DeviceSpec(job="ps", task="3", device_type="gpu", device_index=1)
    assert spec.to_string() == "/job:ps/task:3/device:GPU:1"
    assert spec == tf.DeviceSpec.from_string("/job:ps/task:3/gpu:1")
    assert hash(spec) == hash(tf.DeviceSpec.from_string("/job:ps/task:3/gpu:1"))
    spec.job, spec.task, spec.replica = "worker", None, 2
    spec.device_type, spec.device_index = "CPU", 0
    assert spec.to_string() == "/job:worker/replica:2/device:CPU:0"
    assert spec.parse_from_string("/cpu:*") is spec
    assert [spec.device_type, spec.device_index] == ["CPU", None]
    assert spec != tf.DeviceSpec()


def test_merging() -> None:
    """What the other spec says wins."""
    spec = tf.DeviceSpec.from_string("/job:ps/task:1")
    other = tf.DeviceSpec.from_string("/task:2/gpu:0")
    assert spec.make_merged_spec(other).to_string() == "/job:ps/task:2/device:GPU:0"
    assert spec.to_string() == "/job:ps/task:1"
    spec.merge_from(other)
    assert spec.to_string() == "/job:ps/task:2/device:GPU:0"
    assert spec.replace(task=None, job="x").to_string() == "/job:x/device:GPU:0"
    with pytest.raises(TypeError, match="an unexpected keyword argument 'tasks'"):
        spec.replace(tasks=1)


def test_a_device_function() -> None:
    """It sees the operation and what inner blocks asked for."""
    seen = []

    def by_type(op: Any) -> str:
        seen.append((op.type, op.node_def.op, op.device))
        spec = tf.DeviceSpec(job="ps" if op.type == "VariableV2" else "worker")
        text: str = spec.make_merged_spec(
            tf.DeviceSpec.from_string(op.device)
        ).to_string()
        return text

    with tf.Graph().as_default(), tf.device(by_type):
        v = tf.get_variable("v", [2])
        with tf.device(tf.DeviceSpec(device_type="CPU", device_index=1)):
            c = tf.constant(1.0)
        with tf.device(None):
            d = tf.constant(1.0)
    assert v.device == "/job:ps"
    assert c.device == "/job:worker/device:CPU:1"
    assert d.device == ""
    assert ("Const", "Const", "/device:CPU:1") in seen
