"""GIF files: every frame, put together as TensorFlow does.

Blocks are read here; Pillow undoes the compression of each frame. Neither the times of
frames nor what becomes of them before the next one plays a part.

Source: tensorflow core/lib/gif/gif_io.cc; GIF89a specification.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from metagraft.kernels.image_library import pillow
from metagraft.kernels.kernel import Array

__all__ = ["SIGNATURE", "decoded"]

SIGNATURE: Final = b"GIF8"
_SCREEN_BYTES: Final = 13
_HAS_COLORS: Final = 0x80
_COLOR_BITS: Final = 0x07
_INTERLACED: Final = 0x40
_IMAGE: Final = 0x2C
_EXTENSION: Final = 0x21
_END: Final = 0x3B
_GRAYS: Final = np.arange(256, dtype=np.uint8).repeat(3).tobytes()


class _GifError(Exception):
    """What is wrong with a file."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """One image of a file.

    Attributes:
        left: Where it begins on the canvas.
        top: Where it begins on the canvas.
        width: Columns.
        height: Rows.
        is_interlaced: Whether rows come in four passes.
        colors: `uint8[n, 3]`, or None.
        data: The compressed numbers of colours.
    """

    left: int
    top: int
    width: int
    height: int
    is_interlaced: bool
    colors: Array | None
    data: bytes


def decoded(contents: bytes) -> Array | str:
    """Return `uint8[frames, height, width, 3]`, or what is wrong."""
    try:
        return _composed(_frames(contents))
    except _GifError as error:
        return f"Invalid GIF data (size {len(contents)}), {error}"


def _frames(contents: bytes) -> list[_Frame]:
    if len(contents) < _SCREEN_BYTES:
        raise _GifError("failed to open gif file: No screen descriptor detected")
    flags = contents[10]
    place = _SCREEN_BYTES
    shared, place = _colors(contents, place, flags)
    frames: list[_Frame] = []
    while True:
        if place >= len(contents):
            raise _GifError("failed to slurp gif file: Image EOF detected")
        kind = contents[place]
        place += 1
        if kind == _END:
            break
        if kind == _EXTENSION:
            place = _after_blocks(contents, place + 1)
        elif kind == _IMAGE:
            frame, place = _frame(contents, place, shared)
            frames.append(frame)
        else:
            raise _GifError("failed to slurp gif file: Wrong record type detected")
    if not frames:
        raise _GifError("gif file does not contain any image")
    return frames


def _colors(contents: bytes, place: int, flags: int) -> tuple[Array | None, int]:
    if not flags & _HAS_COLORS:
        return None, place
    size = 3 << (flags & _COLOR_BITS) + 1
    colors = np.frombuffer(contents[place : place + size], np.uint8)
    if len(colors) < size:
        raise _GifError("failed to open gif file: Failed to read from given file")
    return colors.reshape(-1, 3), place + size


def _after_blocks(contents: bytes, place: int) -> int:
    while place < len(contents) and contents[place]:
        place += contents[place] + 1
    return place + 1


def _frame(contents: bytes, place: int, shared: Array | None) -> tuple[_Frame, int]:
    if place + 9 > len(contents):
        raise _GifError("failed to slurp gif file: Failed to read from given file")
    left, top, width, height, flags = struct.unpack_from("<HHHHB", contents, place)
    own, place = _colors(contents, place + 9, flags)
    end = _after_blocks(contents, place + 1)
    colors = shared if own is None else own
    is_interlaced = bool(flags & _INTERLACED)
    data = contents[place:end]
    return _Frame(left, top, width, height, is_interlaced, colors, data), end


def _numbers(frame: _Frame) -> Array:
    """Let Pillow read one frame, as a file of its own whose colours are numbers."""
    size = struct.pack("<HH", frame.width, frame.height)
    flags = _INTERLACED if frame.is_interlaced else 0
    alone = b"".join(
        (
            b"GIF89a",
            size,
            bytes([_HAS_COLORS | 0x77, 0, 0]),
            _GRAYS,
            bytes([_IMAGE]),
            bytes(4),
            size,
            bytes([flags]),
            frame.data,
            bytes([_END]),
        )
    )
    try:
        with pillow().open(io.BytesIO(alone), formats=["GIF"]) as image:
            return np.asarray(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise _GifError(
            "failed to slurp gif file: Image is defective, decoding aborted"
        ) from error


def _composed(frames: list[_Frame]) -> Array:
    width = max(frame.width for frame in frames)
    height = max(frame.height for frame in frames)
    canvas = np.zeros((len(frames), height, width, 3), np.uint8)
    for number, frame in enumerate(frames):
        place = frame.left, frame.top, frame.width, frame.height
        if number and place != (0, 0, width, height):
            canvas[number] = canvas[number - 1]
        if frame.colors is None:
            raise _GifError(f"missing color map for frame {number}")
        numbers = _numbers(frame)[: height - frame.top, : width - frame.left]
        if numbers.size and numbers.max() >= len(frame.colors):
            raise _GifError(
                f"found color index {numbers.max()} outside of color map range"
                f" {len(frame.colors)}"
            )
        rows = slice(frame.top, frame.top + numbers.shape[0])
        columns = slice(frame.left, frame.left + numbers.shape[1])
        canvas[number, rows, columns] = frame.colors[numbers]
    return canvas
