"""Pooling and its gradients, place by place of windows; twin of `ops/pooling.py`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.pooling_checks import (
    check_average_gradient,
    check_average_pooling,
    check_gradient,
    check_pooling,
    check_second_gradient,
    check_shape,
    check_volume_pooling,
)
from metagraft.kernels.rounding import divided, summed_from_zero
from metagraft.kernels.window_places import Places, lowest, lowest_finite
from metagraft.ops.pooling import ArgmaxAttrs
from metagraft.ops.windows import WindowAttrs

__all__ = ["KERNELS"]

# Largest values.


def max_pool(attrs: WindowAttrs, image: Array) -> tuple[Array]:
    check_pooling(attrs, image.shape)
    xp = namespace(image)
    places = Places.of(_as_run(attrs), image.shape)
    padded = places.padded(xp, image, lowest(image.dtype))
    # TF: starts with the lowest finite number, and nothing that is no number is larger.
    largest = lowest_finite(image.dtype)
    for offset in places.offsets():
        values = places.taken(padded, offset)
        largest = xp.where(values > largest, values, largest)
    return (largest,)


def max_pool_3d(attrs: WindowAttrs, image: Array) -> tuple[Array]:
    """Return the largest values of volumes.

    TF: begins anew after NaN, which stays where it is the last of a window.
    """
    check_volume_pooling(attrs)
    xp = namespace(image)
    places = Places.of(attrs, image.shape)
    largest = lowest_finite(image.dtype)
    padded = places.padded(xp, image, largest)
    for offset in places.offsets():
        values = places.taken(padded, offset)
        largest = xp.where(values < largest, largest, values)
    return (largest,)


def max_pool_v2(
    attrs: WindowAttrs, image: Array, window: np.ndarray, strides: np.ndarray
) -> tuple[Array]:
    return max_pool(attrs.with_window(window, strides), image)


def max_pool_grad(
    attrs: WindowAttrs, image: Array, pooled: Array, dy: Array
) -> tuple[Array]:
    """Give the gradient to the first place that holds the largest value.

    TF: looks for it again, whatever was pooled. NaN is kept where a window begins with
    it.
    """
    check_gradient(attrs, image.shape, pooled.shape, dy.shape)
    xp = namespace(image, pooled, dy)
    places = Places.of(attrs, image.shape)
    first = _first_of_largest(xp, places, image)
    if xp is np:
        return (places.added_at(first, dy),)
    none, zero = np.int32(-1), dy.dtype.type(0)

    def part(number: Array, first: Array, dy: Array) -> Array:
        return xp.where(first == number, dy, zero)

    return (places.spread(xp, first, dy, part=part, absent=(none, zero)),)


def _first_of_largest(xp: Any, places: Places, image: Array) -> Array:
    """Return for every window the number of the place that is kept as its largest.

    Kept numbers only grow, so that maxima replace choices, which NumPy makes one by one
    (3x3 with stride 1, 2 images of 28x28x64: 9 x 0.4 ms each, so 0.02).
    """
    padded = places.padded(xp, image, lowest(image.dtype))
    begins = places.first_inside()
    first = xp.broadcast_to(begins, places.outputs)
    largest = lowest(image.dtype)
    for number, offset in enumerate(places.offsets()):
        values = places.taken(padded, offset)
        is_kept = (values > largest).astype(np.int32)
        first = xp.maximum(first, is_kept * np.int32(number))
        largest = (
            np.fmax(largest, values)
            if xp is np
            else xp.where(values > largest, values, largest)
        )
    if image.dtype.kind in "iu" or (xp is np and not np.isnan(image).any()):
        return first
    for number, offset in enumerate(places.offsets()):
        here = begins == number
        if here.any():
            is_nan = xp.isnan(places.taken(padded, offset))
            first = xp.where(here & is_nan, np.int32(number), first)
    return first


def max_pool_3d_grad(
    attrs: WindowAttrs, image: Array, pooled: Array, dy: Array
) -> tuple[Array]:
    """Give the gradient to every place that nearly holds the largest value.

    TF: its kernel for volumes does not stop at the first place, as the one for images
    does, and takes differences below 1e-5 for none, but not that of infinities.
    """
    check_gradient(attrs, image.shape, pooled.shape, dy.shape)
    xp = namespace(image, pooled, dy)
    places = Places.of(attrs, image.shape)
    padded = places.padded(xp, image, lowest(image.dtype))
    gradient = None
    zero = dy.dtype.type(0)
    least = image.dtype.type(1e-5)
    for _, offset in places.by_window():
        is_largest = xp.abs(places.taken(padded, offset) - pooled) < least
        part = places.put_back(xp, xp.where(is_largest, dy, zero), offset)
        gradient = part if gradient is None else gradient + part
    if gradient is None:  # the window has no size
        gradient = xp.zeros(image.shape, dy.dtype)
    return (summed_from_zero(gradient),)


def _firsts(
    xp: Any, places: Places, image: Array, pooled: Array
) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Yield every place and which windows have their largest value first there."""
    padded = places.padded(xp, image, lowest(image.dtype))
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
    check_second_gradient(attrs, image.shape, pooled.shape, d_gradient.shape)
    xp = namespace(image, pooled, d_gradient)
    places = Places.of(attrs, image.shape)
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
    """Also give the place of the largest value in the flattened image.

    A window that begins with NaN keeps it; elsewhere it is not larger than anything.
    """
    check_pooling(attrs.windows, image.shape)
    if 0 in image.shape:
        raise InvalidArgumentError(None, None, "tensor_in must not be empty (2)")
    xp = namespace(image)
    places = Places.of(_over_space(attrs.windows), image.shape)
    flat = places.padded(np, _flat_places(image.shape, attrs.includes_batch), -1)
    padded = places.padded(xp, image, lowest(image.dtype))
    begins = places.first_inside()
    pooled, argmax = padded.dtype.type(0), flat.dtype.type(0)
    for number, offset in enumerate(places.offsets()):
        values = places.taken(padded, offset)
        is_kept = (values > pooled) & (number > begins) | (number == begins)
        pooled = xp.where(is_kept, values, pooled)
        argmax = xp.where(is_kept, places.taken(flat, offset), argmax)
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
    check_pooling(attrs.windows, image.shape)
    pooled = Places.of(_as_run(attrs.windows), image.shape).outputs
    check_shape("grad", pooled, dy.shape)
    check_shape("argmax", pooled, argmax.shape)
    xp = namespace(image, dy, argmax)
    batch = image.shape[0]
    places = argmax.reshape(batch, math.prod(pooled[1:])).astype(np.int64)
    if not attrs.includes_batch:
        starts = np.arange(batch, dtype=np.int64) * math.prod(image.shape[1:])
        places = places + starts[:, None]
    flat = xp.zeros(math.prod(image.shape), dy.dtype)
    if xp is np:
        np.add.at(flat, places.reshape(-1), dy.reshape(-1))
    else:
        flat = flat.at[places.reshape(-1)].add(dy.reshape(-1))
    return (flat.reshape(image.shape),)


