"""JPEG files, with the pixels and bytes that TensorFlow gives.

Decoding goes through simplejpeg, as Pillow always takes the accurate transform and
TensorFlow the fast one; encoding through Pillow, which alone makes progressive files.
Both stand on libjpeg-turbo, as TensorFlow does.

Source: tensorflow core/lib/jpeg/jpeg_mem.cc.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np

from metagraft.kernels.image_library import pillow, simplejpeg
from metagraft.kernels.kernel import Array

__all__ = ["JpegFormat", "JpegOptions", "decoded", "encoded", "shape_of"]

_COLOR_SPACES: Final = {1: "GRAY", 3: "RGB"}
_CMYK: Final = ("CMYK", "YCCK")
_TOO_SHORT: Final = "Premature end of JPEG file"
# What libjpeg warns of and passes over; everything else ends decoding.
_WARNINGS: Final = (
    "Corrupt JPEG data",
    "Inconsistent progression sequence",
    "Invalid SOS parameters",
    "Premature end of JPEG",
    "Unknown Adobe color transform",
    "Warning",
)
_XMP_NAME: Final = b"http://ns.adobe.com/xap/1.0/\0"
# Start of image, and the header that says how dense pixels are.
_DENSITY_PLACE: Final = 13
_HEADER_BYTES: Final = 20
_UNITS: Final = {"in": 1, "cm": 2}
_LARGEST: Final = 1 << 29


@dataclass(frozen=True, slots=True)
class JpegOptions:
    """How a file is decoded.

    Attributes:
        channels: 1 or 3; 0 for those of the file.
        ratio: Divides the sizes.
        is_fancy: Whether colours are interpolated.
        is_fast: Whether the fast integer transform is taken.
        recovers: Whether what is missing is made up.
    """

    channels: int = 0
    ratio: int = 1
    is_fancy: bool = True
    is_fast: bool = True
    recovers: bool = False


def shape_of(contents: bytes) -> tuple[int, int, int] | None:
    """Return height, width and channels, or None if it is no JPEG file."""
    found = _header(contents)
    return None if found is None else found[:3]


def _header(contents: bytes) -> tuple[int, int, int, bool] | None:
    """Return height, width, channels, and whether simplejpeg can decode it."""
    try:
        height, width, space, _ = simplejpeg().decode_jpeg_header(
            contents, strict=False
        )
    except (KeyError, ValueError):
        return _header_of_pillow(contents)
    return height, width, 1 if space == "Gray" else 4 if space in _CMYK else 3, True


def _header_of_pillow(contents: bytes) -> tuple[int, int, int, bool] | None:
    try:
        with pillow().open(io.BytesIO(contents), formats=["JPEG"]) as image:
            return image.height, image.width, len(image.getbands()), False
    except (OSError, SyntaxError, ValueError):
        return None


def decoded(contents: bytes, options: JpegOptions) -> Array | None:
    """Return `uint8[height, width, channels]`, or None if it cannot be decoded."""
    header = _header(contents)
    if header is None or header[0] * header[1] * header[2] >= _LARGEST:
        return None
    height, width, components, is_usual = header
    channels = options.channels or min(components, 3)
    if components == 4 and channels != 3:
        return None
    if not is_usual:
        return _decoded_by_pillow(contents, channels, options)
    arguments = {
        "fastdct": options.is_fast,
        "fastupsample": not options.is_fancy,
        "min_height": -(-height // options.ratio),
        "min_width": -(-width // options.ratio),
    }
    if components == 4:
        pixels = _pixels(contents, "CMYK", arguments, recovers=options.recovers)
        return None if pixels is None else _from_cmyk(pixels, contents)
    space = _COLOR_SPACES[channels]
    return _pixels(contents, space, arguments, recovers=options.recovers)


def _pixels(
    contents: bytes, space: str, arguments: dict[str, Any], *, recovers: bool
) -> Array | None:
    decode = simplejpeg().decode_jpeg
    try:
        pixels: Array = decode(contents, space, strict=True, **arguments)
    except ValueError as error:
        is_warning = any(text in str(error) for text in _WARNINGS)
        if not is_warning or (_TOO_SHORT in str(error) and not recovers):
            # TF: may return the lines that are there; here all must be there.
            return None
    else:
        return pixels
    try:
        # Small damages are passed over.
        # TF: makes up other pixels for what is missing, of an older libjpeg-turbo.
        pixels = decode(contents, space, strict=False, **arguments)
    except ValueError:
        return None
    return pixels


def _decoded_by_pillow(
    contents: bytes, channels: int, options: JpegOptions
) -> Array | None:
    """Decode a file whose colours have a resolution that simplejpeg does not take.

    # TF: with the fast transform, so its pixels differ by a few levels from these.
    """
    try:
        with pillow().open(io.BytesIO(contents), formats=["JPEG"]) as image:
            if options.ratio > 1:
                sizes = (-(-size // options.ratio) for size in image.size)
                image.draft(image.mode, tuple(sizes))
            if image.mode == "CMYK":
                # Pillow takes all of them for Adobe's, and inverts them.
                return _from_cmyk(255 - np.asarray(image), contents)
            pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    except (OSError, SyntaxError, ValueError):
        return None
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _from_cmyk(pixels: Array, contents: bytes) -> Array:
    wide = pixels.astype(np.int32)
    black = wide[..., 3:]
    if b"\xff\xee" in contents and b"Adobe" in contents:
        # Adobe's files hold the inverse.
        return (black * wide[..., :3] // 255).astype(np.uint8)
    return ((255 - black) * (255 - wide[..., :3]) // 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class JpegFormat:
    """How an image is encoded; the attributes are those of EncodeJpeg."""

    quality: int = 95
    progressive: bool = False
    optimize_size: bool = False
    chroma_downsampling: bool = True
    density_unit: str = "in"
    x_density: int = 300
    y_density: int = 300
    xmp_metadata: bytes = b""


def encoded(image: Array, chosen: JpegFormat) -> bytes:
    """Encode `uint8[height, width, channels]`, of one channel or three."""
    library = pillow()
    height, width, channels = image.shape
    is_gray = channels == 1
    pixels = np.ascontiguousarray(image[..., 0] if is_gray else image)
    # One buffer has to hold the whole of a progressive file.
    blocks: Any = import_module("PIL.ImageFile")
    blocks.MAXBLOCK = max(blocks.MAXBLOCK, 4 * height * width * channels + 4096)
    stream = io.BytesIO()
    library.fromarray(pixels).save(
        stream,
        "JPEG",
        quality=max(1, chosen.quality),
        subsampling=2 if chosen.chroma_downsampling and not is_gray else 0,
        progressive=chosen.progressive,
        optimize=chosen.optimize_size,
        dpi=(300, 300),
    )
    data = bytearray(stream.getvalue())
    density = (_UNITS[chosen.density_unit], chosen.x_density, chosen.y_density)
    struct.pack_into(">BHH", data, _DENSITY_PLACE, *density)
    if chosen.xmp_metadata:
        packet = _XMP_NAME + chosen.xmp_metadata
        marker = b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet
        data[_HEADER_BYTES:_HEADER_BYTES] = marker
    return bytes(data)
