"""Sorted tables: the layout that `reader.py` and `writer.py` share.

A file is `data blocks | meta-index block | index block | footer`; the specification is
docs/formats/table.md. Source: leveldb table/format.h, tensorflow core/lib/io/format.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from metagraft.formats.varint import decode_varint, encode_varint

# DO NOT CHANGE: all of these are on disk.
MAGIC: Final = 0xDB4775248B80FB57  # chosen by hashing a URL of leveldb's authors
FOOTER_BYTES: Final = 48
TRAILER: Final = struct.Struct("<BI")  # kind of compression, masked checksum
NUMBER: Final = struct.Struct("<I")
PLAIN: Final = 0
SNAPPY: Final = 1
TARGET_BLOCK_BYTES: Final = 262_144
RESTART_INTERVAL: Final = 16

_HANDLES_BYTES: Final = 40
_MAGIC: Final = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class BlockHandle:
    """Where a block is.

    Attributes:
        offset_bytes: From the start of the file.
        size_bytes: Of its content, without the trailer.
    """

    offset_bytes: int
    size_bytes: int

    def encode(self) -> bytes:
        """Return the bytes on disk."""
        return encode_varint(self.offset_bytes) + encode_varint(self.size_bytes)

    @classmethod
    def decode(
        cls, data: bytes | memoryview, start: int = 0
    ) -> tuple[BlockHandle, int]:
        """Return the handle at `start` and the position after it.

        Raises:
            ValueError: There is no handle.
        """
        offset, position = decode_varint(data, start)
        size, position = decode_varint(data, position)
        return cls(offset, size), position


@dataclass(frozen=True, slots=True)
class Footer:
    """The end of a file: where its two index blocks are."""

    meta_index: BlockHandle
    index: BlockHandle

    def encode(self) -> bytes:
        """Return the bytes on disk."""
        handles = self.meta_index.encode() + self.index.encode()
        return handles.ljust(_HANDLES_BYTES, b"\0") + _MAGIC.pack(MAGIC)

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Footer:
        """Return the footer that the 48 bytes `data` hold.

        Raises:
            ValueError: The magic number differs or a handle is damaged.
        """
        (magic,) = _MAGIC.unpack_from(data, _HANDLES_BYTES)
        if magic != MAGIC:
            raise ValueError(
                f"not a sorted table (bad magic number): found {magic:#018x}, "
                f"expected {MAGIC:#018x}"
            )
        meta_index, position = BlockHandle.decode(data[:_HANDLES_BYTES])
        index, _ = BlockHandle.decode(data[:_HANDLES_BYTES], position)
        return cls(meta_index, index)
