"""Which devices of other tasks a task sees."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf


def test_message() -> None:
    """Jobs come in the order of their names, tasks by number."""
    filters = tf.config.experimental.ClusterDeviceFilters()
    filters.set_device_filters("worker", 1, ["/job:ps"])
    filters.set_device_filters("ps", 0, ["/job:worker", "/gpu:0"])
    jobs = filters.as_message().jobs
    assert [job.name for job in jobs] == ["ps", "worker"]
    assert list(jobs[0].tasks[0].device_filters) == ["/job:worker", "/gpu:0"]
    assert list(jobs[1].tasks[1].device_filters) == ["/job:ps"]


def test_mistake() -> None:
    """Filters are text."""
    filters = tf.config.experimental.ClusterDeviceFilters()
    with pytest.raises(TypeError, match="must be strings"):
        filters.set_device_filters("worker", 1, [1])
