"""Cutting boxes out of images; twin of `ops/image_crop.py`.

Source: tensorflow core/kernels/image/crop_and_resize_op.cc, attention_ops.cc,
random_crop_op.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from metagraft.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    OutOfRangeError,
)
from metagraft.graph.shapes import show
from metagraft.kernels import philox
from metagraft.kernels.element_counts import check_product, fits
from metagraft.kernels.image_resize import two_sizes
from metagraft.kernels.kernel import Array, Kernel, RandomStream
from metagraft.kernels.namespace import is_host, lax, namespace
from metagraft.kernels.native_loop import native, on_cpu
from metagraft.kernels.rounding import divided, rounded, settled
from metagraft.ops.image_crop import CropAttrs

_F = np.float32


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _check_boxes(boxes: Array, box_index: Array) -> None:
    if boxes.ndim != 2:
        raise _invalid(f"boxes must be 2-D{show(boxes.shape)}")
    if boxes.shape[1] != 4:
        raise _invalid("boxes must have 4 columns")
    if box_index.shape != boxes.shape[:1]:
        raise _invalid("box_index has incompatible shape")


def _check_images(box_index: Array, batch: int) -> None:
    if is_host(box_index) and ((box_index < 0) | (box_index >= batch)).any():
        raise OutOfRangeError(
            None, None, "box_index has values outside [0, batch_size)"
        )


def _places(first: Array, last: Array, in_size: int, count: int) -> Array:
    """Return `float32[boxes, count]`: where pixels of crops lie along one axis."""
    span = _F(in_size - 1)
    if count == 1:
        return (_F(0.5) * (first + last) * span)[:, None]
    scale = divided((last - first) * span, count - 1)
    return _from(first * span, scale, count)


def _gradient_places(first: Array, last: Array, in_size: int, count: int) -> Array:
    span = _F(in_size - 1)
    if count == 1:
        return _places(first, last, in_size, count)
    return _from(first * span, (last - first) * (span / _F(count - 1)), count)


def _from(first: Array, scale: Array, count: int) -> Array:
    """Return so many places, each rounded as a product and as a sum."""
    steps = namespace(first).arange(count, dtype=_F) * settled(scale)[:, None]
    return rounded(first)[:, None] + rounded(steps)


class _Axis(NamedTuple):
    """Crops along one axis: which pixels they are between, and how near the second."""

    is_inside: Array
    low: Array
    high: Array
    near: Array
    nearest: Array


def _axis(at: Array, in_size: int) -> _Axis:
    xp = namespace(at)
    is_inside = (at >= 0) & (at <= _F(in_size - 1))
    at = xp.where(is_inside, at, _F(0))
    floor = xp.floor(at)
    return _Axis(
        is_inside=is_inside,
        low=floor.astype(np.int32),
        high=xp.ceil(at).astype(np.int32),
        near=at - floor,
        nearest=xp.floor(at + _F(0.5)).astype(np.int32),
    )


def _axes(boxes: Array, image_shape: Any, crop: tuple[int, int], places: Any) -> Any:
    """Return crops along rows and columns."""
    y1, x1, y2, x2 = (boxes[:, i] for i in range(4))
    height, width = image_shape[1:3]
    return (
        _axis(places(y1, y2, height, crop[0]), height),
        _axis(places(x1, x2, width, crop[1]), width),
    )


def _pixels(image: Array, box_index: Array, rows: Array, columns: Array) -> Array:
    """Return `float32[boxes, crop height, crop width, depth]`."""
    picked = image[box_index[:, None, None], rows[:, :, None], columns[:, None, :]]
    return picked.astype(_F)


def _crop_sizes(image: Array, boxes: Array, crop_size: Array) -> tuple[int, int]:
    if crop_size.shape != (2,):
        raise _invalid(f"crop_size must have two elements{show(crop_size.shape)}")
    height, width = (int(v) for v in crop_size)
    if height <= 0 or width <= 0:
        raise _invalid("crop dimensions must be positive")
    check_product((len(boxes), height, width, image.shape[3]))
    return height, width


def crop_and_resize(
    attrs: CropAttrs, image: Array, boxes: Array, box_ind: Array, crop_size: Array
) -> tuple[Array]:
    if image.ndim != 4:
        raise _invalid(f"input image must be 4-D{show(image.shape)}")
    if not image.shape[1] or not image.shape[2]:
        raise _invalid("image dimensions must be positive")
    _check_boxes(boxes, box_ind)
    height, width = _crop_sizes(image, boxes, crop_size)
    _check_images(box_ind, image.shape[0])
    if is_host(boxes) and not np.isfinite(boxes).all():
        raise _invalid("Boxes contains at least one element that is not finite")
    xp = namespace(image, boxes, box_ind)
    rows, columns = _axes(boxes, image.shape, (height, width), _places)
    value = _F(attrs.extrapolation_value)

    def at_once(image: Array, box_ind: Array, rows: _Axis, columns: _Axis) -> Array:
        near_x = columns.near[:, None, :, None]
        lines = []
        for row in (rows.low, rows.high):
            left = _pixels(image, box_ind, row, columns.low)
            right = _pixels(image, box_ind, row, columns.high)
            lines.append(left + (right - left) * near_x)
        crops = lines[0] + (lines[1] - lines[0]) * rows.near[:, :, None, None]
        return xp.where(_inside(rows, columns)[..., None], crops, value)

    def in_turn(image: Array, box_ind: Array, rows: _Axis, columns: _Axis) -> Array:
        return _interpolated(image, box_ind, rows, columns, value)

    if attrs.is_nearest:
        crops = _pixels(image, box_ind, rows.nearest, columns.nearest)
        return (xp.where(_inside(rows, columns)[..., None], crops, value),)
    operands = image, box_ind, rows, columns
    if xp is np:
        return (at_once(*operands),)
    return (on_cpu(native(in_turn), at_once)(*operands),)


def _inside(rows: _Axis, columns: _Axis) -> Array:
    """Return `bool[boxes, crop height, crop width]`: which pixels are of the image."""
    return rows.is_inside[:, :, None] & columns.is_inside[:, None, :]


class _Pixel(NamedTuple):
    """A pixel of a crop: where it is among all, and what it lies between."""

    number: Array
    is_inside: Array
    near_y: Array
    near_x: Array
    corners: tuple[Array, Array, Array, Array]  # as `[batch * height * width]`


def _in_turn(
    turn: Callable[[_Pixel, Array], Array],
    into: Array,
    image_shape: Any,
    box_index: Array,
    rows: _Axis,
    columns: _Axis,
) -> Array:
    """Let every pixel of all crops change `into`, in TensorFlow's order."""
    (count, height), width = rows.low.shape, columns.low.shape[1]
    image_height, image_width = (np.int32(v) for v in image_shape[1:3])

    def one(number: Array, into: Array) -> Array:
        place, x = number // width, number % width
        box, y = place // height, place % height
        first = box_index[box] * image_height
        top, bottom = (
            (first + at[box, y]) * image_width for at in (rows.low, rows.high)
        )
        left, right = columns.low[box, x], columns.high[box, x]
        pixel = _Pixel(
            number,
            rows.is_inside[box, y] & columns.is_inside[box, x],
            rows.near[box, y],
            columns.near[box, x],
            (top + left, top + right, bottom + left, bottom + right),
        )
        return turn(pixel, into)

    pixels = np.int32(count * height * width)
    found: Array = lax().fori_loop(np.int32(0), pixels, one, into)
    return found


