"""Scaling and shifting of images with a filter; twin of `ops/image_scale.py`.

Source: tensorflow core/kernels/image/scale_and_translate_op.cc, sampling_kernels.h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.element_counts import check_product
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.resampling import Taps, weighted_sum
from metagraft.ops.image_scale import SamplingAttrs

_F = np.float32
_PI: Final = _F(3.14159265359)
Filter = Callable[[Any], Any]


def _lanczos(radius: float) -> Filter:
    r = _F(radius)

    def value(x: Any) -> Any:
        safe = np.where(x <= _F(1e-3), _F(1), x)
        sines = r * np.sin(_PI * safe) * np.sin(_PI * safe / r)
        curve = sines / (_PI * _PI * safe * safe)
        return np.where(x > r, _F(0), np.where(x <= _F(1e-3), _F(1), curve))

    return value


def _gaussian(x: Any) -> Any:
    sigma = _F(1.5) / _F(3.0)
    square = -x.astype(np.float64) * x / (2.0 * float(sigma) * float(sigma))
    return np.where(x >= _F(1.5), _F(0), np.exp(square).astype(_F))


def _box(x: Any) -> Any:
    return np.where(x < _F(0.5), _F(1), np.where(x == _F(0.5), _F(0.5), _F(0)))


def _triangle(x: Any) -> Any:
    return np.where(x < 1, _F(1) - x, _F(0))


def _keys_cubic(x: Any) -> Any:
    far = ((_F(-0.5) * x + _F(2.5)) * x - _F(4)) * x + _F(2)
    near = ((_F(1.5) * x - _F(2.5)) * x) * x + _F(1)
    return np.where(x >= 2, _F(0), np.where(x >= 1, far, near))


def _mitchell_cubic(x: Any) -> Any:
    far = ((_F(-7 / 18) * x + _F(2)) * x - _F(10 / 3)) * x + _F(16 / 9)
    near = ((_F(7 / 6) * x - _F(2)) * x) * x + _F(8 / 9)
    return np.where(x >= 2, _F(0), np.where(x >= 1, far, near))


_FILTERS: Final[dict[str, tuple[Filter, float]]] = {
    "lanczos1": (_lanczos(1.0), 1.0),
    "lanczos3": (_lanczos(3.0), 3.0),
    "lanczos5": (_lanczos(5.0), 5.0),
    "gaussian": (_gaussian, 1.5),
    "box": (_box, 1.0),
    "triangle": (_triangle, 1.0),
    "keyscubic": (_keys_cubic, 2.0),
    "mitchellcubic": (_mitchell_cubic, 2.0),
}


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _taps(
    attrs: SamplingAttrs, in_size: int, out_size: int, scale: Any, shift: Any
) -> Taps:
    """Return which old pixels the filter reaches from each new one."""
    curve, radius = _FILTERS[attrs.kernel_type]
    inverse = _F(1.0 / float(scale))
    offset = -inverse * _F(shift)
    widening = max(inverse, _F(1)) if attrs.antialias else _F(1)
    reach = _F(radius) * widening
    at = (np.arange(out_size, dtype=_F) + _F(0.5)) * inverse + offset
    is_inside = (at >= 0) & (at <= in_size)
    at = np.where(is_inside, at, _F(0))
    start = np.ceil(at - reach - _F(0.5)).astype(np.int64)
    end = np.floor(at + reach - _F(0.5)).astype(np.int64)
    start, end = (np.clip(v, 0, in_size - 1) for v in (start, end))
    places = start[:, None] + np.arange(max(1, int((end - start).max(initial=0)) + 1))
    distance = (places.astype(_F) + _F(0.5)) - at[:, None]
    weight = curve(np.abs(distance * (_F(1) / widening))).astype(_F)
    is_used = (places <= end[:, None]) & is_inside[:, None]
    weight = np.where(is_used, weight, _F(0))
    total = np.cumsum(weight, axis=1, dtype=_F)[:, -1]
    is_large = np.abs(total) >= _F(1000) * np.finfo(_F).tiny
    factor = np.where(is_large, _F(1) / np.where(is_large, total, _F(1)), _F(0))
    index = np.minimum(places, in_size - 1)
    return Taps(index, (weight * factor[:, None]).astype(_F))


def _checked(
    attrs: SamplingAttrs, scale: Array, translation: Array
) -> list[tuple[Any, Any]]:
    if attrs.kernel_type not in _FILTERS:
        raise _invalid(f"Unrecognized kernel type: {attrs.kernel_type}")
    for name, value in (("scale", scale), ("translation", translation)):
        if value.shape != (2,):
            raise _invalid(f"{name} must have two elements, got {show(value.shape)}")
    if not (scale[0] > 0 and scale[1] > 0):
        raise _invalid("Scale must be greater than zero.")
    return list(zip(scale, translation, strict=True))


def scale_and_translate(
    attrs: SamplingAttrs, images: Array, size: Array, scale: Array, translation: Array
) -> tuple[Array]:
    """Sums under the filter, first across rows, then along them."""
    if images.ndim != 4:
        raise _invalid(f"input must be 4-dimensional{show(images.shape)}")
    if size.shape != (2,):
        raise _invalid(f"output_shape must have two elements{show(size.shape)}")
    height, width = (int(v) for v in size)
    if height <= 0 or width <= 0:
        raise _invalid("output_height = output_width must be positive")
    if not images.shape[1] or not images.shape[2]:
        raise _invalid("input image must be of non-zero size")
    check_product((images.shape[0], height, width, images.shape[3]))
    moves = _checked(attrs, scale, translation)
    x = images.astype(_F)
    for axis, new_size, move in ((1, height, moves[0]), (2, width, moves[1])):
        x = weighted_sum(x, _taps(attrs, images.shape[axis], new_size, *move), axis)
    return (x,)


def scale_and_translate_grad(
    attrs: SamplingAttrs,
    grads: Array,
    original_image: Array,
    scale: Array,
    translation: Array,
) -> tuple[Array]:
    """What each pixel gave, with the same weights."""
    for name, x in (("input_grad", grads), ("original_image", original_image)):
        if x.ndim != 4:
            raise _invalid(f"{name} must be 4-dimensional{show(x.shape)}")
    moves = _checked(attrs, scale, translation)
    x = grads
    for axis in (1, 2):
        in_size = original_image.shape[axis]
        taps = _taps(attrs, in_size, grads.shape[axis], *moves[axis - 1])
        x = weighted_sum(x, taps.transposed(in_size), axis)
    return (x,)


KERNELS = {
    "ScaleAndTranslate": Kernel(
        scale_and_translate, static=("size", "scale", "translation")
    ),
    "ScaleAndTranslateGrad": Kernel(
        scale_and_translate_grad, static=("scale", "translation")
    ),
}
