"""Colours and contrast of images; twin of `ops/image_color.py`.

Source: tensorflow core/kernels/image/adjust_*_op.cc, colorspace_op.h.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from metagraft.errors import FailedPreconditionError, InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.resampling import in_turn

_F = np.float32
_SECTORS: Final = 6


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _check(images: Array, *scalars: tuple[str, Array]) -> None:
    if images.ndim < 3:
        raise _invalid(f"input must be at least 3-D, got shape{show(images.shape)}")
    for name, value in scalars:
        if value.ndim:
            raise _invalid(f"{name} must be scalar: {show(value.shape)}")


def _check_colors(images: Array) -> None:
    if images.shape[-1] != 3:
        raise _invalid(
            f"input must have 3 channels but instead has {images.shape[-1]} channels."
        )


def _check_triples(images: Array) -> None:
    if not images.ndim:
        raise _invalid("input must be at least 1D[]")
    if images.shape[-1] != 3:
        raise FailedPreconditionError(
            None,
            None,
            f"input must have 3 channels but input only has {images.shape[-1]} "
            "channels.",
        )


def _image_means(x: Array) -> Array:
    """Return the mean of each channel of each image, in `float32`."""
    # XLA's CPU backend adds rows up three times faster than both axes at once.
    rows = in_turn(x.astype(_F).sum(axis=-3, keepdims=True, dtype=np.float32))
    sums = in_turn(rows.sum(axis=-2, keepdims=True, dtype=np.float32))
    return sums / _F(max(1, x.shape[-3] * x.shape[-2]))


def adjust_contrast(
    _attrs: Any, images: Array, contrast_factor: Array, low: Array, high: Array
) -> tuple[Array]:
    """Move every number from the mean, within limits."""
    scalars = ("contrast_factor", contrast_factor), ("min_value", low)
    _check(images, *scalars, ("max_value", high))
    xp = namespace(images, contrast_factor, low, high)
    mean = _image_means(images)
    adjusted = (images.astype(_F) - mean) * contrast_factor + mean
    return (xp.maximum(xp.minimum(adjusted, high), low),)


def adjust_contrast_v2(
    _attrs: Any, images: Array, contrast_factor: Array
) -> tuple[Array]:
    """Move every number away from the mean of its channel, or towards it."""
    _check(images, ("contrast_factor", contrast_factor))
    mean = _image_means(images).astype(images.dtype)
    moved = (images - mean).astype(_F) * contrast_factor
    return (mean + moved.astype(images.dtype),)


def adjust_hue(_attrs: Any, images: Array, delta: Array) -> tuple[Array]:
    """Turn the hue by a fraction of the circle."""
    _check(images, ("delta", delta))
    _check_colors(images)
    xp = namespace(images, delta)
    x = images.astype(_F)
    r, g, b = x[..., 0], x[..., 1], x[..., 2]
    high = xp.maximum(r, xp.maximum(g, b))
    low = xp.minimum(r, xp.minimum(g, b))
    middle = xp.maximum(xp.minimum(r, g), xp.minimum(xp.maximum(r, g), b))
    is_down = r < g
    sector = xp.where(
        is_down,
        xp.where(b < r, _F(1), xp.where(b > g, _F(3), _F(2))),
        xp.where(b < g, _F(0), xp.where(b > r, _F(4), _F(5))),
    )
    spread = high - low
    ratio = (middle - low) / xp.where(spread == 0, _F(1), spread)
    hue = sector + xp.where(sector % _F(2) == 0, ratio, _F(1) - ratio)
    hue = xp.where(spread == 0, _F(0), hue) + delta * _F(_SECTORS)
    hue = hue - xp.floor(hue / _F(_SECTORS)) * _F(_SECTORS)
    hue = xp.where(hue >= _F(_SECTORS), hue - _F(_SECTORS), hue)
    sector = xp.floor(hue)
    ratio = hue - sector
    ratio = xp.where(sector % _F(2) == 0, ratio, _F(1) - ratio)
    middle = low + ratio * spread
    # For each sector, which of high, middle and low is red, green, blue.
    orders = ("hml", "mhl", "lhm", "lmh", "mlh", "hlm")
    values = {"h": high, "m": middle, "l": low}
    channels = []
    for place in range(3):
        channel = values[orders[-1][place]]
        for number, order in enumerate(orders[:-1]):
            channel = xp.where(sector == _F(number), values[order[place]], channel)
        channels.append(channel)
    return (xp.stack(channels, axis=-1).astype(images.dtype),)


_YIQ: Final = np.array(
    [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]
)


def adjust_hsv_in_yiq(
    _attrs: Any, images: Array, delta_h: Array, scale_s: Array, scale_v: Array
) -> tuple[Array]:
    """Turn the hue by an angle and multiply saturation and value, as one product.

    Source: tensorflow contrib/image/kernels/adjust_hsv_in_yiq_op.cc.
    """
    scalars = ("delta_h", delta_h), ("scale_s", scale_s), ("scale_v", scale_v)
    _check(images, *scalars)
    if images.shape[-1] != 3:
        raise _invalid(
            f"input must have 3 channels but instead has {images.shape[-1]} channels."
        )
    xp = namespace(images, delta_h, scale_s, scale_v)
    turned = xp.cos(delta_h) * scale_s, xp.sin(delta_h) * scale_s
    one, none = xp.ones_like(turned[0]), xp.zeros_like(turned[0])
    rows = (
        (one, none, none),
        (none, turned[0], -turned[1]),
        (none, turned[1], turned[0]),
    )
    change = xp.stack([xp.stack(row) for row in rows]) * scale_v
    back, forth = (m.astype(_F) for m in (np.linalg.inv(_YIQ), _YIQ))
    matrix = xp.asarray(back) @ change.astype(_F) @ forth
    changed = images.astype(_F).reshape(-1, 3) @ matrix.T
    return (changed.reshape(images.shape).astype(images.dtype),)


def adjust_saturation(_attrs: Any, images: Array, scale: Array) -> tuple[Array]:
    """Multiply the saturation."""
    _check(images, ("scale", scale))
    _check_colors(images)
    xp = namespace(images, scale)
    (hsv,) = rgb_to_hsv(None, images.astype(_F))
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    saturation = xp.minimum(_F(1), xp.maximum(_F(0), saturation * scale))
    (rgb,) = hsv_to_rgb(None, xp.stack([hue, saturation, value], axis=-1))
    return (rgb.astype(images.dtype),)


def rgb_to_hsv(_attrs: Any, images: Array) -> tuple[Array]:
    """`[..., 3]`: red, green, blue -> hue in turns, saturation, value."""
    _check_triples(images)
    xp = namespace(images)
    kind = images.dtype.type

    def number(x: float) -> Any:
        return kind(x)

    r, g, b = images[..., 0], images[..., 1], images[..., 2]
    value = xp.maximum(r, xp.maximum(g, b))
    spread = value - xp.minimum(r, xp.minimum(g, b))
    zero = number(0)
    safe = xp.where(value > zero, value, number(1))
    saturation = xp.where(value > zero, spread / safe, zero)
    has_hue = spread > zero
    norm = number(1) / xp.where(has_hue, spread, number(1)) * (number(1) / number(6))
    hue = xp.where(
        r == value,
        norm * (g - b),
        xp.where(
            g == value,
            norm * (b - r) + number(2) / number(6),
            norm * (r - g) + number(4) / number(6),
        ),
    )
    hue = xp.where(has_hue, hue, zero)
    hue = xp.where(hue < zero, hue + number(1), hue)
    return (xp.stack([hue, saturation, value], axis=-1),)


def hsv_to_rgb(_attrs: Any, images: Array) -> tuple[Array]:
    """The inverse of `rgb_to_hsv`."""
    _check_triples(images)
    xp = namespace(images)
    kind = images.dtype.type
    zero, one, two = kind(0), kind(1), kind(2)
    angle = images[..., 0] * kind(_SECTORS)
    saturation, value = images[..., 1], images[..., 2]
    shares = (
        xp.abs(angle - kind(3)) - one,
        -xp.abs(angle - two) + two,
        -xp.abs(angle - kind(4)) + two,
    )
    rest = -saturation + one
    channels = [
        (rest + saturation * xp.minimum(xp.maximum(share, zero), one)) * value
        for share in shares
    ]
    return (xp.stack(channels, axis=-1),)


KERNELS = {
    "AdjustContrast": Kernel(adjust_contrast),
    "AdjustContrastv2": Kernel(adjust_contrast_v2),
    "AdjustHsvInYiq": Kernel(adjust_hsv_in_yiq),
    "AdjustHue": Kernel(adjust_hue),
    "AdjustSaturation": Kernel(adjust_saturation),
    "HSVToRGB": Kernel(hsv_to_rgb),
    "RGBToHSV": Kernel(rgb_to_hsv),
}
