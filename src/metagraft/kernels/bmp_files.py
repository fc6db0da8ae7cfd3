"""BMP files without compression, which are read without a library.

Source: tensorflow core/kernels/image/decode_image_op.cc.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from metagraft.kernels.kernel import Array

__all__ = ["SIGNATURE", "decoded"]

SIGNATURE: Final = b"BM"
_LEAST_BYTES: Final = 32
_LARGEST: Final = (2**31 - 1) // 8


def decoded(contents: bytes, channels: int) -> Array | str:
    """Return `uint8[height, width, channels]`, or what is wrong.

    Args:
        contents: The file.
        channels: Those of the file, or 0; 4 gives a file of three an opaque fourth.
    """
    if len(contents) < _LEAST_BYTES:
        return (
            "Incomplete bmp content, requires at least 32 bytes to find the header"
            f" size, width, height, and bpp, got {len(contents)} bytes"
        )
    start, width, height, bits = (
        struct.unpack_from(kind, contents, place)[0]
        for kind, place in (("<i", 10), ("<i", 18), ("<i", 22), ("<H", 28))
    )
    count = bits // 8
    wrong = _mistake(start, width, height, channels, count)
    if wrong:
        return wrong
    rows, row_size = abs(height), (count * width + 3) // 4 * 4
    needed = start + (rows - 1) * row_size + width * count
    if needed > len(contents):
        return (
            f"Incomplete bmp content, requires at least {needed} bytes, got"
            f" {len(contents)} bytes"
        )
    data = np.frombuffer(contents, np.uint8, offset=start)
    missing = max(0, rows * row_size - len(data))
    lines = np.pad(data, (0, missing))[: rows * row_size].reshape(rows, row_size)
    pixels = lines[:, : width * count].reshape(rows, width, count)
    if height > 0:
        pixels = pixels[::-1]
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[count]
    colored = np.ascontiguousarray(pixels[..., order])
    if channels == 4 and count == 3:
        opaque = np.full((rows, width, 1), 255, np.uint8)
        return np.concatenate([colored, opaque], axis=-1)
    return colored


def _mistake(start: int, width: int, height: int, channels: int, count: int) -> str:
    if channels and channels != count and (channels, count) != (4, 3):
        return (
            f"channels attribute {channels} does not match bits per pixel from file"
            f" {count}"
        )
    if count not in (1, 3, 4):
        return (
            f"Number of channels inherent in the image must be 1, 3 or 4, was {count}"
        )
    if width <= 0:
        return "Width must be positive"
    if height == 0:
        return "Height must be nonzero"
    if start < 0:
        return "header size must be nonnegative"
    if width * abs(height) >= _LARGEST:
        return "Total possible pixel bytes must be less than 2^30"
    return ""
