"""What workers of a group do together, for groups of one; twin of `ops/`.

A run is in one process, so a group with others in it is refused.

Source: tensorflow core/kernels/collective_ops.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel


def _check_size(size: int) -> None:
    if size <= 0:
        raise InvalidArgumentError(
            None, None, f"group_size must be positive integer but got {size}"
        )
    if size > 1:
        raise UnimplementedError(
            None,
            None,
            f"A group of {size} workers needs other processes, which is not built; "
            "groups of one run.",
        )


def alone(attrs: Any, input: Array) -> tuple[Array]:
    """Return what this worker has, for a group whose size is an attribute."""
    _check_size(attrs["group_size"])
    return (input,)


def alone_by_size(
    _attrs: Any, input: Array, group_size: Array, *_others: Any
) -> tuple[Array]:
    """Return what this worker has, for a group whose size is an operand."""
    _check_size(int(group_size))
    return (input,)


def alone_by_groups(
    _attrs: Any, input: Array, communicator: Array, group_assignment: Array
) -> tuple[Array]:
    """Return what this worker has, for groups that are listed."""
    del communicator
    _check_size(int(np.shape(group_assignment)[1]))
    return (input,)


def assign_group(
    _attrs: Any, group_assignment: Array, device_index: Array, base_key: Array
) -> tuple[Array, Array]:
    """Return the size and the key of the group that a device is in."""
    groups, device = np.asarray(group_assignment), int(device_index)
    if groups.ndim != 2:
        raise InvalidArgumentError(
            None,
            None,
            "group_assignment must be a 2-d Tensor, but received tensor of shape:"
            f" {show(groups.shape)}",
        )
    found = np.flatnonzero((groups == device).any(axis=1))
    if not len(found):
        raise InvalidArgumentError(
            None,
            None,
            f"device_index {device} is not found in group_assignment {groups}",
        )
    key = int(base_key) + int(found[0])
    return np.int32(groups.shape[1]), np.int32(key)


def communicator(
    _attrs: Any, group_key: Array, rank: Array, group_size: Array
) -> tuple[Array]:
    """Return a handle of a group, which nothing needs."""
    del group_key, rank
    _check_size(int(group_size))
    handle = np.empty((), object)
    handle[()] = None
    return (handle,)


_BY_SIZE = Kernel(alone_by_size, static=("group_size",))
_BY_GROUPS = Kernel(alone_by_groups, host=True)
KERNELS = {
    "CollectiveAllToAllV2": _BY_SIZE,
    "CollectiveAllToAllV3": _BY_GROUPS,
    "CollectiveAssignGroupV2": Kernel(assign_group, host=True),
    "CollectiveBcastSend": Kernel(alone),
    "CollectiveBcastSendV2": _BY_SIZE,
    "CollectiveGather": Kernel(alone),
    "CollectiveGatherV2": _BY_SIZE,
    "CollectiveInitializeCommunicator": Kernel(communicator, host=True),
    "CollectiveReduce": Kernel(alone),
    "CollectiveReduceScatterV2": _BY_SIZE,
    "CollectiveReduceV2": _BY_SIZE,
    "CollectiveReduceV3": _BY_GROUPS,
}
