"""Resizing of images; twin of `ops/image_resize.py`.

Everything that depends on sizes alone, indices and weights, is computed with NumPy
in `float32`, as TensorFlow computes it; pixels are then combined along one axis after
the other.

Source: tensorflow core/kernels/image/image_resizer_state.h, resize_*_op.cc.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.element_counts import check_product
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.resampling import Taps, along, in_turn, taken, weighted_sum
from metagraft.kernels.rounding import summed_from_zero
from metagraft.ops.image_resize import ResizeAttrs

_F = np.float32
_HEIGHT: Final = 1
_WIDTH: Final = 2
_CUBIC_STEPS: Final = 1 << 10
_BYTE_PLACES: Final = 7
_WORD_PLACES: Final = 30


def checked_size(attrs: ResizeAttrs, images: Array, size: Array) -> tuple[int, int]:
    """Return height and width of the result.

    Raises:
        InvalidArgumentError: They are not positive or endless, there is nothing to
            resize, or the conventions contradict each other.
    """
    if attrs.half_pixel_centers and attrs.align_corners:
        raise _invalid("If half_pixel_centers is True, align_corners must be False.")
    if images.ndim != 4:
        raise _invalid(f"input must be 4-dimensional{show(images.shape)}")
    height, width = two_sizes(size)
    if height <= 0 or width <= 0:
        raise _invalid("output dimensions must be positive")
    if images.shape[3] <= 0:
        raise _invalid("image must have at least one channel")
    if not images.shape[_HEIGHT] or not images.shape[_WIDTH]:
        raise _invalid("input image must be of non-zero size")
    check_product((images.shape[0], height, width, images.shape[3]))
    return height, width


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def scale_of(in_size: int, out_size: int, align_corners: bool) -> Any:
    """Return how many old pixels a new one spans."""
    if align_corners and out_size > 1:
        return _F(in_size - 1) / _F(out_size - 1)
    return _F(in_size) / _F(out_size)


def positions(attrs: ResizeAttrs, in_size: int, out_size: int) -> np.ndarray[Any, Any]:
    """Return where in the old image the centres of new pixels lie."""
    scale = scale_of(in_size, out_size, attrs.align_corners)
    places = np.arange(out_size, dtype=_F)
    if attrs.half_pixel_centers:
        return (places + _F(0.5)) * scale - _F(0.5)
    return places * scale


def _neighbors(
    attrs: ResizeAttrs, in_size: int, out_size: int
) -> tuple[np.ndarray[Any, Any], ...]:
    """Return lower and upper neighbour of each new pixel, and how near the upper is."""
    at = positions(attrs, in_size, out_size)
    floor = np.floor(at)
    lower = np.maximum(floor.astype(np.int64), 0)
    upper = np.minimum(np.ceil(at).astype(np.int64), in_size - 1)
    return np.minimum(lower, in_size - 1), upper, at - floor


def _float32(x: Array) -> Array:
    return x if x.dtype == _F else x.astype(_F)


def resize_bilinear(attrs: ResizeAttrs, images: Array, size: Array) -> tuple[Array]:
    """Between neighbours on a line, first along rows, then across them."""
    return _resized(attrs, images, checked_size(attrs, images, size))


def _resized(attrs: ResizeAttrs, images: Array, sizes: tuple[int, int]) -> tuple[Array]:
    x = _float32(images)
    if images.shape[1:3] == sizes:
        return (x,)
    for axis in (_WIDTH, _HEIGHT):
        lower, upper, near = _neighbors(attrs, images.shape[axis], sizes[axis - 1])
        low, high = (taken(x, index, axis) for index in (lower, upper))
        x = low + (high - low) * along(near, axis, 4)
    return (x,)


def resize_bilinear_in_type(attrs: ResizeAttrs, images: Array, size: Array) -> Array:
    """As `resize_bilinear`, computed in the type of the images."""
    sizes = checked_size(attrs, images, size)
    x = images
    for axis in (_WIDTH, _HEIGHT):
        lower, upper, near = _neighbors(attrs, images.shape[axis], sizes[axis - 1])
        low, high = (taken(x, index, axis) for index in (lower, upper))
        x = low + (high - low) * along(near.astype(x.dtype), axis, 4)
    return x


def two_sizes(size: Array) -> tuple[int, int]:
    """Return height and width that an operand asks for.

    Raises:
        InvalidArgumentError: It is no vector of two elements.
    """
    if size.ndim != 1:
        raise _invalid(f"shape_t must be 1-dimensional{show(size.shape)}")
    if len(size) != 2:
        raise _invalid(f"shape_t must have two elements{show(size.shape)}")
    height, width = (int(v) for v in size)
    return height, width


def _bilinear_taps(attrs: ResizeAttrs, in_size: int, out_size: int) -> Taps:
    lower, upper, near = _neighbors(attrs, in_size, out_size)
    weights = np.stack([_F(1) - near, near], axis=1)
    return Taps(np.stack([lower, upper], axis=1), weights)


def _gradient_sizes(
    attrs: ResizeAttrs, grads: Array, original: Array
) -> tuple[tuple[int, int], tuple[int, int]]:
    if attrs.half_pixel_centers and attrs.align_corners:
        raise _invalid("If half_pixel_centers is True, align_corners must be False.")
    for name, x in (("input_grad", grads), ("original_image", original)):
        if x.ndim != 4:
            raise _invalid(f"{name} must be 4-dimensional{show(x.shape)}")
    return grads.shape[1:3], original.shape[1:3]


def _back(
    grads: Array, rows: Taps, columns: Taps, sizes: tuple[int, int], dtype: Any
) -> Array:
    """Return what pixels of the old image get, given what new ones take from them."""
    is_exact = dtype == np.float64
    back = [
        taps.transposed(size, is_exact=is_exact)
        for taps, size in zip((rows, columns), sizes, strict=True)
    ]
    if is_exact and grads.dtype == _F:
        return _back_exactly(grads, *back)
    x = in_turn(weighted_sum(grads, back[0], _HEIGHT))
    x = weighted_sum(x, back[1], _WIDTH)
    return x if x.dtype == dtype else x.astype(dtype)


def _back_exactly(grads: Array, rows: Taps, columns: Taps) -> Array:
    """Add in `float64` what is computed in `float32`, as TensorFlow does."""
    total: Array = np.float64(0)
    for i in range(rows.index.shape[1]):
        part = taken(grads, rows.index[:, i], _HEIGHT)
        part = part * along(rows.weight[:, i], _HEIGHT, 4)
        for j in range(columns.index.shape[1]):
            term = taken(part, columns.index[:, j], _WIDTH)
            term = term * along(columns.weight[:, j], _WIDTH, 4)
            total = total + term.astype(np.float64)
    return total


def resize_bilinear_grad(
    attrs: ResizeAttrs, grads: Array, original_image: Array
) -> tuple[Array]:
    resized, sizes = _gradient_sizes(attrs, grads, original_image)
    rows, columns = (_bilinear_taps(attrs, sizes[i], resized[i]) for i in range(2))
    return (_back(grads, rows, columns, sizes, original_image.dtype),)


def _cubic_table(a: float) -> np.ndarray[Any, Any]:
    """Return the values of the cubic of 0 to 1 and of 1 to 2, in steps."""
    a = _F(a).item()
    x = (np.arange(_CUBIC_STEPS + 1) / _CUBIC_STEPS).astype(_F).astype(np.float64)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    x = (x.astype(_F) + _F(1)).astype(np.float64)
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.stack([near, far], axis=1).astype(_F)


def _cubic_taps(attrs: ResizeAttrs, in_size: int, out_size: int) -> Taps:
    is_keys = attrs.half_pixel_centers
    table = _cubic_table(-0.5 if is_keys else -0.75)
    at = positions(attrs, in_size, out_size)
    floor = np.floor(at)
    step = np.rint((at - floor) * _F(_CUBIC_STEPS)).astype(np.int64)
    other = _CUBIC_STEPS - step
    weight = np.stack(
        [table[step, 1], table[step, 0], table[other, 0], table[other, 1]], axis=1
    )
    wanted = floor.astype(np.int64)[:, None] + np.arange(-1, 3)
    index = np.clip(wanted, 0, in_size - 1)
    if is_keys:
        weight = np.where(index == wanted, weight, _F(0))
        total = ((weight[:, 0] + weight[:, 1]) + weight[:, 2]) + weight[:, 3]
        is_large = np.abs(total) >= _F(1000) * np.finfo(_F).tiny
        factor = _F(1) / np.where(is_large, total, _F(1))
        weight = weight * factor[:, None]
    return Taps(index, weight)


def resize_bicubic(attrs: ResizeAttrs, images: Array, size: Array) -> tuple[Array]:
    """By cubics through four neighbours, first across rows, then along them."""
    sizes = checked_size(attrs, images, size)
    x = _float32(images)
    for axis in (_HEIGHT, _WIDTH):
        taps = _cubic_taps(attrs, images.shape[axis], sizes[axis - 1])
        x = in_turn(weighted_sum(x, taps, axis, has_spares=False))
    return (x,)


def resize_bicubic_grad(
    attrs: ResizeAttrs, grads: Array, original_image: Array
) -> tuple[Array]:
    resized, sizes = _gradient_sizes(attrs, grads, original_image)
    rows, columns = (_cubic_taps(attrs, sizes[i], resized[i]) for i in range(2))
    if original_image.dtype == np.float64:
        grads = grads.astype(np.float64)
    return (_back(grads, rows, columns, sizes, original_image.dtype),)


def _area_taps(scale: Any, in_size: int, out_size: int) -> Taps:
    """Return how much of each old pixel lies in each new one."""
    start = np.arange(out_size, dtype=_F) * scale
    end = np.arange(1, out_size + 1, dtype=_F) * scale
    first = np.floor(start).astype(np.int64)
    last = np.ceil(end).astype(np.int64)
    places = first[:, None] + np.arange(max(1, int((last - first).max())))
    left, right = places.astype(_F), (places + 1).astype(_F)
    start, end = start[:, None], end[:, None]
    weight = np.where(
        left < start,
        np.where(right > end, scale, right - start),
        np.where(right > end, end - left, _F(1)),
    )
    weight = np.where(places < last[:, None], weight, _F(0)).astype(_F)
    return Taps(np.clip(places, 0, in_size - 1), weight)


def resize_area(attrs: ResizeAttrs, images: Array, size: Array) -> tuple[Array]:
    """The mean of what lies in each new pixel."""
    sizes = checked_size(attrs, images, size)
    x = _float32(images)
    scales = [
        scale_of(images.shape[axis], sizes[axis - 1], attrs.align_corners)
        for axis in (_HEIGHT, _WIDTH)
    ]
    for axis in (_WIDTH, _HEIGHT):
        taps = _area_taps(scales[axis - 1], images.shape[axis], sizes[axis - 1])
        x = in_turn(weighted_sum(x, taps, axis))
    return (summed_from_zero(x) * (_F(1) / (scales[0] * scales[1])),)


def _nearest(attrs: ResizeAttrs, in_size: int, out_size: int) -> np.ndarray[Any, Any]:
    """Return the old pixel that each new one copies."""
    scale = scale_of(in_size, out_size, attrs.align_corners)
    at = np.arange(out_size, dtype=_F)
    at = (at + _F(0.5)) * scale if attrs.half_pixel_centers else at * scale
    # Halves go up.
    chosen = np.floor(at + _F(0.5)) if attrs.align_corners else np.floor(at)
    return np.clip(chosen.astype(np.int64), 0, in_size - 1)


def resize_nearest_neighbor(
    attrs: ResizeAttrs, images: Array, size: Array
) -> tuple[Array]:
    sizes = checked_size(attrs, images, size)
    x = images
    for axis in (_HEIGHT, _WIDTH):
        x = taken(x, _nearest(attrs, images.shape[axis], sizes[axis - 1]), axis)
    return (x,)


def resize_nearest_neighbor_grad(
    attrs: ResizeAttrs, grads: Array, size: Array
) -> tuple[Array]:
    """Add up what the copies of each pixel got."""
    if grads.ndim != 4:
        raise _invalid(f"input must be 4-dimensional{show(grads.shape)}")
    sizes = two_sizes(size)
    if min(sizes) <= 0:
        raise _invalid("shape_t's elements must be positive")
    check_product((grads.shape[0], *sizes, grads.shape[3]))
    x = grads
    for axis in (_WIDTH, _HEIGHT):
        chosen = _nearest(attrs, sizes[axis - 1], grads.shape[axis])
        x = _added(x, chosen, sizes[axis - 1], axis)
    return (x,)


def _added(x: Array, targets: np.ndarray[Any, Any], size: int, axis: int) -> Array:
    """Sum the places of an axis that go to the same target, of `size` targets."""
    xp = namespace(x)
    starts = np.searchsorted(targets, np.arange(size))
    counts = np.searchsorted(targets, np.arange(size), side="right") - starts
    total = None
    for k in range(max(1, int(counts.max()))):
        places = np.minimum(starts + k, len(targets) - 1)
        is_there = along(counts > k, axis, x.ndim)
        term = taken(x, places, axis)
        if not is_there.all():
            term = xp.where(is_there, term, xp.zeros((), x.dtype))
        total = term if total is None else total + term
    return total


def quantized_resize_bilinear(
    attrs: ResizeAttrs, images: Array, size: Array, minimum: Array, maximum: Array
) -> tuple[Array, ...]:
    """As `resize_bilinear`; bytes in integers with seven binary places."""
    plain = ResizeAttrs(attrs.align_corners, False, attrs.out_type)
    sizes = checked_size(plain, images, size)
    if images.shape[1:3] == sizes:
        return images, minimum, maximum
    if images.dtype == np.uint8:
        x = _resized_fixed(attrs, images.astype(np.int32), sizes, _BYTE_PLACES)
        return x.astype(np.uint8), minimum, maximum
    if images.dtype == _F:
        return (*_resized(attrs, images, sizes), minimum, maximum)
    x = _resized_fixed(attrs, images.astype(np.int64), sizes, _WORD_PLACES)
    # TF: rounds to `float32` on the way, which shows in numbers above 2**24.
    return x.astype(np.int32), minimum, maximum


def _resized_fixed(
    attrs: ResizeAttrs, x: Array, sizes: tuple[int, int], places: int
) -> Array:
    """Interpolate numbers with weights that are integers."""
    one = x.dtype.type(1 << places)
    shape = x.shape
    (left, right, near_x), (top, bottom, near_y) = (
        _neighbors(attrs, shape[axis], sizes[axis - 1]) for axis in (_WIDTH, _HEIGHT)
    )
    weights = [
        along((near * _F(one)).astype(np.int32).astype(x.dtype), axis, 4)
        for near, axis in ((near_x, _WIDTH), (near_y, _HEIGHT))
    ]
    ends = []
    for rows in (top, bottom):
        row = taken(x, rows, _HEIGHT)
        low = taken(row, left, _WIDTH)
        ends.append(low * one + (taken(row, right, _WIDTH) - low) * weights[0])
    out = ends[0] + _quotient(ends[1] - ends[0], one) * weights[1]
    return _quotient(out + x.dtype.type(1 << (places - 1)), one)


def _quotient(x: Array, divisor: Any) -> Array:
    """Divide towards zero."""
    xp = namespace(x)
    floor = x // divisor
    return xp.where((x < 0) & (floor * divisor != x), floor + 1, floor)


def _resizing(fn: Any) -> Kernel:
    return Kernel(fn, static=("size",))


KERNELS = {
    "QuantizedResizeBilinear": _resizing(quantized_resize_bilinear),
    "ResizeArea": _resizing(resize_area),
    "ResizeBicubic": _resizing(resize_bicubic),
    "ResizeBicubicGrad": Kernel(resize_bicubic_grad),
    "ResizeBilinear": _resizing(resize_bilinear),
    "ResizeBilinearGrad": Kernel(resize_bilinear_grad),
    "ResizeNearestNeighbor": _resizing(resize_nearest_neighbor),
    "ResizeNearestNeighborGrad": _resizing(resize_nearest_neighbor_grad),
}
