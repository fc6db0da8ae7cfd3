"""`ClusterSpec`, and devices for parameter servers; expected values from TensorFlow."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf

JOBS = {"worker": ["a:1", "b:2"], "ps": {0: "c:3", 5: "d:4"}}


def test_a_cluster_tells_its_tasks() -> None:
    """Lists and dicts of tasks; numbers may be left out."""
    cluster = tf.train.ClusterSpec(JOBS)
    assert cluster.jobs == ["worker", "ps"]
    assert cluster.as_dict() == {"worker": ["a:1", "b:2"], "ps": {0: "c:3", 5: "d:4"}}
    assert cluster.num_tasks("ps") == 2
    assert cluster.task_indices("ps") == [0, 5]
    assert cluster.task_address("ps", 5) == "d:4"
    assert cluster.job_tasks("ps") == ["c:3", None, None, None, None, "d:4"]
    assert repr(cluster) == (
        "ClusterSpec({'ps': {0: 'c:3', 5: 'd:4'}, 'worker': ['a:1', 'b:2']})"
    )
    assert cluster
    assert not tf.train.ClusterSpec({})


def test_a_cluster_is_a_message_too() -> None:
    """Through `ClusterDef` and back, jobs in the order of their names."""
    cluster = tf.train.ClusterSpec(JOBS)
    message = cluster.as_cluster_def()
    assert [job.name for job in message.job] == ["ps", "worker"]
    assert dict(message.job[0].tasks) == {0: "c:3", 5: "d:4"}
    assert tf.train.ClusterSpec(message) == cluster
    assert tf.train.ClusterSpec(cluster) == cluster
    assert cluster != tf.train.ClusterSpec({"ps": ["c:3"]})


@pytest.mark.parametrize(
    ("options", "devices"),
    [
        ({"ps_tasks": 2}, ["/job:ps/task:0", "/job:ps/task:1", "/job:worker"]),
        (
            {"ps_tasks": 2, "ps_device": "/job:ps/cpu:0", "worker_device": "/gpu:1"},
            [
                "/job:ps/task:0/device:CPU:0",
                "/job:ps/task:1/device:CPU:0",
                "/device:GPU:1",
            ],
        ),
        (
            {"cluster": {"ps": ["a:1"], "worker": ["b:1"]}},
            ["/job:ps/task:0", "/job:ps/task:0", "/job:worker"],
        ),
        (
            {"ps_tasks": 3, "ps_strategy": lambda op: len(op.name)},
            ["/job:ps/task:1", "/job:ps/task:2", "/job:worker"],
        ),
        (
            {"ps_tasks": 1, "ps_ops": ["Const"]},
            ["/job:worker"] * 2 + ["/job:ps/task:0"],
        ),
        ({"ps_tasks": 0}, ["", "", ""]),
        ({"cluster": {"worker": ["b:1"]}}, ["", "", ""]),
    ],
)
def test_variables_are_dealt_out(options: dict, devices: list[str]) -> None:
    """One server after the other gets a variable, workers the rest."""
    with (
        tf.Graph().as_default(),
        tf.device(tf.train.replica_device_setter(**options)),
    ):
        v = tf.get_variable("v", [2], initializer=tf.zeros_initializer())
        vw = tf.get_variable("vw", [2], initializer=tf.zeros_initializer())
        c = tf.constant(1.0)
    assert [v.device, vw.device, c.device] == devices


def test_devices_that_operations_have() -> None:
    """They are completed, or left alone."""
    with tf.Graph().as_default():
        setter = tf.train.replica_device_setter(ps_tasks=2)
        with tf.device(setter), tf.device("/job:ps/task:1/cpu:0"):
            assert tf.get_variable("v", [2]).device == "/job:ps/task:1/device:CPU:0"
        setter = tf.train.replica_device_setter(ps_tasks=2, merge_devices=False)
        with tf.device(setter), tf.device("/cpu:0"):
            assert tf.constant(1.0).device == "/device:CPU:0"
