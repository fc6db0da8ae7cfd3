"""Pooling and its gradients; twin of `ops/pooling.py`.

A window has few places, so every kernel is a loop over them: place by place, the
values of all windows are one strided slice of the padded image. The gradient asks the
other way round, for each place of the image, what the windows over it give: slices
again, one for each window that may lie over it. XLA fuses both loops, and vectorises
them; its own windowed operations run value by value on the CPU, as do sums of padded
arrays (maxima of 3x3 with stride 1, 16 images of 28x28x64, gradient: 9.1 ms, so 1.4).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace
from metagraft.ops.pooling import ArgmaxAttrs
from metagraft.ops.windows import Pair, WindowAttrs

__all__ = ["KERNELS"]

# What windows with some values give to their place of a number.
_Part = Callable[..., Array]


@dataclass(frozen=True, slots=True)
class _Places:
    """The places of a window, as slices of the padded image.

    Attributes:
        dims: Shape of the image.
        pads: Padding before and after each axis.
        outputs: Shape of the pooled image.
        window: Size of the window along each axis.
        strides: Steps along each axis.
    """

    dims: tuple[int, ...]
    pads: tuple[Pair, ...]
    outputs: tuple[int, ...]
    window: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, attrs: WindowAttrs, dims: tuple[int, ...]) -> _Places:
        """Work out the sizes for an image of shape `dims`."""
        _check_window(attrs)
        sizes = zip(dims, attrs.window, strict=True)
        counted = [
            (attrs.pads(axis, size, taps), attrs.output_size(axis, size, taps))
            for axis, (size, taps) in enumerate(sizes)
        ]
        return cls(
            dims=dims,
            pads=tuple(pads for pads, _ in counted),
            outputs=tuple(count or 0 for _, count in counted),
            window=attrs.window,
            strides=attrs.strides,
        )

    @property
    def is_padded(self) -> bool:
        return any(pair != (0, 0) for pair in self.pads)

    def offsets(self) -> Iterator[tuple[int, ...]]:
        """The places in a window, row by row."""
        return itertools.product(*(range(size) for size in self.window))

    def padded(self, xp: Any, image: Array, value: Any) -> Array:
        if not self.is_padded:
            return image
        padded = xp.pad(image, self.pads, constant_values=value)
        # Fused into the slices, XLA would ask of every value whether it is padding.
        return padded if xp is np else lax().optimization_barrier(padded)

    def taken(self, padded: Array, offset: tuple[int, ...]) -> Array:
        """What all windows have at one place."""
        return padded[self._slices(offset)]

    def _slices(self, offset: tuple[int, ...]) -> tuple[slice, ...]:
        return tuple(
            slice(start, start + (count - 1) * step + 1 if count else start, step)
            for start, count, step in zip(
                offset, self.outputs, self.strides, strict=True
            )
        )

    def put_back(self, xp: Any, values: Array, offset: tuple[int, ...]) -> Array:
        """Spread values of one place over an image of zeros, padding cut off."""
        zero = values.dtype.type(0)
        if xp is np:
            padded = np.zeros(
                [d + sum(p) for d, p in zip(self.dims, self.pads, strict=True)],
                values.dtype,
            )
            padded[self._slices(offset)] = values
            return padded[
                tuple(
                    slice(before, before + size)
                    for (before, _), size in zip(self.pads, self.dims, strict=True)
                )
            ]
        rows = zip(
            offset, self.outputs, self.strides, self.pads, self.dims, strict=True
        )
        config = [
            (
                start - before,
                size + before - start - ((count - 1) * step + 1),
                step - 1,
            )
            for start, count, step, (before, _), size in rows
        ]
        return lax().pad(values, zero, config)

    def spread(self, xp: Any, *values: Array, part: _Part, absent: Any) -> Array:
        """Add up what the windows give to each place of the image.

        Args:
            xp: The array library.
            *values: Arrays of the shape of `outputs`.
            part: What windows with these values give to their place of this number.
            absent: For each of `values`, a value of a window that gives nothing.
        """
        if self._are_tiles:
            return self._cropped(xp, self._tiles(xp, values, part))
        reach = tuple(
            -(-w // s) for w, s in zip(self.window, self.strides, strict=True)
        )
        edges = [(count - 1, count - 1) for count in reach]
        padded = [
            xp.pad(value, edges, constant_values=nothing)
            for value, nothing in zip(values, absent, strict=True)
        ]
        if xp is not np:
            padded = lax().optimization_barrier(padded)
        return self._cropped(xp, self._interleaved(xp, reach, padded, part, ()))

    @property
    def _are_tiles(self) -> bool:
        """Whether each place of the image is under one window at most."""
        return all(
            count == 1 or width == step
            for count, width, step in zip(
                self.outputs, self.window, self.strides, strict=True
            )
        )

    def _tiles(self, xp: Any, values: tuple[Array, ...], part: _Part) -> Array:
        """Repeat the values over their windows, `[h, 1, w, 1]` to `[h, i, w, j]`."""
        apart = [size for count in self.outputs for size in (count, 1)]
        sizes = list(zip(self.outputs, self.window, strict=True))
        numbers = np.arange(math.prod(self.window), dtype=np.int32)
        number = numbers.reshape([n for width in self.window for n in (1, width)])
        spread = xp.broadcast_to(
            part(number, *(value.reshape(apart) for value in values)),
            [n for pair in sizes for n in pair],
        )
        return spread.reshape([count * width for count, width in sizes])

    def _interleaved(
        self,
        xp: Any,
        reach: tuple[int, ...],
        padded: list[Array],
        part: _Part,
        phase: tuple[int, ...],
    ) -> Array:
        """Sum at the places that lie `phase` after a window's start; all such places.

        Places of one phase have the same windows over them; the sums of all phases,
        one after the other along each axis, are the image.
        """
        axis = len(phase)
        if axis == len(self.window):
            return self._sum_at(xp, reach, padded, part, phase)
        parts = [
            self._interleaved(xp, reach, padded, part, (*phase, start))
            for start in range(self.strides[axis])
        ]
        if len(parts) == 1:
            return parts[0]
        stacked = xp.stack(parts, axis + 1)
        sizes = list(stacked.shape)
        sizes[axis : axis + 2] = [sizes[axis] * sizes[axis + 1]]
        return stacked.reshape(sizes)

    def _sum_at(
        self,
        xp: Any,
        reach: tuple[int, ...],
        padded: list[Array],
        part: _Part,
        phase: tuple[int, ...],
    ) -> Array:
        counts = [n + r - 1 for n, r in zip(self.outputs, reach, strict=True)]
        total = None
        for number, offset in enumerate(self.offsets()):
            steps = zip(offset, phase, self.strides, strict=True)
            if any((place - start) % step for place, start, step in steps):
                continue
            starts = [
                r - 1 - place // step
                for r, place, step in zip(reach, offset, self.strides, strict=True)
            ]
            taken = tuple(
                slice(start, start + count)
                for start, count in zip(starts, counts, strict=True)
            )
            given = part(np.int32(number), *(value[taken] for value in padded))
            total = given if total is None else total + given
        if total is None:  # between the windows
            return xp.zeros(counts, padded[-1].dtype)
        return total

    def _cropped(self, xp: Any, spread: Array) -> Array:
        """Cut off the padding; places after the last window get nothing."""
        ends = [
            before + size
            for (before, _), size in zip(self.pads, self.dims, strict=True)
        ]
        short = [(0, max(e - n, 0)) for e, n in zip(ends, spread.shape, strict=True)]
        if any(after for _, after in short):
            spread = xp.pad(spread, short)
        return spread[
            tuple(
                slice(before, end)
                for (before, _), end in zip(self.pads, ends, strict=True)
            )
        ]


def _check_window(attrs: WindowAttrs) -> None:
    if attrs.window[0] != 1 or attrs.strides[0] != 1:
        raise UnimplementedError(
            None, None, "Pooling is not yet supported on the batch dimension."
        )


def _lowest(dtype: Any) -> Any:
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        return np.iinfo(kind).min
    return kind.type(-np.inf)


# Largest values.


def max_pool(attrs: WindowAttrs, image: Array) -> tuple[Array]:
    xp = namespace(image)
    places = _Places.of(attrs, image.shape)
    padded = places.padded(xp, image, _lowest(image.dtype))
    largest = None
    for offset in places.offsets():
        values = places.taken(padded, offset)
        largest = values if largest is None else xp.maximum(largest, values)
    assert largest is not None
    return (largest,)


def max_pool_v2(
    attrs: WindowAttrs, image: Array, window: np.ndarray, strides: np.ndarray
) -> tuple[Array]:
    return max_pool(attrs.with_window(window, strides), image)


def max_pool_grad(
    attrs: WindowAttrs, image: Array, pooled: Array, dy: Array
) -> tuple[Array]:
    """Give the gradient to the first place that holds the largest value."""
    xp = namespace(image, pooled, dy)
    places = _Places.of(attrs, image.shape)
    _check_gradient(places, dy, "out_backprop")
    none = np.int32(-1)
    first = xp.full(pooled.shape, none, np.int32)
    padded = places.padded(xp, image, _lowest(image.dtype))
    for number, offset in reversed(list(enumerate(places.offsets()))):
        is_largest = places.taken(padded, offset) == pooled
        first = xp.where(is_largest, np.int32(number), first)
    zero = dy.dtype.type(0)

    def part(number: Array, first: Array, dy: Array) -> Array:
        return xp.where(first == number, dy, zero)

    return (places.spread(xp, first, dy, part=part, absent=(none, zero)),)


def max_pool_3d_grad(
    attrs: WindowAttrs, image: Array, pooled: Array, dy: Array
) -> tuple[Array]:
    """Give the gradient to every place that holds the largest value.

    TF: its kernel for volumes does not stop at the first place, as the one for images
    does.
    """
    xp = namespace(image, pooled, dy)
    places = _Places.of(attrs, image.shape)
    _check_gradient(places, dy, "out_backprop")
    padded = places.padded(xp, image, _lowest(image.dtype))
    gradient = None
    zero = dy.dtype.type(0)
    for offset in places.offsets():
        is_largest = places.taken(padded, offset) == pooled
        part = places.put_back(xp, xp.where(is_largest, dy, zero), offset)
        gradient = part if gradient is None else gradient + part
    return (gradient,)


def _firsts(
    xp: Any, places: _Places, image: Array, pooled: Array
) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Yield every place and which windows have their largest value first there."""
    padded = places.padded(xp, image, _lowest(image.dtype))
    found = None
    for offset in places.offsets():
        is_largest = places.taken(padded, offset) == pooled
        if found is None:
            yield offset, is_largest
            found = is_largest
        else:
            yield offset, is_largest & ~found
            found = found | is_largest


