"""`ClusterSpec`: which jobs a cluster has, and where their tasks are.

Source: tensorflow python/training/server_lib.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metagraft.proto import ClusterDef
from metagraft.proto.coercion import as_message

__all__ = ["ClusterSpec"]


class ClusterSpec:
    """The jobs of a cluster: for each its tasks, with their addresses."""

    def __init__(self, cluster: Any) -> None:
        """Describe a cluster.

        Args:
            cluster: A dict from jobs to lists of addresses, or to dicts from task
                numbers to addresses; a `ClusterDef`, ours or TensorFlow's; or another
                `ClusterSpec`.

        Raises:
            TypeError: It is none of these.
        """
        self._jobs: dict[str, dict[int, str]]
        if isinstance(cluster, Mapping):
            self._jobs = {job: _tasks(job, tasks) for job, tasks in cluster.items()}
            self._message = _as_message(self._jobs)
            return
        if isinstance(cluster, ClusterSpec):
            cluster = cluster.as_cluster_def()
        try:
            self._message = as_message(cluster, ClusterDef)
        except TypeError:
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to "
                "lists of network addresses, or a `ClusterDef` protocol buffer"
            ) from None
        self._jobs = {job.name: dict(job.tasks.items()) for job in self._message.job}

    def __bool__(self) -> bool:
        """Whether there are any jobs."""
        return bool(self._jobs)

    def __eq__(self, other: object) -> bool:
        """Whether the tasks are the same; a dict of dicts can be compared too."""
        theirs = other._jobs if isinstance(other, ClusterSpec) else other
        return bool(self._jobs == theirs)

    __hash__ = None  # type: ignore[assignment]  # as in TensorFlow

    def __repr__(self) -> str:
        """Format as TensorFlow does."""
        jobs = self.as_dict()
        items = [f"{job!r}: {jobs[job]!r}" for job in sorted(jobs)]
        return f"ClusterSpec({{{', '.join(items)}}})"

    def as_dict(self) -> dict[str, Any]:
        """Return lists of addresses by job, dicts where numbers are left out."""
        found: dict[str, Any] = {}
        for job in self.jobs:
            numbers = self.task_indices(job)
            is_dense = bool(numbers) and max(numbers) + 1 == len(numbers)
            found[job] = self.job_tasks(job) if is_dense else dict(self._jobs[job])
        return found

    def as_cluster_def(self) -> ClusterDef:
        """Return the cluster as a message."""
        return self._message

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._jobs)

    def num_tasks(self, job_name: str) -> int:
        """Return how many tasks a job has.

        Raises:
            ValueError: There is no such job.
        """
        return len(self._job(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """Return the numbers of the tasks of a job, in order.

        Raises:
            ValueError: There is no such job.
        """
        return sorted(self._job(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """Return where a task is.

        Raises:
            ValueError: There is no such job or task.
        """
        try:
            return self._job(job_name)[task_index]
        except KeyError:
            raise ValueError(
                f"No task with index {task_index!r} in job {job_name!r}"
            ) from None

    def job_tasks(self, job_name: str) -> list[str | None]:
        """Return the addresses of the tasks of a job, None for numbers left out.

        Raises:
            ValueError: There is no such job.
        """
        tasks = self._job(job_name)
        return [tasks.get(number) for number in range(max(tasks) + 1)]

    def _job(self, name: str) -> dict[int, str]:
        try:
            return self._jobs[name]
        except KeyError:
            raise ValueError(f"No such job in cluster: {name!r}") from None


def _tasks(job: str, tasks: Any) -> dict[int, str]:
    if isinstance(tasks, (list, tuple)):
        return dict(enumerate(tasks))
    if isinstance(tasks, dict):
        return {int(number): address for number, address in tasks.items()}
    raise TypeError(
        f"The tasks for job {job!r} must be a list or a dictionary from integers to "
        "strings."
    )


def _as_message(jobs: Mapping[str, Mapping[int, str]]) -> ClusterDef:
    message = ClusterDef()
    for job, tasks in sorted(jobs.items()):
        if not isinstance(job, (str, bytes)):
            raise TypeError(f"Job name {job!r} must be bytes or unicode")
        entry = message.job.add(name=job)
        for number, address in sorted(tasks.items()):
            if not isinstance(address, (str, bytes)):
                raise TypeError(f"Task address {address!r} must be bytes or unicode")
            entry.tasks[number] = (
                address.decode() if isinstance(address, bytes) else address
            )
    return message