def max_pool_grad_grad_with_argmax(
    _attrs: ArgmaxAttrs, image: Array, d_gradient: Array, argmax: Array
) -> tuple[Array]:
    """Take what stands at the remembered places, counted in each image."""
    xp = namespace(image, d_gradient, argmax)
    flat = d_gradient.reshape(image.shape[0], -1)
    places = argmax.reshape(image.shape[0], -1).astype(np.int64)
    places = places % max(flat.shape[1], 1)
    return (xp.take_along_axis(flat, places, axis=1).reshape(argmax.shape),)


# Averages.


def average_pool(attrs: WindowAttrs, image: Array) -> tuple[Array]:
    """Sum, divided by how many places of the window lie inside the image."""
    check_average_pooling(attrs, image.shape)
    xp = namespace(image)
    places = Places.of(_as_run(attrs), image.shape)
    padded = places.padded(xp, image, image.dtype.type(0)).astype(_summed_in(image))
    total = xp.zeros(places.outputs, padded.dtype)
    for offset in places.offsets():
        total = total + places.taken(padded, offset)
    mean = divided(summed_from_zero(total), _counts(attrs, places, total.dtype))
    return (mean.astype(image.dtype),)


def _summed_in(x: Array) -> Any:
    """The type sums are kept in: on the host narrow ones are rounded at every step.

    In a compiled program this would take bfloat16 three times as long.
    """
    is_wide = is_host(x) or x.dtype.itemsize != 2
    return x.dtype if is_wide else np.dtype(np.float32)