def max_pool_grad_v2(
    attrs: WindowAttrs,
    image: Array,
    pooled: Array,
    dy: Array,
    window: np.ndarray,
    strides: np.ndarray,
) -> tuple[Array]:
    return max_pool_grad(attrs.with_window(window, strides), image, pooled, dy)


def max_pool_grad_grad(
    attrs: WindowAttrs, image: Array, pooled: Array, d_gradient: Array
) -> tuple[Array]:
    """Take from every window what stands where its largest value stood."""
    xp = namespace(image, pooled, d_gradient)
    places = _Places.of(attrs, image.shape)
    padded = places.padded(xp, d_gradient, d_gradient.dtype.type(0))
    result = xp.zeros(pooled.shape, d_gradient.dtype)
    for offset, is_first in _firsts(xp, places, image, pooled):
        result = xp.where(is_first, places.taken(padded, offset), result)
    return (result,)


def max_pool_grad_grad_v2(
    attrs: WindowAttrs,
    image: Array,
    pooled: Array,
    d_gradient: Array,
    window: np.ndarray,
    strides: np.ndarray,
) -> tuple[Array]:
    attrs = attrs.with_window(window, strides)
    return max_pool_grad_grad(attrs, image, pooled, d_gradient)


def max_pool_with_argmax(attrs: ArgmaxAttrs, image: Array) -> tuple[Array, Array]:
    """Also give the place of the largest value in the flattened image."""
    (pooled,) = max_pool(attrs.windows, image)
    xp = namespace(image)
    places = _Places.of(attrs.windows, image.shape)
    flat = _flat_places(image.shape, attrs.includes_batch)
    padded = places.padded(np, flat, -1)
    argmax = xp.zeros(pooled.shape, flat.dtype)
    for offset, is_first in _firsts(xp, places, image, pooled):
        argmax = xp.where(is_first, places.taken(padded, offset), argmax)
    return pooled, argmax.astype(attrs.index_dtype.as_numpy_dtype)


