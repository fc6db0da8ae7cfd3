"""The order of locks in one run: each is let go before the next is taken.

Operations that wait at the same time go on together. A lock that waits for another
lock of its own run, or for a run that waits for this one, would wait forever. So one
comes after what lets the other go, unless that needs both: then one is taken while the
other is held, as the graph asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from metagraft.runtime.plan import Plan

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

__all__ = ["in_turn", "ordered_locks", "with_locks_in_turn"]

_LOCK, _CONSUME = "MutexLock", "ConsumeMutexLock"


def ordered_locks(
    needed: dict[Operation, list[Operation]],
) -> dict[Operation, list[Operation]]:
    """Let locks wait for each other before operations are put in order.

    So operations under one lock also see what was assigned under the one before.

    Args:
        needed: The operations of a run, and those that each comes after.
    """
    if sum(op.type == _LOCK for op in needed) < 2:
        return needed
    operations = sorted(needed, key=lambda op: op.op_id)
    number = {op: i for i, op in enumerate(operations)}
    before = [[number[one] for one in needed[op]] for op in operations]
    ends: dict[int, list[int]] = {
        i: [] for i, op in enumerate(operations) if op.type == _LOCK
    }
    for i, op in enumerate(operations):
        if op.type == _CONSUME and number.get(op.inputs[0].op) in ends:
            ends[number[op.inputs[0].op]].append(i)
    after = _in_turn(ends, before)
    return {
        op: [operations[i] for i in numbers]
        for op, numbers in zip(operations, after, strict=True)
    }


def with_locks_in_turn(plan: Plan, before: list[list[int]]) -> list[list[int]]:
    """Return, per node, the numbers of the nodes that it comes after, locks in turn.

    Args:
        plan: The nodes.
        before: The same without an order of locks.
    """
    locks = [i for i, node in enumerate(plan.nodes) if node.op.type == _LOCK]
    if len(locks) < 2:
        return before
    return _in_turn({lock: _consumers(plan, lock) for lock in locks}, before)


def _consumers(plan: Plan, lock: int) -> list[int]:
    handles = set(plan.nodes[lock].outputs)
    return [
        i
        for i, node in enumerate(plan.nodes)
        if node.op.type == _CONSUME and handles & set(node.flat_inputs())
    ]


def _in_turn(
    ends: Mapping[int, Sequence[int]], before: Sequence[Sequence[int]]
) -> list[list[int]]:
    """Let each lock come after the ends of the locks before it, where that can be."""
    after = [list(numbers) for numbers in before]
    locks = list(ends)
    for place, lock in enumerate(locks):
        for earlier in locks[:place]:
            if not _comes_after(lock, ends[earlier], after):
                _comes_after(earlier, ends[lock], after)
    return after


def _comes_after(lock: int, ends: Sequence[int], after: list[list[int]]) -> bool:
    """Let a lock wait for the ends of another one; false if these need the lock."""
    if not ends or lock in _ancestors(ends, after):
        return False
    after[lock] = sorted({*after[lock], *ends})
    return True


def _ancestors(numbers: Sequence[int], after: list[list[int]]) -> set[int]:
    found: set[int] = set()
    waiting = list(numbers)
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting += after[number]
    return found


def in_turn(after: Sequence[Sequence[int]]) -> list[int]:
    """Return the numbers of nodes in an order in which each comes after its own."""
    left = [len(set(numbers)) for numbers in after]
    followers: list[list[int]] = [[] for _ in after]
    for number, numbers in enumerate(after):
        for one in set(numbers):
            followers[one].append(number)
    ready = [number for number, count in enumerate(left) if not count]
    found = []
    while ready:
        number = ready.pop()
        found.append(number)
        for one in followers[number]:
            left[one] -= 1
            if not left[one]:
                ready.append(one)
    return found
