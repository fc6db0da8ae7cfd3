"""Tables that keep keys in places found by hashing, which they save as they are.

Whoever restores such a table takes the places over, so they have to be TensorFlow's:
a key lies where its hash says, or behind keys that lay there before.

Source: tensorflow core/kernels/lookup_table_op.cc MutableDenseHashTable.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import show
from metagraft.kernels.hashes import STRING_SEED, murmur_hash64
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import on_run
from metagraft.kernels.tables import Table, kept_table

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_FEWEST: Final = 4
_WORD: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7800


@dataclass(frozen=True, slots=True)
class Marks:
    """The keys that are none.

    Attributes:
        empty: Marks a place that was never used.
        deleted: Marks one whose key was taken out; None where there is no such key.
    """

    empty: Hashable
    deleted: Hashable | None


class DenseTable(Table):
    """A table with places.

    Every key lies in one place; `_values` has the same content for looking it up.
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
        self._nothing = self._zero()
        self._clear(size)

    def _zero(self) -> Any:
        nothing: Any = b"" if self.value_dtype.name == "string" else 0
        value = np.full(self.value_shape, nothing, self.value_dtype.as_numpy_dtype)
        return value if self.value_shape else value.item()

    def _clear(self, size: int) -> None:
        self._places: list[Hashable] = [self._marks.empty] * size
        self._kept: list[Any] = [self._nothing] * size
        self._place_of: dict[Hashable, int] = {}
        self._values = {}

    def _keys(self, keys: Array) -> list[Hashable]:
        rows = len(keys) if keys.ndim else 1
        if keys.size != rows * math.prod(self.key_shape):
            raise InvalidArgumentError(
                None,
                None,
                f"Expected key shape {show((rows, *self.key_shape))} got "
                f"{show(keys.shape)}",
            )
        listed = super()._keys(keys)
        self._check(listed)
        return listed

    def _check(self, keys: Sequence[Hashable]) -> None:
        for name in ("empty", "deleted"):
            mark = getattr(self._marks, name)
            if mark is not None and mark in keys:
                raise InvalidArgumentError(
                    None, None, f"Using the {name}_key as a table key is not allowed"
                )

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
        listed = super()._keys(keys) if clears else self._keys(keys)
        rows = values.reshape(-1, *self.value_shape)
        contents = (
            rows.tolist() if not self.value_shape else [np.array(r) for r in rows]
        )
        with self._lock:
            if clears:
                self._take_over(listed, contents)
                return
            self._grow(len(listed))
            for key, value in zip(listed, contents, strict=True):
                self._put(key, value)

    def _take_over(self, keys: list[Hashable], values: list[Any]) -> None:
        size = len(keys)
        marks = (self._marks.empty, self._marks.deleted)
        if size < _FEWEST or size & (size - 1):
            # TF: takes it as it is and then does not find the keys.
            self._clear(max(_FEWEST, 1 << size.bit_length()))
            self._grow(size)
            for key, value in zip(keys, values, strict=True):
                if key not in marks:
                    self._put(key, value)
            return
        self._clear(size)
        self._places, self._kept = keys, values
        for place, (key, value) in enumerate(zip(keys, values, strict=True)):
            if key not in marks:
                self._place_of[key] = place
                self._values[key] = value

    def _grow(self, more: int) -> None:
        """Make place for `more` keys, as if all of them were new."""
        size = len(self._places)
        wanted = len(self._values) + more
        if wanted <= size * self._load:
            return
        while wanted > size * self._load:
            size *= 2
        found = [(key, self._kept[place]) for key, place in self._in_order()]
        self._clear(size)
        for key, value in found:
            self._put(key, value)

    def _in_order(self) -> list[tuple[Hashable, int]]:
        return sorted(self._place_of.items(), key=lambda item: item[1])

    def _put(self, key: Hashable, value: Any) -> None:
        place = self._place_of.get(key)
        if place is None:
            place = self._free_place(key)
            self._place_of[key] = place
            self._places[place] = key
        self._kept[place] = value
        self._values[key] = value

    def _free_place(self, key: Hashable) -> int:
        mask = len(self._places) - 1
        place = _hash(key) & mask
        free = (self._marks.empty, self._marks.deleted)
        step = 0
        while self._places[place] not in free:
            step += 1
            place = (place + step) & mask
        return place

    def remove(self, keys: Array) -> None:
        """Take keys out; their places are marked.

        Raises:
            InvalidArgumentError: A key is a mark, or there is no mark for this.
        """
        listed = self._keys(keys)
        with self._lock:
            for key in listed:
                place = self._place_of.pop(key, None)
                if place is not None:
                    assert self._marks.deleted is not None
                    self._places[place] = self._marks.deleted
                    del self._values[key]

    def export(self) -> tuple[Array, Array]:
        """Return what is in all places, at least vectors."""
        with self._lock:
            size = len(self._places)
            keys = np.empty((size, *self.key_shape), self.key_dtype.as_numpy_dtype)
            values = np.empty(
                (size, *self.value_shape), self.value_dtype.as_numpy_dtype
            )
            for place, (key, value) in enumerate(
                zip(self._places, self._kept, strict=True)
            ):
                keys[place] = (
                    np.array(key).reshape(self.key_shape) if self.key_shape else key
                )
                values[place] = value
        return (
            keys if self.key_shape else keys[:, None],
            values if self.value_shape else values[:, None],
        )


def _hash(key: Hashable) -> int:
    if not isinstance(key, tuple):
        return _hash_one(key)
    if len(key) == 1:
        return _hash_one(key[0])
    result = 0
    for part in key:
        mixed = _hash_one(part) + _GOLDEN + (result << 10 & _WORD) + (result >> 4)
        result ^= mixed & _WORD
    return result


def _hash_one(value: Any) -> int:
    if isinstance(value, bytes):
        return murmur_hash64(value, STRING_SEED)
    return int(value) & _WORD


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
            Marks(_as_key(empty), None if deleted is None else _as_key(deleted)),
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
    if _as_key(empty) == _as_key(deleted):
        raise InvalidArgumentError(None, None, "Empty and deleted keys cannot be equal")


def _as_key(value: Array) -> Hashable:
    listed: Any = value.tolist()
    return tuple(listed) if value.shape else listed


KERNELS = {
    "MutableDenseHashTable": on_run(make_dense),
    "MutableDenseHashTableV2": on_run(make_dense),
    "AnonymousMutableDenseHashTable": on_run(make_dense),
}
