"""Variable-length integers: seven bits a byte, the least significant first.

The high bit of each byte but the last is set. Source: leveldb util/coding.h.
"""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 10  # of a 64-bit number


def encode_varint(value: int) -> bytes:
    """Return the encoding of a non-negative number."""
    if value < 0x80:
        return _SINGLE[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    start = bytes((value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80))
    return start + encode_varint(value >> 14)


def decode_varint(data: bytes | memoryview, start: int) -> tuple[int, int]:
    """Return the number at `start` and the position after it.

    Raises:
        ValueError: The data end within the number, or it exceeds 64 bits.
    """
    value = 0
    for shift, position in enumerate(range(start, min(start + MAX_BYTES, len(data)))):
        byte = data[position]
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            if value >> 64:
                break
            return value, position + 1
    raise ValueError(f"no variable-length number of at most 64 bits at byte {start}")


_SINGLE: Final = tuple(bytes([value]) for value in range(0x80))