def _channels(pixels: Array, number: Array) -> Array:
    return lax().dynamic_index_in_dim(
        pixels, number, keepdims=False, allow_negative_indices=False
    )


def _with_channels(pixels: Array, channels: Array, number: Array) -> Array:
    return lax().dynamic_update_index_in_dim(
        pixels, channels, number, 0, allow_negative_indices=False
    )


def _interpolated(
    image: Array, box_index: Array, rows: _Axis, columns: _Axis, outside: Any
) -> Array:
    """Return crops, pixel by pixel: nothing but them is written.

    (300 crops of 14x14x64 in a program: 3.6 ms, all corners at once 23.)
    """
    depth = image.shape[3]
    pixels = image.reshape(-1, depth)
    xp = namespace(image)

    def turn(pixel: _Pixel, crops: Array) -> Array:
        top_left, top_right, bottom_left, bottom_right = (
            _channels(pixels, corner).astype(_F) for corner in pixel.corners
        )
        top = top_left + rounded((top_right - top_left) * pixel.near_x)
        change = (bottom_right - bottom_left) * pixel.near_x
        bottom = bottom_left + rounded(change)
        found = top + rounded((bottom - top) * pixel.near_y)
        found = xp.where(pixel.is_inside, found, outside)
        return _with_channels(crops, found, pixel.number)

    shape = (*rows.low.shape, columns.low.shape[1], depth)
    crops = xp.zeros((math.prod(shape[:3]), depth), _F)
    crops = _in_turn(turn, crops, image.shape, box_index, rows, columns)
    return crops.reshape(shape)


