"""The content of a block of a sorted table: its keys, and where their values are.

Layout: `entries | restart offsets: uint32[count] | count: uint32`; an entry is `shared
bytes: varint | other bytes: varint | value bytes: varint | rest of the key | value`,
with the number of bytes that its key shares with the one before. Source: leveldb
table/format.h, block_builder.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import ge
from typing import Final

import numpy as np

from metagraft.formats.byte_rows import Numbers
from metagraft.formats.table.format import NUMBER
from metagraft.formats.varint import decode_varint

# Four times what restarts at every 16th key allow.
_MAX_EXPANSION: Final = 64
_MAX_SHARED_BYTES: Final = 1 << 20
# Where there are fewer restarts, or more entries behind one, they go one by one.
_MANY: Final = 16
_MAX_STEPS: Final = 32


@dataclass(frozen=True, slots=True)
class Entries:
    """Keys, in order, with their values.

    Attributes:
        content: The bytes that hold the values.
        rows: The number of the entry of each key; keys are in order.
        starts: Where the value of each entry starts.
        ends: Where it ends.
    """

    content: bytes
    rows: dict[bytes, int]
    starts: Numbers
    ends: Numbers

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, or None."""
        row = self.rows.get(key)
        if row is None:
            return None
        return self.content[self.starts[row] : self.ends[row]]

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the keys, in order, with their values."""
        spans = zip(self.rows, self.starts.tolist(), self.ends.tolist(), strict=True)
        for key, start, end in spans:
            yield key, self.content[start:end]


def decode_entries(content: bytes) -> Entries:
    """Return the entries of a block.

    Raises:
        ValueError: The block is damaged.
    """
    if len(content) < NUMBER.size:
        raise ValueError(f"a block of {len(content)} bytes cannot hold a count")
    (restart_count,) = NUMBER.unpack_from(content, len(content) - NUMBER.size)
    end = len(content) - NUMBER.size * (restart_count + 1)
    if end < 0:
        raise ValueError(
            f"{restart_count} restarts do not fit a block of {len(content)} bytes"
        )
    restarts = np.frombuffer(content, "<u4", restart_count, end).astype(np.int64)
    if restarts.max(initial=0) > end:
        offset = restarts[restarts > end][0]
        raise ValueError(f"a restart at {offset} lies after the entries, {end}")
    block = _decode_together(content, restarts, end)
    return _decode_until(content, end) if block is None else block


def _decode_together(content: bytes, restarts: Numbers, end: int) -> Entries | None:
    """Return the entries, those behind all restarts step by step at the same time.

    Returns None if there are few, or if they look unusual or damaged.
    """
    spans = _spans(np.frombuffer(content, np.uint8, end), restarts)
    if spans is None:
        return None
    shared, keys_start, starts, ends = spans
    lengths = starts - keys_start + shared
    is_whole = shared[0] == 0 and (shared[1:] <= lengths[:-1]).all()
    if not is_whole or shared.sum() > _most_shared_bytes(end):
        return None
    key = b""
    keys = [
        key := key[:count] + content[start:stop]
        for count, start, stop in zip(
            shared.tolist(), keys_start.tolist(), starts.tolist(), strict=True
        )
    ]
    if any(map(ge, keys, islice(keys, 1, None))):
        return None
    rows = dict(zip(keys, range(len(keys)), strict=True))
    return Entries(content, rows, starts, ends)


def _spans(
    data: np.ndarray[tuple[int], np.dtype[np.uint8]], restarts: Numbers
) -> tuple[Numbers, Numbers, Numbers, Numbers] | None:
    """Return where entries are whose lengths take a byte each; None if any do not.

    Returns:
        How many bytes of each key are shared, where the other ones start, where the
        values start and end; `int64[entries]` each.
    """
    limits = np.append(restarts[1:], len(data))
    if len(restarts) < _MANY or restarts[0] != 0 or (restarts >= limits).any():
        return None
    spans = np.full((4, len(restarts), _MAX_STEPS), -1)
    active, positions = np.arange(len(restarts)), restarts
    for step in range(_MAX_STEPS):
        if positions.max() + 3 > len(data):
            return None
        shared, other, size = (data[positions + place] for place in range(3))
        if (shared | other | size).max() >= 0x80:
            return None
        keys = positions + 3
        starts = keys + other
        positions = starts + size
        spans[:, active, step] = shared, keys, starts, positions
        rest = limits[active] - positions
        if rest.min() < 0:
            return None
        active, positions = active[rest > 0], positions[rest > 0]
        if not len(active):
            is_there = spans[0] >= 0
            return tuple(span[is_there] for span in spans)
    return None


def _most_shared_bytes(end: int) -> int:
    """Keys that share all their bytes with a long one could take any memory."""
    return _MAX_SHARED_BYTES + _MAX_EXPANSION * end


def _decode_until(content: bytes, end: int) -> Entries:
    rows: dict[bytes, int] = {}
    spans = []
    most_shared_bytes = _most_shared_bytes(end)
    position = 0
    key = b""
    is_first = True
    shared_bytes = 0
    while position < end:
        # Nearly all lengths are below 128 and take a byte each.
        start = position + 3
        is_short = start <= end
        if is_short:
            shared, unshared, value_length = content[position:start]
            is_short = shared | unshared | value_length < 0x80
        if not is_short:
            shared, start = decode_varint(content, position)
            unshared, start = decode_varint(content, start)
            value_length, start = decode_varint(content, start)
        value_start = start + unshared
        position = value_start + value_length
        if position > end or shared > len(key):
            raise ValueError(
                f"an entry at {start} of {unshared} and {value_length} bytes, "
                f"sharing {shared} of {len(key)}, does not fit the {end} bytes"
            )
        shared_bytes += shared
        if shared_bytes > most_shared_bytes:
            raise ValueError(
                f"keys share more than {most_shared_bytes} bytes, impossible in a "
                f"block of {len(content)} with restarts"
            )
        former, key = key, key[:shared] + content[start:value_start]
        if key <= former and not is_first:
            raise ValueError(f"the key {key!r} does not come after {former!r}")
        is_first = False
        rows[key] = len(rows)
        spans.append((value_start, position))
    starts, ends = np.array(spans, np.int64).reshape(-1, 2).T
    return Entries(content, rows, starts, ends)
