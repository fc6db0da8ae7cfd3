"""Encoding and decoding many entries of an index at once.

Entries of tensors of one type and shape differ in a few numbers, which stand in the
same places. So they are coded as columns of a matrix of bytes, in a fraction of the
time (benchmarks/checkpoint_io.py); what looks otherwise is decoded one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from metagraft.formats import byte_rows
from metagraft.formats.bundle.format import (
    Entry,
    decode_head,
    encode_head,
    head_bytes,
    stored_bytes,
)
from metagraft.formats.extents import TensorSlice

# The fields behind type and shape that an entry may have, by tag, in their order.
_SHARD: Final = 0x18
_OFFSET: Final = 0x20
_SIZE: Final = 0x28
_CHECKSUM: Final = 0x35
_TAGS: Final = (_SHARD, _OFFSET, _SIZE, _CHECKSUM)
_CHECKSUM_BYTES: Final = 4
_VARINT_BYTES: Final = 9  # of a positive number
_MANY: Final = 16
_COMMON_KINDS: Final = 8  # found by comparing all rows with one, which beats a dict
_CHUNK_ROWS: Final = 8192

# Shards, offsets, sizes and stored checksums of many entries.
Fields = Sequence[Sequence[int] | byte_rows.Numbers]
_Columns = list[tuple[int, int, int]]


def encode_many(heads: Sequence[bytes], fields: Fields) -> list[bytes]:
    """Return what `Entry.encode` returns for each of many entries.

    Args:
        heads: Type and shape of each, as `encode_head` returns them.
        fields: The other fields.
    """
    encoded: list[bytes] = []
    for start in range(0, len(heads), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        columns = [byte_rows.of_strings(heads[rows])]
        for tag, values in zip(_TAGS, fields, strict=True):
            part = np.asarray(values[rows], np.int64)
            is_number = tag == _CHECKSUM
            make = byte_rows.of_fixed32 if is_number else byte_rows.of_varints
            columns.append(byte_rows.tagged(tag, make(part), part != 0))
        encoded += byte_rows.joined_rows(columns)
    return encoded


@dataclass(frozen=True, slots=True)
class EntryTable:
    """Many entries, as columns: objects of their own would keep the collector busy.

    Attributes:
        kinds: The types and shapes that there are.
        kind: Which of these each entry has.
        shards: The data file of each.
        offsets: Where in that file each starts.
        sizes: How many bytes each has.
        checksums: The stored checksums.
        slices: Those of partitioned tensors, by position.
    """

    kinds: list[tuple[int, tuple[int, ...]]]
    kind: byte_rows.Numbers
    shards: byte_rows.Numbers
    offsets: byte_rows.Numbers
    sizes: byte_rows.Numbers
    checksums: byte_rows.Numbers
    slices: dict[int, tuple[TensorSlice, ...]]

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self.kind)

    def __getitem__(self, position: int) -> Entry:
        """Return one entry."""
        data_type, shape = self.kinds[self.kind[position]]
        columns = (self.shards, self.offsets, self.sizes, self.checksums)
        fields = (column.item(position) for column in columns)
        return Entry._make((data_type, shape, *fields, self.slices.get(position, ())))

    def entries(self) -> list[Entry]:
        """Return all entries."""
        return [self[position] for position in range(len(self))]


def encode_table(table: EntryTable, shards: byte_rows.Numbers) -> list[bytes]:
    """Return what `Entry.encode` returns for each entry, with other shards."""
    heads = [encode_head(data_type, shape) for data_type, shape in table.kinds]
    columns = (shards, table.offsets, table.sizes, table.checksums)
    encoded = encode_many([heads[kind] for kind in table.kind.tolist()], columns)
    for position in table.slices:
        entry = table[position]._replace(shard=shards.item(position))
        encoded[position] = entry.encode()
    return encoded


def decode_many(
    encoded: byte_rows.Spans,
    decode_one: Callable[[int], Entry],
    *,
    shard_count: int | None = None,
) -> EntryTable:
    """Return the entries that byte strings encode.

    Args:
        encoded: The byte strings.
        decode_one: Decodes the one at a position, or raises the error to raise.
        shard_count: How many data files there are: then those decoded together are
            checked as `check_entry` does. One by one, checking is `decode_one`'s.
    """
    columns = np.zeros((5, len(encoded)), np.int64)
    kinds: dict[tuple[int, tuple[int, ...]], int] = {}
    slices: dict[int, tuple[TensorSlice, ...]] = {}
    for head, positions, rows in _alike(encoded):
        found = None
        if head and len(positions) >= _MANY:
            found = _decode_alike(rows, head, shard_count)
        if found is not None:
            columns[0, positions] = kinds.setdefault(decode_head(head), len(kinds))
            columns[1:, positions] = found
            continue
        for position in positions.tolist():
            entry = decode_one(position)
            number = kinds.setdefault((entry.data_type, entry.shape), len(kinds))
            columns[:, position] = (number, *entry[2:6])
            if entry.slices:
                slices[position] = entry.slices
    kind, shards, offsets, sizes, checksums = np.split(columns.reshape(-1), 5)
    return EntryTable(list(kinds), kind, shards, offsets, sizes, checksums, slices)


def _alike(
    encoded: byte_rows.Spans,
) -> Iterator[tuple[bytes, byte_rows.Numbers, byte_rows.Bytes]]:
    """Yield type and shape, positions and bytes of entries that share these.

    The bytes are rows of a matrix, `uint8[entries, length]`.
    """
    lengths = encoded.ends - encoded.starts
    for length in np.unique(lengths).tolist():
        positions = np.flatnonzero(lengths == length)
        rows = encoded.rows(positions, length)
        for _ in range(_COMMON_KINDS):
            if not len(positions):
                break
            first = encoded[positions[0]]
            head = first[: head_bytes(first)]
            shared = len(head) + 1  # only some may have the field that follows
            is_same = (rows[:, :shared] == rows[0, :shared]).all(axis=1)
            yield head, positions[is_same], rows[is_same]
            positions, rows = positions[~is_same], rows[~is_same]
        others: dict[tuple[bytes, bytes], list[int]] = {}
        for row, position in enumerate(positions.tolist()):
            data = encoded[position]
            end = head_bytes(data)
            others.setdefault((data[:end], data[end : end + 1]), []).append(row)
        for (head, _), chosen in others.items():
            yield head, positions[chosen], rows[chosen]


def _decode_alike(
    rows: byte_rows.Bytes, head: bytes, shard_count: int | None
) -> list[byte_rows.Numbers] | None:
    """Return the fields of entries of one type, shape and length.

    Returns None if they differ otherwise, or are to be checked and make no sense.
    """
    matrix = rows[:, len(head) :]
    columns = _columns(matrix[0].tobytes())
    if columns is None:
        return None
    try:
        data_type, shape = decode_head(head)
    except ValueError:
        return None
    zeros = np.zeros(len(rows), np.int64)
    fields = dict.fromkeys(_TAGS, zeros)
    for tag, start, end in columns:
        if (matrix[:, start - 1] != tag).any():
            return None
        part = matrix[:, start:end]
        if tag == _CHECKSUM:
            stored = np.ascontiguousarray(part).view("<u4").ravel()
            fields[tag] = stored.astype(np.int64)
            continue
        if (part[:, :-1] < 0x80).any() or (part[:, -1] >= 0x80).any():
            return None
        fields[tag] = _varints(part)
    if shard_count is not None:
        expected = stored_bytes(data_type, shape)
        if fields[_SHARD].max() >= shard_count or (
            expected is not None and (fields[_SIZE] != expected).any()
        ):
            return None
    return [fields[tag] for tag in _TAGS]


def _columns(tail: bytes) -> _Columns | None:
    """Return tag, start and end of the values behind the head; None if unusual."""
    columns: _Columns = []
    position, last = 0, 0
    while position < len(tail):
        tag = tail[position]
        start = position + 1
        if tag not in _TAGS or tag <= last:
            return None
        end = start + _CHECKSUM_BYTES
        if tag != _CHECKSUM:
            end = start
            while end < len(tail) and tail[end] >= 0x80:
                end += 1
            end += 1
        if end > len(tail) or (tag != _CHECKSUM and end - start > _VARINT_BYTES):
            return None
        columns.append((tag, start, end))
        position, last = end, tag
    return columns


def _varints(part: byte_rows.Bytes) -> byte_rows.Numbers:
    values = np.zeros(len(part), np.int64)
    for number in range(part.shape[1]):
        values |= (part[:, number] & 0x7F).astype(np.int64) << (7 * number)
    return values
