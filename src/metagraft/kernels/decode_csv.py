"""Records of text read on the host: columns and JSON; twin of `ops/decode_csv.py`.

Source: tensorflow core/kernels/decode_csv_op.cc, decode_json_example_op.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType, kernel_name, string
from metagraft.kernels.csv_table import CsvTable
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.string_numbers import read_numbers

# Fewer records are read one by one: NumPy would only cost time.
_LEAST_AT_ONCE = 16


def decode_csv(
    attrs: Attrs, records: Array, record_defaults: Sequence[Array]
) -> tuple[Array, ...]:
    layout = _layout(attrs)
    _check_defaults(record_defaults)
    listed = np.ravel(records).tolist()
    columns = _Columns(attrs["OUT_TYPE"], record_defaults, attrs["na_value"])
    found = None
    if len(listed) >= _LEAST_AT_ONCE:
        table = CsvTable.of(listed, layout.delimiter, has_quotes=layout.has_quotes)
        found = table and columns.read_at_once(table, layout.columns)
    if not found:
        found = _read_by_records(listed, layout, columns)
    return tuple(values.reshape(np.shape(records)) for values in found)


def _check_defaults(defaults: Sequence[Array]) -> None:
    for place, default in enumerate(defaults):
        if np.ndim(default) > 1:
            raise _invalid("Each record default should be at most rank 1")
        if np.size(default) > 1:
            raise _invalid(
                f"There should only be 1 default per field but field {place} has "
                f"{np.size(default)}"
            )


def _read_by_records(
    records: Sequence[bytes], layout: _Layout, columns: _Columns
) -> list[Array]:
    """Read columns; raise what is wrong in the first record that is not right."""
    rows: list[list[bytes]] = []
    failure = None
    count = len(columns.types)
    for place, record in enumerate(records):
        try:
            fields = layout.fields(record)
        except InvalidArgumentError as error:
            failure = error
            break
        if len(fields) != count:
            failure = _invalid(
                f"Expect {count} fields but have {len(fields)} in record {place}"
            )
            break
        rows.append(fields)
    texts = list(zip(*rows, strict=True)) or [()] * count
    found = [columns.read(place, text) for place, text in enumerate(texts)]
    wrong = [one for one in found if isinstance(one, _Wrong)]
    if wrong:
        raise _invalid(min(wrong, key=lambda one: one.record).message)
    if failure is not None:
        raise failure
    return [one for one in found if not isinstance(one, _Wrong)]


@dataclass(frozen=True, slots=True)
class _Wrong:
    """The first record in which a field is wrong, and what is said of it."""

    record: int
    message: str


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the columns that are read hold.

    Attributes:
        types: Their types.
        defaults: What they hold where nothing is given; empty if something has to be.
        missing: What counts as nothing, besides no text.
    """

    types: Sequence[DType]
    defaults: Sequence[Array]
    missing: bytes

    def read(self, place: int, texts: Sequence[bytes]) -> Array | _Wrong:
        """Return the values of one column, given as texts."""
        dtype, default = self.types[place], self.defaults[place]
        if all(texts) and self.missing not in texts:
            if dtype == string:
                return np.fromiter(texts, object, len(texts))
            numbers, wrong = read_numbers(texts, dtype)
            if wrong is None:
                return numbers
        absent = np.array([not text or text == self.missing for text in texts], bool)
        first_absent = int(np.argmax(absent)) if absent.any() else len(texts)
        values = np.empty(len(texts), dtype.as_numpy_dtype)
        given = [text for text, none in zip(texts, absent, strict=True) if not none]
        wrong = None
        if dtype == string:
            values[~absent] = given
        else:
            numbers, wrong = read_numbers(given, dtype)
            values[~absent] = numbers
        record = len(texts) if wrong is None else int(np.flatnonzero(~absent)[wrong])
        if first_absent < record and not np.size(default):
            message = f"Field {place} is required but missing in record {first_absent}!"
            return _Wrong(first_absent, message)
        if wrong is not None:
            return _Wrong(
                record,
                f"Field {place} in record {record} is not a valid "
                f"{kernel_name(dtype)}: {_shown(given[wrong])}",
            )
        if absent.any():
            values[absent] = np.ravel(default)[0]
        return values

    def read_at_once(
        self, table: CsvTable, chosen: Sequence[int]
    ) -> list[Array] | None:
        """Return the values of all columns; None if anything is wrong."""
        if chosen and chosen[-1] >= table.begins.shape[1]:
            return None
        fields = table.columns(chosen) if chosen else table
        if fields.begins.shape[1] != len(self.types):
            return None
        absent = fields.equal(b"")
        if self.missing:
            absent |= fields.equal(self.missing)
        found: list[Array | None] = [None] * len(self.types)
        for dtype in dict.fromkeys(self.types):
            places = [i for i, each in enumerate(self.types) if each == dtype]
            values = fields.read(places, ~absent[:, places], dtype)
            if values is None:
                return None
            for i, place in enumerate(places):
                found[place] = values[:, i]
        for place in absent.any(axis=0).nonzero()[0].tolist():
            if not np.size(self.defaults[place]):
                return None
            found[place][absent[:, place]] = np.ravel(self.defaults[place])[0]
        return [np.ascontiguousarray(values) for values in found]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How fields lie in a record, and which are read; all if there are no `columns`."""

    delimiter: bytes
    has_quotes: bool
    columns: Sequence[int]

    def is_plain(self, text: bytes) -> bool:
        """Whether there are no quotes that count, and no ends of lines."""
        marks = b'"\n\r' if self.has_quotes else b"\n\r"
        return not any(mark in text for mark in marks)

    def plain_fields(self, record: bytes) -> list[bytes]:
        """Return the fields that are read of a record that is plain."""
        return self._chosen(record.split(self.delimiter)) if record else []

    def fields(self, record: bytes) -> list[bytes]:
        """Return the fields of a record that are read."""
        if self.is_plain(record):
            return self.plain_fields(record)
        return self._chosen(self._scanned(record))

    def _chosen(self, found: list[bytes]) -> list[bytes]:
        if self.columns:
            return [found[column] for column in self.columns if column < len(found)]
        return found

    def _scanned(self, record: bytes) -> list[bytes]:
        """Return the fields of a record that has quotes or ends of lines."""
        last = self.columns[-1] + 1 if self.columns else None
        fields: list[bytes] = []
        at = 0
        while at < len(record) and len(fields) != last:
            if record[at : at + 1] in (b"\n", b"\r"):
                at += 1
            elif self.has_quotes and record[at : at + 1] == b'"':
                field, at = self._quoted(record, at + 1)
                fields.append(field)
            else:
                field, at = self._unquoted(record, at)
                fields.append(field)
        if record.endswith(self.delimiter) and len(fields) != last:
            fields.append(b"")
        return fields

    def _unquoted(self, record: bytes, start: int) -> tuple[bytes, int]:
        end = record.find(self.delimiter, start)
        field = record[start : len(record) if end < 0 else end]
        if not self.is_plain(field):
            raise _invalid("Unquoted fields cannot have quotes/CRLFs inside")
        return field, start + len(field) + 1

    def _quoted(self, record: bytes, start: int) -> tuple[bytes, int]:
        parts = []
        at = start
        while True:
            quote = record.find(b'"', at)
            # The last character is no content: it has to be the quote that ends it.
            if quote < 0 or quote == len(record) - 1:
                break
            if record[quote + 1 : quote + 2] == self.delimiter:
                break
            if record[quote + 1 : quote + 2] != b'"':
                raise _invalid(
                    "Quote inside a string has to be escaped by another quote"
                )
            parts.append(record[at : quote + 1])
            at = quote + 2
        if quote < 0:
            raise _invalid(
                "Quoted field has to end with quote followed by delim or end"
            )
        return b"".join([*parts, record[at:quote]]), quote + 2


def _layout(attrs: Attrs) -> _Layout:
    columns: list[int] = attrs["select_cols"]
    if columns and len(columns) != len(attrs["OUT_TYPE"]):
        raise _invalid("select_cols should match output size")
    if any(a >= b for a, b in pairwise(columns)):
        raise _invalid("select_cols should be strictly increasing indices")
    if columns and columns[0] < 0:
        raise _invalid("select_cols should be non-negative indices")
    if len(attrs["field_delim"]) != 1:
        raise _invalid("field_delim should be only 1 char")
    return _Layout(attrs["field_delim"], attrs["use_quote_delim"], columns)


# TF: it writes numbers one by one instead of packed; they are read alike.
def decode_json_example(_attrs: Attrs, json_examples: Array) -> tuple[Array]:
    from google.protobuf import json_format

    from metagraft.proto import Example

    written = np.empty(np.size(json_examples), object)
    for place, text in enumerate(np.ravel(json_examples).tolist()):
        try:
            example = json_format.Parse(text, Example())
        except (json_format.ParseError, UnicodeDecodeError) as error:
            raise _invalid(f"Error while parsing JSON: {error}") from error
        written[place] = example.SerializeToString(deterministic=True)
    return (written.reshape(np.shape(json_examples)),)


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "DecodeCSV": Kernel(decode_csv, host=True),
    "DecodeJSONExample": Kernel(decode_json_example, host=True),
}
