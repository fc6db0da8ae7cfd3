"""Keys of tensor slices: numbers and names encoded so that byte order is their order.

A key is `0, name, rank, (start, length) per dimension`; the specification is
docs/formats/bundle.md. Source: tensorflow core/lib/strings/ordered_code.cc,
core/util/saved_tensor_slice_util.cc.
"""

from __future__ import annotations

import re
from typing import Final

from metagraft.formats.extents import Extent, TensorSlice

_MAX_RANK: Final = 1 << 31
# The whole dimension is written as start 0, length -1.
_WHOLE_LENGTH: Final = -1


def encode_slice_key(name: bytes, tensor_slice: TensorSlice) -> bytes:
    """Return the key under which a slice of a tensor is stored."""
    key = bytearray(_encode_unsigned(0))
    key += _encode_string(name)
    key += _encode_unsigned(len(tensor_slice))
    for extent in tensor_slice:
        length = _WHOLE_LENGTH if extent.length is None else extent.length
        key += _encode_signed(extent.start)
        key += _encode_signed(length)
    return bytes(key)


def decode_slice_key(key: bytes) -> tuple[bytes, TensorSlice]:
    """Return the tensor and the slice that a key means.

    Raises:
        ValueError: It is no such key.
    """
    zero, position = _decode_unsigned(key, 0)
    if zero != 0:
        raise ValueError(f"a slice key starts with {zero}, expected 0")
    name, position = _decode_string(key, position)
    rank, position = _decode_unsigned(key, position)
    if not 0 < rank <= _MAX_RANK:
        raise ValueError(f"a slice key has rank {rank}")
    extents = []
    for _ in range(rank):
        start, position = _decode_signed(key, position)
        length, position = _decode_signed(key, position)
        extents.append(Extent(start, None if length == _WHOLE_LENGTH else length))
    if position != len(key):
        raise ValueError(f"a slice key of {len(key)} bytes ends at {position}")
    return name, tuple(extents)


def _encode_unsigned(value: int) -> bytes:
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def _decode_unsigned(data: bytes, start: int) -> tuple[int, int]:
    (size,) = _take(data, start, 1)
    if size > 8:
        raise ValueError(f"a number of {size} bytes at {start}")
    return int.from_bytes(_take(data, start + 1, size), "big"), start + 1 + size


_ESCAPES: Final = {b"\x00": b"\x00\xff", b"\xff": b"\xff\x00"}
_TERMINATOR: Final = b"\x00\x01"
_SPECIAL: Final = re.compile(rb"[\x00\xff]")
_ESCAPED: Final = re.compile(rb"\x00[\xff\x01]|\xff\x00")


def _encode_string(text: bytes) -> bytes:
    escaped = _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)
    return escaped + _TERMINATOR


def _decode_string(data: bytes, start: int) -> tuple[bytes, int]:
    text = bytearray()
    position = start
    while True:
        found = _SPECIAL.search(data, position)
        if found is None or not _ESCAPED.match(data, found.start()):
            raise ValueError(f"no string at byte {start} of a slice key")
        text += data[position : found.start()]
        position = found.start() + 2
        if data[found.start() : position] == _TERMINATOR:
            return bytes(text), position
        text += found[0]


# For each length in bytes the bits of the header, from the left: as many ones as bytes.
_HEADERS: Final = {
    2: 0xC000,
    3: 0xE000,
    4: 0xF000,
    5: 0xF800,
    6: 0xFC00,
    7: 0xFE00,
    8: 0xFF00,
    9: 0xFF80,
    10: 0xFFC0,
}


def _encode_signed(value: int) -> bytes:
    magnitude = value if value >= 0 else ~value
    size = magnitude.bit_length() // 7 + 1
    encoded = bytearray(value.to_bytes(size, "big", signed=True))
    if size == 1:
        encoded[0] ^= 0x80
    else:
        encoded[0] ^= _HEADERS[size] >> 8
        encoded[1] ^= _HEADERS[size] & 0xFF
    return bytes(encoded)


def _decode_signed(data: bytes, start: int) -> tuple[int, int]:
    first = _take(data, start, 1)[0]
    is_negative = first < 0x80
    # Leading ones (of a negative number: zeros) count the bytes.
    second = data[start + 1] if start + 1 < len(data) else 0
    bits = (first << 8 | second) ^ (0xFFFF if is_negative else 0)
    size = 16 - (bits ^ 0xFFFF).bit_length()
    if size > 10:
        raise ValueError(f"a number of {size} bytes at {start} of a slice key")
    encoded = bytearray(_take(data, start, size))
    if size == 1:
        encoded[0] ^= 0x80
    else:
        encoded[0] ^= _HEADERS[size] >> 8
        encoded[1] ^= _HEADERS[size] & 0xFF
    value = int.from_bytes(encoded, "big", signed=True)
    if _encode_signed(value) != data[start : start + size]:
        raise ValueError(f"a number at byte {start} of a slice key is not minimal")
    return value, start + size


def _take(data: bytes, start: int, size: int) -> bytes:
    if start + size > len(data):
        raise ValueError(f"a slice key of {len(data)} bytes is cut at {start}")
    return data[start : start + size]
