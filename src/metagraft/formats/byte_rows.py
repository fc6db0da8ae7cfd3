"""Many short byte strings at once: rows of a matrix, joined column by column.

A `Columns` is a matrix of bytes of which each row has some, from a start to an end. So
thousands of strings that consist of the same fields, of varying lengths, are made in a
few calls of NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spans:
    """Byte strings that are parts of a longer one.

    Attributes:
        content: The longer one.
        starts: `[strings]`, where in it they start.
        ends: `[strings]`, where they end.
    """

    content: bytes
    starts: Numbers
    ends: Numbers

    @classmethod
    def of_strings(cls, strings: Sequence[bytes]) -> Spans:
        """Return byte strings, joined."""
        lengths = np.fromiter(map(len, strings), np.int64, len(strings))
        ends = np.cumsum(lengths)
        return cls(b"".join(strings), ends - lengths, ends)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.starts)

    def __getitem__(self, position: int) -> bytes:
        """Return one of them."""
        return self.content[self.starts[position] : self.ends[position]]

    def rows(self, positions: Numbers, length: int) -> Bytes:
        """Return those at some positions, all of one length, as `[strings, length]`."""
        if length == 0:
            return np.zeros((len(positions), 0), np.uint8)
        data = np.frombuffer(self.content, np.uint8)
        return sliding_window_view(data, length)[self.starts[positions]]


@dataclass(frozen=True, slots=True)
class Columns:
    """One field of each row.

    Attributes:
        matrix: `[rows, width]`; only a part of each row counts.
        ends: `[rows]`, where that part ends.
        starts: `[rows]`, where it starts; None for 0.
    """

    matrix: Bytes
    ends: Numbers
    starts: Numbers | None = None

    def first(self, count: int) -> Columns:
        """Return the field of the first rows."""
        starts = None if self.starts is None else self.starts[:count]
        return Columns(self.matrix[:count], self.ends[:count], starts)


def of_strings(strings: Sequence[bytes]) -> Columns:
    """Return byte strings as a field; the longest one tells its width."""
    ends = np.fromiter(map(len, strings), np.int64, len(strings))
    width = int(ends.max(initial=0))
    # NumPy pads with zeros, and its strings have at least one byte.
    padded = np.array(strings, f"S{max(1, width)}")
    return Columns(padded.view(np.uint8).reshape(len(strings), -1), ends)


def of_varints(values: Numbers) -> Columns:
    """Return non-negative numbers as variable-length integers."""
    bits = int(values.max(initial=0)).bit_length()
    width = max(1, -(-bits // 7))
    matrix = np.empty((len(values), width), np.uint8)
    ends = np.ones(len(values), np.int64)
    for number in range(width):
        rest = values >> (7 * number)
        has_more = rest >= 0x80
        matrix[:, number] = rest & 0x7F | has_more * 0x80
        if number < width - 1:
            ends += has_more
    return Columns(matrix, ends)


def of_fixed32(values: Numbers) -> Columns:
    """Return numbers below 2**32 as four bytes each, the least significant first."""
    matrix = values.astype("<u4").view(np.uint8).reshape(len(values), 4)
    return Columns(matrix, np.full(len(values), 4))


def tagged(tag: int, field: Columns, is_there: npt.NDArray[np.bool_]) -> Columns:
    """Return a field behind a byte that names it, only in some rows."""
    first = np.full((len(field.matrix), 1), tag, np.uint8)
    matrix = np.concatenate([first, field.matrix], axis=1)
    return Columns(matrix, np.where(is_there, field.ends + 1, 0))


def joined(fields: Sequence[Columns]) -> tuple[bytes, Numbers]:
    """Return all rows one after the other, and the length of each."""
    matrix = np.concatenate([field.matrix for field in fields], axis=1)
    is_used = np.concatenate([_used(field) for field in fields], axis=1)
    lengths: Any = np.count_nonzero(is_used, axis=1)
    return matrix[is_used].tobytes(), lengths


def joined_rows(fields: Sequence[Columns]) -> list[bytes]:
    """Return each row as a byte string."""
    content, lengths = joined(fields)
    ends = list(accumulate(lengths.tolist()))
    starts = [0, *ends[:-1]] if ends else []
    return [content[a:b] for a, b in zip(starts, ends, strict=True)]


def shared_lengths(strings: Columns) -> Numbers:
    """Return how many bytes each string, but the first, shares with the one before."""
    matrix, ends = strings.matrix, strings.ends
    differs = np.ones((len(matrix) - 1, matrix.shape[1] + 1), np.bool_)
    np.not_equal(matrix[1:], matrix[:-1], out=differs[:, :-1])
    first = differs.argmax(axis=1)
    return np.minimum(first, np.minimum(ends[1:], ends[:-1]))


def _used(field: Columns) -> npt.NDArray[np.bool_]:
    position = np.arange(field.matrix.shape[1])
    is_used: npt.NDArray[np.bool_] = position < field.ends[:, None]
    if field.starts is not None:
        is_used &= position >= field.starts[:, None]
    return is_used
