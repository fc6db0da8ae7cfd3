"""How staging areas run; twin of `ops/staging.py`.

Source: tensorflow core/kernels/stage_op.cc.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from metagraft.errors import (
    CancelledError,
    InvalidArgumentError,
    ResourceExhaustedError,
)
from metagraft.formats.names import decode_name
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

Element = tuple[Array, ...]


class StagingArea:
    """Elements in the order in which they were put in."""

    def __init__(self, capacity: int, memory_limit: int) -> None:
        """Start empty.

        Args:
            capacity: How many elements it holds at most; 0 for no limit.
            memory_limit: How many bytes they have at most; 0 for no limit.
        """
        self._capacity = capacity
        self._memory_limit = memory_limit
        self._changed = threading.Condition()
        self._elements: deque[Element] = deque()

    def __len__(self) -> int:
        """Return the number of elements."""
        return len(self._elements)

    def put(self, run: RunContext, element: Element) -> None:
        """Put an element in, waiting while there is no room.

        Raises:
            ResourceExhaustedError: There never will be.
        """
        size = _bytes(element)
        if 0 < self._memory_limit < size:
            raise ResourceExhaustedError(
                None,
                None,
                f"Attempted to insert tensors with combined size of '{size}' bytes "
                f"into Staging Area with a memory limit of '{self._memory_limit}'.",
            )

        def has_room() -> bool:
            if self._capacity and len(self._elements) >= self._capacity:
                return False
            used = sum(map(_bytes, self._elements)) if self._memory_limit else 0
            return not self._memory_limit or used + size <= self._memory_limit

        with self._changed:
            self._wait(run, has_room)
            self._elements.append(element)
            self._changed.notify_all()

    def take(self, run: RunContext) -> Element:
        """Take the first element out, waiting for one."""
        with self._changed:
            self._wait(run, lambda: bool(self._elements))
            element = self._elements.popleft()
            self._changed.notify_all()
            return element

    def peek(self, run: RunContext, index: int) -> Element:
        """Return an element without taking it out, waiting for it."""
        with self._changed:
            self._wait(run, lambda: index < len(self._elements))
            return self._elements[index]

    def clear(self) -> None:
        """Take all elements out."""
        with self._changed:
            self._elements.clear()
            self._changed.notify_all()

    def _wait(self, run: RunContext, is_done: Callable[[], bool]) -> None:
        if not run.waits.wait(self._changed, is_done):
            raise CancelledError(None, None, "The staging operation was cancelled")


def _bytes(element: Element) -> int:
    return sum(int(value.nbytes) for value in element)


def _area(run: RunContext, op: Operation) -> StagingArea:
    """Return the area that operations of one `shared_name` have together."""
    attrs = op.attrs
    area: StagingArea = run.store.create_resource(
        "staging_area",
        decode_name(attrs["container"]) or "localhost",
        decode_name(attrs["shared_name"]) or op.name,
        lambda: StagingArea(attrs["capacity"], attrs["memory_limit"]),
    )
    return area


def stage(run: RunContext, op: Operation, values: tuple[Array, ...]) -> tuple[()]:
    """Put an element in."""
    _area(run, op).put(run, tuple(np.array(value) for value in values))
    return ()


def unstage(run: RunContext, op: Operation) -> tuple[Array, ...]:
    """Take the first element out."""
    return _of_count(op, _area(run, op).take(run))


def peek(run: RunContext, op: Operation, index: Array) -> tuple[Array, ...]:
    """Return an element."""
    if np.ndim(index):
        raise InvalidArgumentError(None, None, "index must be scalar")
    return _of_count(op, _area(run, op).peek(run, int(index)))


def _of_count(op: Operation, element: Element) -> Element:
    wanted = len(op.attrs["dtypes"])
    if len(element) != wanted:
        text = f"Mismatch stage/unstage: {len(element)} vs. {wanted}"
        raise InvalidArgumentError(None, None, text)
    return element


def clear(run: RunContext, op: Operation) -> tuple[()]:
    """Take all elements out."""
    _area(run, op).clear()
    return ()


def size(run: RunContext, op: Operation) -> tuple[Array]:
    """How many elements there are."""
    return (np.int32(len(_area(run, op))),)


KERNELS = {
    "Stage": on_run(stage, waits=True),
    "Unstage": on_run(unstage, waits=True),
    "StagePeek": on_run(peek, waits=True),
    "StageClear": on_run(clear),
    "StageSize": on_run(size),
}
