"""`tf.DeviceSpec`: the parts of a device string, which may be changed.

Source: tensorflow python/framework/device_spec.py DeviceSpecV1.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.devices import DeviceSpec as Parts
from metagraft.graph.devices import parse_device

__all__ = ["DeviceSpec"]


class DeviceSpec:
    """The parts of a device string; None means "not said"."""

    __slots__ = ("_parts",)

    def __init__(
        self,
        job: Any = None,
        replica: Any = None,
        task: Any = None,
        device_type: Any = None,
        device_index: Any = None,
    ) -> None:
        """Name a device.

        Args:
            job: Name of the job.
            replica: Number of the replica.
            task: Number of the task.
            device_type: `CPU`, `GPU`, ...
            device_index: Number of the device; None for any.
        """
        self._set(job, replica, task, device_type, device_index)

    def _set(self, job: Any, replica: Any, task: Any, kind: Any, index: Any) -> None:
        self._parts = Parts(
            None if job is None else str(job),
            _number(replica),
            _number(task),
            _kind(kind),
            _number(index),
        )

    def _changed(self, **changes: Any) -> tuple[Any, ...]:
        parts = self._parts
        found = {
            "job": parts.job,
            "replica": parts.replica,
            "task": parts.task,
            "device_type": parts.device_type,
            "device_index": parts.device_index,
        }
        for name, value in changes.items():
            if name not in found:
                raise TypeError(
                    f"DeviceSpec got an unexpected keyword argument '{name}'"
                )
            found[name] = value
        return tuple(found.values())

    # -- parts -------------------------------------------------------------------------

    @property
    def job(self) -> str | None:
        """Name of the job."""
        return self._parts.job

    @job.setter
    def job(self, job: Any) -> None:
        self._set(*self._changed(job=job))

    @property
    def replica(self) -> int | None:
        """Number of the replica."""
        return self._parts.replica

    @replica.setter
    def replica(self, replica: Any) -> None:
        self._set(*self._changed(replica=replica))

    @property
    def task(self) -> int | None:
        """Number of the task."""
        return self._parts.task

    @task.setter
    def task(self, task: Any) -> None:
        self._set(*self._changed(task=task))

    @property
    def device_type(self) -> str | None:
        """The kind of device."""
        return self._parts.device_type

    @device_type.setter
    def device_type(self, device_type: Any) -> None:
        self._set(*self._changed(device_type=device_type))

    @property
    def device_index(self) -> int | None:
        """Number of the device."""
        return self._parts.device_index

    @device_index.setter
    def device_index(self, device_index: Any) -> None:
        self._set(*self._changed(device_index=device_index))

    # -- strings and other specs -------------------------------------------------------

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """Parse a device string.

        Raises:
            ValueError: A part of it is not understood.
        """
        return cls().parse_from_string(spec)

    def parse_from_string(self, spec: str) -> DeviceSpec:
        """Take all parts from a device string, and return the spec.

        Raises:
            ValueError: A part of it is not understood.
        """
        self._parts = parse_device(spec)
        return self

    def to_string(self) -> str:
        """Format in the canonical spelling."""
        return self._parts.to_string()

    def merge_from(self, dev: Any) -> None:
        """Take from another spec what it says."""
        self.parse_from_string(self.make_merged_spec(dev).to_string())

    def make_merged_spec(self, dev: Any) -> DeviceSpec:
        """Return this spec with what another one says in its place."""
        said = {
            name: getattr(dev, name)
            for name in ("job", "replica", "task", "device_type", "device_index")
            if getattr(dev, name) is not None
        }
        return self.replace(**said)

    def replace(self, **kwargs: Any) -> DeviceSpec:
        """Return this spec with other parts.

        Args:
            **kwargs: Parts by name.

        Raises:
            TypeError: There is no such part.
        """
        return DeviceSpec(*self._changed(**kwargs))

    def __eq__(self, other: object) -> bool:
        """Whether the strings are the same."""
        return isinstance(other, DeviceSpec) and self._parts == other._parts

    def __hash__(self) -> int:
        """Hash the string."""
        return hash(self.to_string())

    def __repr__(self) -> str:
        """Show the string."""
        return f"<DeviceSpec '{self.to_string()}'>"


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _kind(value: Any) -> str | None:
    """Return the kind in TensorFlow's spelling: CPU and GPU are in capitals."""
    if value is None:
        return None
    text = str(value)
    return text.upper() if text.lower() in ("cpu", "gpu") else text
