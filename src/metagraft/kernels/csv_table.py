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
from metagraft.kernels.string_numbers import read_spans

__all__ = ["CsvTable"]

_QUOTE = 0x22


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
        lines = Spans.of(records)
        content = lines.bytes
        quotes = (content == _QUOTE).nonzero()[0] if has_quotes else content[:0]
        marks = (content == delimiter[0]).nonzero()[0]
        ends_of_lines = (content == 0x0A) | (content == 0x0D)
        if quotes.size:
            marks = marks[quotes.searchsorted(marks) % 2 == 0]
            is_open = quotes.searchsorted(lines.ends) % 2 == 1
            if is_open.any():
                return None
            at = ends_of_lines.nonzero()[0]
            if (quotes.searchsorted(at) % 2 == 0).any():
                return None
        elif ends_of_lines.any():
            return None
        count = len(records)
        if (lines.begins == lines.ends).any() or marks.size % count:
            return None
        marks = marks.reshape(count, -1)
        begins = np.concatenate((lines.begins[:, None], marks + 1), axis=1)
        ends = np.concatenate((marks, lines.ends[:, None]), axis=1)
        if (begins > ends).any():
            return None
        table = cls(lines.text, begins, ends)
        return table._without_quotes(quotes) if quotes.size else table

    def _without_quotes(self, quotes: Array) -> CsvTable | None:
        """Return the same fields without quotes around them, and one for two inside."""
        content = np.frombuffer(self.text, np.uint8)
        counts = quotes.searchsorted(self.ends) - quotes.searchsorted(self.begins)
        quoted = counts > 0
        first = content[self.begins[quoted]] == _QUOTE
        last = content[self.ends[quoted] - 1] == _QUOTE
        if not (first & last).all() or (counts % 2).any():
            return None
        begins, ends = self.begins + quoted, self.ends - quoted
        outer = np.zeros(quotes.size, bool)
        outer[quotes.searchsorted(begins[quoted] - 1)] = True
        outer[quotes.searchsorted(ends[quoted])] = True
        inner = quotes[~outer]
        doubled = inner[::2]
        if (inner[1::2] != doubled + 1).any():
            return None
        text = np.delete(content, doubled).tobytes()
        begins -= doubled.searchsorted(begins)
        ends -= doubled.searchsorted(ends)
        return CsvTable(text, begins, ends)

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
        values = np.empty(given.shape, dtype.as_numpy_dtype)
        begins, ends = self.begins[:, fields], self.ends[:, fields]
        if not given.all():
            begins, ends = begins[given], ends[given]
        content = np.frombuffer(self.text, np.uint8)
        texts = Spans(self.text, content, begins.reshape(-1), ends.reshape(-1))
        if dtype == string:
            values[given] = texts.items()
            return values
        numbers, wrong = read_spans(texts, dtype)
        if wrong is not None:
            return None
        values[given] = numbers
        return values
