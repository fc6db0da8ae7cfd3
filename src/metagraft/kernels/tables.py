"""How lookup tables run; twin of `ops/tables.py`.

Source: tensorflow core/kernels/lookup_table_op.cc, lookup_table_init_op.cc,
lookup_util.cc, core/framework/lookup_interface.cc.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import (
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
)
from metagraft.formats import files
from metagraft.formats.names import decode_name
from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.lookup_table import StaticTable, Table, shown_text
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
    table: Table = behind(handle, Table, op)
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
    table: Table = behind(handle, Table, op)
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
    table.fill(*_keys_and_values(op, table, path))
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


def _keys_and_values(op: Operation, table: Table, path: str) -> tuple[Array, Array]:
    """Return what the lines of a file say."""
    attrs = op.attrs
    _check_columns(attrs, table)
    parts = (
        (attrs["key_index"], table.key_dtype),
        (attrs["value_index"], table.value_dtype),
    )
    lines = _Lines(
        path, attrs["vocab_size"], attrs["delimiter"], attrs.get("offset", 0)
    )
    try:
        keys, values = (lines.parts(index, dtype) for index, dtype in parts)
    except (ValueError, OverflowError):
        raise lines.first_mistake(parts) from None
    lines.check_count()
    return keys, values


class _Lines:
    """The lines of a file that fills a table."""

    def __init__(self, path: str, limit: int, delimiter: bytes, offset: int) -> None:
        """Read the file.

        Args:
            path: The file.
            limit: How many lines are read; negative for all.
            delimiter: What is between columns.
            offset: What stands in the table for the number of the first line.

        Raises:
            OutOfRangeError: No line is to be read.
        """
        self._path, self._limit, self._offset = path, limit, offset
        self._delimiter = delimiter
        with files.open_stream(path, "rb") as stream, files.translated(path):
            if limit < 0:
                content = stream.read()
            else:
                content = b"".join(itertools.islice(stream, max(limit, 1)))
        if content and not limit:
            raise OutOfRangeError(
                None, None, f"Finished reading 0 of lines from {path}"
            )
        self._content = content
        self._lines = content.removesuffix(b"\n").split(b"\n") if content else []
        if b"\r" in content:
            self._lines = [line.removesuffix(b"\r") for line in self._lines]

    def parts(self, index: int, dtype: DType) -> Array:
        """Return a column, whole lines or their numbers.

        Raises:
            ValueError: A line is empty, or has no such column or number.
            OverflowError: A number is too large.
        """
        if not all(self._lines):
            raise ValueError
        if index == _LINE_NUMBER:
            return np.arange(self._offset, self._offset + len(self._lines))
        texts = self._lines
        if index != _WHOLE_LINE:
            columns = [line.split(self._delimiter) for line in texts]
            if columns and min(map(len, columns)) <= index:
                raise ValueError
            texts = [line[index] for line in columns]
        return _numbers(texts, dtype)

    def first_mistake(self, parts: Sequence[tuple[int, DType]]) -> OpError:
        """Return the error for the first line that is not as it has to be."""
        column_count = max(index for index, _ in parts) + 1
        for number, text in enumerate(self._lines):
            if not text:
                ends = itertools.accumulate(map(len, self._content.split(b"\n")))
                end = next(itertools.islice(ends, number, None)) + number + 1
                return InvalidArgumentError(
                    None,
                    None,
                    f"Invalid content in {self._path}: empty line found at position "
                    f"{min(end, len(self._content))}.",
                )
            columns = text.split(self._delimiter)
            if len(columns) < column_count:
                found = len(columns) if column_count else 0
                return InvalidArgumentError(
                    None,
                    None,
                    f"Invalid number of columns in {self._path} line {number} "
                    f"({shown_text(text)}) : expected at least {column_count} got "
                    f"{found}",
                )
            for index, dtype in parts:
                part = text if index == _WHOLE_LINE else columns[max(index, 0)]
                if index != _LINE_NUMBER and not _is_valid(part, dtype):
                    return InvalidArgumentError(
                        None,
                        None,
                        f"Field {shown_text(part)} in line {number} is not a valid "
                        f"{dtype.name}.",
                    )
        raise AssertionError("no line is wrong")

    def check_count(self) -> None:
        """Check that there are as many lines as are said to be.

        Raises:
            InvalidArgumentError: There are fewer.
            OutOfRangeError: There is none.
        """
        count = len(self._lines)
        if self._limit > count:
            raise InvalidArgumentError(
                None,
                None,
                f"Invalid vocab_size in {self._path}: expected {self._limit} but got "
                f"{count}",
            )
        if not count:
            raise OutOfRangeError(None, None, "Read less bytes than requested")


def _numbers(texts: Sequence[bytes], dtype: DType) -> Array:
    """Return texts as what they say in a type."""
    numpy_dtype = dtype.as_numpy_dtype
    if dtype.name == "string":
        result = np.empty(len(texts), object)
        result[:] = texts
        return result
    if dtype.is_integer:
        return np.array([int(text) for text in texts], numpy_dtype)
    return np.array([float(text) for text in texts]).astype(numpy_dtype)


def _is_valid(text: bytes, dtype: DType) -> bool:
    try:
        _numbers([text], dtype)
    except (ValueError, OverflowError):
        return False
    return True


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
    del run
    table: Table = behind(table_handle, Table, op)
    return (np.int64(len(table)),)


def export(run: RunContext, op: Operation, table_handle: Array) -> tuple[Array, Array]:
    """Return all keys and all values."""
    del run
    table: Table = behind(table_handle, Table, op)
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
