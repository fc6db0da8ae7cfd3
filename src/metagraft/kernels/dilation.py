"""Morphological dilation, place by place of the window; twin of `ops/dilation.py`.

Source: tensorflow core/kernels/dilation_ops.cc.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    """Check the operands and lay the windows out."""
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
    return Places.of(attrs.with_window(window, attrs.strides), image.shape)


def _sums(
    attrs: WindowAttrs, places: Places, image: Array, kernel: Array
) -> Iterator[tuple[tuple[int, int], tuple[int, ...], Array]]:
    """Yield places of the filter, of the window, and the sums; least on padding."""
    xp = namespace(image, kernel)
    least = lowest_finite(image.dtype)
    padded = places.padded(xp, image, image.dtype.type(0))
    inside = places.padded(np, np.ones((1, *image.shape[1:3], 1), bool), False)
    for i, j in np.ndindex(*kernel.shape[:2]):
        offset = (0, i * attrs.dilations[1], j * attrs.dilations[2], 0)
        sums = places.taken(padded, offset) + kernel[i, j]
        is_inside = places.taken(inside, offset)
        yield (i, j), offset, xp.where(is_inside, sums, least)


def dilation(attrs: WindowAttrs, image: Array, kernel: Array) -> tuple[Array]:
    """Return the largest sum of image and filter in each window."""
    xp = namespace(image, kernel)
    places = _places(attrs, image, kernel)
    largest = xp.full(places.outputs, lowest_finite(image.dtype), image.dtype)
    for _, _, sums in _sums(attrs, places, image, kernel):
        largest = xp.where(sums > largest, sums, largest)
    return (largest,)


def _parts(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> Iterator[tuple[tuple[int, int], tuple[int, ...], Places, Array]]:
    """Yield, for each place, the gradients of windows whose largest sum is there."""
    xp = namespace(image, kernel, dy)
    places = _places(attrs, image, kernel)
    _require(dy.shape == places.outputs, "out_backprop has incompatible size.")
    largest = xp.full(places.outputs, lowest_finite(image.dtype), image.dtype)
    first = xp.full(places.outputs, -1, np.int32)
    offsets = []
    for number, (tap, offset, sums) in enumerate(_sums(attrs, places, image, kernel)):
        is_larger = sums > largest
        first = xp.where(is_larger, np.int32(number), first)
        largest = xp.where(is_larger, sums, largest)
        offsets.append((tap, offset))
    for number, (tap, offset) in enumerate(offsets):
        part = xp.where(first == np.int32(number), dy, dy.dtype.type(0))
        yield tap, offset, places, part


def backprop_input(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> tuple[Array]:
    xp = namespace(image, kernel, dy)
    total = xp.zeros(image.shape, dy.dtype)
    for _, offset, places, part in _parts(attrs, image, kernel, dy):
        total = total + places.put_back(xp, part, offset)
    return (total,)


def backprop_filter(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> tuple[Array]:
    xp = namespace(image, kernel, dy)
    found = [
        part.sum(axis=(0, 1, 2), dtype=dy.dtype)
        for *_, part in _parts(attrs, image, kernel, dy)
    ]
    return (xp.stack(found).reshape(kernel.shape),)


KERNELS = {
    "Dilation2D": Kernel(dilation),
    "Dilation2DBackpropInput": Kernel(backprop_input),
    "Dilation2DBackpropFilter": Kernel(backprop_filter),
}
