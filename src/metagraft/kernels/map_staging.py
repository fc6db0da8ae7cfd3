"""How staging areas with keys run; twin of `ops/map_staging.py`.

An element may come in parts; it can be taken when all of them are there.

Source: tensorflow core/kernels/map_stage_op.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from metagraft.errors import (
    CancelledError,
    InvalidArgumentError,
    ResourceExhaustedError,
)
from metagraft.formats.names import decode_name
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

Parts = dict[int, Array]


class StagingMap:
    """Elements by key, whole ones and those that lack parts."""

    def __init__(
        self, n_parts: int, capacity: int, memory_limit: int, *, ordered: bool
    ) -> None:
        """Start empty.

        Args:
            n_parts: How many parts an element has.
            capacity: How many whole elements it holds at most; 0 for no limit.
            memory_limit: How many bytes it holds at most; 0 for no limit.
            ordered: Whether elements without a wanted key come by their keys.
        """
        self._n_parts = n_parts
        self._capacity = capacity
        self._memory_limit = memory_limit
        self._ordered = ordered
        self._changed = threading.Condition()
        self._whole: dict[int, Parts] = {}
        self._incomplete: dict[int, Parts] = {}

    def put(self, run: RunContext, key: int, parts: Parts) -> None:
        """Put parts of an element in, waiting while there is no room.

        Raises:
            InvalidArgumentError: One of them is there already, or there is no such one.
            ResourceExhaustedError: There never will be room.
        """
        size = _bytes(parts)
        is_whole = len(parts) == self._n_parts
        if 0 < self._memory_limit < size:
            raise ResourceExhaustedError(
                None,
                None,
                f"Attempted to insert tensors with combined size of '{size}' bytes "
                f"into Staging Area with a memory limit of '{self._memory_limit}'.",
            )

        def has_room() -> bool:
            if is_whole and 0 < self._capacity <= len(self._whole):
                return False
            if not self._memory_limit:
                return True
            kept = (*self._whole.values(), *self._incomplete.values())
            return size + sum(map(_bytes, kept)) <= self._memory_limit

        with self._changed:
            self._wait(run, has_room)
            if is_whole:
                # TF: whatever the indices are, and beside what came in parts before.
                values = dict(enumerate(parts.values()))
                self._whole.setdefault(key, values)
            else:
                self._insert(key, parts)
            self._changed.notify_all()

    def _insert(self, key: int, parts: Parts) -> None:
        given = self._incomplete.get(key, {})
        for index in parts:
            self._check_index(key, index)
            if index in given:
                _refuse(
                    f"The tensor for index '{index}' for key '{key}' was already "
                    f"initialized '{self._n_parts}'."
                )
        given = given | parts
        if len(given) < self._n_parts:
            self._incomplete[key] = given
            return
        self._incomplete.pop(key, None)
        self._whole.setdefault(key, given)

    def take(self, run: RunContext, key: int, indices: Sequence[int]) -> list[Array]:
        """Take parts of an element out, waiting for it."""
        with self._changed:
            self._wait(run, lambda: key in self._whole)
            return self._taken(key, indices)

    def take_any(
        self, run: RunContext, indices: Sequence[int]
    ) -> tuple[int, list[Array]]:
        """Take parts of any element out, waiting for one."""
        with self._changed:
            self._wait(run, lambda: bool(self._whole))
            key = min(self._whole) if self._ordered else next(iter(self._whole))
            return key, self._taken(key, indices)

    def peek(self, run: RunContext, key: int, indices: Sequence[int]) -> list[Array]:
        """Return parts of an element without taking them out, waiting for it."""
        with self._changed:
            self._wait(run, lambda: key in self._whole)
            return [self._part(key, index) for index in indices]

    def _taken(self, key: int, indices: Sequence[int]) -> list[Array]:
        values = [self._part(key, index) for index in indices]
        parts = self._whole[key]
        for index in indices:
            parts.pop(index, None)
        if not parts:
            del self._whole[key]
        self._changed.notify_all()
        return values

    def _part(self, key: int, index: int) -> Array:
        self._check_index(key, index)
        part = self._whole[key].get(index)
        if part is None:
            _refuse(
                f"Tensor at index '{index}' for key '{key}' has already been removed."
            )
        return part

    def _check_index(self, key: int, index: int) -> None:
        if not 0 <= index < self._n_parts:
            # TF: counts indices without a sign.
            _refuse(
                f"Index '{index % 2**64}' for key '{key}' was out of bounds "
                f"'{self._n_parts}'."
            )

    def clear(self) -> None:
        """Take all elements out."""
        with self._changed:
            self._whole.clear()
            self._incomplete.clear()
            self._changed.notify_all()

    def size(self) -> int:
        """Return the number of whole elements."""
        return len(self._whole)

    def incomplete_size(self) -> int:
        """Return the number of elements that lack parts."""
        return len(self._incomplete)

    def _wait(self, run: RunContext, is_done: Callable[[], bool]) -> None:
        if not run.waits.wait(self._changed, is_done):
            raise CancelledError(None, None, "The staging operation was cancelled")


def _refuse(text: str) -> None:
    raise InvalidArgumentError(None, None, text)


def _bytes(parts: Parts) -> int:
    return sum(int(value.nbytes) for value in parts.values())


def _map_of(run: RunContext, op: Operation) -> StagingMap:
    """Return the map that operations of one `shared_name` have together."""
    attrs = op.attrs
    ordered = op.type.startswith("Ordered")
    found: StagingMap = run.store.create_resource(
        "ordered_staging_map" if ordered else "staging_map",
        decode_name(attrs["container"]) or "localhost",
        decode_name(attrs["shared_name"]) or op.name,
        lambda: StagingMap(
            len(attrs["dtypes"]),
            attrs["capacity"],
            attrs["memory_limit"],
            ordered=ordered,
        ),
    )
    return found


def _indices(indices: Array) -> list[int]:
    """Return which parts are meant, each after the one before."""
    places = [int(index) for index in np.reshape(indices, -1)]
    if not places:
        _refuse("Indices are empty")
    if any(index >= following for index, following in pairwise(places)):
        _refuse("Indices are not strictly ordered")
    return places


def _key(key: Array) -> int:
    if np.ndim(key):
        _refuse(f"key must be an int64 scalar: {show(np.shape(key))}")
    return int(key)


def stage(
    run: RunContext,
    op: Operation,
    key: Array,
    indices: Array,
    values: tuple[Array, ...],
) -> tuple[()]:
    """Put parts of an element in."""
    if not np.size(key):
        _refuse("key must not be empty")
    if np.size(key) != 1:
        _refuse(
            f"key must be an int64 scalar, got tensor with shape: {show(np.shape(key))}"
        )
    places = _indices(indices)
    if len(places) != len(values):
        _refuse(f"Expected {len(places)} values, one for each index.")
    parts = {i: np.array(v) for i, v in zip(places, values, strict=True)}
    _map_of(run, op).put(run, int(np.reshape(key, ())), parts)
    return ()


def unstage(
    run: RunContext, op: Operation, key: Array, indices: Array
) -> tuple[Array, ...]:
    """Take an element out."""
    return tuple(_map_of(run, op).take(run, _key(key), _indices(indices)))


def unstage_any(run: RunContext, op: Operation, indices: Array) -> tuple[Array, ...]:
    """Take any element out, after its key."""
    key, values = _map_of(run, op).take_any(run, _indices(indices))
    return (np.int64(key), *values)


def peek(
    run: RunContext, op: Operation, key: Array, indices: Array
) -> tuple[Array, ...]:
    """Return an element."""
    return tuple(_map_of(run, op).peek(run, _key(key), _indices(indices)))


def clear(run: RunContext, op: Operation) -> tuple[()]:
    """Take all elements out."""
    _map_of(run, op).clear()
    return ()


def size(run: RunContext, op: Operation) -> tuple[Array]:
    """How many whole elements there are."""
    return (np.int32(_map_of(run, op).size()),)


def incomplete_size(run: RunContext, op: Operation) -> tuple[Array]:
    """How many elements lack parts."""
    return (np.int32(_map_of(run, op).incomplete_size()),)


KERNELS = {
    f"{prefix}{name}": kernel
    for prefix in ("", "Ordered")
    for name, kernel in (
        ("MapStage", on_run(stage, waits=True)),
        ("MapUnstage", on_run(unstage, waits=True)),
        ("MapUnstageNoKey", on_run(unstage_any, waits=True)),
        ("MapPeek", on_run(peek, waits=True)),
        ("MapClear", on_run(clear)),
        ("MapSize", on_run(size)),
        ("MapIncompleteSize", on_run(incomplete_size)),
    )
}
