"""Images as PNG and sounds as WAV, with the bytes that TensorFlow writes.

Source: tensorflow core/lib/png/png_io.cc, core/lib/wav/wav_io.cc; libpng's choice of
filters and compression.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

import numpy as np

from metagraft.kernels.kernel import Array

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_COLOR_TYPES: Final = {1: 0, 2: 4, 3: 2, 4: 6}
_IDAT_BYTES: Final = 8192
# libpng makes the window of the compression smaller for images up to this size.
_SMALL_BYTES: Final = 16384
_LOOK_AHEAD_BYTES: Final = 262
_MEMORY_LEVEL: Final = 9
_PCM: Final = 1
_BYTES_PER_SAMPLE: Final = 2


def png(image: Array, level: int = -1) -> bytes:
    """Encode an image as PNG.

    Args:
        image: `[height, width, channels]`, `uint8` or `uint16`, of 1 to 4 channels.
        level: How hard to compress, from 0 to 9; -1 for what is usual.
    """
    height, width, channels = image.shape
    depth = 8 * image.dtype.itemsize
    header = struct.pack(
        ">IIBBBBB", width, height, depth, _COLOR_TYPES[channels], 0, 0, 0
    )
    # Large numbers are filtered byte by byte, high bytes first.
    stored = np.ascontiguousarray(image.astype(image.dtype.newbyteorder(">")))
    data = _deflated(_filtered(stored.view(np.uint8)), level)
    parts = [data[i : i + _IDAT_BYTES] for i in range(0, len(data), _IDAT_BYTES)]
    chunks = [_chunk(b"IDAT", part) for part in parts]
    ends = _chunk(b"IHDR", header), _chunk(b"IEND", b"")
    return _PNG_SIGNATURE + ends[0] + b"".join(chunks) + ends[1]


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def _filtered(image: Array) -> bytes:
    """Return the rows, each after the number of its filter: the one of least sum.

    Args:
        image: `uint8[height, width, bytes of a pixel]`.
    """
    height, width, channels = image.shape
    rows = image.reshape(height, width * channels).astype(np.int16)
    left, above, corner = (np.zeros_like(rows) for _ in range(3))
    left[:, channels:] = rows[:, :-channels]
    above[1:] = rows[:-1]
    corner[1:, channels:] = rows[:-1, :-channels]
    choices = {0: rows}
    if width > 1:
        choices[1] = rows - left
    if height > 1:
        choices[2] = rows - above
    if width > 1 and height > 1:
        choices[3] = rows - (left + above) // 2
        choices[4] = rows - _paeth(left, above, corner)
    filters = np.array(list(choices), np.uint8)
    coded = np.stack([np.asarray(c).astype(np.uint8) for c in choices.values()])
    sums = np.abs(coded.astype(np.int8).astype(np.int64)).sum(axis=2)
    best = sums.argmin(axis=0)
    chosen = coded[best, np.arange(height)]
    return np.concatenate([filters[best][:, None], chosen], axis=1).tobytes()


def _paeth(left: Array, above: Array, corner: Array) -> Any:
    estimate = left + above - corner
    to_left, to_above = np.abs(estimate - left), np.abs(estimate - above)
    to_corner = np.abs(estimate - corner)
    return np.where(
        (to_left <= to_above) & (to_left <= to_corner),
        left,
        np.where(to_above <= to_corner, above, corner),
    )


def _deflated(data: bytes, level: int) -> bytes:
    bits = zlib.MAX_WBITS
    is_small = len(data) <= _SMALL_BYTES
    while is_small and bits > 9 and len(data) + _LOOK_AHEAD_BYTES <= 1 << (bits - 1):
        bits -= 1
    compressor = zlib.compressobj(
        level, zlib.DEFLATED, bits, _MEMORY_LEVEL, zlib.Z_FILTERED
    )
    stream = bytearray(compressor.compress(data) + compressor.flush())
    if is_small:
        # The header names the least window that reaches over everything.
        needed = max(8, (len(data) - 1).bit_length())
        stream[0] = stream[0] & 0x0F | min(stream[0] >> 4, needed - 8) << 4
        flags = stream[1] & 0xE0
        stream[1] = flags + 31 - ((stream[0] << 8) + flags) % 31
    return bytes(stream)


def wav(samples: Array, sample_rate_hz: int) -> bytes:
    """Encode `[frames, channels]` numbers from -1 to 1 as 16-bit integers."""
    channels = samples.shape[1]
    with np.errstate(over="ignore"):
        scaled = samples.astype(np.float32) * np.float32(32768.0)
    # Halves go away from zero.
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))
    limited = np.clip(np.nan_to_num(rounded, nan=0.0), -32768, 32767)
    data = limited.astype("<i2").tobytes()
    frame_bytes = channels * _BYTES_PER_SAMPLE
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        channels,
        sample_rate_hz,
        sample_rate_hz * frame_bytes,
        frame_bytes,
        8 * _BYTES_PER_SAMPLE,
        b"data",
        len(data),
    )
    return header + data