def _spread(
    dy: Array, shape: Any, box_index: Array, rows: _Axis, columns: _Axis, dtype: Any
) -> Array:
    """Add to an image, and to a pixel behind it, what pixels of the crops give.

    Both beside each other take theirs at once. (100 crops of 14x14x64: 0.8 ms, one by
    one 1.6: LLVM uses no vectors to copy 64 channels, but for more.)
    """
    xp = namespace(dy)
    pixels = dy.reshape(-1, shape[3])

    def turn(pixel: _Pixel, total: Array) -> Array:
        mine = _channels(pixels, pixel.number)
        mine = xp.where(pixel.is_inside, mine, _F(0))
        shares = (_F(1) - pixel.near_y) * mine, pixel.near_y * mine
        top_left, top_right, bottom_left, _ = pixel.corners
        is_one = top_left == top_right
        for corner, share in zip((top_left, bottom_left), shares, strict=True):
            left, right = (_F(1) - pixel.near_x) * share, pixel.near_x * share
            # Both are the same pixel: 0, or NaN, is added to what the left one gets.
            left = xp.where(is_one, share + right, left)
            both = rounded(xp.stack([left, xp.where(is_one, _F(0), right)]))
            sums = lax().dynamic_slice_in_dim(
                total, corner, 2, allow_negative_indices=False
            )
            total = _with_channels(total, sums + both.astype(dtype), corner)
        return total

    total = xp.zeros((math.prod(shape[:3]) + 1, shape[3]), dtype)
    return _in_turn(turn, total, shape, box_index, rows, columns)


def _add(total: Array, places: Any, terms: Array) -> Array:
    """Return `total` with `terms` added at `places`; on the host it is changed."""
    terms = terms.astype(total.dtype)
    if isinstance(total, np.ndarray):
        np.add.at(total, places, terms)
        return total
    return total.at[places].add(terms)


def crop_and_resize_grad_image(
    attrs: CropAttrs, grads: Array, boxes: Array, box_ind: Array, image_size: Array
) -> tuple[Array]:
    """Add up what pixels gave to crops."""
    _check_gradients(grads, boxes)
    if image_size.shape != (4,):
        raise _invalid(f"image_size must have 4 elements{show(image_size.shape)}")
    shape = tuple(int(v) for v in image_size)
    if shape[1] <= 0 or shape[2] <= 0:
        raise _invalid("image dimensions must be positive")
    if grads.shape[3] != shape[3]:
        raise _invalid("image_size and grads are incompatible")
    _check_boxes(boxes, box_ind)
    check_product(shape)
    _check_images(box_ind, shape[0])
    rows, columns = _axes(boxes, shape, grads.shape[1:3], _places)

    def at_once(grads: Array, box_ind: Array, rows: _Axis, columns: _Axis) -> Array:
        return _scattered(attrs, grads, shape, box_ind, rows, columns)

    def spread(grads: Array, box_ind: Array, rows: _Axis, columns: _Axis) -> Array:
        return _spread(grads, shape, box_ind, rows, columns, attrs.dtype)

    def in_turn(*operands: Any) -> Array:
        return native(spread)(*operands)[:-1].reshape(shape)

    operands = grads, box_ind, rows, columns
    if namespace(grads, boxes, box_ind) is np or attrs.is_nearest:
        return (at_once(*operands),)
    return (on_cpu(in_turn, at_once)(*operands),)


