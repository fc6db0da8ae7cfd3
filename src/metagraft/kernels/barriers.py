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
from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.shapes import Dims, dims_compatible, show
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import behind, kept, on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_FIRST_INDEX: Final = -(2**63)


class Barrier:
    """Elements by key; those with all components wait to be taken."""

    def __init__(
        self, name: str, dtypes: Sequence[DType], shapes: Sequence[Dims]
    ) -> None:
        """Start empty.

        Args:
            name: For errors.
            dtypes: The types of the components of an element.
            shapes: Their shapes; empty if they may have any.
        """
        self._name = name
        self._dtypes = tuple(dtypes)
        self._n_components = len(self._dtypes)
        self._shapes = shapes
        self._changed = threading.Condition()
        self._incomplete: dict[bytes, tuple[int, dict[int, Array]]] = {}
        self._ready: list[tuple[int, int, bytes, list[Array]]] = []
        self._n_ready_ever = 0
        self._next_index = _FIRST_INDEX
        self._is_closed = False
        self._takes_nothing_more = False

    def check_same(self, dtypes: Sequence[DType], shapes: Sequence[Dims]) -> None:
        """Compare with what another operation of the same name declares.

        Raises:
            InvalidArgumentError: It declares other types or shapes.
        """
        if tuple(dtypes) != self._dtypes:
            what, ours, asked = "types", _types(self._dtypes), _types(dtypes)
        elif tuple(shapes) != tuple(self._shapes):
            what, ours, asked = "shapes", _shapes(self._shapes), _shapes(shapes)
        else:
            return
        raise InvalidArgumentError(
            None,
            None,
            f"Shared barrier '{self._name}' has component {what} {ours} but requested "
            f"component {what} were {asked}",
        )

    def insert(self, keys: Sequence[bytes], values: Array, component: int) -> None:
        """Give elements one of their components.

        Raises:
            InvalidArgumentError: An element has it already, or the values are empty.
            CancelledError: The barrier is closed and the key is new.
        """
        self._check_component(component)
        if keys and not values.size:
            raise InvalidArgumentError(
                None,
                None,
                f"Tensors with no elements are not supported {self._name}: received "
                f"shape {show(np.shape(values))}",
            )
        if len(keys) > len(values):
            raise InvalidArgumentError(
                None,
                None,
                f"Values tensor must have the same number of rows as there are keys: "
                f"{len(values)} vs. {len(keys)}",
            )
        with self._changed:
            self._check_takes(len(keys))
            index, is_new = self._next_index, False
            # What is complete is lost if a later key is refused.
            complete = []
            for place, (key, value) in enumerate(zip(keys, values, strict=False)):
                known = self._incomplete.get(key)
                if known is None:
                    self._check_open(key, place)
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
                complete += self._finished(key)
            for element in complete:
                heapq.heappush(self._ready, element)
            self._next_index += is_new
            self._changed.notify_all()

    def _check_component(self, component: int) -> None:
        if not 0 <= component < self._n_components:
            raise InvalidArgumentError(
                None,
                None,
                f"The component ID is out of range {component} > num_components "
                f"(= {self._n_components})",
            )

    def _check_takes(self, count: int) -> None:
        if not self._is_closed:
            return
        if self._takes_nothing_more or (count and not self._incomplete):
            raise CancelledError(
                None,
                None,
                f"Barrier {self._name} is closed.  Pending enqueues cancelled: "
                f"{int(self._takes_nothing_more)}.  Number of new insertions: {count}"
                f".  Number of incomplete keys: {len(self._incomplete)}.",
            )

    def _check_open(self, key: bytes, place: int) -> None:
        if self._is_closed:
            cancelled = int(self._takes_nothing_more)
            raise CancelledError(
                None,
                None,
                f"Barrier {self._name} is closed, but attempted to insert a brand new "
                f"key: {_text(key)}.  Pending enqueues cancelled: {cancelled}.  "
                f"Insertion index: {place}.  Number of incomplete keys: "
                f"{len(self._incomplete)}.",
            )

    def _finished(self, key: bytes) -> list[tuple[int, int, bytes, list[Array]]]:
        index, parts = self._incomplete[key]
        if len(parts) < self._n_components:
            return []
        del self._incomplete[key]
        element = [parts[i] for i in range(self._n_components)]
        for i, (part, dims) in enumerate(zip(element, self._shapes, strict=False)):
            if not dims_compatible(part.shape, dims):
                # The index and the key come before the components.
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Shape mismatch in tuple component {i + 2}. Expected "
                    f"{show(dims)}, got {show(part.shape)}",
                )
        self._n_ready_ever += 1
        return [(index, self._n_ready_ever, key, element)]

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
        """Let no new keys in; with `cancels`, no components either.

        Raises:
            CancelledError: It was closed already, in this way.
        """
        with self._changed:
            if self._is_closed and (self._takes_nothing_more or not cancels):
                raise CancelledError(
                    None, None, f"Barrier '{self._name}' is already closed."
                )
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


def _types(dtypes: Sequence[DType]) -> str:
    return ", ".join(kernel_name(dtype) for dtype in dtypes)


def _shapes(shapes: Sequence[Dims]) -> str:
    return "[" + ", ".join(show(dims) for dims in shapes) + "]"


def _text(key: bytes) -> str:
    return key.decode("utf-8", "replace")


def _found(op: Operation, handle: Array) -> Barrier:
    found: Barrier = behind(handle, Barrier, op)
    return found


def make(run: RunContext, op: Operation) -> tuple[Array]:
    """Return the handle of a barrier."""
    attrs = op.attrs
    shapes, dtypes = tuple(attrs["shapes"]), attrs["component_types"]
    handle = kept(run, op, "barrier", lambda name: Barrier(name, dtypes, shapes))
    made: Barrier = behind(handle[0], Barrier)
    made.check_same(dtypes, shapes)
    return handle


def insert_many(
    run: RunContext, op: Operation, handle: Array, keys: Array, values: Array
) -> tuple[()]:
    """Give elements a component."""
    del run
    component = op.attrs["component_index"]
    _found(op, handle).insert(list(keys), np.asarray(values), component)
    return ()


def take_many(
    run: RunContext, op: Operation, handle: Array, num_elements: Array
) -> tuple[Array, ...]:
    """Take elements out."""
    fewer = op.attrs["allow_small_batch"]
    return _found(op, handle).take(run, int(num_elements), may_be_fewer=fewer)


def close(run: RunContext, op: Operation, handle: Array) -> tuple[()]:
    """Close the barrier."""
    del run
    _found(op, handle).close(cancels=op.attrs["cancel_pending_enqueues"])
    return ()


def ready_size(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """How many elements are complete."""
    del run
    return (np.int32(_found(op, handle).ready_size()),)


def incomplete_size(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """How many elements lack components."""
    del run
    return (np.int32(_found(op, handle).incomplete_size()),)


KERNELS = {
    "Barrier": on_run(make),
    "BarrierInsertMany": on_run(insert_many),
    "BarrierTakeMany": on_run(take_many, waits=True),
    "BarrierClose": on_run(close),
    "BarrierReadySize": on_run(ready_size),
    "BarrierIncompleteSize": on_run(incomplete_size),
}