def _flat_places(dims: tuple[int, ...], with_batch: bool) -> np.ndarray:
    batch, *rest = dims
    inner = np.arange(math.prod(rest), dtype=np.int64).reshape(1, *rest)
    if with_batch:
        starts = np.arange(batch, dtype=np.int64) * math.prod(rest)
        return inner + starts.reshape(-1, *(1,) * len(rest))
    return np.broadcast_to(inner, dims)


def max_pool_grad_with_argmax(
    attrs: ArgmaxAttrs, image: Array, dy: Array, argmax: Array
) -> tuple[Array]:
    """Add the gradients up at the remembered places."""
    xp = namespace(image, dy, argmax)
    batch = image.shape[0]
    places = argmax.reshape(batch, -1).astype(np.int64)
    if not attrs.includes_batch:
        starts = np.arange(batch, dtype=np.int64) * math.prod(image.shape[1:])
        places = places + starts[:, None]
    flat = xp.zeros(math.prod(image.shape), dy.dtype)
    if xp is np:
        np.add.at(flat, places.reshape(-1), dy.reshape(-1))
    else:
        flat = flat.at[places.reshape(-1)].add(dy.reshape(-1))
    return (flat.reshape(image.shape),)


# Averages.


def average_pool(attrs: WindowAttrs, image: Array) -> tuple[Array]:
    """Sum, divided by how many places of the window lie inside the image."""
    xp = namespace(image)
    places = _Places.of(_spatial_only(attrs), image.shape)
    padded = places.padded(xp, image, image.dtype.type(0)).astype(_wide(image.dtype))
    total = None
    for offset in places.offsets():
        values = places.taken(padded, offset)
        total = values if total is None else total + values
    assert total is not None
    return ((total / _counts(attrs, places, total.dtype)).astype(image.dtype),)


