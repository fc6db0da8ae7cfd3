"""How barriers run: elements whose components come apart; twin of `ops/barriers.py`.

Source: tensorflow core/kernels/barrier_ops.cc.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn

import numpy as np

from metagraft.errors import (
    CancelledError,
    InvalidArgumentError,
    OutOfRangeError,
)
from metagraft.graph.shapes import Dims, show
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import behind, kept, on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_FIRST_INDEX: Final = -(2**63)


class Barrier:
    """Elements by key; those with all components wait to be taken."""

    def __init__(self, name: str, n_components: int, shapes: Sequence[Dims]) -> None:
        """Start empty.

        Args:
            name: For errors.
            n_components: How many components an element has.
            shapes: Their shapes; empty if they may have any.
        """
        self._name = name
        self._n_components = n_components
        self._shapes = shapes
        self._changed = threading.Condition()
        self._incomplete: dict[bytes, tuple[int, dict[int, Array]]] = {}
        self._ready: list[tuple[int, int, bytes, list[Array]]] = []
        self._n_ready_ever = 0
        self._next_index = _FIRST_INDEX
        self._is_closed = False
        self._takes_nothing_more = False

    def insert(self, keys: Sequence[bytes], values: Array, component: int) -> None:
        """Give elements one of their components.

        Raises:
            InvalidArgumentError: An element has it already.
            CancelledError: The barrier is closed and the key is new.
        """
        self._check_component(values, component)
        with self._changed:
            index, is_new = self._next_index, False
            for key, value in zip(keys, values, strict=True):
                known = self._incomplete.get(key)
                if known is None:
                    self._check_open(key)
                    known, is_new = (index, {}), True
                first, parts = known
                if component in parts:
                    raise InvalidArgumentError(
                        None,
                        None,
                        f"Key {_text(key)} already has a value for component "
                        f"{component} in barrier {self._name}",
                    )
                self._incomplete[key] = (first, {**parts, component: np.array(value)})
                self._finish(key)
            self._next_index += is_new
            self._changed.notify_all()

    def _check_component(self, values: Array, component: int) -> None:
        if not 0 <= component < self._n_components:
            raise InvalidArgumentError(
                None,
                None,
                f"The component ID is out of range {component} > num_components "
                f"(= {self._n_components})",
            )
        if self._shapes and tuple(np.shape(values)[1:]) != self._shapes[component]:
            raise InvalidArgumentError(
                None,
                None,
                f"Shape mismatch in tuple component {component}. Expected "
                f"{show(self._shapes[component])}, got "
                f"{show(tuple(np.shape(values)[1:]))}",
            )

    def _check_open(self, key: bytes) -> None:
        if self._is_closed:
            cancelled = int(self._takes_nothing_more)
            raise CancelledError(
                None,
                None,
                f"Barrier {self._name} is closed, but attempted to insert a brand new "
                f"key: {_text(key)}.  Pending enqueues cancelled: {cancelled}.  "
                f"Insertion index: 0.  Number of incomplete keys: "
                f"{len(self._incomplete)}.",
            )

    def _finish(self, key: bytes) -> None:
        index, parts = self._incomplete[key]
        if len(parts) < self._n_components:
            return
        del self._incomplete[key]
        element = [parts[i] for i in range(self._n_components)]
        heapq.heappush(self._ready, (index, self._n_ready_ever, key, element))
        self._n_ready_ever += 1

    def take(
        self, run: RunContext, wanted: int, *, may_be_fewer: bool
    ) -> tuple[Array, ...]:
        """Take complete elements out, waiting for them.

        Raises:
            OutOfRangeError: The barrier is closed and there will not be so many.
        """

        def is_over() -> bool:
            # Elements that lack components may still become complete.
            return self._is_closed and (
                self._takes_nothing_more or not self._incomplete or may_be_fewer
            )

        with self._changed:
            done = run.waits.wait(
                self._changed, lambda: len(self._ready) >= wanted or is_over()
            )
            if not done:
                raise CancelledError(None, None, "Dequeue operation was cancelled")
            count = len(self._ready)
            if count < wanted and not (may_be_fewer and count):
                self._fail_empty(wanted)
            taken = [heapq.heappop(self._ready) for _ in range(min(wanted, count))]
            self._changed.notify_all()
        indices = np.array([index for index, _, _, _ in taken], np.int64)
        keys = np.empty(len(taken), object)
        keys[:] = [key for _, _, key, _ in taken]
        columns = zip(*(element for *_, element in taken), strict=True)
        return (indices, keys, *(np.stack(column) for column in columns))

    def _fail_empty(self, wanted: int) -> NoReturn:
        raise OutOfRangeError(
            None,
            None,
            f"Barrier '{self._name}' is closed and has insufficient elements "
            f"(requested {wanted}, total size {len(self._ready)})",
        )

    def close(self, *, cancels: bool) -> None:
        """Let no new keys in; with `cancels`, no components either."""
        with self._changed:
            self._is_closed = True
            if cancels:
                self._takes_nothing_more = True
                self._incomplete.clear()
            self._changed.notify_all()

    def ready_size(self) -> int:
        """Return the number of complete elements."""
        return len(self._ready)

    def incomplete_size(self) -> int:
        """Return the number of elements that lack components."""
        return len(self._incomplete)


def _text(key: bytes) -> str:
    return key.decode("utf-8", "replace")


def _found(handle: Array) -> Barrier:
    found: Barrier = behind(handle, Barrier)
    return found


def make(run: RunContext, op: Operation) -> tuple[Array]:
    """Return the handle of a barrier."""
    attrs = op.attrs
    shapes = tuple(attrs["shapes"])
    count = len(attrs["component_types"])
    return kept(run, op, "barrier", lambda name: Barrier(name, count, shapes))


def insert_many(
    run: RunContext, op: Operation, handle: Array, keys: Array, values: Array
) -> tuple[()]:
    """Give elements a component."""
    del run
    if len(keys) > len(values):
        raise InvalidArgumentError(
            None,
            None,
            f"Values tensor must have the same number of rows as there are keys: "
            f"{len(values)} vs. {len(keys)}",
        )
    component = op.attrs["component_index"]
    _found(handle).insert(list(keys), values[: len(keys)], component)
    return ()


def take_many(
    run: RunContext, op: Operation, handle: Array, num_elements: Array
) -> tuple[Array, ...]:
    """Take elements out."""
    fewer = op.attrs["allow_small_batch"]
    return _found(handle).take(run, int(num_elements), may_be_fewer=fewer)


def close(run: RunContext, op: Operation, handle: Array) -> tuple[()]:
    """Close the barrier."""
    del run
    _found(handle).close(cancels=op.attrs["cancel_pending_enqueues"])
    return ()


def ready_size(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """How many elements are complete."""
    del run, op
    return (np.int32(_found(handle).ready_size()),)


def incomplete_size(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """How many elements lack components."""
    del run, op
    return (np.int32(_found(handle).incomplete_size()),)


KERNELS = {
    "Barrier": on_run(make),
    "BarrierInsertMany": on_run(insert_many),
    "BarrierTakeMany": on_run(take_many, waits=True),
    "BarrierClose": on_run(close),
    "BarrierReadySize": on_run(ready_size),
    "BarrierIncompleteSize": on_run(incomplete_size),
}
