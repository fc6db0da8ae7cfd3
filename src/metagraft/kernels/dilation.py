"""Morphological dilation, place by place of the window; twin of `ops/dilation.py`.

Source: tensorflow core/kernels/dilation_ops.cc.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.window_places import Places, lowest_finite
from metagraft.ops.windows import WindowAttrs

__all__ = ["KERNELS"]


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


def _places(attrs: WindowAttrs, image: Array, kernel: Array) -> Places:
    """Check the operands and lay the windows out, with room for all their places."""
    attrs.require_fit()
    for name, values in (("Stride", attrs.strides), ("Rate", attrs.dilations)):
        if values[0] != 1 or values[3] != 1:
            raise UnimplementedError(
                None, None, f"{name} is only supported across spatial dimensions."
            )
    _require(
        image.ndim == 4, f"input must be 4-dimensional, but is {show(image.shape)}"
    )
    _require(kernel.ndim == 3, f"filter must be 3-dimensional: {show(kernel.shape)}")
    _require(
        image.shape[3] == kernel.shape[2],
        f"input and filter must have the same depth: {image.shape[3]} vs"
        f" {kernel.shape[2]}",
    )
    window = (1, *kernel.shape[:2], 1)
    places = Places.of(attrs.with_window(window, attrs.strides), image.shape)
    pads = list(places.pads)
    for axis in attrs.spatial:
        (before, _), reach = pads[axis], _reach(attrs, axis, window[axis])
        starts = (places.outputs[axis] - 1) * places.strides[axis]
        end = starts + max(reach, 0) + 1 - before
        pads[axis] = (before + max(-reach, 0), max(end - image.shape[axis], 0))
    return replace(places, pads=tuple(pads))


def _reach(attrs: WindowAttrs, axis: int, taps: int) -> int:
    """How far the last place of a window is from the first, which may be after it."""
    return max(taps - 1, 0) * attrs.dilations[axis]


def _begin(attrs: WindowAttrs, places: Places) -> tuple[int, ...]:
    """Where in the room of all its places a window begins."""
    reaches = (_reach(attrs, axis, places.window[axis]) for axis in attrs.spatial)
    return (0, *(max(-reach, 0) for reach in reaches), 0)


def _sums(
    attrs: WindowAttrs, places: Places, image: Array, kernel: Array
) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Yield the places of the window and the sums there; least on padding."""
    xp = namespace(image, kernel)
    least = lowest_finite(image.dtype)
    padded = places.padded(xp, image, image.dtype.type(0))
    inside = places.padded(np, np.ones((1, *image.shape[1:3], 1), bool), False)
    _, top, left, _ = _begin(attrs, places)
    for i, j in np.ndindex(*kernel.shape[:2]):
        offset = (0, top + i * attrs.dilations[1], left + j * attrs.dilations[2], 0)
        sums = places.taken(padded, offset) + kernel[i, j]
        is_inside = places.taken(inside, offset)
        yield offset, xp.where(is_inside, sums, least)


def dilation(attrs: WindowAttrs, image: Array, kernel: Array) -> tuple[Array]:
    """Return the largest sum of image and filter in each window."""
    xp = namespace(image, kernel)
    places = _places(attrs, image, kernel)
    largest = xp.full(places.outputs, lowest_finite(image.dtype), image.dtype)
    for _, sums in _sums(attrs, places, image, kernel):
        largest = xp.where(sums > largest, sums, largest)
    return (largest,)


def _largest(
    attrs: WindowAttrs, places: Places, image: Array, kernel: Array, dy: Array
) -> tuple[list[tuple[int, ...]], Array]:
    """Return the places, and which of them has each window's largest sum; -1 is none.

    None is larger than where TensorFlow starts if all are NaN, or none is inside.
    """
    xp = namespace(image, kernel, dy)
    _require(dy.shape == places.outputs, "out_backprop has incompatible size.")
    largest = xp.full(places.outputs, lowest_finite(image.dtype), image.dtype)
    first = xp.full(places.outputs, -1, np.int32)
    offsets = []
    for number, (offset, sums) in enumerate(_sums(attrs, places, image, kernel)):
        is_larger = sums > largest
        first = xp.where(is_larger, np.int32(number), first)
        largest = xp.where(is_larger, sums, largest)
        offsets.append(offset)
    return offsets, first


def _first_rows(places: Places, begin: tuple[int, ...], axis: int) -> np.ndarray:
    """How far after the room of its places the first row inside of each window is."""
    before, _ = places.pads[axis]
    starts = np.arange(places.outputs[axis]) * places.strides[axis] + begin[axis]
    return begin[axis] + np.maximum(before - starts, 0)


def _beginnings(
    attrs: WindowAttrs, places: Places
) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Yield places where windows have their first row and column inside, and which."""
    begin = _begin(attrs, places)
    rows, columns = (_first_rows(places, begin, axis) for axis in attrs.spatial)
    for row, column in itertools.product(np.unique(rows), np.unique(columns)):
        are = (rows == row)[:, None] & (columns == column)
        yield (0, int(row), int(column), 0), are[None, :, :, None]


def backprop_input(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> tuple[Array]:
    """Give each gradient to the last place of the largest sums, or to the beginning."""
    xp = namespace(image, kernel, dy)
    places = _places(attrs, image, kernel)
    offsets, first = _largest(attrs, places, image, kernel, dy)
    zero = dy.dtype.type(0)
    total = xp.zeros(image.shape, dy.dtype)
    for offset, are in _beginnings(attrs, places):
        is_one = are & (first == np.int32(-1))
        if offset in offsets:
            first = xp.where(is_one, np.int32(offsets.index(offset)), first)
        else:
            part = xp.where(is_one, dy, zero)
            total = total + places.put_back(xp, part, offset)
    for number, offset in enumerate(offsets):
        part = xp.where(first == np.int32(number), dy, zero)
        total = total + places.put_back(xp, part, offset)
    return (total,)


def backprop_filter(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> tuple[Array]:
    """Give each gradient to where the largest sum was, or to the first place."""
    xp = namespace(image, kernel, dy)
    places = _places(attrs, image, kernel)
    offsets, first = _largest(attrs, places, image, kernel, dy)
    if not offsets:
        return (xp.zeros(kernel.shape, dy.dtype),)
    first = xp.maximum(first, np.int32(0))
    found = [
        xp.where(first == np.int32(number), dy, dy.dtype.type(0)).sum(
            axis=(0, 1, 2), dtype=dy.dtype
        )
        for number in range(len(offsets))
    ]
    return (xp.stack(found).reshape(kernel.shape),)


KERNELS = {
    "Dilation2D": Kernel(dilation),
    "Dilation2DBackpropInput": Kernel(backprop_input),
    "Dilation2DBackpropFilter": Kernel(backprop_filter),
}
