"""Reading sorted tables; the twin of `writer.py`.

Everything is checked before it is used: a damaged table raises `DataLossError`, which
names the file, the place and both values, and nothing else happens.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Final

import numpy as np

from metagraft.errors import DataLossError
from metagraft.formats.byte_rows import Spans
from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.files import RandomAccessFile
from metagraft.formats.table import snappy
from metagraft.formats.table.entries import Entries, decode_entries
from metagraft.formats.table.format import (
    FOOTER_BYTES,
    PLAIN,
    SNAPPY,
    TRAILER,
    BlockHandle,
    Footer,
)

_KEPT_BYTES: Final = 16 << 20


class TableReader:
    """A sorted table; its blocks are decoded when first needed.

    Of a table in a file, decoded blocks are kept up to some size.
    """

    def __init__(self, content: bytes | RandomAccessFile, source: str) -> None:
        """Open a table.

        Args:
            content: The whole file, or the file to read parts of, which stays open.
            source: Its name, for error messages.

        Raises:
            DataLossError: It is no table, or its index is damaged.
        """
        self._content = content
        self._source = source
        if isinstance(content, RandomAccessFile):
            self._size_bytes, self._kept_bytes_max = content.size_bytes, _KEPT_BYTES
        else:
            self._size_bytes = self._kept_bytes_max = len(content)
        if self._size_bytes < FOOTER_BYTES:
            raise DataLossError(
                None,
                None,
                f"{source}: file is too short to be a sorted table: "
                f"{self._size_bytes} "
                f"bytes, the footer alone has {FOOTER_BYTES}",
            )
        footer_offset = self._size_bytes - FOOTER_BYTES
        try:
            footer = Footer.decode(self._part(footer_offset, FOOTER_BYTES))
        except ValueError as error:
            raise DataLossError(
                None, None, f"{source}, footer at byte {footer_offset}: {error}"
            ) from error
        self._last_keys: list[bytes] = []
        self._handles: list[BlockHandle] = []
        for key, value in self._read_block(footer.index).items():
            self._last_keys.append(key)
            self._handles.append(self._handle(value, footer.index))
        self._blocks: dict[int, Entries] = {}
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, or None.

        Raises:
            DataLossError: The block that would hold the key is damaged.
        """
        number = bisect_left(self._last_keys, key)
        if number == len(self._last_keys):
            return None
        return self._block(number).get(key)

    def get_many(self, keys: Sequence[bytes]) -> tuple[list[bool], Spans]:
        """Return which of the keys there are, and the values of these.

        Raises:
            DataLossError: A block that would hold one of them is damaged.
        """
        ordered: Sequence[bytes] = sorted(keys)
        order = np.arange(len(keys))
        if ordered != keys:
            order = np.array(sorted(order.tolist(), key=keys.__getitem__))
        spans = np.full((2, len(keys)), -1)
        contents: list[bytes] = []
        base = begin = 0
        while begin < len(ordered):
            number = bisect_left(self._last_keys, ordered[begin])
            if number == len(self._last_keys):
                break
            end = bisect_right(ordered, self._last_keys[number], begin)
            block = self._block(number)
            found = map(block.rows.get, ordered[begin:end], repeat(-1))
            rows = np.fromiter(found, np.int64, end - begin)
            places, rows = order[begin:end][rows >= 0], rows[rows >= 0]
            spans[:, places] = block.starts[rows] + base, block.ends[rows] + base
            contents.append(block.content)
            base += len(block.content)
            begin = end
        is_there = spans[0] >= 0
        starts, ends = spans[:, is_there]
        return is_there.tolist(), Spans(b"".join(contents), starts, ends)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield all keys, in order, with their values.

        Raises:
            DataLossError: A block is damaged.
        """
        for number in range(len(self._handles)):
            yield from self._block(number).items()

    def _block(self, number: int) -> Entries:
        block = self._blocks.get(number)
        if block is None:
            handle = self._handles[number]
            block = self._read_block(handle)
            self._check_range(number, block)
            self._keep(number, block)
        return block

    def _keep(self, number: int, block: Entries) -> None:
        """Keep a block for the next call; forget the oldest where it is too much."""
        with self._lock:
            self._blocks[number] = block
            self._kept_bytes += self._handles[number].size_bytes
            while self._kept_bytes > self._kept_bytes_max and len(self._blocks) > 1:
                oldest = next(iter(self._blocks))
                del self._blocks[oldest]
                self._kept_bytes -= self._handles[oldest].size_bytes

    def _part(self, offset: int, size: int) -> memoryview:
        """Return some bytes of the file.

        Raises:
            ValueError: It has become shorter.
        """
        if isinstance(self._content, bytes):
            return memoryview(self._content)[offset : offset + size]
        part = self._content.read(offset, size)
        if len(part) < size:
            raise ValueError(f"{len(part)} of {size} bytes are there")
        return memoryview(part)

    def _check_range(self, number: int, block: Entries) -> None:
        """Check that the keys of a block are those that the index promises."""
        if not block.rows:
            return
        first, end = next(iter(block.rows)), next(reversed(block.rows))
        after = self._last_keys[number - 1] if number else None
        last = self._last_keys[number]
        if end > last or (after is not None and first <= after):
            raise self._damage(
                self._handles[number].offset_bytes,
                f"keys {first!r} to {end!r} lie outside the range of the index, "
                f"after {after!r} to {last!r}",
            )

    def _handle(self, encoded: bytes, index: BlockHandle) -> BlockHandle:
        try:
            handle, end = BlockHandle.decode(encoded)
        except ValueError as error:
            raise self._damage(index.offset_bytes, str(error)) from error
        if end != len(encoded):
            raise self._damage(
                index.offset_bytes,
                f"a block handle has {len(encoded)} bytes, {end} of them used",
            )
        return handle

    def _read_block(self, handle: BlockHandle) -> Entries:
        """Return the entries of a block, verified and decompressed."""
        offset = handle.offset_bytes
        end = offset + handle.size_bytes
        limit = self._size_bytes - FOOTER_BYTES - TRAILER.size
        if end > limit:
            raise self._damage(
                offset,
                f"{handle.size_bytes} bytes of content would end at {end}, the last "
                f"possible end is {limit}",
            )
        try:
            return decode_block(self._part(offset, end + TRAILER.size - offset))
        except ValueError as error:
            raise self._damage(offset, str(error)) from error

    def _damage(self, offset: int, reason: str) -> DataLossError:
        return DataLossError(
            None, None, f"{self._source}, block at byte {offset}: {reason}"
        )


def decode_block(stored: memoryview) -> Entries:
    """Return the entries of a block, verified and decompressed.

    Layout: `content | kind of compression: uint8 | masked crc32c: uint32`.

    Raises:
        ValueError: The block is damaged.
    """
    end = len(stored) - TRAILER.size
    kind, checksum = TRAILER.unpack_from(stored, end)
    computed = mask(crc32c(stored[: end + 1]))
    if checksum != computed:
        raise ValueError(
            f"block checksum mismatch: stored {checksum:#010x}, computed "
            f"{computed:#010x}; file damaged or cut"
        )
    content = bytes(stored[:end])
    if kind == SNAPPY:
        content = snappy.decompress(content)
    elif kind != PLAIN:
        raise ValueError(f"compression of unknown kind {kind}")
    return decode_entries(content)