def _scattered(
    attrs: CropAttrs,
    grads: Array,
    shape: Any,
    box_ind: Array,
    rows: _Axis,
    columns: _Axis,
) -> Array:
    """Add to an image what all pixels of the crops give, corner by corner."""
    xp = namespace(grads, box_ind)
    dy = xp.where(_inside(rows, columns)[..., None], grads, _F(0))
    boxes_of = box_ind[:, None, None]
    total: Array = xp.zeros(shape, attrs.dtype)

    def at(row: Array, column: Array) -> Any:
        return boxes_of, row[:, :, None], column[:, None, :]

    if attrs.is_nearest:
        return _add(total, at(rows.nearest, columns.nearest), dy)
    near_x, near_y = columns.near[:, None, :, None], rows.near[:, :, None, None]
    corners = [
        (at(row, column), weight * share)
        for row, share in ((rows.low, (_F(1) - near_y) * dy), (rows.high, near_y * dy))
        for column, weight in ((columns.low, _F(1) - near_x), (columns.high, near_x))
    ]
    if xp is np:  # pixel by pixel, in TensorFlow's order
        places, terms = zip(*corners, strict=True)
        stacked = (
            np.stack(np.broadcast_arrays(*x), -1) for x in zip(*places, strict=True)
        )
        return _add(total, tuple(stacked), np.stack(terms, -2))
    for place, term in corners:
        # All into one: sums of four results take twice as long.
        total = _add(total, place, term)
    return total


def _check_gradients(grads: Array, boxes: Array) -> None:
    if grads.ndim != 4:
        raise _invalid(f"grads image must be 4-D{show(grads.shape)}")
    if not grads.shape[1] or not grads.shape[2]:
        raise _invalid("grads dimensions must be positive")
    if boxes.ndim == 2 and grads.shape[0] != boxes.shape[0]:
        raise _invalid("boxes and grads have incompatible shape")


def crop_and_resize_grad_boxes(
    attrs: CropAttrs, grads: Array, image: Array, boxes: Array, box_ind: Array
) -> tuple[Array]:
    """How the crops move with the corners of their boxes, summed over pixels."""
    if attrs.is_nearest:
        raise _invalid("method must be 'bilinear'nearest")
    _check_gradients(grads, boxes)
    if image.ndim != 4:
        raise _invalid(f"input image must be 4-D{show(image.shape)}")
    if not image.shape[1] or not image.shape[2]:
        raise _invalid("image dimensions must be positive")
    if image.shape[3] != grads.shape[3]:
        raise _invalid("image, grads depth differ")
    _check_boxes(boxes, box_ind)
    _check_images(box_ind, image.shape[0])
    xp = namespace(grads, image, boxes, box_ind)
    height, width = grads.shape[1:3]
    rows, columns = _axes(boxes, image.shape, (height, width), _gradient_places)
    (top_left, top_right), (bottom_left, bottom_right) = (
        tuple(
            _pixels(image, box_ind, row, column)
            for column in (columns.low, columns.high)
        )
        for row in (rows.low, rows.high)
    )
    near_x, near_y = columns.near[:, None, :, None], rows.near[:, :, None, None]
    dy = xp.where(_inside(rows, columns)[..., None], grads, _F(0))
    down = (_F(1) - near_x) * (bottom_left - top_left)
    down = (down + near_x * (bottom_right - top_right)) * dy
    along = (_F(1) - near_y) * (top_right - top_left)
    along = (along + near_y * (bottom_right - bottom_left)) * dy
    columns_of = []
    for slope, axis, count in ((down, 1, height), (along, 2, width)):
        span = _F(image.shape[axis] - 1)
        sums = slope.sum(axis=(3, 3 - axis))
        if count == 1:
            ends = (_F(0.5) * span * sums[:, 0],) * 2
        else:
            share = np.arange(count, dtype=_F) * (span / _F(count - 1))
            ends = (sums * (span - share)).sum(1), (sums * share).sum(1)
        columns_of.append(ends)
    (y1, y2), (x1, x2) = columns_of
    return (xp.stack([y1, x1, y2, x2], axis=1),)


