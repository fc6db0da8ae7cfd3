"""The gradient of a depthwise filter on the CPU: products of images, summed by channel.

A sum over places of a product of two images is bound by memory: nine places of 3x3
read everything nine times. So some rows are taken at a time, which stay in the cache,
and only what all of them add up to is stored, a row as long as theirs. Rows lie there
flat, place next to place, so that a step to the side is an offset; strides take columns
apart first, and several filters for each channel repeat it. (Time of a core for 3x3: 32
images of 28x28x64 31 ms as whole products, so 1.6; 8 of 112x112x32 6 ms.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax

__all__ = ["filter_gradient"]

_ROWS_MAX = 56  # in one sum
_ROWS_LEAST = 8
_BYTES_MAX = 1 << 20  # of the rows of both images: half of a second-level cache
_TERMS_MAX = 600  # products in one program
_LINE_BYTES = 64
_DY = -1  # stands among phases of the image for the gradient of the result


class _Column(NamedTuple):
    """What lies under a column of the filter.

    Attributes:
        phase: Which of the images that the strides take apart: its first column.
        shift: The column there that lies under column 0 of the result.
        first: The first column of the result that has something under it.
        stop: Where these end.
    """

    phase: int
    shift: int
    first: int
    stop: int


class _Blocks(NamedTuple):
    """The rows that are taken at a time.

    Attributes:
        images: So many images together, or one
        parts: in so many parts,
        rows: each of so many rows of the result,
        span: which lie on so many rows of the image.
        step: From row to row of the result.
        taps: Where rows of the filter begin.
        channels: Of the result.
    """

    images: int
    parts: int
    rows: int
    span: int
    step: int
    taps: range
    channels: int


def filter_gradient(
    image: Array,
    dy: Array,
    taps: tuple[int, int],
    pads: Sequence[tuple[int, int]],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> Array:
    """Return the gradient of a depthwise filter, `[h, w, c, m]`.

    Args:
        image: `[n, h, w, c]`.
        dy: `[n, h, w, c, m]`.
        taps: Height and width of the filter.
        pads: Rows above and below, columns before and after the image.
        strides: Along height and width.
        dilations: Along height and width.
    """
    xp = jax_numpy()
    width, channels, multiplier = dy.shape[2:]
    if not all((*dy.shape, *image.shape, *taps)):
        return xp.zeros((*taps, channels, multiplier), dy.dtype)
    columns = [
        _column(index * dilations[1] - pads[1][0], strides[1], image.shape[2], width)
        for index in range(taps[1])
    ]
    rows = range(0, taps[0] * dilations[0], dilations[0])
    blocks = _blocks(dy, rows, taps[1], strides[0])
    image, above = _image_in_blocks(image, pads[0][0], blocks)
    sums = _sums(image, above, _in_blocks(dy, blocks), blocks, columns, strides[1])
    found = [
        total.reshape(taps[0], column.stop - column.first, channels, multiplier).sum(1)
        for total, column in zip(sums, columns, strict=True)
    ]
    return xp.stack(found, 1)


def _column(start: int, stride: int, image_width: int, width: int) -> _Column:
    """Return a column of the filter, given what lies under column 0 of the result."""
    first = max(0, -(start // stride))
    stop = min(width, (image_width - 1 - start) // stride + 1)
    return _Column(start % stride, start // stride, first, max(first, stop))


def _blocks(dy: Array, taps: range, columns: int, step: int) -> _Blocks:
    n, height, width, *channels = dy.shape
    across = math.prod(channels)
    row_bytes = 2 * width * across * dy.dtype.itemsize
    most = min(_ROWS_MAX, max(_BYTES_MAX // row_bytes, _ROWS_LEAST))
    most = max(min(most, _TERMS_MAX // columns), 1)
    parts = -(-height // most)
    rows = -(-height // parts)
    together = range(1, max(most // height, 1) + 1)
    images = max(count for count in together if n % count == 0)
    span = (rows - 1) * step + taps[-1] + 1
    return _Blocks(images, parts, rows, span, step, taps, across)


def _in_blocks(dy: Array, blocks: _Blocks) -> Array:
    """Lay out `[n, h, w, c, m]` as `[block, image, row, w * c * m]`."""
    n, height = dy.shape[:2]
    flat = dy.reshape(n, height, -1)
    missing = blocks.parts * blocks.rows - height
    if missing:
        pads = [(0, 0, 0), (0, missing, 0), (0, 0, 0)]
        flat = lax().pad(flat, dy.dtype.type(0), pads)
    return flat.reshape(-1, blocks.images, blocks.rows, flat.shape[2])


def _image_in_blocks(image: Array, above: int, blocks: _Blocks) -> tuple[Array, int]:
    """Return images, `[n, image, row, w, c]`, and how many rows lack above them.

    None do in parts of images, which overlap.
    """
    n, height, width, channels = image.shape
    if blocks.parts > 1:
        whole = (blocks.parts - 1) * blocks.rows * blocks.step + blocks.span
        pads = [(0, 0, 0), (above, whole - height - above, 0), (0, 0, 0)]
        flat = lax().pad(image.reshape(n, height, -1), image.dtype.type(0), pads)
        image = lax().optimization_barrier(flat)
        above, height = 0, whole
    return image.reshape(-1, blocks.images, height, width, channels), above


def _sums(
    image: Array,
    above: int,
    dy: Array,
    blocks: _Blocks,
    columns: Sequence[_Column],
    stride: int,
) -> list[Array]:
    """Sum products over images and rows.

    Args:
        image: `[n, image, row, w, c]`.
        above: How many rows lack above them.
        dy: `[block, image, row, w * c * m]`.
        blocks: What is taken at a time.
        columns: Those of the filter.
        stride: Along the width.

    Returns:
        For each column `[h, (column.stop - column.first) * c * m]`.
    """
    phases = sorted({column.phase for column in columns})
    given = max(min(blocks.span - above, image.shape[2]), 0)

    def add_block(number: Array, state: Any) -> Any:
        kept, totals = state
        start = number % blocks.parts * (blocks.rows * blocks.step)
        taken = lax().dynamic_slice(
            image,
            (number // blocks.parts, 0, start, 0, 0),
            (1, blocks.images, given, *image.shape[3:]),
        )[0]
        parts = {_DY: lax().dynamic_index_in_dim(dy, number, 0, False)}
        for phase in phases:
            parts[phase] = _repeated(taken[:, :, phase::stride], blocks.channels)
        kept = {
            phase: lax().dynamic_update_slice(
                kept[phase], part, (0, 0 if phase == _DY else above, 0)
            )
            for phase, part in parts.items()
        }
        totals = [
            total + _sum_of_products(kept[column.phase], kept[_DY], column, blocks)
            for total, column in zip(totals, columns, strict=True)
        ]
        return kept, totals

    xp = jax_numpy()
    across, taps = blocks.channels, len(blocks.taps)
    kept = {_DY: _room(blocks.images, blocks.rows, dy.shape[3], dy.dtype)}
    for phase in phases:
        width = len(range(phase, image.shape[3], stride)) * across
        kept[phase] = _room(blocks.images, blocks.span, width, dy.dtype)
    totals = [
        xp.zeros((taps, (column.stop - column.first) * across), dy.dtype)
        for column in columns
    ]
    state = kept, totals
    return lax().fori_loop(0, dy.shape[0], add_block, state)[1]


def _room(images: int, rows: int, width: int, dtype: Any) -> Array:
    """Return zeros for the rows of a block.

    Rows begin in other sets of the cache, or few of them would fit. There is one more
    than will be written: what is written as a whole is not copied but read where it is.
    """
    line = _LINE_BYTES // np.dtype(dtype).itemsize
    lines = -(-width // line) | 1
    return jax_numpy().zeros((images, rows + 1, lines * line), dtype)


def _repeated(part: Array, across: int) -> Array:
    """Repeat channels for each of their filters, `across` in all, and flatten rows."""
    images, rows, width, channels = part.shape
    if across != channels:
        part = jax_numpy().broadcast_to(
            part[..., None], (*part.shape, across // channels)
        )
    return part.reshape(images, rows, width * across)


def _sum_of_products(
    image: Array, dy: Array, column: _Column, blocks: _Blocks
) -> Array:
    """Sum the products of a block under a column of the filter, `[h, ...]`."""
    across, taps = blocks.channels, blocks.taps
    first, stop = column.first * across, column.stop * across
    shift = column.shift * across
    total = None
    for one, row in np.ndindex(blocks.images, blocks.rows):
        under = row * blocks.step
        rows = image[one, under : under + taps.stop : taps.step]
        product = rows[:, first + shift : stop + shift] * dy[one, row, first:stop]
        total = product if total is None else total + product
    assert total is not None
    return total
