"""How lookup tables run; twin of `ops/tables.py`.

Source: tensorflow core/kernels/lookup_table_op.cc, lookup_table_init_op.cc,
lookup_util.cc, core/framework/lookup_interface.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
    OutOfRangeError,
    UnimplementedError,
)
from metagraft.formats import files
from metagraft.formats.names import decode_name
from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import (
    DEFAULT_CONTAINER,
    behind,
    handle_of,
    kept,
    on_run,
    text_of,
)

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
        if self.one_default and found.size:
            default = default.reshape(-1, *self.value_shape)[0]
        found[...] = default
        rows = found.reshape(-1, *self.value_shape)
        values = self._values
        for position, key in enumerate(self._keys(keys)):
            value = values.get(key)
            if value is not None:
                rows[position] = value
        return rows.reshape(whole)

    def fill(self, pairs: Iterable[tuple[Hashable, Any]]) -> None:
        """Fill a static table; with as many keys, again.

        Raises:
            FailedPreconditionError: A key has two values, or the table other content.
        """
        with self._lock:
            if self._is_filled:
                # TF: only the numbers of keys are compared.
                if sum(1 for _ in pairs) != len(self._values):
                    raise FailedPreconditionError(
                        None, None, "Table was already initialized with different data."
                    )
                return
            self._values = self._content_of(pairs)
            self._is_filled = True

    def _content_of(self, pairs: Iterable[tuple[Hashable, Any]]) -> dict[Hashable, Any]:
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
        return content

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
            self._fill_once(pairs, clears=clears)
            return
        with self._lock:
            content = {} if clears else dict(self._values)
            content.update(pairs)
            self._values = content

    def _fill_once(
        self, pairs: Iterable[tuple[Hashable, Any]], *, clears: bool
    ) -> None:
        if not clears:
            raise self._unsupported("Insert")
        listed = list(pairs)
        if not listed:
            raise InvalidArgumentError(
                None, None, "keys and values cannot be empty tensors."
            )
        self.fill(listed)

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


class StaticTable(Table):
    """A table that is filled once."""

    one_default = True

    def __init__(self, name: str, key_dtype: DType, value_dtype: DType) -> None:
        """Start empty."""
        super().__init__(name, key_dtype, value_dtype, is_static=True)


def _shown(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


# -- making ----------------------------------------------------------------------------


def make_static(run: RunContext, op: Operation) -> tuple[Array]:
    """A table that is filled once."""
    return kept_table(run, op, StaticTable)


def make_mutable(run: RunContext, op: Operation) -> tuple[Array]:
    """A table that changes."""
    shape = _value_shape(op.attrs)

    def made(name: str, key_dtype: DType, value_dtype: DType) -> Table:
        return Table(name, key_dtype, value_dtype, (), shape, is_static=False)

    return kept_table(run, op, made)


def kept_table(
    run: RunContext, op: Operation, make: Callable[[str, DType, DType], Table]
) -> tuple[Array]:
    """Return the handle of a table, which it makes if there is none yet.

    Raises:
        InvalidArgumentError: There is one, of other types.
    """
    types = op.attrs["key_dtype"], op.attrs["value_dtype"]
    if op.type.startswith("Anonymous"):
        return (handle_of(make(op.name, *types)),)  # one for each run
    handle = kept(run, op, "table", lambda name: make(name, *types))
    table: Table = behind(handle[0], Table)
    if types != (table.key_dtype, table.value_dtype):
        wanted = "->".join(map(kernel_name, types))
        found = f"{kernel_name(table.key_dtype)}-{kernel_name(table.value_dtype)}"
        raise InvalidArgumentError(
            None,
            None,
            f"Conflicting key/value dtypes {wanted} with {found} for table "
            f"{table.name}",
        )
    return handle


def _value_shape(attrs: Mapping[str, Any]) -> tuple[int, ...]:
    if "value_shape" not in attrs:
        return ()
    shape = tuple(attrs["value_shape"])
    if len(shape) != 1:
        raise InvalidArgumentError(
            None, None, f"Default value must be a vector, got shape {show(shape)}"
        )
    return shape


def _given(op: Operation, handle: Array, *, operands: str, results: str = "") -> Table:
    """Return the table behind a handle, whose types have to be those of the operands.

    Args:
        op: The operation.
        handle: Its first operand.
        operands: `k` for each other operand that is keys, `v` for values.
        results: The same of its outputs.

    Raises:
        InvalidArgumentError: The types are others.
    """
    table: Table = behind(handle, Table)
    wanted = {"k": table.key_dtype, "v": table.value_dtype}
    first, *rest = (tensor.dtype for tensor in op.inputs)
    outputs = [tensor.dtype for tensor in op.outputs]
    expected = [wanted[kind] for kind in operands]
    returned = [wanted[kind] for kind in results]
    if [*rest, *outputs] != [*expected, *returned]:
        raise InvalidArgumentError(
            None,
            None,
            f"Signature mismatch, have: {_signature([first, *rest], outputs)} "
            f"expected: {_signature([first, *expected], returned)}",
        )
    return table


def _signature(operands: Iterable[DType], results: Iterable[DType]) -> str:
    shown = (", ".join(map(kernel_name, types)) for types in (operands, results))
    return "->".join(shown)


# -- filling ---------------------------------------------------------------------------


def initialize(
    run: RunContext, op: Operation, table_handle: Array, keys: Array, values: Array
) -> tuple[()]:
    """Fill a static table."""
    del run
    table = _to_be_filled(op, table_handle)
    _given(op, table_handle, operands="kv")
    rows = np.asarray(keys), np.asarray(values)
    for name, row in zip(("Keys", "Values"), rows, strict=True):
        if row.ndim != 1:
            raise InvalidArgumentError(
                None,
                None,
                f"{name} must be a vector, but received shape{show(row.shape)}",
            )
    if rows[0].size != rows[1].size:
        raise InvalidArgumentError(
            None,
            None,
            f"Keys and values must have the same size {rows[0].size} vs {rows[1].size}",
        )
    table.insert(*rows, clears=True)
    return ()


def _to_be_filled(op: Operation, handle: Array) -> Table:
    """Return a static table.

    Raises:
        InvalidArgumentError: It is one that changes.
    """
    table: Table = behind(handle, Table)
    if not table.is_static:
        attrs = op.inputs[0].op.attrs
        container = decode_name(attrs.get("container", b"")) or DEFAULT_CONTAINER
        raise InvalidArgumentError(
            None, None, f"Table {container} {table.name} is not initializable"
        )
    return table


def import_values(
    run: RunContext, op: Operation, table_handle: Array, keys: Array, values: Array
) -> tuple[()]:
    """Put keys and values in place of what a table held."""
    del run
    table = _given(op, table_handle, operands="kv")
    table.insert(np.asarray(keys), np.asarray(values), clears=True)
    return ()


def insert(
    run: RunContext, op: Operation, table_handle: Array, keys: Array, values: Array
) -> tuple[()]:
    """Give keys new values."""
    del run
    table = _given(op, table_handle, operands="kv")
    table.insert(np.asarray(keys), np.asarray(values))
    return ()


def remove(
    run: RunContext, op: Operation, table_handle: Array, keys: Array
) -> tuple[()]:
    """Take keys out."""
    del run
    table = _given(op, table_handle, operands="k")
    table.remove(np.asarray(keys))
    return ()


def fill_from_file(
    run: RunContext, op: Operation, table_handle: Array, filename: Array
) -> tuple[()]:
    """Fill a table with the lines of a file."""
    del run
    if len(op.attrs["delimiter"]) != 1:
        raise InvalidArgumentError(None, None, "delimiter should be only 1 char")
    table = _to_be_filled(op, table_handle)
    shape = np.shape(filename)
    if shape:
        raise InvalidArgumentError(
            None, None, f"filename should be a single string, but got {show(shape)}"
        )
    path = text_of(filename)
    if not path:
        raise InvalidArgumentError(None, None, "filename cannot be empty.")
    table.fill(_pairs(op, table, path))
    return ()


def _check_columns(attrs: Mapping[str, Any], table: Table) -> None:
    """Refuse types that numbers of lines or whole lines cannot have."""
    for what, dtype in (("key", table.key_dtype), ("value", table.value_dtype)):
        index = attrs[f"{what}_index"]
        message = ""
        if index == _LINE_NUMBER and dtype.name != "int64":
            message = (
                f"{what.title()} index for line number requires table {what} dtype of "
                "int64, got"
            )
        elif index == _WHOLE_LINE and not (dtype.is_integer or dtype.name == "string"):
            message = (
                f"{what.title()} index for whole line requires table {what} dtype of "
                "integer or string, got"
            )
        if message:
            raise InvalidArgumentError(None, None, f"{message} {kernel_name(dtype)}")


def _pairs(op: Operation, table: Table, path: str) -> Iterator[tuple[Hashable, Any]]:
    attrs = op.attrs
    key_index, value_index = attrs["key_index"], attrs["value_index"]
    size, delimiter = attrs["vocab_size"], attrs["delimiter"]
    _check_columns(attrs, table)
    column_count = max(key_index, value_index) + 1
    count = 0
    for number, (text, end) in enumerate(_lines(path)):
        if number == size:
            if not size:
                raise OutOfRangeError(
                    None, None, f"Finished reading 0 of lines from {path}"
                )
            return
        count += 1
        if not text:
            raise InvalidArgumentError(
                None,
                None,
                f"Invalid content in {path}: empty line found at position {end}.",
            )
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
    if not count:
        raise OutOfRangeError(None, None, "Read less bytes than requested")


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


def _lines(path: str) -> Iterator[tuple[bytes, int]]:
    """Yield lines, and where in the file they end."""
    end = 0
    with files.open_stream(path, "rb") as stream:
        while True:
            with files.translated(path):
                line = stream.readline()
            if not line:
                return
            end += len(line)
            yield line.removesuffix(b"\n").removesuffix(b"\r"), end


# -- looking up ------------------------------------------------------------------------


def find(
    run: RunContext, op: Operation, table_handle: Array, keys: Array, default: Array
) -> tuple[Array]:
    """Return the values of keys."""
    del run
    table = _given(op, table_handle, operands="kv", results="v")
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
    "InitializeTable": on_run(initialize),
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
    "AnonymousHashTable": on_run(make_static),
    "AnonymousMutableHashTable": on_run(make_mutable),
    "AnonymousMutableHashTableOfTensors": on_run(make_mutable),
}