_NOISES: Final = {b"uniform", b"gaussian", b"zero"}


# Where what is no number begins.
_NOWHERE: Final = -(1 << 62)


def _noise_of(attrs: Any) -> bytes:
    noise: bytes = attrs["noise"]
    if attrs["uniform_noise"] and noise not in (b"", b"uniform"):
        raise _invalid(
            "The uniform_noise and noise could not be specified at the same time"
        )
    if not noise:
        return b"uniform" if attrs["uniform_noise"] else b"gaussian"
    if noise not in _NOISES:
        raise _invalid(
            "The noise could only be uniform, gaussian, or zero, got" + noise.decode()
        )
    return noise


def _glimpse_sizes(image: Array, size: Array) -> tuple[int, ...]:
    height, width = (int(v) for v in size)
    for extent in (height, width):
        if extent < 0:
            raise _invalid(f"Expected a non-negative size, got {extent}")
    sizes = (image.shape[0], height, width, image.shape[3])
    if not fits(sizes):
        raise _invalid(
            f"Shape {show(sizes)} results in overflow when computing number of elements"
        )
    return sizes


def _extract(
    attrs: Any, image: Array, size: Array, offsets: Array, *, is_exact: bool
) -> Array:
    noise = _noise_of(attrs)
    if image.ndim != 4:
        raise _invalid(
            "input must be 4-dimensional (batch_size, height, width, depth)"
            f"{show(image.shape)}"
        )
    if size.shape != (2,):
        raise _invalid(
            f"input must be a vector of size 2 (height, width){show(size.shape)}"
        )
    if offsets.ndim != 2:
        raise _invalid(f"input must be a matrix{show(offsets.shape)}")
    if offsets.shape[0] != image.shape[0]:
        raise _invalid(f"first dimension should be batch{show(offsets.shape)}")
    if offsets.shape[1] != 2:
        raise _invalid(
            f"second dimension should be of size 2 (y,x){show(offsets.shape)}"
        )
    sizes = _glimpse_sizes(image, size)
    out = np.zeros(sizes, _F)
    if out.size:
        for glimpse, one, offset in zip(out, image, offsets, strict=True):
            _glimpse(attrs, glimpse, one, offset, noise, is_exact=is_exact)
    return out


def _glimpse_start(
    attrs: Any, offset: Any, size: int, in_size: int, is_exact: bool
) -> Any:
    """Return where a glimpse begins along one axis.

    The first version takes `size / 2` off whatever the offset counts from, and halves
    centred offsets also if they are pixels.
    """
    at = _F(offset)
    if attrs["normalized"]:
        at *= _F(in_size)
    if attrs["centered"]:
        if attrs["normalized"] or not is_exact:
            at /= _F(2)
        at += _F(in_size) / _F(2)
    if not is_exact or (attrs["normalized"] and attrs["centered"]):
        at -= _F(size) / _F(2)
    return at


