"""Decompression of Snappy blocks, which old checkpoint indexes may have.

Writing them is not needed. Source: google/snappy format_description.txt.
"""

from __future__ import annotations

from typing import Final

from metagraft.formats.varint import decode_varint

# The densest element, a copy of 64 bytes in three, bounds what a block can hold.
_MAX_EXPANSION: Final = 22


def decompress(data: bytes | memoryview) -> bytes:
    """Return the content of a block.

    Raises:
        ValueError: `data` is not one, or declares more than it can hold.
    """
    declared_bytes, position = decode_varint(data, 0)
    if declared_bytes > _MAX_EXPANSION * len(data):
        raise ValueError(
            f"declares {declared_bytes} bytes, impossible from {len(data)} compressed"
        )
    output = bytearray()
    while position < len(data):
        tag = data[position]
        if tag & 3 == 0:
            position = _append_literal(data, position, output)
        else:
            length, distance, position = _read_copy(data, position)
            _append_copy(output, length, distance)
        if len(output) > declared_bytes:
            break
    if len(output) != declared_bytes:
        raise ValueError(f"declares {declared_bytes} bytes, holds {len(output)}")
    return bytes(output)


def _append_literal(data: bytes | memoryview, position: int, output: bytearray) -> int:
    length = data[position] >> 2
    position += 1
    if length >= 60:
        width = length - 59
        length = int.from_bytes(_take(data, position, width), "little")
        position += width
    output += _take(data, position, length + 1)
    return position + length + 1


def _read_copy(data: bytes | memoryview, position: int) -> tuple[int, int, int]:
    tag = data[position]
    if tag & 3 == 1:
        (low,) = _take(data, position + 1, 1)
        return (tag >> 2 & 7) + 4, (tag >> 5) << 8 | low, position + 2
    width = 2 if tag & 3 == 2 else 4
    distance = int.from_bytes(_take(data, position + 1, width), "little")
    return (tag >> 2) + 1, distance, position + 1 + width


def _append_copy(output: bytearray, length: int, distance: int) -> None:
    if not 0 < distance <= len(output):
        raise ValueError(f"copies from {distance} bytes back, {len(output)} are there")
    source = output[-distance:][:length]
    repeats = -(-length // len(source))  # a copy may overlap what it writes
    output += (source * repeats)[:length]


def _take(data: bytes | memoryview, start: int, length: int) -> bytes | memoryview:
    if start + length > len(data):
        raise ValueError(f"needs {length} bytes at {start}, ends at {len(data)}")
    return data[start : start + length]
