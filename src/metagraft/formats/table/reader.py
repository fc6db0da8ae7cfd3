"""Reading sorted tables; the twin of `writer.py`.

Everything is checked before it is used: a damaged table raises `DataLossError`, which
names the file, the place and both values, and nothing else happens.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from metagraft.errors import DataLossError
from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.files import RandomAccessFile
from metagraft.formats.table import snappy
from metagraft.formats.table.format import (
    FOOTER_BYTES,
    NUMBER,
    PLAIN,
    SNAPPY,
    TRAILER,
    BlockHandle,
    Footer,
)
from metagraft.formats.varint import decode_varint

Entries: TypeAlias = dict[bytes, bytes]

# Four times what restarts at every 16th key allow.
_MAX_EXPANSION: Final = 64
_MAX_SHARED_BYTES: Final = 1 << 20
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

    def get_many(self, keys: Iterable[bytes]) -> list[bytes | None]:
        """Return the values of keys; faster than one by one where they are in order.

        Raises:
            DataLossError: A block that would hold one of them is damaged.
        """
        values: list[bytes | None] = []
        block: Entries = {}
        for key in keys:
            value = block.get(key)
            if value is None:
                number = bisect_left(self._last_keys, key)
                if number < len(self._last_keys):
                    block = self._block(number)
                    value = block.get(key)
            values.append(value)
        return values

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield all keys, in order, with their values.

        Raises:
            DataLossError: A block is damaged.
        """
        for number in range(len(self._handles)):
            yield from self._block(number).items()

    def _block(self, number: int) -> Entries:
        entries = self._blocks.get(number)
        if entries is None:
            handle = self._handles[number]
            entries = self._read_block(handle)
            self._check_range(number, entries)
            self._keep(number, entries)
        return entries

    def _keep(self, number: int, entries: Entries) -> None:
        """Keep a block for the next call; forget the oldest where it is too much."""
        with self._lock:
            self._blocks[number] = entries
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

    def _check_range(self, number: int, entries: Entries) -> None:
        """Check that the keys of a block are those that the index promises."""
        if not entries:
            return
        keys = list(entries)
        after = self._last_keys[number - 1] if number else None
        last = self._last_keys[number]
        if keys[-1] > last or (after is not None and keys[0] <= after):
            raise self._damage(
                self._handles[number].offset_bytes,
                f"keys {keys[0]!r} to {keys[-1]!r} lie outside the range of the index, "
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


def decode_entries(content: bytes) -> Entries:
    """Return the keys of a block with their values.

    Layout: `entries | restart offsets: uint32[count] | count: uint32`.

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
    for restart in range(end, len(content) - NUMBER.size, NUMBER.size):
        (offset,) = NUMBER.unpack_from(content, restart)
        if offset > end:
            raise ValueError(f"a restart at {offset} lies after the entries, {end}")
    return _decode_until(content, end)


def _decode_until(content: bytes, end: int) -> Entries:
    entries: Entries = {}
    # Keys that share all their bytes with a long one could take any memory.
    most_shared_bytes = _MAX_SHARED_BYTES + _MAX_EXPANSION * end
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
        next_position = value_start + value_length
        if next_position > end or shared > len(key):
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
        entries[key] = content[value_start:next_position]
        position = next_position
    return entries
