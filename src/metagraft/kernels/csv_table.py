"""Where the fields of comma-separated records lie, found for all records at once.

Only tables are read whose records have equally many fields, and nothing that is wrong.

Source: tensorflow core/kernels/decode_csv_op.cc; RFC 4180.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from metagraft.graph.dtypes import DType, string
from metagraft.kernels.decimal_digits import Spans
from metagraft.kernels.kernel import Array
from metagraft.kernels.string_numbers import read_numbers, read_spans

__all__ = ["CsvTable"]

_QUOTE, _LINE_FEED, _CARRIAGE_RETURN = b'"\n\r'
# Fewer fields, or numbers, are read one by one.
_MANY = 64
_MANY_NUMBERS = 4096


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The fields of records.

    Attributes:
        text: The bytes of all records.
        begins: Where each field begins, without its quotes: `[records, fields]`.
        ends: Where it ends.
    """

    text: bytes
    begins: Array
    ends: Array

    @classmethod
    def of(
        cls, records: Sequence[bytes], delimiter: bytes, *, has_quotes: bool
    ) -> CsvTable | None:
        """Find the fields of records; None if something about them is unusual.

        Args:
            records: At least one.
            delimiter: What stands between fields, one byte.
            has_quotes: Whether fields may be in quotes.
        """
        if has_quotes and delimiter == b'"':
            return None
        lines = Spans.of(records, b"\n")
        content = lines.bytes
        first, last = int(lines.begins[0]), int(lines.ends[-1])
        ends_of_lines = lines.text.count(b"\n", first, last)
        marks = content == delimiter[0]
        is_quote = content == _QUOTE if has_quotes else content[:0]
        has_quotes = bool(is_quote.any())
        if has_quotes:
            is_open = np.bitwise_xor.accumulate(is_quote)
            marks &= ~is_open
            if is_open[lines.ends - 1].any():
                return None
            at = content == _LINE_FEED
            at[lines.ends] = False
            at |= content == _CARRIAGE_RETURN
            if (at & ~is_open).any():
                return None
        elif ends_of_lines >= len(records) or lines.text.find(b"\r", first, last) > 0:
            return None
        count = len(records)
        places = marks.nonzero()[0]
        if (lines.begins == lines.ends).any() or places.size % count:
            return None
        places = places.reshape(count, -1)
        begins = np.concatenate((lines.begins[:, None], places + 1), axis=1)
        ends = np.concatenate((places, lines.ends[:, None]), axis=1)
        if (begins > ends).any():
            return None
        table = cls(lines.text, begins, ends)
        return table._without_quotes(is_quote) if has_quotes else table

    def _without_quotes(self, is_quote: Array) -> CsvTable | None:
        """Return the same fields without quotes around them, and one for two inside."""
        content = np.frombuffer(self.text, np.uint8)
        quoted = is_quote[self.begins] & (self.ends > self.begins)
        outer = 2 * int(np.count_nonzero(quoted))
        if (quoted & (is_quote[self.ends - 1] == 0)).any():
            return None
        begins, ends = self.begins + quoted, self.ends - quoted
        if (begins > ends).any():
            return None
        if np.count_nonzero(is_quote) == outer:
            return CsvTable(self.text, begins, ends)
        is_inner = is_quote.copy()
        is_inner[begins[quoted] - 1] = False
        is_inner[ends[quoted]] = False
        inner = is_inner.nonzero()[0]
        doubled = inner[::2]
        if inner.size % 2 or (inner[1::2] != doubled + 1).any():
            return None
        is_doubled = np.zeros(content.size, bool)
        is_doubled[doubled] = True
        before = is_doubled.cumsum(dtype=np.int32)
        ahead, by_end = before[begins - 1], before[ends - 1]
        # Quotes may stand in fields only that are in quotes.
        if (by_end - ahead)[~quoted].any():
            return None
        text = content[~is_doubled].tobytes()
        return CsvTable(text, begins - ahead, ends - by_end)

    def columns(self, chosen: Sequence[int]) -> CsvTable:
        """Return some of the fields."""
        return CsvTable(self.text, self.begins[:, chosen], self.ends[:, chosen])

    def equal(self, text: bytes) -> Array:
        """Tell which fields hold a text: `bool[records, fields]`."""
        found: Array = self.ends - self.begins == len(text)
        if text:
            held = map(self.text.startswith, repeat(text), self.begins[found].tolist())
            found[found] = list(held)
        return found

    def read(self, fields: Sequence[int], given: Array, dtype: DType) -> Array | None:
        """Read fields of one type; None if one is no value of it.

        Args:
            fields: Which, in ascending order.
            given: Which values are read: `bool[records, fields]`; others are anything.
            dtype: Their type.
        """
        begins, ends = self.begins[:, fields], self.ends[:, fields]
        if not given.all():
            begins, ends = begins[given], ends[given]
        begins, ends = begins.reshape(-1), ends.reshape(-1)
        if dtype == string:
            found = np.fromiter(self._cut(begins, ends), object, begins.size)
        else:
            numbers, wrong = self._numbers(begins, ends, dtype)
            if wrong is not None:
                return None
            found = numbers
        if found.size == given.size:
            return found.reshape(given.shape)
        values = np.empty(given.shape, dtype.as_numpy_dtype)
        values[given] = found
        return values

    def _numbers(
        self, begins: Array, ends: Array, dtype: DType
    ) -> tuple[Array, int | None]:
        if begins.size < _MANY_NUMBERS:
            return read_numbers(self._cut(begins, ends), dtype)
        content = np.frombuffer(self.text, np.uint8)
        return read_spans(Spans(self.text, content, begins, ends), dtype)

    def _cut(self, begins: Array, ends: Array) -> list[bytes]:
        """Return fields, which do not touch one another."""
        text = self.text
        if begins.size < _MANY or text.find(b"\0", begins[0], ends[-1]) >= 0:
            places = zip(begins.tolist(), ends.tolist(), strict=True)
            return [text[begin:end] for begin, end in places]
        # With a zero behind each, and nothing between, they are cut by one call.
        first = begins[0]
        content = np.frombuffer(text, np.uint8)[first : ends[-1] + 1].copy()
        content[ends - first] = 0
        steps = np.zeros(content.size + 1, np.int8)
        steps[begins - first] = 1
        steps[ends + 1 - first] -= 1
        is_kept = steps[:-1].cumsum(dtype=np.int8).view(np.bool_)
        if not is_kept.all():
            content = content[is_kept]
        return content[:-1].tobytes().split(b"\0")
