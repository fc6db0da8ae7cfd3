"""Pooling over windows of random sizes; twin of `ops/fractional_pooling.py`.

Windows are rows times columns, and differ in size by one: they are looked at place by
place, and those that are smaller look at their last place twice, or at nothing.

Source: tensorflow core/kernels/fractional_pool_common.cc, fractional_max_pool_op.cc,
fractional_avg_pool_op.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.kernels import philox
from metagraft.kernels.distributions import uniform_double
from metagraft.kernels.fractional_pooling_checks import (
    check_average_grad,
    check_max_grad,
    check_pooled,
    check_pooling,
)
from metagraft.kernels.kernel import Array, Kernel, RandomStream
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.window_places import lowest, lowest_finite
from metagraft.ops.fractional_pooling import FractionalAttrs

__all__ = ["KERNELS"]

_WORDS = 4  # of a block of random numbers


@dataclass(frozen=True, slots=True)
class _Windows:
    """Windows along one axis.

    Attributes:
        starts: `[count]`.
        ends: `[count]`, the last place of each.
        longest: How many places the largest has.
    """

    starts: Array
    ends: Array
    longest: int

    @classmethod
    def of(cls, sequence: Array, size: int, count: int, *, overlaps: bool) -> _Windows:
        """Read the windows of an axis of `size` places; none begins before it."""
        xp = namespace(sequence)
        starts = xp.maximum(sequence[:-1], np.int64(0))
        one = np.int64(0 if overlaps else 1)
        ends = xp.minimum(sequence[1:] - one, np.int64(size - 1))
        if is_host(sequence):
            longest = int((ends - starts).max(initial=-1)) + 1
        else:
            longest = size // max(count, 1) + 1 + int(overlaps)
        return cls(starts, ends, longest)

    def places(self) -> Iterator[tuple[Array, Array]]:
        """Yield the place of each window that is looked at, and whether it has one."""
        xp = namespace(self.starts, self.ends)
        for number in range(self.longest):
            place = self.starts + np.int64(number)
            yield xp.minimum(place, self.ends), place <= self.ends

    def sizes(self) -> Array:
        """Return how many places each window has."""
        return self.ends - self.starts + np.int64(1)


def _pseudo_random(xp: Any, size: int, count: int, words: Array) -> Array:
    """Return where windows begin that are as even as can be."""
    alpha = size / count
    k = size // count
    most = min((k + 2) / alpha - 1, (size + 1 - k) / alpha - (count - 1))
    u = uniform_double(words[0:1], words[1:2]) * np.float64(most)
    inner = xp.ceil(np.float64(alpha) * (np.arange(1.0, count) + u))
    inner = inner.astype(np.int64) - np.int64(1)
    zero, last = np.zeros(1, np.int64), np.full(1, size, np.int64)
    return xp.concatenate([zero, inner, last])


def _shuffled(xp: Any, size: int, count: int, words: Array) -> Array:
    """Return where windows begin whose sizes are shuffled."""
    sizes = np.full(count, size // count, np.int64)
    sizes[: size % count] += 1
    if xp is np:
        for i in range(count - 1):
            j = i + int(words[i]) % (count - i)
            sizes[[i, j]] = sizes[[j, i]]
        shuffled: Array = sizes
    else:
        # No seed gives these numbers, so any order that is random will do.
        shuffled = xp.asarray(sizes)[xp.argsort(words[:count])]
    zero = np.zeros(1, np.int64)
    return xp.concatenate([zero, xp.cumsum(shuffled)])


def _sequences(
    rng: RandomStream, attrs: FractionalAttrs, image: Array
) -> tuple[Array, Array]:
    """Return where the rows and where the columns of windows begin."""
    pairs = [
        (image.shape[axis], attrs.output_size(axis, image.shape[axis]))
        for axis in (1, 2)
    ]
    draws = [2 if attrs.is_pseudo_random else count for _, count in pairs]
    blocks = [-(-draw // _WORDS) for draw in draws]
    if attrs.is_deterministic and any(attrs.seeds):
        key, counter = philox.stream_of_seeds(*attrs.seeds)
    else:
        key, counter = rng.reserve(sum(blocks))
    xp = namespace(key, counter)
    found = []
    start = 0
    for (size, count), taken in zip(pairs, blocks, strict=True):
        index = np.arange(start, start + taken, dtype=np.uint64)
        lanes = philox.words(key, counter, index)
        words = xp.stack(lanes, axis=1).reshape(-1)
        make = _pseudo_random if attrs.is_pseudo_random else _shuffled
        found.append(make(xp, size, count, words))
        start += taken
    return found[0], found[1]


def _windows(
    image: tuple[int, ...], rows: Array, columns: Array, *, overlaps: bool
) -> tuple[_Windows, _Windows]:
    return (
        _Windows.of(rows, image[1], rows.shape[0] - 1, overlaps=overlaps),
        _Windows.of(columns, image[2], columns.shape[0] - 1, overlaps=overlaps),
    )


def max_pool(
    rng: RandomStream, attrs: FractionalAttrs, image: Array
) -> tuple[Array, Array, Array]:
    check_pooling(attrs, image, "max")
    rows, columns = _sequences(rng, attrs, image)
    xp = namespace(image, rows)
    pair = _windows(image.shape, rows, columns, overlaps=attrs.overlaps)
    pooled = image
    if image.dtype.kind == "f":
        # TensorFlow's maxima begin with the lowest number, which no NaN exceeds.
        least = lowest_finite(image.dtype)
        pooled = xp.where(image > least, image, least)
    for axis, windows in zip((1, 2), pair, strict=True):
        taken = [xp.take(pooled, place, axis=axis) for place, _ in windows.places()]
        pooled = taken[0]
        for values in taken[1:]:
            pooled = xp.maximum(pooled, values)
    return pooled, xp.asarray(rows), xp.asarray(columns)


def average_pool(
    rng: RandomStream, attrs: FractionalAttrs, image: Array
) -> tuple[Array, Array, Array]:
    check_pooling(attrs, image, "average")
    rows, columns = _sequences(rng, attrs, image)
    xp = namespace(image, rows)
    pair = _windows(image.shape, rows, columns, overlaps=attrs.overlaps)
    total = image
    for axis, windows in zip((1, 2), pair, strict=True):
        sums = None
        for place, has_place in windows.places():
            shape = [-1 if i == axis else 1 for i in range(4)]
            values = xp.take(total, place, axis=axis)
            values = xp.where(has_place.reshape(shape), values, image.dtype.type(0))
            sums = values if sums is None else sums + values
        total = sums
    counts = pair[0].sizes()[:, None] * pair[1].sizes()
    return _divided(xp, total, counts), xp.asarray(rows), xp.asarray(columns)


def _divided(xp: Any, total: Array, counts: Array) -> Array:
    """Divide, integers towards zero."""
    counts = counts.astype(total.dtype)[:, :, None]
    if total.dtype.kind == "f":
        return total / counts
    return xp.sign(total) * (xp.abs(total) // counts)


def _overlaps(attrs: Any) -> bool:
    return bool(attrs["overlapping"])


def max_pool_grad(
    attrs: Any, image: Array, pooled: Array, dy: Array, rows: Array, columns: Array
) -> tuple[Array]:
    """Give the gradient to the first place that holds the largest value."""
    check_max_grad(image, pooled, dy, rows, columns)
    xp = namespace(image, pooled, dy, rows, columns)
    dy = dy.reshape(pooled.shape)
    down, across = _windows(image.shape, rows, columns, overlaps=_overlaps(attrs))
    largest = xp.full(dy.shape, lowest(image.dtype), image.dtype)
    first = xp.full(dy.shape, -1, np.int32)
    places = [
        (row[:, None], column, has_row[:, None] & has_column)
        for row, has_row in down.places()
        for column, has_column in across.places()
    ]
    for number, (row, column, has_place) in enumerate(places):
        values = image[:, row, column]
        is_larger = (values > largest) | (first < 0)
        is_larger = is_larger & has_place[:, :, None]
        first = xp.where(is_larger, np.int32(number), first)
        largest = xp.where(is_larger, values, largest)
    check_pooled(image, pooled, largest, first)
    total = xp.zeros(image.shape, dy.dtype)
    for number, (row, column, _) in enumerate(places):
        part = xp.where(first == np.int32(number), dy, dy.dtype.type(0))
        if xp is np:
            everywhere: Any = (slice(None), row, column)
            np.add.at(total, everywhere, part)
        else:
            total = total.at[:, row, column].add(part)
    return (total,)


def average_pool_grad(
    attrs: Any, sizes: np.ndarray, dy: Array, rows: Array, columns: Array
) -> tuple[Array]:
    """Give every place of a window an equal part, added up as doubles."""
    check_average_grad(sizes, dy, rows, columns)
    xp = namespace(dy, rows, columns)
    rows = rows.reshape(-1)[: dy.shape[1] + 1]
    columns = columns.reshape(-1)[: dy.shape[2] + 1]
    image = tuple(int(size) for size in sizes)
    down, across = _windows(image, rows, columns, overlaps=_overlaps(attrs))
    counts = (down.sizes()[:, None] * across.sizes()).astype(np.float64)
    shares = dy.astype(np.float64) / counts[:, :, None]
    total = xp.einsum(
        "hr,nrsc,ws->nhwc",
        _membership(xp, down, image[1]),
        shares,
        _membership(xp, across, image[2]),
    )
    return (total.astype(dy.dtype),)


def _membership(xp: Any, windows: _Windows, size: int) -> Array:
    """Return 1 where a place is in a window, `[places, windows]`."""
    places = np.arange(size, dtype=np.int64)[:, None]
    inside = (places >= windows.starts) & (places <= windows.ends)
    return xp.asarray(inside).astype(np.float64)


KERNELS = {
    "FractionalMaxPool": Kernel(max_pool, random=True),
    "FractionalAvgPool": Kernel(average_pool, random=True),
    "FractionalMaxPoolGrad": Kernel(max_pool_grad),
    "FractionalAvgPoolGrad": Kernel(
        average_pool_grad, static=("orig_input_tensor_shape",)
    ),
}
