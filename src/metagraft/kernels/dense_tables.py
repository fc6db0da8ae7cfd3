"""Tables that keep keys in places found by hashing, which they save as they are.

Whoever restores such a table takes the places over, so they have to be TensorFlow's:
a key lies where its hash says, or behind keys that lay there before.

Source: tensorflow core/kernels/lookup_table_op.cc MutableDenseHashTable.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import show
from metagraft.kernels.hash_arrays import murmur_hashes64
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.key_places import (
    GONE,
    USED,
    NumberPlaces,
    Places,
    low_bits,
    words_of,
)
from metagraft.kernels.lookup_table import Table, listed_keys
from metagraft.kernels.session_resources import on_run
from metagraft.kernels.tables import kept_table

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_FEWEST: Final = 4
_GOLDEN: Final = 0x9E3779B97F4A7800


@dataclass(frozen=True, slots=True)
class Marks:
    """The keys that are none.

    Attributes:
        empty: Marks a place that was never used.
        deleted: Marks one whose key was taken out; None where there is no such key.
    """

    empty: Array
    deleted: Array | None


class _OtherPlaces(Places):
    """Places for keys that are no single integers; see `NumberPlaces`."""

    def __init__(self, size: int) -> None:
        """Start empty."""
        super().__init__(size)
        self._place_of: dict[Hashable, int] = {}

    def find(self, keys: Array) -> Array:
        """Return the places of keys, -1 for one that has none."""
        found = map(self._place_of.get, listed_keys(keys), itertools.repeat(-1))
        return np.fromiter(found, np.int64, len(keys))

    def add(self, keys: Array) -> Array:
        """Give keys that have no place one; return them, -1 for a repeated key."""
        listed = listed_keys(keys)
        first_of = dict.fromkeys(listed, 0)
        if len(first_of) < len(listed):
            first_of.update(
                zip(reversed(listed), range(len(listed))[::-1], strict=True)
            )
        else:
            first_of = dict(zip(listed, range(len(listed)), strict=True))
        firsts = np.fromiter(first_of.values(), np.int64, len(first_of))
        settled = self.settle(low_bits(_hashed(keys[firsts]), len(self)))
        self._place_of.update(zip(first_of, settled.tolist(), strict=True))
        places = np.full(len(keys), -1)
        places[firsts] = settled
        return places

    def keep(self, places: Array, keys: Array) -> None:
        """Take over keys that have places; of two of one key, the first is found."""
        pairs = zip(listed_keys(keys), places.tolist(), strict=True)
        self._place_of = dict(reversed(list(pairs)))
        self.state[places] = USED

    def give_up(self, places: Array, keys: Array) -> int:
        """Take out keys and free their places; return how many there were."""
        listed = listed_keys(keys)
        deque(map(self._place_of.pop, listed, itertools.repeat(None)), maxlen=0)
        return super().give_up(places, keys)


class DenseTable(Table):
    """A table with places.

    Every key lies in one place.
    # TF: a key that is given a value again after another one before it was taken out
    # comes to lie in two places.
    """

    one_default = True

    def __init__(
        self,
        name: str,
        dtypes: tuple[DType, DType],
        shapes: tuple[tuple[int, ...], tuple[int, ...]],
        marks: Marks,
        size: int,
        load: float,
    ) -> None:
        """Start empty.

        Args:
            name: For errors.
            dtypes: Types of keys and values.
            shapes: Shapes of one key and one value.
            marks: The keys that are none.
            size: How many places there are at first.
            load: How much of them may be in use.

        Raises:
            InvalidArgumentError: `size` is too small or no power of two, `load` no part
                of all, or a value neither a scalar nor a vector.
        """
        super().__init__(name, *dtypes, *shapes, is_static=False)
        if size < _FEWEST or size & (size - 1):
            raise InvalidArgumentError(
                None,
                None,
                f"Number of buckets must be at least 4 and a power of 2, got: {size}",
            )
        if not 0 < load < 1:
            raise InvalidArgumentError(
                None, None, f"max_load_factor must be between 0 and 1, got: {load:g}"
            )
        if len(self.value_shape) > 1:
            raise InvalidArgumentError(
                None,
                None,
                "Empty value must be a scalar or a vector, got shape "
                f"{show(self.value_shape)}",
            )
        self._marks = marks
        self._load = load
        self._is_number = not self.key_shape and self.key_dtype.is_integer
        self._clear(size)

    def __len__(self) -> int:
        """Return the number of keys."""
        return self._used_count

    def _clear(self, size: int) -> None:
        self._used_count = 0
        self._places: NumberPlaces | _OtherPlaces = (
            NumberPlaces(size, low_bits) if self._is_number else _OtherPlaces(size)
        )
        # What is in each place: a key or a mark, and a value.
        self._placed = np.empty((size, *self.key_shape), self.key_dtype.as_numpy_dtype)
        self._placed[...] = self._marks.empty
        nothing: Any = b"" if self.value_dtype.name == "string" else 0
        self._kept = np.full(
            (size, *self.value_shape), nothing, self.value_dtype.as_numpy_dtype
        )

    def _coded(self, keys: Array) -> Array:
        return words_of(keys) if self._is_number else keys

    def _keys(self, keys: Array) -> Array:
        """Return keys one after the other.

        Raises:
            InvalidArgumentError: The shapes do not fit.
        """
        rows = len(keys) if keys.ndim else 1
        if keys.size != rows * math.prod(self.key_shape):
            raise InvalidArgumentError(
                None,
                None,
                f"Expected key shape {show((rows, *self.key_shape))} got "
                f"{show(keys.shape)}",
            )
        return super()._keys(keys)

    def _found(self, keys: Array) -> Array:
        """Return the places of keys, -1 for one that has none.

        Raises:
            InvalidArgumentError: A key is a mark; marks have no place.
        """
        places: Array = self._places.find(self._coded(keys))
        absent = keys[places < 0]
        for name in ("empty", "deleted") if len(absent) else ():
            mark = getattr(self._marks, name)
            if mark is not None and self._equal(absent, mark).any():
                raise InvalidArgumentError(
                    None, None, f"Using the {name}_key as a table key is not allowed"
                )
        return places

    def _equal(self, keys: Array, mark: Array) -> Array:
        """Return which keys are a mark."""
        equal = np.equal(keys, mark, dtype=np.bool_ if keys.dtype != object else object)
        return equal.astype(np.bool_).all(axis=tuple(range(1, equal.ndim)))

    def _look_up(self, keys: Array, found: Array) -> None:
        places = self._found(keys)
        is_there = places >= 0
        found[is_there] = self._kept[places[is_there]]

    def insert(self, keys: Array, values: Array, *, clears: bool = False) -> None:
        """Give keys new values; with `clears`, take over the places of another table.

        Raises:
            InvalidArgumentError: The shapes do not fit, or a key is a mark.
        """
        key_shape = self.key_shape or ((1,) if clears else ())
        value_shape = self.value_shape or ((1,) if clears else ())
        outer = keys.shape[: max(keys.ndim - len(key_shape), 0)]
        if not clears:
            outer = self._outer(keys)
        expected = (*outer, *value_shape)
        if values.shape != expected or (clears and keys.shape[:1] != values.shape[:1]):
            raise InvalidArgumentError(
                None,
                None,
                f"Expected shape {show(expected)} for value, got {show(values.shape)}",
            )
        flat = super()._keys(keys) if clears else self._keys(keys)
        rows = values.reshape(-1, *self.value_shape)
        with self._lock:
            if clears:
                self._take_over(flat, rows)
                return
            places = self._found(flat)
            if self._grow(len(flat)):
                places = None
            self._put(flat, rows, places)

    def _take_over(self, keys: Array, values: Array) -> None:
        size = len(keys)
        is_key = ~self._equal(keys, self._marks.empty)
        if self._marks.deleted is not None:
            is_gone = self._equal(keys, self._marks.deleted)
            is_key &= ~is_gone
        used = is_key.nonzero()[0]
        if size >= _FEWEST and not size & (size - 1):
            self._clear(size)
            self._placed[...], self._kept[...] = keys, values
            if self._marks.deleted is not None:
                self._places.state[is_gone] = GONE
            coded = self._coded(keys[used])
            self._places.keep(used, coded)
            self._used_count = len(used)
            if (self._places.find(coded) >= 0).all():
                return
        # TF: takes it as it is and then does not find the keys.
        self._clear(max(_FEWEST, 1 << size.bit_length()))
        self._grow(size)
        self._put(keys[used], values[used])

    def _grow(self, more: int) -> bool:
        """Make place for `more` keys, as if all were new; return if places changed."""
        size = len(self._places)
        wanted = self._used_count + more
        if wanted <= size * self._load:
            return False
        while wanted > size * self._load:
            size *= 2
        used = (self._places.state == USED).nonzero()[0]
        keys, values = self._placed[used], self._kept[used]
        self._clear(size)
        self._put(keys, values)
        return True

    def _put(self, keys: Array, values: Array, places: Array | None = None) -> None:
        """Give keys new values; `places` are theirs where that is known."""
        coded = self._coded(keys)
        if places is None:
            places = self._places.find(coded)
        is_new = (places < 0).nonzero()[0]
        if is_new.size:
            added = self._places.add(coded[is_new])
            first = added >= 0
            self._placed[added[first]] = keys[is_new[first]]
            self._used_count += int(np.count_nonzero(first))
            places[is_new] = added
            if not first.all():
                places = self._places.find(coded)
        self._kept[places] = values

    def remove(self, keys: Array) -> None:
        """Take keys out; their places are marked.

        Raises:
            InvalidArgumentError: A key is a mark, or there is no mark for this.
        """
        flat = self._keys(keys)
        with self._lock:
            places = self._found(flat)
            is_there = places >= 0
            places = places[is_there]
            if not places.size:
                return
            assert self._marks.deleted is not None
            coded = self._coded(flat[is_there])
            self._used_count -= self._places.give_up(places, coded)
            self._placed[places] = self._marks.deleted

    def export(self) -> tuple[Array, Array]:
        """Return what is in all places, at least vectors."""
        with self._lock:
            keys, values = self._placed.copy(), self._kept.copy()
        return (
            keys if self.key_shape else keys[:, None],
            values if self.value_shape else values[:, None],
        )


def _hashed(keys: Array) -> Array:
    """Return the hash of every key."""
    columns = keys.reshape(len(keys), math.prod(keys.shape[1:])).T
    if len(columns) == 1:
        return _hashed_column(columns[0])
    result = np.zeros(len(keys), np.uint64)
    for column in columns:
        mixed = _hashed_column(column) + np.uint64(_GOLDEN)
        result ^= mixed + (result << np.uint64(10)) + (result >> np.uint64(4))
    return result


def _hashed_column(values: Array) -> Array:
    if values.dtype != object:
        return words_of(values)
    return murmur_hashes64(values.tolist())


# -- making ----------------------------------------------------------------------------


def make_dense(
    run: RunContext, op: Operation, empty_key: Array, deleted_key: Array | None = None
) -> tuple[Array]:
    """A table whose empty and deleted places hold two keys that are no keys."""
    attrs = op.attrs
    empty = np.asarray(empty_key)
    deleted = None if deleted_key is None else np.asarray(deleted_key)
    _check_marks(empty, deleted)

    def made(name: str, *dtypes: DType) -> DenseTable:
        return DenseTable(
            name,
            (dtypes[0], dtypes[1]),
            (empty.shape, tuple(attrs["value_shape"])),
            Marks(empty, deleted),
            attrs["initial_num_buckets"],
            attrs["max_load_factor"],
        )

    return kept_table(run, op, made)


def _check_marks(empty: Array, deleted: Array | None) -> None:
    if deleted is None:
        return
    if empty.shape != deleted.shape:
        raise InvalidArgumentError(
            None,
            None,
            "Empty and deleted keys must have same shape, got shapes: "
            f"{show(empty.shape)} and {show(deleted.shape)}",
        )
    if np.array_equal(empty, deleted):
        raise InvalidArgumentError(None, None, "Empty and deleted keys cannot be equal")


KERNELS = {
    "MutableDenseHashTable": on_run(make_dense),
    "MutableDenseHashTableV2": on_run(make_dense),
    "AnonymousMutableDenseHashTable": on_run(make_dense),
}
