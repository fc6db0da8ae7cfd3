"""PNG files, with the numbers that TensorFlow's decoder gives.

Pillow undoes compression, filters and interlacing; what the samples mean, and how they
are converted, is done here, as Pillow keeps no more than 8 bits of colours.

Source: tensorflow core/lib/png/png_io.cc; libpng pngrtran.c; PNG specification.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from metagraft.kernels.image_library import pillow
from metagraft.kernels.kernel import Array

__all__ = ["SIGNATURE", "decoded"]

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PALETTE: Final = 3
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Shares of red, green and blue in grey, in 1/32768: of 0.299, 0.587 and the rest.
_GRAY_SHARES: Final = np.array([9797, 19234, 3737], np.int64)
_SRGB_GAMMA: Final = 45455
_NO_GAMMA: Final = 100000
# Gammas this near to 1 make no difference that is seen.
_GAMMA_TOLERANCE: Final = 5000
_LARGEST_SIDE: Final = 1 << 27
_LARGEST: Final = 1 << 29


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands before the pixels.

    Attributes:
        width: Columns.
        height: Rows.
        depth: Bits of a sample.
        color_type: 0 grey, 2 colours, 3 palette, 4 and 6 with alpha.
        gamma: How numbers stand for light, times 100000; 0 if the file does not say.
        palette: `uint8[n, 3]`.
        transparency: What is transparent, as stored; None if nothing is.
    """

    width: int
    height: int
    depth: int
    color_type: int
    gamma: int
    palette: Array
    transparency: bytes | None


