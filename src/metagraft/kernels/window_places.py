"""The places of windows over an image, as slices of it.

A window has few places, so kernels are loops over them: place by place, the values of
all windows are one strided slice of the padded image. Gradients ask the other way
round, for each place of the image, what the windows over it give: slices again, one for
each window that may lie over it. XLA fuses both loops, and vectorises them; its own
windowed operations run value by value on the CPU, as do sums of padded arrays (maxima
of 3x3 with stride 1, 16 images of 28x28x64, gradient: 9.1 ms, so 1.4).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax
from metagraft.kernels.rounding import summed_from_zero
from metagraft.ops.windows import Pair, WindowAttrs

__all__ = ["Places", "lowest"]

# What windows with some values give to their place of a number.
_Part = Callable[..., Array]
_IMAGE_AXES = 4


@dataclass(frozen=True, slots=True)
class Places:
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
    def of(cls, attrs: WindowAttrs, dims: tuple[int, ...]) -> Places:
        """Work out the sizes for an image of shape `dims`."""
        sizes = zip(dims, attrs.window, strict=True)
        counted = [
            (attrs.pads(axis, size, taps), attrs.count(axis, size, taps))
            for axis, (size, taps) in enumerate(sizes)
        ]
        return cls(
            dims=dims,
            pads=tuple(pads for pads, _ in counted),
            outputs=tuple(count for _, count in counted),
            window=attrs.window,
            strides=attrs.strides,
        )

    @property
    def is_padded(self) -> bool:
        """Whether there is any padding."""
        return any(pair != (0, 0) for pair in self.pads)

    def offsets(self) -> Iterator[tuple[int, ...]]:
        """The places in a window, row by row."""
        return itertools.product(*(range(size) for size in self.window))

    def by_window(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return numbered `offsets` so that each place meets windows in their order.

        TF: in volumes, its windows begin with the last axis.
        """
        step = -1 if len(self.window) > _IMAGE_AXES else 1
        numbered = list(enumerate(self.offsets()))
        return sorted(numbered, key=lambda pair: pair[1][::step], reverse=True)

    def first_inside(self) -> Array:
        """Return for every window which of the `offsets` is first not in padding."""
        rank = len(self.window)
        number = np.zeros([1] * rank, np.int32)
        for axis, (before, _) in enumerate(self.pads):
            number = number * self.window[axis]
            if before:
                starts = np.arange(self.outputs[axis]) * self.strides[axis]
                shape = [-1 if other == axis else 1 for other in range(rank)]
                number = number + np.maximum(before - starts, 0).reshape(shape)
        return number.astype(np.int32)

    def padded(self, xp: Any, image: Array, value: Any) -> Array:
        """Return the image with `value` around it."""
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
            return self._cropped(xp, summed_from_zero(self._tiles(xp, values, part)))
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
        summed = summed_from_zero(self._interleaved(xp, reach, padded, part, ()))
        return self._cropped(xp, summed)

    def added_at(self, numbers: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Add on the host what each window gives to its place of one number.

        As `spread`, but only the places that get something are visited.
        """
        sizes = [d + sum(p) for d, p in zip(self.dims, self.pads, strict=True)]
        apart = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
        inside = np.array(list(self.offsets()), np.intp).reshape(-1, len(sizes)) @ apart
        steps = zip(self.outputs, self.strides, apart, strict=True)
        starts = np.ix_(*(np.arange(n) * (step * size) for n, step, size in steps))
        places = inside[numbers]
        for start in starts:
            places += start
        padded = np.zeros(math.prod(sizes), values.dtype)
        np.add.at(padded, places.reshape(-1), values.reshape(-1))
        return self._cropped(np, padded.reshape(sizes))

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
        for number, offset in self.by_window():
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


def lowest(dtype: Any) -> Any:
    """Return what is less than any value of a type."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        return np.iinfo(kind).min
    return kind.type(-np.inf)


def lowest_finite(dtype: Any) -> Any:
    """Return the lowest finite value, with which TensorFlow starts to compare."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        return kind.type(np.iinfo(kind).min)
    return kind.type(ml_dtypes.finfo(kind).min)  # type: ignore[no-untyped-call]
