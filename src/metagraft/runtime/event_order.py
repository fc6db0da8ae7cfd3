"""What must have happened before a node of a plan runs: control edges, data aside.

An *event* is a node of the plan, or several events that must all have happened: what
an operation without a node stands for, such as a `NoOp` that groups others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation


class EventOrder:
    """The events of a plan that is being built, by operation."""

    __slots__ = ("_event_of", "_events")

    def __init__(self) -> None:
        """Start without events."""
        self._events: list[int | tuple[int, ...]] = []
        self._event_of: dict[Operation, int] = {}

    def add_node(self, op: Operation, position: int) -> None:
        """Note that an operation is the plan's node at a position."""
        self._event_of[op] = len(self._events)
        self._events.append(position)

    def same(self, op: Operation, other: Operation) -> None:
        """Note that an operation happens with another one."""
        self._event_of[op] = self._event_of[other]

    def pass_on(self, op: Operation) -> None:
        """Pass on the control edges of an operation that became no node."""
        if op in self._event_of:
            return
        before = self.before(op)
        if len(before) == 1:
            self._event_of[op] = before[0]
        elif before:
            self._event_of[op] = len(self._events)
            self._events.append(before)

    def before(self, op: Operation) -> tuple[int, ...]:
        """Return the events that an operation waits for.

        Data inputs count too: the operation behind one may be no node, but wait for
        others by control edges.
        """
        return self.of([*op.control_inputs, *(tensor.op for tensor in op.inputs)])

    def of(self, operations: Iterable[Operation]) -> tuple[int, ...]:
        """Return the events of operations, those that have none left out."""
        found = {self._event_of[o] for o in operations if o in self._event_of}
        return tuple(sorted(found))

    def listed(self) -> tuple[int | tuple[int, ...], ...]:
        """Return all events in order."""
        return tuple(self._events)
