"""`tf.config.experimental.ClusterDeviceFilters`: devices that tasks see of others.

Source: tensorflow python/training/server_lib.py ClusterDeviceFilters.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.proto import cluster_pb2

__all__ = ["ClusterDeviceFilters"]


class ClusterDeviceFilters:
    """Which devices of other tasks each task of a cluster sees; all by default."""

    def __init__(self) -> None:
        """Begin without filters."""
        self._filters: dict[str, dict[int, list[str]]] = {}

    def set_device_filters(
        self, job_name: str, task_index: int, device_filters: Sequence[str]
    ) -> None:
        """Let a task see only some devices.

        Args:
            job_name: The job of the task.
            task_index: Its number.
            device_filters: Names of devices, or the beginnings of some.

        Raises:
            TypeError: The filters are no list of text.
        """
        if not all(isinstance(one, str) for one in device_filters):
            raise TypeError(f"Device filters must be strings: {list(device_filters)}.")
        tasks = self._filters.setdefault(job_name, {})
        tasks[task_index] = list(device_filters)

    def as_message(self) -> cluster_pb2.ClusterDeviceFilters:
        """Return the filters as the message of a cluster."""
        message = cluster_pb2.ClusterDeviceFilters()
        for job_name in sorted(self._filters):
            job = message.jobs.add(name=job_name)
            for task, filters in self._filters[job_name].items():
                job.tasks[task].device_filters.extend(filters)
        return message