def _chunks(contents: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place + 8 <= len(contents):
        size, kind = struct.unpack_from(">I4s", contents, place)
        yield kind, contents[place + 8 : place + 8 + size]
        place += 12 + size


def _header(contents: bytes) -> _Header | None:
    header, palette, transparency = None, np.zeros((0, 3), np.uint8), None
    gamma = 0
    for kind, content in _chunks(contents):
        if kind == b"IHDR" and len(content) >= 10:
            header = struct.unpack_from(">IIBB", content)
        elif kind == b"PLTE":
            whole = len(content) // 3 * 3
            palette = np.frombuffer(content[:whole], np.uint8).reshape(-1, 3)
        elif kind == b"sRGB":
            gamma = _SRGB_GAMMA
        elif kind == b"gAMA" and len(content) == 4 and gamma != _SRGB_GAMMA:
            (gamma,) = struct.unpack(">I", content)
        elif kind == b"tRNS":
            transparency = content
        elif kind == b"IDAT":
            break
    if header is None or header[3] not in _CHANNELS:
        return None
    width, height, depth, color_type = header
    color_count = min(len(palette), 1 << depth)
    # More of it than there are colours is taken for a mistake.
    if color_type == _PALETTE and len(transparency or b"") > color_count:
        transparency = None
    return _Header(width, height, depth, color_type, gamma, palette, transparency)


def _is_usable(header: _Header) -> bool:
    sides = header.width, header.height
    return (
        min(sides) > 0 and max(sides) < _LARGEST_SIDE and sides[0] * sides[1] < _LARGEST
    )


def decoded(contents: bytes, channels: int, bits: int) -> Array | str:
    """Return `[height, width, channels]`, or what is wrong.

    Args:
        contents: The file.
        channels: 1 to 4; 0 for those of the file.
        bits: 8 for `uint8`, 16 for `uint16`.
    """
    header = _header(contents)
    if header is None or not _is_usable(header):
        return "Invalid PNG. Failed to initialize decoder."
    samples = _samples(contents, header)
    if samples is None:
        return "Invalid PNG data, size " + str(len(contents))
    if channels == 0:
        channels = _CHANNELS[header.color_type]
        if header.color_type == _PALETTE:
            channels = 3 if header.transparency is None else 4
    pixels = _converted(samples, header, channels)
    return _with_bits(pixels, header.depth, bits)


def _samples(contents: bytes, header: _Header) -> Array | None:
    """Return `[height, width, channels of the file]`, of 8 or 16 bits.

    Grey samples of fewer bits are brought to 8; numbers in a palette are not.
    """
    try:
        if header.depth < 16:
            return _read(contents)
        if header.color_type == 0:
            return _read(contents).astype(np.uint16)
        if header.color_type == 4:
            # Two samples of 16 bits lie like four of 8.
            parts = _read(contents, "RGBA", "RGBA")
            return _joined(parts[..., 0::2], parts[..., 1::2])
        mode = "RGB" if header.color_type == 2 else "RGBA"
        high = _read(contents, mode, f"{mode};16B")
        return _joined(high, _read(contents, mode, f"{mode};16L"))
    except (OSError, SyntaxError, ValueError):
        return None


def _joined(high: Array, low: Array) -> Array:
    return high.astype(np.uint16) << np.uint16(8) | low


def _read(contents: bytes, mode: str = "", raw_mode: str = "") -> Array:
    """Let Pillow read pixels, as another layout of bytes if one is named."""
    with pillow().open(io.BytesIO(contents), formats=["PNG"]) as image:
        if raw_mode:
            image._mode = mode  # noqa: SLF001 - how Pillow's own plugins set it
            image.tile = [image.tile[0]._replace(args=raw_mode)]
        image.load()
        pixels = np.asarray(image)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _converted(samples: Array, header: _Header, channels: int) -> Array:
    """Return the wanted channels in the depth of the samples."""
    color, alpha = _color_and_alpha(samples, header)
    wants_gray = channels < 3
    if wants_gray and color.shape[-1] == 3:
        color = _gray(color, header.gamma)
    elif not wants_gray and color.shape[-1] == 1:
        color = np.repeat(color, 3, axis=-1)
    if channels % 2:
        return color
    if alpha is None:
        # libpng writes the largest number of the file's depth, whatever comes out.
        opaque = np.array((1 << header.depth) - 1, color.dtype)
        alpha = np.broadcast_to(opaque, (*color.shape[:-1], 1))
    return np.concatenate([color, alpha], axis=-1)


def _color_and_alpha(samples: Array, header: _Header) -> tuple[Array, Array | None]:
    key = header.transparency
    if header.color_type == _PALETTE:
        palette = np.zeros((256, 3), np.uint8)
        palette[: len(header.palette)] = header.palette[:256]
        numbers = samples[..., 0]
        if key is None:
            return palette[numbers], None
        alphas = np.full(256, 255, np.uint8)
        given = np.frombuffer(key[:256], np.uint8)
        alphas[: len(given)] = given
        return palette[numbers], alphas[numbers][..., None]
    if header.color_type in (4, 6):
        return samples[..., :-1], samples[..., -1:]
    if key is None:
        return samples, None
    count = samples.shape[-1]
    wanted = np.array(struct.unpack_from(f">{count}H", key), np.int64)
    if header.depth < 8:
        wanted = wanted * 255 // ((1 << header.depth) - 1)
    is_transparent = (samples == wanted).all(axis=-1, keepdims=True)
    opaque = np.iinfo(samples.dtype).max
    alpha = np.where(is_transparent, 0, opaque).astype(samples.dtype)
    return samples, alpha


def _gray(color: Array, gamma: int) -> Array:
    """Weigh red, green and blue: as light, if the file says how they stand for it."""
    largest = np.iinfo(color.dtype).max
    is_linear = not gamma or abs(gamma - _NO_GAMMA) <= _GAMMA_TOLERANCE
    wide = color.astype(np.int64)
    if not is_linear:
        light = _powers(largest, 1e10 / gamma)[wide]
        sums = light @ _GRAY_SHARES + (1 << 14) >> 15
        gray = _powers(largest, gamma)[sums]
        is_gray = (color == color[..., :1]).all(axis=-1)
        return np.where(is_gray, wide[..., 0], gray).astype(color.dtype)[..., None]
    sums = wide @ _GRAY_SHARES
    if color.dtype == np.uint16:
        sums += 1 << 14
    return (sums >> 15).astype(color.dtype)[..., None]


def _powers(largest: int, exponent: float) -> Array:
    """Return for all numbers up to `largest` their power, in the same range."""
    shares = np.arange(largest + 1) / largest
    powers: Array = np.floor(largest * shares ** (exponent * 1e-5) + 0.5)
    return powers.astype(np.int64)


def _with_bits(pixels: Array, depth: int, bits: int) -> Array:
    if bits == 8:
        return (pixels >> 8).astype(np.uint8) if depth == 16 else pixels
    return pixels if depth == 16 else pixels.astype(np.uint16) * np.uint16(257)
