"""How lookup tables run; twin of `ops/tables.py`.

Source: tensorflow core/kernels/lookup_table_op.cc, lookup_table_init_op.cc,
lookup_util.cc, core/framework/lookup_interface.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
)
from metagraft.formats import files
from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import behind, kept, on_run, text_of

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_WHOLE_LINE: Final = -2
_LINE_NUMBER: Final = -1


class Table:
    """Keys and their values.

    Attributes:
        name: For errors.
        key_dtype: Type of the keys.
        value_dtype: Type of the values.
        key_shape: Shape of one key.
        value_shape: Shape of one value.
        is_static: Whether it is filled once and does not change.
    """

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
        # A key as a Python value -> its value, an array or a scalar.
        self._values: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._values)

    def _keys(self, keys: Array) -> list[Hashable]:
        if self.key_shape:
            flat = keys.reshape(-1, *self.key_shape)
            return [tuple(key.reshape(-1).tolist()) for key in flat]
        listed: list[Hashable] = keys.reshape(-1).tolist()
        return listed

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
        found[...] = default
        rows = found.reshape(-1, *self.value_shape)
        values = self._values
        for position, key in enumerate(self._keys(keys)):
            value = values.get(key)
            if value is not None:
                rows[position] = value
        return rows.reshape(whole)

    def fill(self, pairs: Iterable[tuple[Hashable, Any]]) -> None:
        """Fill a static table; with the same content, again.

        Raises:
            FailedPreconditionError: A key has two values, or the table other content.
        """
        content: dict[Hashable, Any] = {}
        for key, value in pairs:
            before = content.setdefault(key, value)
            if before != value:
                raise FailedPreconditionError(
                    None,
                    None,
                    f"HashTable has different value for same key. Key {_shown(key)} "
                    f"has {_shown(before)} and trying to add value {_shown(value)}",
                )
        with self._lock:
            if self._is_filled:
                if self._values != content:
                    raise FailedPreconditionError(
                        None, None, "Table was already initialized with different data."
                    )
                return
            self._values = content
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
        rows = values.reshape(-1, *self.value_shape)
        listed = rows.tolist() if not self.value_shape else [np.array(r) for r in rows]
        pairs = zip(self._keys(keys), listed, strict=True)
        if self.is_static:
            if not keys.size:
                raise InvalidArgumentError(
                    None, None, "keys and values cannot be empty tensors."
                )
            self.fill(pairs)
            return
        with self._lock:
            content = {} if clears else dict(self._values)
            content.update(pairs)
            self._values = content

    def remove(self, keys: Array) -> None:
        """Take keys out."""
        gone = set(self._keys(keys))
        with self._lock:
            self._values = {k: v for k, v in self._values.items() if k not in gone}

    def export(self) -> tuple[Array, Array]:
        """Return all keys and all values."""
        if not self._is_filled:
            raise AbortedError(None, None, "HashTable is not initialized.")
        content = self._values
        keys = np.empty((len(content), *self.key_shape), self.key_dtype.as_numpy_dtype)
        values = np.empty(
            (len(content), *self.value_shape), self.value_dtype.as_numpy_dtype
        )
        for position, (key, value) in enumerate(content.items()):
            keys[position] = (
                np.array(key).reshape(self.key_shape) if self.key_shape else key
            )
            values[position] = value
        return keys, values


def _shown(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


# -- making ----------------------------------------------------------------------------


def make_static(run: RunContext, op: Operation) -> tuple[Array]:
    """A table that is filled once."""
    return _made(run, op, is_static=True)


def make_mutable(run: RunContext, op: Operation) -> tuple[Array]:
    """A table that changes."""
    return _made(run, op, is_static=False)


def _made(run: RunContext, op: Operation, *, is_static: bool) -> tuple[Array]:
    attrs = op.attrs
    return kept(
        run,
        op,
        "table",
        lambda name: Table(
            name,
            attrs["key_dtype"],
            attrs["value_dtype"],
            value_shape=_value_shape(attrs),
            is_static=is_static,
        ),
    )


def _value_shape(attrs: Mapping[str, Any]) -> tuple[int, ...]:
    shape = tuple(attrs.get("value_shape", ()))
    if len(shape) > 1:
        raise InvalidArgumentError(
            None, None, f"Default value must be a vector, got shape {show(shape)}"
        )
    return shape


# -- filling ---------------------------------------------------------------------------


def import_values(
    run: RunContext, op: Operation, table_handle: Array, keys: Array, values: Array
) -> tuple[()]:
    """Put keys and values in place of what a table held."""
    del run, op
    table: Table = behind(table_handle, Table)
    table.insert(np.asarray(keys), np.asarray(values), clears=True)
    return ()


def insert(
    run: RunContext, op: Operation, table_handle: Array, keys: Array, values: Array
) -> tuple[()]:
    """Give keys new values."""
    del run, op
    table: Table = behind(table_handle, Table)
    table.insert(np.asarray(keys), np.asarray(values))
    return ()


def remove(
    run: RunContext, op: Operation, table_handle: Array, keys: Array
) -> tuple[()]:
    """Take keys out."""
    del run, op
    table: Table = behind(table_handle, Table)
    table.remove(np.asarray(keys))
    return ()


def fill_from_file(
    run: RunContext, op: Operation, table_handle: Array, filename: Array
) -> tuple[()]:
    """Fill a table with the lines of a file."""
    del run
    table: Table = behind(table_handle, Table)
    path = text_of(filename)
    table.fill(_pairs(op, table, path))
    return ()


def _pairs(op: Operation, table: Table, path: str) -> Iterator[tuple[Hashable, Any]]:
    attrs = op.attrs
    key_index, value_index = attrs["key_index"], attrs["value_index"]
    size, delimiter = attrs["vocab_size"], attrs["delimiter"]
    column_count = max(key_index, value_index) + 1
    count = 0
    for number, text in enumerate(_lines(path)):
        if number == size:
            return
        count += 1
        line = _Line(path, number, text, [], number + attrs.get("offset", 0))
        if column_count > 0:
            line.columns.extend(text.split(delimiter))
        if len(line.columns) < column_count:
            raise InvalidArgumentError(
                None,
                None,
                f"Invalid number of columns in {path} line {number} ({_shown(text)}) : "
                f"expected at least {column_count} got {len(line.columns)}",
            )
        key = line.part(key_index, table.key_dtype)
        yield key, line.part(value_index, table.value_dtype)
    if size > count:
        raise InvalidArgumentError(
            None,
            None,
            f"Invalid vocab_size in {path}: expected {size} but got {count}",
        )


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a file that fills a table.

    Attributes:
        path: The file, for errors.
        number: The line's number, for errors.
        text: The line.
        columns: Its columns.
        value: What stands for its number in the table.
    """

    path: str
    number: int
    text: bytes
    columns: list[bytes]
    value: int

    def part(self, index: int, dtype: DType) -> Any:
        """Return a column, the whole line or its number."""
        if index == _LINE_NUMBER:
            return self.value
        text = self.text if index == _WHOLE_LINE else self.columns[index]
        if dtype.name == "string":
            return text
        try:
            if dtype.is_integer:
                return int(text)
            return np.dtype(dtype.as_numpy_dtype).type(float(text)).item()
        except ValueError:
            raise InvalidArgumentError(
                None,
                None,
                f"Field {_shown(text)} in line {self.number} is not a valid "
                f"{dtype.name}.",
            ) from None


