"""Dealing variables out to parameter servers by a device function.

Source: tensorflow python/training/device_setter.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from metagraft.graph.devices import DeviceSpec, merge_device
from metagraft.training.cluster_spec import ClusterSpec

__all__ = ["replica_device_setter"]

_log = logging.getLogger("metagraft")

# Ops with state that belongs on a parameter server.
STANDARD_PS_OPS: Final = (
    "Variable",
    "VariableV2",
    "AutoReloadVariable",
    "MutableHashTable",
    "MutableHashTableV2",
    "MutableHashTableOfTensors",
    "MutableHashTableOfTensorsV2",
    "MutableDenseHashTable",
    "MutableDenseHashTableV2",
    "VarHandleOp",
    "BoostedTreesEnsembleResourceHandleOp",
    "BoostedTreesQuantileStreamResourceHandleOp",
    "ResourceConditionalAccumulator",
    "DecisionTreeResource",
)


class _RoundRobin:
    """One task after the other."""

    def __init__(self, task_count: int) -> None:
        self._task_count = task_count
        self._next = 0

    def __call__(self, op: Any) -> int:
        del op
        task = self._next
        self._next = (task + 1) % self._task_count
        return task


@dataclass(frozen=True, slots=True)
class _Chooser:
    """A device function.

    Attributes:
        ps_device: Device of the parameter servers, without the task; may be empty.
        worker_device: Device of everything else; may be empty.
        merges: Whether a device that an operation has already is completed.
        ps_ops: Ops that belong on a parameter server.
        strategy: Returns the task for one of their operations.
    """

    ps_device: str
    worker_device: str
    merges: bool
    ps_ops: Sequence[str]
    strategy: Callable[[Any], int]

    def device_of(self, op: Any) -> str:
        """Return the device of an operation or a node."""
        current: str = op.device
        if not self.merges and current:
            return current
        # A NodeDef says `op` where an operation says `type`.
        op_type = op.node_def.op if hasattr(op, "node_def") else op.op
        if not self.ps_device or op_type not in self.ps_ops:
            return merge_device(self.worker_device, current or "")
        server = DeviceSpec.from_string(self.ps_device)
        job = DeviceSpec.from_string(current or "").job
        if server.job and (not job or job == server.job):
            server = replace(server, task=self.strategy(op))
        return merge_device(server.to_string(), current or "")


def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str | None = "/job:ps",
    worker_device: str | None = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Sequence[str] | None = None,
    ps_strategy: Callable[[Any], int] | None = None,
) -> Callable[[Any], str] | None:
    """Return a device function for copies of one model on several machines.

    Args:
        ps_tasks: How many parameter servers there are.
        ps_device: Their device; empty for no device.
        worker_device: The device of all other operations; empty for no device.
        merge_devices: Whether devices that operations have already are completed.
        cluster: The cluster, in place of `ps_tasks`.
        ps_ops: Ops that belong on a parameter server.
        ps_strategy: Returns the task for an operation; by default one after the other.

    Returns:
        The function for `tf.device`, None if there are no parameter servers.

    Raises:
        TypeError: `cluster` is no cluster, or `ps_strategy` cannot be called.
    """
    if cluster is not None:
        job = DeviceSpec.from_string(ps_device or "").job
        jobs = ClusterSpec(cluster).as_dict()
        if job is None or jobs.get(job) is None:
            return None
        ps_tasks = len(jobs[job])
    if ps_tasks == 0:
        return None
    if not merge_devices:
        _log.warning(
            "DEPRECATION: It is recommended to set merge_devices=true in "
            "replica_device_setter"
        )
    strategy = _RoundRobin(ps_tasks) if ps_strategy is None else ps_strategy
    if not callable(strategy):
        raise TypeError("ps_strategy must be callable")
    return _Chooser(
        ps_device or "",
        worker_device or "",
        merge_devices,
        list(STANDARD_PS_OPS) if ps_ops is None else ps_ops,
        strategy,
    ).device_of
