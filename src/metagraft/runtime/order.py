"""Which operations a run needs, and in which order.

The order is the same every time: data and control edges first, then the order in
which the operations were made. Updates of variables come as late as the edges allow,
so that whatever does not depend on an update reads the value from before it.

# TF: TensorFlow leaves the order of an update and an unrelated read open.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

_PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2"})


def predecessors(op: Operation, fed: Collection[Tensor]) -> list[Operation]:
    """Return the operations that have to run before `op`, given what is fed.

    Source: tensorflow core/graph/subgraph.cc (a fed placeholder also stands for its
    control edges; other fed operations still run where they are control inputs).
    """
    before = [tensor.op for tensor in op.inputs if tensor not in fed]
    for control in op.control_inputs:
        if control.type in _PLACEHOLDERS and control.outputs[0] in fed:
            continue
        before.append(control)
    return before


def needed_operations(
    targets: Iterable[Operation], fed: Collection[Tensor]
) -> dict[Operation, list[Operation]]:
    """Return every operation that `targets` need, with its predecessors."""
    needed: dict[Operation, list[Operation]] = {}
    waiting = list(targets)
    while waiting:
        op = waiting.pop()
        if op in needed:
            continue
        before = predecessors(op, fed)
        needed[op] = before
        waiting.extend(p for p in before if p not in needed)
    return needed


def ordered(
    needed: dict[Operation, list[Operation]],
    is_update: Callable[[Operation], bool],
) -> tuple[list[Operation], list[Operation]]:
    """Return `(order, stuck)`; `stuck` are the operations that wait for each other."""
    missing: dict[Operation, int] = {}
    after: dict[Operation, list[Operation]] = {op: [] for op in needed}
    pure: list[tuple[int, Operation]] = []
    updates: list[tuple[int, Operation]] = []

    def add_ready(op: Operation) -> None:
        heapq.heappush(updates if is_update(op) else pure, (op.op_id, op))

    for op, before in needed.items():
        unique = set(before)
        missing[op] = len(unique)
        for predecessor in unique:
            after[predecessor].append(op)
        if not unique:
            add_ready(op)
    order: list[Operation] = []
    while pure or updates:
        _, op = heapq.heappop(pure or updates)
        order.append(op)
        for successor in after[op]:
            missing[successor] -= 1
            if missing[successor] == 0:
                add_ready(successor)
    stuck = [] if len(order) == len(needed) else _cycle(needed, set(order))
    return order, stuck


def _cycle(
    needed: dict[Operation, list[Operation]], done: Collection[Operation]
) -> list[Operation]:
    return sorted((op for op in needed if op not in done), key=lambda op: op.op_id)
