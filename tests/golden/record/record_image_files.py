"""Records what TensorFlow decodes of files of images, and the files it writes.

Usage: python -m tests.golden.record.record_image_files
"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.golden.record.kernel_values import Case, run, write

OUT = Path(__file__).parents[1] / "image_files" / "values.npz"
RNG = np.random.RandomState(17)


def photo(height: int, width: int, channels: int, dtype: str = "uint8") -> Any:
    """Return an image with slopes and some noise."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [0.5 + 0.4 * np.sin(x / 7 + k) * np.cos(y / 5 + k) for k in range(channels)]
    noisy = np.stack(waves, -1) + RNG.normal(0, 0.05, (height, width, channels))
    high = np.iinfo(dtype).max
    return np.clip(noisy * high, 0, high).astype(dtype)


def text(contents: bytes) -> Any:
    """Return a string scalar."""
    return np.array(contents, object)


def saved(image: Any, kind: str, **options: Any) -> bytes:
    """Return a file that Pillow writes."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def encodings() -> Iterator[Case]:
    """Yield files that are written."""
    for channels, size in itertools.product((1, 3), ((7, 9), (16, 24))):
        image = photo(*size, channels)
        for attrs in (
            {},
            {"quality": 40},
            {"quality": 0},
            {"quality": 100, "chroma_downsampling": False},
            {"progressive": True},
            {"optimize_size": True, "quality": 80},
            {"density_unit": "cm", "x_density": 11, "y_density": 300},
            {"xmp_metadata": "<x/>", "format": "rgb" if channels == 3 else "grayscale"},
        ):
            yield Case("encode", "EncodeJpeg", attrs, {"image": image})
        given = {"images": image, "quality": np.int32(35)}
        yield Case("encode", "EncodeJpegVariableQuality", {}, given)
    for channels, dtype in itertools.product((1, 2, 3, 4), ("uint8", "uint16")):
        for level in (-1, 0, 1, 9):
            image = photo(5, 8, channels, dtype)
            yield Case("encode", "EncodePng", {"compression": level}, {"image": image})
    yield Case("encode", "EncodePng", {}, {"image": photo(4, 6, 3)[None, None]})


def _jpegs() -> Iterator[bytes]:
    for channels, size in ((1, (9, 13)), (3, (9, 13)), (3, (33, 18))):
        for options in ({"quality": 90}, {"quality": 60, "progressive": True}):
            image = photo(*size, channels)
            picture = Image.fromarray(image[..., 0] if channels == 1 else image)
            yield saved(picture, "JPEG", **options)
    picture = Image.fromarray(photo(17, 21, 3))
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        yield saved(picture, "JPEG", subsampling=subsampling)


def jpegs() -> Iterator[Case]:
    """Yield JPEG files and every way to decode them."""
    for contents in _jpegs():
        given = {"contents": text(contents)}
        for channels in (0, 1, 3):
            yield Case("jpeg", "DecodeJpeg", {"channels": channels}, given)
        for attrs in (
            {"ratio": 2},
            {"ratio": 4, "channels": 3},
            {"ratio": 8},
            {"fancy_upscaling": False},
            {"dct_method": "INTEGER_ACCURATE"},
            {"dct_method": "INTEGER_FAST"},
        ):
            yield Case("jpeg", "DecodeJpeg", attrs, given)
        yield Case("jpeg", "ExtractJpegShape", {}, given)
        yield Case("jpeg", "ExtractJpegShape", {"output_type": np.int64}, given)
        yield Case("jpeg", "DecodePng", {"dtype": np.uint16}, given)
        yield Case("jpeg", "DecodeGif", {}, given)
        for dtype in (np.uint8, np.uint16, np.float32):
            yield Case("jpeg", "DecodeImage", {"dtype": dtype}, given)
        window = {**given, "crop_window": np.array([2, 3, 5, 8], np.int32)}
        yield Case("jpeg", "DecodeAndCropJpeg", {}, window)
    cmyk = Image.fromarray(photo(9, 11, 4), "CMYK")
    given = {"contents": text(saved(cmyk, "JPEG", quality=90))}
    for channels in (0, 3):
        yield Case("jpeg", "DecodeJpeg", {"channels": channels}, given)
    yield Case("jpeg", "ExtractJpegShape", {}, given)


def _png(header: bytes, rows: bytes, *others: tuple[bytes, bytes]) -> bytes:
    """Put a PNG file together whose rows are not filtered."""
    parts = [(b"IHDR", header), *others, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _odd_pngs() -> Iterator[bytes]:
    """Yield what Pillow does not write: few bits, one transparent colour."""
    palette = RNG.randint(0, 256, 48).astype(np.uint8).tobytes()
    for depth in (1, 2, 4, 8):
        row_bytes = -(-10 * depth // 8)
        rows = b"".join(
            b"\0" + RNG.randint(0, 256, row_bytes).astype(np.uint8).tobytes()
            for _ in range(6)
        )
        header = struct.pack(">IIBBBBB", 10, 6, depth, 0, 0, 0, 0)
        yield _png(header, rows)
        yield _png(header, rows, (b"tRNS", struct.pack(">H", 1)))
        colors = struct.pack(">IIBBBBB", 10, 6, depth, 3, 0, 0, 0)
        small = (
            rows
            if depth < 8
            else b"".join(
                b"\0" + RNG.randint(0, 16, 10).astype(np.uint8).tobytes()
                for _ in range(6)
            )
        )
        yield _png(colors, small, (b"PLTE", palette))
        yield _png(colors, small, (b"PLTE", palette), (b"tRNS", bytes([0, 90, 200])))
    for depth, kind in ((8, np.uint8), (16, ">u2")):
        header = struct.pack(">IIBBBBB", 5, 4, depth, 2, 0, 0, 0)
        image = photo(4, 5, 3, "uint8").astype(kind) * (1 if depth == 8 else 250)
        rows = b"".join(b"\0" + row.astype(kind).tobytes() for row in image)
        for gamma in (45455, 100000, 60000) if depth == 8 else (98000,):
            yield _png(header, rows, (b"gAMA", struct.pack(">I", gamma)))
        yield _png(header, rows, (b"sRGB", b"\0")) if depth == 8 else _png(header, rows)
        pixels = photo(4, 5, 3, "uint8").astype(kind)
        rows = b"".join(b"\0" + row.tobytes() for row in pixels)
        header = struct.pack(">IIBBBBB", 5, 4, depth, 2, 0, 0, 0)
        key = struct.pack(">3H", *(int(v) for v in pixels[1, 2]))
        yield _png(header, rows, (b"tRNS", key))


def _pngs() -> Iterator[bytes]:
    for channels, dtype in itertools.product((1, 2, 3, 4), ("uint8", "uint16")):
        image = photo(5, 8, channels, dtype)
        yield run(Case("", "EncodePng", {}, {"image": image}))[0].item()
    yield from _odd_pngs()


def pngs() -> Iterator[Case]:
    """Yield PNG files of every kind."""
    for contents in _pngs():
        given = {"contents": text(contents)}
        for channels, dtype in itertools.product((0, 1, 3, 4), (np.uint8, np.uint16)):
            attrs = {"channels": channels, "dtype": dtype}
            yield Case("png", "DecodePng", attrs, given)
        yield Case("png", "DecodeImage", {"dtype": np.float32}, given)
        yield Case("png", "DecodeJpeg", {}, given)
        yield Case("png", "DecodeGif", {}, given)


def _gif(frames: list[tuple[tuple[int, ...], bytes]], size: tuple[int, int]) -> bytes:
    """Put a GIF file together of frames that Pillow compresses."""
    colors = RNG.randint(0, 256, 24).astype(np.uint8).tobytes()
    screen = struct.pack("<HH", *size) + bytes([0x80 | 2, 0, 0]) + colors
    parts = [b"GIF89a", screen]
    for place, block in frames:
        parts += [b",", struct.pack("<HHHHB", *place, 0), block]
    return b"".join([*parts, b";"])


def _block(height: int, width: int) -> bytes:
    """Return the compressed numbers, below 8, of one frame."""
    image = Image.fromarray(RNG.randint(0, 8, (height, width)).astype(np.uint8), "P")
    image.putpalette(np.arange(24, dtype=np.uint8).tobytes())
    contents = saved(image, "GIF", optimize=False)
    place = contents.rindex(b"," + struct.pack("<HHHH", 0, 0, width, height)) + 9
    flags = contents[place]
    start = place + 1 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    return contents[start:-1]


def gifs() -> Iterator[Case]:
    """Yield GIF files with one frame and several, with parts of the canvas."""
    whole = ((0, 0, 9, 7), _block(7, 9))
    part = ((2, 1, 5, 4), _block(4, 5))
    over = ((6, 4, 5, 6), _block(6, 5))
    pictures = [Image.fromarray(photo(6, 8, 3)).quantize(16) for _ in range(3)]
    files = [
        _gif([whole], (9, 7)),
        _gif([whole, part, whole, over], (9, 7)),
        _gif([part, whole], (9, 7)),
        saved(pictures[0], "GIF"),
        saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:]),
        saved(pictures[0], "GIF", interlace=1),
    ]
    for contents in files:
        given = {"contents": text(contents)}
        yield Case("gif", "DecodeGif", {}, given)
        for dtype, expands in itertools.product(
            (np.uint8, np.uint16, np.float32), (True, False)
        ):
            attrs = {"dtype": dtype, "expand_animations": expands}
            yield Case("gif", "DecodeImage", attrs, given)
    single = {"contents": text(files[0])}
    yield Case("gif", "DecodePng", {}, single)
    yield Case("gif", "DecodeJpeg", {}, single)


def bmps() -> Iterator[Case]:
    """Yield BMP files, bottom up and top down."""
    for count, height in itertools.product((1, 3, 4), (5, -5)):
        row_size = (6 * count + 3) // 4 * 4
        rows = RNG.randint(1, 256, 5 * row_size).astype(np.uint8).tobytes()
        header = struct.pack(
            "<2sIHHIIiiHHIIIIII",
            *(b"BM", 54 + len(rows), 0, 0, 54, 40, 6, height),
            *(1, 8 * count, 0, len(rows), 1, 1, 0, 0),
        )
        given = {"contents": text(header + rows)}
        for channels in {1: (0,), 3: (0, 3, 4), 4: (0, 4)}[count]:
            yield Case("bmp", "DecodeBmp", {"channels": channels}, given)
        # TensorFlow ends the process if it converts what is stored top down.
        for dtype in (np.uint8, np.uint16, np.float32)[: 3 if height > 0 else 1]:
            yield Case("bmp", "DecodeImage", {"dtype": dtype}, given)


def webps() -> Iterator[Case]:
    """Yield WebP files."""
    picture = Image.fromarray(photo(16, 20, 3))
    clear = Image.fromarray(photo(16, 20, 4), "RGBA")
    files = [
        saved(picture, "WEBP", lossless=True),
        saved(picture, "WEBP", quality=80),
        saved(clear, "WEBP", lossless=True),
    ]
    # Of animations TensorFlow damages its memory.
    for contents in files:
        # What follows the file is passed over; a zero byte would be lost.
        given = {"contents": text(contents + b"\1")}
        for channels in (0, 3, 4):
            yield Case("webp", "DecodeWebP", {"channels": channels}, given)
        yield Case("webp", "DecodeImage", {}, given)


def recordable(cases: Iterator[Case]) -> Iterator[Case]:
    """Yield the cases that TensorFlow does not refuse, and name the others."""
    for case in cases:
        try:
            run(case)
        except Exception as error:  # noqa: BLE001 - named and left out
            lines = [line for line in str(error).splitlines() if "File" not in line]
            print("left out:", case.op, case.attrs, " ".join(lines)[:150])
        else:
            yield case


def main() -> None:
    """Record every family."""
    families = (encodings, jpegs, pngs, gifs, bmps, webps)
    write(OUT, (case for family in families for case in recordable(family())))


if __name__ == "__main__":
    main()
