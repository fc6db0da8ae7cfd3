"""Writing sorted tables; the twin of `reader.py`.

The output is byte for byte what TensorFlow writes for the same entries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.table.format import (
    NUMBER,
    PLAIN,
    RESTART_INTERVAL,
    TARGET_BLOCK_BYTES,
    TRAILER,
    BlockHandle,
    Footer,
)
from metagraft.formats.varint import encode_varint

_INDEX_RESTART_INTERVAL: Final = 1


class TableWriter:
    """Appends entries in the order of their keys, then `finish`."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        """Start a table whose bytes go to `write`."""
        self._write = write
        self._offset_bytes = 0
        self._block = _BlockBuilder(RESTART_INTERVAL)
        self._index = _BlockBuilder(_INDEX_RESTART_INTERVAL)
        self._last_key: bytes | None = None
        # The block before the current one: its entry in the index waits for the next
        # key, so that the shortest separator can be found.
        self._pending: BlockHandle | None = None

    def add(self, key: bytes, value: bytes) -> None:
        """Append an entry.

        Raises:
            ValueError: The key does not come after the one before.
        """
        last_key = self._last_key
        if last_key is not None and key <= last_key:
            raise ValueError(f"the key {key!r} does not come after {last_key!r}")
        if len(key) + len(value) >= 2 * TARGET_BLOCK_BYTES and self._block.has_entries:
            self._flush()
        if self._pending is not None and last_key is not None:
            self._index.add(shortest_separator(last_key, key), self._pending.encode())
            self._pending = None
        self._block.add(key, value)
        self._last_key = key
        if self._block.size_bytes >= TARGET_BLOCK_BYTES:
            self._flush()

    def finish(self) -> None:
        """Write what remains and the footer."""
        if self._block.has_entries:
            self._flush()
        meta_index = self._append_block(_BlockBuilder(RESTART_INTERVAL))
        if self._pending is not None and self._last_key is not None:
            key = short_successor(self._last_key)
            self._index.add(key, self._pending.encode())
        index = self._append_block(self._index)
        self._append(Footer(meta_index, index).encode())

    def _flush(self) -> None:
        self._pending = self._append_block(self._block)
        self._block = _BlockBuilder(RESTART_INTERVAL)

    def _append_block(self, block: _BlockBuilder) -> BlockHandle:
        content = block.finish()
        handle = BlockHandle(self._offset_bytes, len(content))
        kind = bytes([PLAIN])
        checksum = mask(crc32c(kind, crc32c(content)))
        self._append(content + TRAILER.pack(PLAIN, checksum))
        return handle

    def _append(self, data: bytes) -> None:
        self._write(data)
        self._offset_bytes += len(data)


class _BlockBuilder:
    """Entries with prefix-compressed keys, and restarts where keys are whole."""

    def __init__(self, restart_interval: int) -> None:
        self._restart_interval = restart_interval
        self._content = bytearray()
        self._restarts = [0]
        self._since_restart = 0
        self._last_key = b""

    @property
    def has_entries(self) -> bool:
        return bool(self._content)

    @property
    def size_bytes(self) -> int:
        """What the block would take on disk if it ended now."""
        return len(self._content) + NUMBER.size * (len(self._restarts) + 1)

    def add(self, key: bytes, value: bytes) -> None:
        content = self._content
        shared = 0
        if self._since_restart < self._restart_interval:
            shared = _shared_length(self._last_key, key)
        else:
            self._restarts.append(len(content))
            self._since_restart = 0
        self._since_restart += 1
        unshared, length = len(key) - shared, len(value)
        if (shared | unshared | length) < 0x80:  # nearly always: a byte each
            content += bytes((shared, unshared, length))
        else:
            content += encode_varint(shared)
            content += encode_varint(unshared)
            content += encode_varint(length)
        content += key[shared:]
        content += value
        self._last_key = key

    def finish(self) -> bytes:
        for number in (*self._restarts, len(self._restarts)):
            self._content += NUMBER.pack(number)
        return bytes(self._content)


def shortest_separator(lower: bytes, upper: bytes) -> bytes:
    """Return a short key in `[lower, upper)`, where `lower` comes first.

    Source: leveldb util/comparator.cc FindShortestSeparator.
    """
    shared = _shared_length(lower, upper)
    if shared < min(len(lower), len(upper)):
        byte = lower[shared]
        if byte < 0xFF and byte + 1 < upper[shared]:
            return lower[:shared] + bytes([byte + 1])
    return lower


def short_successor(key: bytes) -> bytes:
    """Return a short key that does not come before `key`.

    Source: leveldb util/comparator.cc FindShortSuccessor.
    """
    for position, byte in enumerate(key):
        if byte != 0xFF:
            return key[:position] + bytes([byte + 1])
    return key


def _shared_length(first: bytes, second: bytes) -> int:
    length = min(len(first), len(second))
    if first[: length - 1] == second[: length - 1]:  # names with a number at the end
        return length - (first[length - 1 : length] != second[length - 1 : length])
    # The first difference is the highest bit in which the numbers differ.
    left = int.from_bytes(first[:length], "big")
    right = int.from_bytes(second[:length], "big")
    return length - ((left ^ right).bit_length() + 7) // 8