def _wide(dtype: Any) -> Any:
    """Sums of half precision are kept in single precision."""
    return np.dtype(np.float32) if np.dtype(dtype).itemsize == 2 else dtype


def _spatial_only(attrs: WindowAttrs) -> WindowAttrs:
    axis = attrs.channels
    if attrs.window[axis] != 1 or attrs.strides[axis] != 1:
        raise UnimplementedError(
            None, None, "Non-spatial pooling is not yet supported."
        )
    return attrs


def _counts(attrs: WindowAttrs, places: _Places, dtype: Any) -> np.ndarray:
    """How many places of every window lie inside the image, `[1, h, w, 1]`."""
    ones = [1] * len(places.dims)
    counts = np.ones(ones, np.float64)
    for axis in attrs.spatial:
        before, _ = places.pads[axis]
        starts = np.arange(places.outputs[axis]) * places.strides[axis] - before
        ends = np.minimum(starts + places.window[axis], places.dims[axis])
        inside = ends - np.maximum(starts, 0)
        shape = list(ones)
        shape[axis] = -1
        counts = counts * inside.reshape(shape)
    return counts.astype(dtype)


def average_pool_grad(attrs: WindowAttrs, sizes: np.ndarray, dy: Array) -> tuple[Array]:
    """Give every place inside the image an equal part."""
    xp = namespace(dy)
    dims = tuple(int(size) for size in sizes)
    places = _Places.of(_spatial_only(attrs), dims)
    _check_gradient(places, dy, "out_backprop")
    wide = dy.astype(_wide(dy.dtype))
    shares = wide / _counts(attrs, places, wide.dtype)
    zero = shares.dtype.type(0)
    gradient = places.spread(
        xp, shares, part=lambda _number, share: share, absent=(zero,)
    )
    return (gradient.astype(dy.dtype),)


def _check_gradient(places: _Places, dy: Array, name: str) -> None:
    if dy.shape != places.outputs:
        raise InvalidArgumentError(
            None,
            None,
            f"Expected {name} of shape {list(places.outputs)}, but got"
            f" {list(dy.shape)}",
        )


_SIZES = ("ksize", "strides")

KERNELS = {
    "MaxPool": Kernel(max_pool),
    "MaxPoolGrad": Kernel(max_pool_grad),
    "MaxPoolGradGrad": Kernel(max_pool_grad_grad),
    "MaxPool3D": Kernel(max_pool),
    "MaxPool3DGrad": Kernel(max_pool_3d_grad),
    "MaxPool3DGradGrad": Kernel(max_pool_grad_grad),
    "MaxPoolV2": Kernel(max_pool_v2, static=_SIZES),
    "MaxPoolGradV2": Kernel(max_pool_grad_v2, static=_SIZES),
    "MaxPoolGradGradV2": Kernel(max_pool_grad_grad_v2, static=_SIZES),
    "MaxPoolWithArgmax": Kernel(max_pool_with_argmax),
    "MaxPoolGradWithArgmax": Kernel(max_pool_grad_with_argmax),
    "AvgPool": Kernel(average_pool),
    "AvgPoolGrad": Kernel(average_pool_grad, static=("orig_input_shape",)),
    "AvgPool3D": Kernel(average_pool),
    "AvgPool3DGrad": Kernel(average_pool_grad, static=("orig_input_shape",)),
}
