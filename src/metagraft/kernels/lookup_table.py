"""Lookup tables: keys and their values.

Source: tensorflow core/kernels/lookup_table_op.cc, core/framework/lookup_interface.cc.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from metagraft.errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)
from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array
from metagraft.kernels.key_places import NumberRows, TextRows

__all__ = ["StaticTable", "Table", "listed_keys", "shown_text"]


class _Rows:
    """Keys and values, in the order in which the keys came.

    A row whose key was taken out stays, unused, until half of the rows are.
    """

    def __init__(self, keys: Array, values: Array) -> None:
        """Start empty, with the types and shapes of rows of `keys` and `values`."""
        self._keys = keys[:0]
        self._values = values[:0]
        self._is_used = np.empty(0, np.bool_)
        self._count = 0
        self._used_count = 0
        is_number = keys.dtype.kind in "iu" and keys.ndim == 1
        self._index: NumberRows | TextRows = (
            NumberRows() if is_number else TextRows(listed_keys)
        )

    def __len__(self) -> int:
        """Return the number of keys."""
        return self._used_count

    def look_up(self, keys: Array, found: Array) -> None:
        """Put the values of those keys that are there in their rows of `found`."""
        rows = self._index.find(keys)
        is_there = rows >= 0
        if is_there.all():
            if rows.size:
                self._values.take(rows, axis=0, out=found, mode="clip")
        elif is_there.any():
            found[is_there] = self._values[rows[is_there]]

    def put(self, keys: Array, values: Array) -> None:
        """Give keys new values; of one that is there twice the last one stays."""
        rows = self._rows_of(keys)  # which makes room
        self._values[rows] = values

    def put_new(self, keys: Array, values: Array) -> int | None:
        """Give keys their first values; return the first key with a second one."""
        rows = self._rows_of(keys)
        self._values[rows[::-1]] = values[::-1]
        if self._used_count == len(rows):
            return None
        differs = self._values[rows] != values
        return int(differs.argmax()) if differs.any() else None

    def value_of(self, keys: Array) -> Array:
        """Return the value of the first of keys that are there."""
        return self._values[self._index.find(keys)[0]]

    def _rows_of(self, keys: Array) -> Array:
        rows = self._index.put(keys, self._count)
        count = max(int(rows.max()) + 1, self._count) if rows.size else self._count
        if count > len(self._keys):
            self._enlarge(count)
        new = count - self._count
        if new:
            is_new = rows >= self._count
            self._keys[rows[is_new]] = keys[is_new]
            self._is_used[self._count : count] = True
            self._count, self._used_count = count, self._used_count + new
        return rows

    def _enlarge(self, count: int) -> None:
        """Make room for so many rows, and for as many again."""
        if self._count:
            count *= 2
        for name in ("_keys", "_values", "_is_used"):
            before = getattr(self, name)
            after = np.empty((count, *before.shape[1:]), before.dtype)
            after[: self._count] = before[: self._count]
            setattr(self, name, after)

    def remove(self, keys: Array) -> None:
        """Take keys out."""
        rows = self._index.remove(keys)
        self._is_used[rows] = False
        self._used_count -= len(rows)
        if self._values.dtype == object:
            self._values[rows] = None
        if self._count > 2 * self._used_count:
            kept = _Rows(self._keys, self._values)
            kept.put(*self.listed())
            self.__dict__.update(kept.__dict__)

    def listed(self) -> tuple[Array, Array]:
        """Return all keys and their values."""
        keys, values = self._keys[: self._count], self._values[: self._count]
        if self._used_count == self._count:
            return keys.copy(), values.copy()
        used = self._is_used[: self._count]
        return keys[used], values[used]


def listed_keys(keys: Array) -> Sequence[Hashable]:
    """Return keys as Python values; one of several parts as a tuple."""
    if keys.ndim > 1:
        size = math.prod(keys.shape[1:])
        return [tuple(key) for key in keys.reshape(len(keys), size).tolist()]
    listed: list[Hashable] = keys.tolist()
    return listed


class Table:
    """Keys and their values.

    Attributes:
        name: For errors.
        key_dtype: Type of the keys.
        value_dtype: Type of the values.
        key_shape: Shape of one key.
        value_shape: Shape of one value.
        is_static: Whether it is filled once and does not change.
        one_default: Whether the first default stands for all keys that are not there.
    """

    one_default = False

    def __init__(
        self,
        name: str,
        key_dtype: DType,
        value_dtype: DType,
        key_shape: tuple[int, ...] = (),
        value_shape: tuple[int, ...] = (),
        *,
        is_static: bool,
    ) -> None:
        """Start empty."""
        self.name = name
        self.key_dtype = key_dtype
        self.value_dtype = value_dtype
        self.key_shape = key_shape
        self.value_shape = value_shape
        self.is_static = is_static
        self._is_filled = not is_static
        self._lock = threading.Lock()
        self._content = self._nothing()

    def _nothing(self) -> _Rows:
        return _Rows(
            np.empty((0, *self.key_shape), self.key_dtype.as_numpy_dtype),
            np.empty((0, *self.value_shape), self.value_dtype.as_numpy_dtype),
        )

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._content)

    def _outer(self, keys: Array) -> tuple[int, ...]:
        """Return the shape of the keys without that of one key."""
        rank = keys.ndim - len(self.key_shape)
        if rank < 0 or keys.shape[rank:] != self.key_shape:
            raise InvalidArgumentError(
                None,
                None,
                f"Input key shape {show(keys.shape)} must end with the table's key "
                f"shape {show(self.key_shape)}",
            )
        return tuple(keys.shape[:rank])

    def find(self, keys: Array, default: Array) -> Array:
        """Return the values of keys; `default` is one value, or one for each key.

        Raises:
            FailedPreconditionError: The table has not been filled.
            InvalidArgumentError: The shapes do not fit.
        """
        if not self._is_filled:
            raise FailedPreconditionError(None, None, "Table not initialized.")
        outer = self._outer(keys)
        whole = (*outer, *self.value_shape)
        if default.shape not in (self.value_shape, whole):
            raise InvalidArgumentError(
                None,
                None,
                f"Expected shape {show(self.value_shape)} or {show(whole)} for default "
                f"value, got {show(default.shape)}",
            )
        found = np.empty(whole, default.dtype)
        if self.one_default and found.size:
            default = default.reshape(-1, *self.value_shape)[0]
        found[...] = default
        rows = found.reshape(-1, *self.value_shape)
        with self._lock:
            self._look_up(self._keys(keys), rows)
        return rows.reshape(whole)

    def _keys(self, keys: Array) -> Array:
        """Return keys one after the other."""
        return keys.reshape(-1, *self.key_shape)

    def _look_up(self, keys: Array, found: Array) -> None:
        self._content.look_up(keys, found)

    def fill(self, keys: Array, values: Array) -> None:
        """Fill a static table; with as many keys, again.

        Raises:
            FailedPreconditionError: A key has two values, or the table other content.
        """
        with self._lock:
            if self._is_filled:
                # TF: only the numbers of keys are compared.
                if len(keys) != len(self):
                    raise FailedPreconditionError(
                        None, None, "Table was already initialized with different data."
                    )
                return
            content = self._nothing()
            second = content.put_new(keys, values)
            if second is not None:
                key = keys[second]
                before = content.value_of(keys[second : second + 1])
                raise FailedPreconditionError(
                    None,
                    None,
                    "HashTable has different value for same key. Key "
                    f"{shown_text(key)} has {shown_text(before)} and trying to add "
                    f"value {shown_text(values[second])}",
                )
            self._content = content
            self._is_filled = True

    def insert(self, keys: Array, values: Array, *, clears: bool = False) -> None:
        """Give keys new values.

        Args:
            keys: The keys.
            values: A value for each.
            clears: Whether keys that are not among them are taken out.

        Raises:
            InvalidArgumentError: The shapes do not fit.
        """
        expected = (*self._outer(keys), *self.value_shape)
        if values.shape != expected:
            raise InvalidArgumentError(
                None,
                None,
                f"Expected shape {show(expected)} for value, got {show(values.shape)}",
            )
        flat, rows = self._keys(keys), values.reshape(-1, *self.value_shape)
        if self.is_static:
            self._fill_once(flat, rows, clears=clears)
            return
        with self._lock:
            content = self._nothing() if clears else self._content
            content.put(flat, rows)
            self._content = content

    def _fill_once(self, keys: Array, values: Array, *, clears: bool) -> None:
        if not clears:
            raise self._unsupported("Insert")
        if not len(keys):
            raise InvalidArgumentError(
                None, None, "keys and values cannot be empty tensors."
            )
        self.fill(keys, values)

    def _unsupported(self, what: str) -> UnimplementedError:
        return UnimplementedError(
            None,
            None,
            f"{what} not supported by InitializableLookupTable implementations",
        )

    def remove(self, keys: Array) -> None:
        """Take keys out.

        Raises:
            UnimplementedError: The table is static.
        """
        if self.is_static:
            raise self._unsupported("Remove")
        with self._lock:
            self._content.remove(self._keys(keys))

    def export(self) -> tuple[Array, Array]:
        """Return all keys and all values.

        Raises:
            AbortedError: The table has not been filled.
        """
        if not self._is_filled:
            raise AbortedError(None, None, "HashTable is not initialized.")
        with self._lock:
            return self._content.listed()


class StaticTable(Table):
    """A table that is filled once."""

    one_default = True

    def __init__(self, name: str, key_dtype: DType, value_dtype: DType) -> None:
        """Start empty."""
        super().__init__(name, key_dtype, value_dtype, is_static=True)


def shown_text(value: Any) -> str:
    """Return a key or a value as errors show it."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
