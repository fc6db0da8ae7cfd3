"""Projections of images; twin of `ops/image_transform.py`.

Source: tensorflow core/kernels/image/image_ops.h.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.element_counts import check_product
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

_F = np.float32
_MODES: Final = {b"CONSTANT", b"REFLECT", b"WRAP", b"NEAREST"}


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _check(attrs: Any, images: Array, transforms: Array, size: Array) -> None:
    if attrs["interpolation"] not in (b"NEAREST", b"BILINEAR"):
        raise _invalid(
            f"Invalid interpolation {attrs['interpolation'].decode()}. Supported"
            " types: NEAREST, BILINEAR"
        )
    if attrs["fill_mode"] not in _MODES:
        raise _invalid(
            f"Invalid mode {attrs['fill_mode'].decode()}. Supported types: REFLECT,"
            " WRAP, CONSTANT, NEAREST"
        )
    if images.ndim != 4:
        raise _invalid("Input images must have rank 4")
    is_matrix = transforms.ndim == 2 and transforms.shape[1] == 8
    if not is_matrix or transforms.shape[0] not in (1, images.shape[0]):
        raise _invalid("Input transform should be num_images x 8 or 1 x 8")
    if size.shape != (2,):
        raise _invalid("output shape must be 1-dimensional")
    if min(int(v) for v in size) <= 0:
        raise _invalid("new_height, new_width must be positive")
    check_product((images.shape[0], *(int(v) for v in size), images.shape[3]))


def _reflected(at: Array, size: int) -> Array:
    """Map `d c b a | a b c d | d c b a` to the middle."""
    xp = namespace(at)
    if size <= 1:
        return xp.zeros_like(at)
    period = _F(2 * size)
    low = xp.where(at < period, period * xp.trunc(-at / period) + at, at)
    low = xp.where(low < -size, low + period, -low - _F(1))
    high = at - period * xp.trunc(at / period)
    high = xp.where(high >= size, period - high - _F(1), high)
    inside = xp.where(at < 0, low, xp.where(at > size - 1, high, at))
    return xp.clip(inside, _F(0), _F(size - 1))


def _wrapped(at: Array, size: int) -> Array:
    """Map `a b c d | a b c d | a b c d` to the middle."""
    xp = namespace(at)
    if size <= 1:
        return xp.zeros_like(at)
    last = _F(size - 1)
    low = at + _F(size) * (xp.trunc(-at / last) + _F(1))
    high = at - _F(size) * xp.trunc(at / last)
    inside = xp.where(at < 0, low, xp.where(at > last, high, at))
    return xp.clip(inside, _F(0), last)


def _mapped(at: Array, size: int, mode: bytes) -> Array:
    if mode == b"REFLECT":
        return _reflected(at, size)
    if mode == b"WRAP":
        return _wrapped(at, size)
    if mode == b"NEAREST":
        return namespace(at).clip(at, _F(0), _F(size - 1))
    return at


class _Pixels:
    """Images that can be read at any place; what is outside has one value."""

    def __init__(self, images: Array, fill_value: Array) -> None:
        self._images = images
        self._fill = fill_value

    def at(self, y: Array, x: Array) -> Array:
        """Return `[n, h, w, c]` for floating-point `y` and `x`, `[1 or n, h, w]`."""
        xp = namespace(self._images, y, x)
        count, height, width, _ = self._images.shape
        is_inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        rows = xp.where(is_inside, y, _F(0)).astype(np.int32)
        columns = xp.where(is_inside, x, _F(0)).astype(np.int32)
        numbers = np.arange(count, dtype=np.int32)[:, None, None]
        picked = xp.asarray(self._images)[numbers, rows, columns]
        return xp.where(is_inside[..., None], picked, self._fill)


def _rounded(x: Array) -> Array:
    """Round halves away from zero."""
    xp = namespace(x)
    return xp.trunc(x + xp.copysign(_F(0.5), x))


def _projected(
    attrs: Any, images: Array, transforms: Array, size: Array, fill_value: Array
) -> Array:
    _check(attrs, images, transforms, size)
    xp = namespace(images, transforms, fill_value)
    height, width = (int(v) for v in size)
    y, x = np.arange(height, dtype=_F)[:, None], np.arange(width, dtype=_F)
    a, b, c, d, e, f, g, h = (transforms[:, i, None, None] for i in range(8))
    depth = g * x + h * y + _F(1)
    is_seen = depth != 0
    divisor = xp.where(is_seen, depth, _F(1))
    in_x = _mapped((a * x + b * y + c) / divisor, images.shape[2], attrs["fill_mode"])
    in_y = _mapped((d * x + e * y + f) / divisor, images.shape[1], attrs["fill_mode"])
    fill = xp.asarray(fill_value).astype(images.dtype)
    pixels = _Pixels(images, fill)
    if attrs["interpolation"] == b"NEAREST":
        result = pixels.at(_rounded(in_y), _rounded(in_x))
    else:
        result = _interpolated(pixels, in_y, in_x, images.dtype)
    return xp.where(is_seen[..., None], result, fill)


def _interpolated(pixels: _Pixels, y: Array, x: Array, dtype: Any) -> Array:
    xp = namespace(y, x)
    top, left = xp.floor(y), xp.floor(x)
    bottom, right = top + _F(1), left + _F(1)
    lines = []
    for row in (top, bottom):
        near = (right - x)[..., None] * pixels.at(row, left).astype(_F)
        far = (x - left)[..., None] * pixels.at(row, right).astype(_F)
        lines.append(near + far)
    total = (bottom - y)[..., None] * lines[0] + (y - top)[..., None] * lines[1]
    return total.astype(dtype)


def projective_transform_v2(
    attrs: Any, images: Array, transforms: Array, output_shape: Array
) -> tuple[Array]:
    return (_projected(attrs, images, transforms, output_shape, np.float32(0)),)


def projective_transform_v3(
    attrs: Any,
    images: Array,
    transforms: Array,
    output_shape: Array,
    fill_value: Array,
) -> tuple[Array]:
    return (_projected(attrs, images, transforms, output_shape, fill_value),)


class _Constant:
    """Attributes of the first version, which fills with zeros."""

    def __init__(self, attrs: Any) -> None:
        self._interpolation = attrs["interpolation"]

    def __getitem__(self, name: str) -> Any:
        return b"CONSTANT" if name == "fill_mode" else self._interpolation


def projective_transform(attrs: Any, images: Array, transforms: Array) -> tuple[Array]:
    size = np.array(images.shape[1:3], np.int32)
    return projective_transform_v2(_Constant(attrs), images, transforms, size)


KERNELS = {
    "ImageProjectiveTransform": Kernel(projective_transform),
    "ImageProjectiveTransformV2": Kernel(
        projective_transform_v2, static=("output_shape",)
    ),
    "ImageProjectiveTransformV3": Kernel(
        projective_transform_v3, static=("output_shape",)
    ),
}
