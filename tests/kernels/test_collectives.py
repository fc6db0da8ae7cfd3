"""Groups of workers: alone runs, others are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.apply_op import op


def run(op_type: str, **arguments: Any) -> Any:
    """Run one operation."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(op(op_type, **arguments))


def test_communicators_of_one() -> None:
    """The newest ops take a handle of the group."""
    with tf.Graph().as_default(), tf.Session() as session:
        handle = op(
            "CollectiveInitializeCommunicator", group_key=1, rank=0, group_size=1
        )
        given = {"communicator": handle, "group_assignment": [[0]]}
        total = op("CollectiveReduceV3", input=[1.0, 2.0], reduction="Add", **given)
        parts = op("CollectiveAllToAllV3", input=[3.0], **given)
        assert [x.tolist() for x in session.run([total, parts])] == [[1.0, 2.0], [3.0]]


@pytest.mark.parametrize(
    "op_type", ["CollectiveAllToAllV2", "CollectiveReduceScatterV2"]
)
def test_what_tensorflow_runs_in_clusters_only(op_type: str) -> None:
    """In one process TensorFlow 2.21 has nobody to run these."""
    attrs = {"merge_op": "Add", "final_op": "Id"} if "Reduce" in op_type else {}
    keys = {"group_size": 1, "group_key": 1, "instance_key": 1, "ordering_token": []}
    assert run(op_type, input=[1.0, 2.0], **keys, **attrs).tolist() == [1.0, 2.0]


def test_larger_groups() -> None:
    """A group of several workers is refused; a group of none is none."""
    keys = {"group_key": 1, "instance_key": 1, "ordering_token": []}
    attrs = {"merge_op": "Add", "final_op": "Id", **keys}
    with pytest.raises(tf.errors.UnimplementedError, match="group of 2 workers"):
        run("CollectiveReduceV2", input=[1.0], group_size=2, **attrs)
    with pytest.raises(tf.errors.InvalidArgumentError, match="positive integer"):
        run("CollectiveReduceV2", input=[1.0], group_size=0, **attrs)


def test_devices_without_group() -> None:
    """Every device has to be in a group."""
    with pytest.raises(tf.errors.InvalidArgumentError, match="device_index 1"):
        run(
            "CollectiveAssignGroupV2",
            group_assignment=np.array([[0]], np.int32),
            device_index=1,
            base_key=1,
        )
