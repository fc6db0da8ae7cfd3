"""The gradient of a depthwise filter on the CPU: products of images, summed by channel.

A sum over places of a product of two images is bound by memory: nine places of 3x3
read everything nine times. So some rows are taken at a time, which stay in the cache,
and only what all of them add up to is stored, a row as long as theirs, in pieces: a
piece of all rows, with zeros beside it, stays in the first cache for all rows of the
filter. Rows lie flat, place next to place, so that a step to the side is an offset;
strides take columns apart first, and several filters for each channel repeat it.
Nothing is reshaped to an axis of one: XLA would lay out all of it anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax

__all__ = ["filter_gradient"]

_ROWS_MAX = 28  # in one sum
_ROWS_LEAST = 8
_BYTES_MAX = 1 << 20  # of the rows of both images: half of a second-level cache
_PIECE_BYTES = 40 << 10  # of the pieces of rows of both: within a first-level cache
_TERMS_MAX = 600  # products in one program
_LINE_BYTES = 64
_DY = -1  # stands among phases of the image for the gradient of the result


class _Column(NamedTuple):
    """What lies under a column of the filter.

    Attributes:
        phase: Which of the images that the strides take apart: its first column.
        shift: The column there that lies under column 0 of the result.
    """

    phase: int
    shift: int


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
        pieces: So many parts of a row, the last of which may end in zeros,
        length: each so long.
    """

    images: int
    parts: int
    rows: int
    span: int
    step: int
    taps: range
    channels: int
    pieces: int
    length: int


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
        _Column(start % strides[1], start // strides[1])
        for start in range(
            -pads[1][0], taps[1] * dilations[1] - pads[1][0], dilations[1]
        )
    ]
    rows = range(0, taps[0] * dilations[0], dilations[0])
    blocks = _blocks(dy, rows, taps[1], strides[0])
    image, above = _image_in_blocks(image, pads[0][0], blocks)
    sums = xp.stack(
        _sums(image, above, _in_blocks(dy, blocks), blocks, columns, strides[1])
    )
    sums = sums.transpose(2, 0, 1, 3).reshape(taps[0], taps[1], -1)
    sums = sums[:, :, : width * blocks.channels]
    return sums.reshape(*taps, width, channels, multiplier).sum(2)


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
    line = _LINE_BYTES // dy.dtype.itemsize
    lines = -(-width * across // line)
    most = max(_PIECE_BYTES // (images * (rows + span) * _LINE_BYTES), 1)
    pieces = -(-lines // most)
    length = -(-lines // pieces) * line
    return _Blocks(images, parts, rows, span, step, taps, across, pieces, length)


def _in_blocks(dy: Array, blocks: _Blocks) -> Array:
    """Lay out `[n, h, w, c, m]` as `[n, row, w * c * m]`, with rows of whole blocks."""
    n, height = dy.shape[:2]
    flat = dy.reshape(n, height, -1)
    missing = blocks.parts * blocks.rows - height
    if missing:
        pads = [(0, 0, 0), (0, missing, 0), (0, 0, 0)]
        flat = lax().pad(flat, dy.dtype.type(0), pads)
    return flat


def _image_in_blocks(image: Array, above: int, blocks: _Blocks) -> tuple[Array, int]:
    """Return images, `[n, row, w, c]`, and how many rows lack above them.

    None do in parts of images, which overlap.
    """
    n, height, width, channels = image.shape
    if blocks.parts > 1:
        whole = (blocks.parts - 1) * blocks.rows * blocks.step + blocks.span
        pads = [(0, 0, 0), (above, whole - height - above, 0), (0, 0, 0)]
        flat = lax().pad(image.reshape(n, height, -1), image.dtype.type(0), pads)
        flat = lax().optimization_barrier(flat)
        image, above = flat.reshape(n, whole, width, channels), 0
    return image, above


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
        image: `[n, row, w, c]`.
        above: How many rows lack above them.
        dy: `[n, row, w * c * m]`.
        blocks: What is taken at a time.
        columns: Those of the filter.
        stride: Along the width.

    Returns:
        For each column `[piece, h, length]`.
    """
    before, kept = _rooms(columns, blocks, image.shape[2], stride, dy.dtype)
    given = max(min(blocks.span - above, image.shape[1]), 0)

    def add_block(number: Array, state: Any) -> Any:
        kept, totals = state
        one = number // blocks.parts * blocks.images
        row = number % blocks.parts * blocks.rows
        taken = lax().dynamic_slice(
            image,
            (one, row * blocks.step, 0, 0),
            (blocks.images, given, *image.shape[2:]),
        )
        sizes = blocks.images, blocks.rows, dy.shape[2]
        parts = {_DY: lax().dynamic_slice(dy, (one, row, 0), sizes)}
        for phase in sorted(kept.keys() - {_DY}):
            parts[phase] = _repeated(taken[:, :, phase::stride], blocks.channels)
        kept = {
            phase: lax().dynamic_update_slice(
                kept[phase], part, (0, 0 if phase == _DY else above, before[phase])
            )
            for phase, part in parts.items()
        }
        totals = [
            total
            + _sum_of_products(
                kept[column.phase],
                kept[_DY],
                before[column.phase] + column.shift * blocks.channels,
                blocks,
            )
            for total, column in zip(totals, columns, strict=True)
        ]
        return kept, totals

    sizes = blocks.pieces, len(blocks.taps), blocks.length
    state = kept, [jax_numpy().zeros(sizes, dy.dtype) for _ in columns]
    count = dy.shape[0] // blocks.images * blocks.parts
    return lax().fori_loop(0, count, add_block, state)[1]


def _rooms(
    columns: Sequence[_Column], blocks: _Blocks, width: int, stride: int, dtype: Any
) -> tuple[dict[int, int], dict[int, Array]]:
    """Return where rows begin, and room for them, for `dy` and each phase."""
    across, whole = blocks.channels, blocks.pieces * blocks.length
    before, kept = {_DY: 0}, {_DY: _room(blocks.images, blocks.rows, whole, dtype)}
    for phase in sorted({column.phase for column in columns}):
        shifts = [column.shift for column in columns if column.phase == phase]
        before[phase] = max(-min(shifts), 0) * across
        held = len(range(phase, width, stride)) * across
        most = before[phase] + max(max(shifts) * across + whole, held)
        kept[phase] = _room(blocks.images, blocks.span, most, dtype)
    return before, kept


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


def _sum_of_products(image: Array, dy: Array, first: int, blocks: _Blocks) -> Array:
    """Sum the products of a block under a column of the filter, `[piece, h, ...]`.

    Args:
        image: `[image, row, ...]`.
        dy: `[image, row, ...]`.
        first: Where in rows of the image the first product is.
        blocks: What is taken at a time.
    """
    whole, taps = blocks.pieces * blocks.length, blocks.taps
    total = None
    for one, row in np.ndindex(blocks.images, blocks.rows):
        under = row * blocks.step
        rows = image[one, under : under + taps.stop : taps.step, first : first + whole]
        rows = rows.reshape(-1, blocks.pieces, blocks.length).transpose(1, 0, 2)
        product = rows * dy[one, row, :whole].reshape(-1, 1, blocks.length)
        total = product if total is None else total + product
    assert total is not None
    return total