def _glimpse(
    attrs: Any, out: Array, image: Array, offset: Array, noise: bytes, *, is_exact: bool
) -> None:
    """Fill `[height, width, c]` with a part of an image, and noise around it."""
    begins, is_partial = [], False
    for axis in range(2):
        size, in_size = out.shape[axis], image.shape[axis]
        at = _glimpse_start(attrs, offset[axis], size, in_size, is_exact)
        begin = int(at) if np.isfinite(at) else _NOWHERE
        begins.append(begin)
        is_partial |= begin < 0 or begin + size >= in_size
    if is_partial:
        _fill_noise(out, image, noise)
    source, target = [], []
    for axis, begin in enumerate(begins):
        size, in_size = out.shape[axis], image.shape[axis]
        first = max(begin, 0)
        if begin < 0:
            extent = min(max(0, size + begin), in_size)
            start = size - max(0, size + begin)
        else:
            extent = min(max(0, min(size, in_size - begin)), in_size)
            start = 0
        source.append(slice(first, first + extent))
        target.append(slice(start, start + extent))
    if all(part.stop > part.start for part in target):
        out[tuple(target)] = image[tuple(source)]


def _fill_noise(out: Array, image: Array, noise: bytes) -> None:
    # TF: its noise follows no seed either.
    random = np.random.default_rng()
    if noise == b"uniform":
        low, high = image.min(), image.max()
        out[...] = low + random.random(out.shape, _F) * (high - low)
    elif noise == b"gaussian":
        mean, sigma = image.mean(axis=(0, 1)), image.std(axis=(0, 1))
        drawn = mean + random.standard_normal(out.shape, _F) * sigma
        out[...] = np.clip(drawn, image.min(axis=(0, 1)), image.max(axis=(0, 1)))


def extract_glimpse(
    attrs: Any, image: Array, size: Array, offsets: Array
) -> tuple[Array]:
    return (_extract(attrs, image, size, offsets, is_exact=False),)


def extract_glimpse_v2(
    attrs: Any, image: Array, size: Array, offsets: Array
) -> tuple[Array]:
    return (_extract(attrs, image, size, offsets, is_exact=True),)


def random_crop(
    rng: RandomStream, _attrs: Any, image: Array, size: Array
) -> tuple[Array]:
    """A part of the image, its corner drawn at random."""
    if image.ndim != 3:
        raise _invalid(f"input must be 3-dimensional{show(image.shape)}")
    height, width = two_sizes(size)
    for name, in_size, wanted in (
        ("width", image.shape[1], width),
        ("height", image.shape[0], height),
    ):
        if in_size < wanted:
            raise FailedPreconditionError(
                None,
                None,
                f"{name} must be >= target_{name}: {name} = {in_size},"
                f" target_{name} = {wanted}",
            )
    key, counter = rng.reserve(1)
    xp = namespace(key, image)
    drawn = philox.draw(key, counter, 4, list, 4, np.dtype(np.uint32))
    taken = 0
    begins = []
    for in_size, wanted in ((image.shape[1], width), (image.shape[0], height)):
        if in_size > wanted:
            begins.append(drawn[taken] % np.uint32(in_size - wanted + 1))
            taken += 1
        else:
            begins.append(np.uint32(0))
    column, row = begins
    if xp is np:
        row, column = int(row), int(column)
        return (image[row : row + height, column : column + width],)
    starts = [xp.asarray(v).astype(np.int32) for v in (row, column, np.uint32(0))]
    crop = (height, width, image.shape[2])
    return (lax().dynamic_slice(xp.asarray(image), starts, crop),)


KERNELS = {
    "CropAndResize": Kernel(crop_and_resize, static=("crop_size",)),
    "CropAndResizeGradBoxes": Kernel(crop_and_resize_grad_boxes),
    "CropAndResizeGradImage": Kernel(
        crop_and_resize_grad_image, static=("image_size",)
    ),
    "ExtractGlimpse": Kernel(extract_glimpse, host=True),
    "ExtractGlimpseV2": Kernel(extract_glimpse_v2, host=True),
    "RandomCrop": Kernel(random_crop, static=("size",), random=True),
}