def average_of_integers(attrs: WindowAttrs, image: Array) -> tuple[Array]:
    """As `average_pool`, rounded towards zero."""
    check_average_pooling(attrs, image.shape)
    xp = namespace(image)
    places = Places.of(_as_run(attrs), image.shape)
    padded = places.padded(xp, image, image.dtype.type(0))
    total = xp.zeros(places.outputs, image.dtype)
    for offset in places.offsets():
        total = total + places.taken(padded, offset)
    counts = _counts(attrs, places, image.dtype)
    return (xp.sign(total) * (xp.abs(total) // counts),)


def _as_run(attrs: WindowAttrs) -> WindowAttrs:
    """Return the attributes without a step over channels that is not taken.

    TF: infers a shape as if it were.
    """
    return attrs if attrs.window[attrs.channels] != 1 else _over_space(attrs)


def _over_space(attrs: WindowAttrs) -> WindowAttrs:
    """Return the attributes without window and step over channels."""
    window, strides = list(attrs.window), list(attrs.strides)
    window[attrs.channels] = strides[attrs.channels] = 1
    return attrs.with_window(window, strides)


def _counts(attrs: WindowAttrs, places: Places, dtype: Any) -> np.ndarray:
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
    if 0 in dims and attrs.rank == 4:
        return (xp.zeros(dims, dy.dtype),)
    check_average_gradient(attrs, dims, dy.shape)
    if min(attrs.window) <= 0 or 0 in dy.shape:
        return (xp.zeros(dims, dy.dtype),)
    # TF: takes any number of windows, as far as they begin within the image, and lays
    # out what they give as if the image had no more channels and batches than they.
    given = list(dims)
    for axis in (0, attrs.channels):
        given[axis] = dy.shape[axis]
    places = replace(Places.of(_as_run(attrs), tuple(given)), outputs=dy.shape)
    # TF: inverts numbers of places in single precision in volumes.
    kind = np.dtype(np.float64 if attrs.rank == 4 else np.float32)
    counts = np.maximum(_counts(attrs, places, kind), kind.type(1))
    share, wide = (1 / counts).astype(dy.dtype), _summed_in(dy)
    shares = dy.astype(wide) * share.astype(wide)
    zero = shares.dtype.type(0)
    gradient = places.spread(
        xp, shares, part=lambda _number, share: share, absent=(zero,)
    )
    gradient = gradient.astype(dy.dtype)
    if tuple(given) != dims:
        missing = math.prod(dims) - math.prod(given)
        gradient = xp.pad(gradient.reshape(-1), (0, missing)).reshape(dims)
    return (gradient,)


_SIZES = ("ksize", "strides")

KERNELS = {
    "MaxPool": Kernel(max_pool),
    "MaxPoolGrad": Kernel(max_pool_grad),
    "MaxPoolGradGrad": Kernel(max_pool_grad_grad),
    "MaxPool3D": Kernel(max_pool_3d),
    "MaxPool3DGrad": Kernel(max_pool_3d_grad),
    "MaxPool3DGradGrad": Kernel(max_pool_grad_grad),
    "MaxPoolV2": Kernel(max_pool_v2, static=_SIZES),
    "MaxPoolGradV2": Kernel(max_pool_grad_v2, static=_SIZES),
    "MaxPoolGradGradV2": Kernel(max_pool_grad_grad_v2, static=_SIZES),
    "MaxPoolWithArgmax": Kernel(max_pool_with_argmax),
    "MaxPoolGradWithArgmax": Kernel(max_pool_grad_with_argmax),
    "MaxPoolGradGradWithArgmax": Kernel(max_pool_grad_grad_with_argmax),
    "AvgPool": Kernel(average_pool),
    "AvgPoolGrad": Kernel(average_pool_grad, static=("orig_input_shape",)),
    "AvgPool3D": Kernel(average_pool),
    "AvgPool3DGrad": Kernel(average_pool_grad, static=("orig_input_shape",)),
}
