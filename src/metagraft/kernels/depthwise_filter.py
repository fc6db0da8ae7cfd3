"""The gradient of a depthwise filter on the CPU: products of images, summed by channel.

A sum over places of a product of two images is bound by memory: nine places of 3x3
read everything nine times. So images are taken one after the other, which stay in the
cache, and a few rows are added up before anything is stored. Rows lie there flat, place
next to place, so that a step to the side is an offset; strides take images apart first.
(Time of a core for 3x3: 32 images of 28x28x64 16 ms as whole products, so 8.5; 8 of
112x112x32 76 ms, so 30.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax

__all__ = ["filter_gradient"]

_ROWS_ADDED = 7
_TERMS_MAX = 600  # products in one program

# Which of the images that the strides take apart: its first row and column.
_Phase = tuple[int, int]


class _Place(NamedTuple):
    """Where what stands under a place of the filter begins."""

    phase: _Phase
    row: int
    column: int


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
    _, height, _, channels, multiplier = dy.shape
    if not all((*dy.shape, *taps)):
        return xp.zeros((*taps, channels, multiplier), dy.dtype)
    places = [_place(offset, strides, dilations) for offset in np.ndindex(*taps)]
    added = max(min(_ROWS_ADDED, height, _TERMS_MAX // (len(places) * multiplier)), 1)
    rows = -(-height // added) * added
    phases = {
        phase: rows + max(place.row for place in places if place.phase == phase)
        for phase in {place.phase for place in places}
    }
    zero = dy.dtype.type(0)

    def add_image(total: Array, one: tuple[Array, Array]) -> Any:
        image, above = one
        padded = lax().pad(image, zero, [(*pads[0], 0), (*pads[1], 0), (0, 0, 0)])
        parts = {
            phase: _flat_rows(padded[phase[0] :: strides[0], phase[1] :: strides[1]], n)
            for phase, n in phases.items()
        }
        given = [_flat_rows(above[..., number], rows) for number in range(multiplier)]
        sums = [
            _sum_of_products(parts[place.phase], values, place, added, channels)
            for place in places
            for values in given
        ]
        return total + xp.stack(sums), None

    total = xp.zeros((len(places) * multiplier, channels), dy.dtype)
    total, _ = lax().scan(add_image, total, (image, dy))
    return total.reshape(*taps, multiplier, channels).swapaxes(2, 3)


def _place(
    offset: tuple[int, ...], strides: Sequence[int], dilations: Sequence[int]
) -> _Place:
    row, column = (index * step for index, step in zip(offset, dilations, strict=True))
    phase = (row % strides[0], column % strides[1])
    return _Place(phase, row // strides[0], column // strides[1])


def _flat_rows(values: Array, count: int) -> Array:
    """Lay columns and channels along one axis, with so many rows, zeros at the end."""
    values = values[:count]
    height, width, channels = values.shape
    pads = [(0, count - height, 0), (0, 0, 0), (0, 0, 0)]
    whole = lax().pad(values, values.dtype.type(0), pads)
    return lax().optimization_barrier(whole.reshape(count, width * channels))


def _sum_of_products(
    image: Array, dy: Array, place: _Place, added: int, channels: int
) -> Array:
    """Sum the products at one place of the filter over an image, by channel."""
    count, size = dy.shape
    start = place.column * channels
    total = None
    for first in range(added):
        rows = image[place.row + first : place.row + count : added]
        product = rows[:, start : start + size] * dy[first::added]
        total = product if total is None else total + product
    # Apart from the sum, the products are vectorised.
    return lax().optimization_barrier(total).reshape(-1, channels).sum(0)