def _lines(path: str) -> Iterator[bytes]:
    with files.open_stream(path, "rb") as stream:
        while True:
            with files.translated(path):
                line = stream.readline()
            if not line:
                return
            yield line.removesuffix(b"\n").removesuffix(b"\r")


# -- looking up ------------------------------------------------------------------------


def find(
    run: RunContext, op: Operation, table_handle: Array, keys: Array, default: Array
) -> tuple[Array]:
    """Return the values of keys."""
    del run, op
    table: Table = behind(table_handle, Table)
    return (table.find(np.asarray(keys), np.asarray(default)),)


def size(run: RunContext, op: Operation, table_handle: Array) -> tuple[Array]:
    """How many keys there are."""
    del run, op
    table: Table = behind(table_handle, Table)
    return (np.int64(len(table)),)


def export(run: RunContext, op: Operation, table_handle: Array) -> tuple[Array, Array]:
    """Return all keys and all values."""
    del run, op
    table: Table = behind(table_handle, Table)
    return table.export()


_BOTH_KINDS: Final = {
    "HashTable": on_run(make_static),
    "MutableHashTable": on_run(make_mutable),
    "MutableHashTableOfTensors": on_run(make_mutable),
    "InitializeTable": on_run(import_values),
    "InitializeTableFromTextFile": on_run(fill_from_file),
    "LookupTableFind": on_run(find),
    "LookupTableInsert": on_run(insert),
    "LookupTableSize": on_run(size),
    "LookupTableExport": on_run(export),
    "LookupTableImport": on_run(import_values),
}

KERNELS = {
    **_BOTH_KINDS,
    **{f"{name}V2": kernel for name, kernel in _BOTH_KINDS.items()},
    "LookupTableRemoveV2": on_run(remove),
}
