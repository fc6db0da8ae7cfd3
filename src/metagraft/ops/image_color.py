"""Colours and contrast of images; kernels in `kernels/image_color.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.math import add, cast, div_no_nan
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank, with_rank_at_least, with_size
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor


def colorspace_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged; the last of the dimensions is 3."""
    dims = with_rank_at_least(inputs[0], 1)
    if dims is None:
        return (None,)
    with_size(dims[-1], 3)
    return ((*dims[:-1], 3),)


def adjusted_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged, of rank 3 or more."""
    return (with_rank_at_least(inputs[0], 3),)


def contrast_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged, of rank 3 or more; the other operands are scalars."""
    for dims in inputs[1:]:
        with_rank(dims, 0)
    return (with_rank_at_least(inputs[0], 3),)


class _Channels:
    """The pieces that the gradient of RGBToHSV is put together of.

    They are made in a fixed order, as the names of nodes count.
    """

    def __init__(self, op: Operation) -> None:
        image, result = op.inputs[0], op.outputs[0]
        self.dtype = image.dtype
        self.red, self.green, self.blue = (image[..., i] for i in range(3))
        self.saturation, self.value = (result[..., i] for i in (1, 2))
        r, g, b = self.red, self.green, self.blue
        # Ties go to red, then to green.
        self.max_red = self._mask((r >= b) & (r >= g))
        self.max_green = self._mask((g > r) & (g >= b))
        self.max_blue = self._mask((b > r) & (b > g))
        self.min_red = self._mask((r < b) & (r < g))
        self.min_green = self._mask((g <= r) & (g < b))
        self.min_blue = self._mask((b <= r) & (b <= g))

    def _mask(self, condition: Any) -> Any:
        return cast(condition, self.dtype)

    def positive(self, x: Tensor) -> Any:
        """1 where `x` is positive, else 0."""
        return self._mask(x > 0)

    def inverse(self, x: Any) -> Tensor:
        """`1 / x`, and 0 where `x` is 0."""
        return div_no_nan(cast(1.0, x.dtype), x)


def _square(g: GradientBuilder, x: Any) -> Any:
    return g.op("Square", x=x)


def _sum(x: Any, y: Any) -> Any:
    return add(x, y)


def _saturation_slopes(g: GradientBuilder, c: _Channels) -> list[Any]:
    """How saturation, `(max - min) / max`, moves with red, green and blue."""
    r, gr, b = c.red, c.green, c.blue

    def slope(x: Any, is_max: Any, others: Any, is_min: Any, maxima: Any) -> Any:
        first = c.positive(x)
        # Where this colour is the largest, or the smallest.
        largest = is_max * others() * c.inverse(_square(g, x))
        smallest = is_min * -1 * c.inverse(maxima())
        return first * _sum(largest, smallest)

    return [
        slope(
            r,
            c.max_red,
            lambda: _sum(c.min_green * gr, c.min_blue * b),
            c.min_red,
            lambda: (c.max_green * gr) + (c.max_blue * b),
        ),
        slope(
            gr,
            c.max_green,
            lambda: _sum(c.min_red * r, c.min_blue * b),
            c.min_green,
            lambda: (c.max_red * r) + (c.max_blue * b),
        ),
        slope(
            b,
            c.max_blue,
            lambda: _sum(c.min_green * gr, c.min_red * r),
            c.min_blue,
            lambda: (c.max_green * gr) + (c.max_red * r),
        ),
    ]


def _own_term(g: GradientBuilder, c: _Channels, x: Any, is_max: Any, gap: Any) -> Any:
    """Hue where the colour itself is the largest: by its distance to the others."""
    mask = c.positive(x) * is_max * -1
    return 60 * (
        mask
        * gap()
        * c.inverse(_square(g, c.saturation))
        * c.inverse(_square(g, c.value))
    )


def _smallest_term(
    g: GradientBuilder, c: _Channels, top: Any, is_max: Any, is_min: Any, gaps: Any
) -> Any:
    """Hue where `top` is the largest and the colour the smallest."""
    mask = c.positive(top) * is_max * is_min
    return 60 * (mask * gaps[0]() * c.inverse(_square(g, gaps[1]())))


def _middle_term(
    c: _Channels, top: Any, is_max: Any, is_min: Any, *, falls: bool, gap: Any
) -> Any:
    """Hue where `top` is the largest and the colour lies between."""
    mask = c.positive(top) * is_max * is_min
    if falls:
        mask = mask * -1
    return 60 * (mask * c.inverse(gap()))


def _hue_slopes(g: GradientBuilder, c: _Channels) -> list[Any]:
    """How hue, in turns, moves with red, green and blue."""
    r, gr, b = c.red, c.green, c.blue
    slopes = []
    for build in (_red_terms, _green_terms, _blue_terms):
        t1, t2, t3, t4, t5 = build(g, c, r, gr, b)
        total = t1 + t2 + t3 + t4 + t5
        slopes.append(total / 360)
    return slopes


def _red_terms(
    g: GradientBuilder, c: _Channels, r: Any, gr: Any, b: Any
) -> tuple[Any, ...]:
    return (
        _own_term(g, c, r, c.max_red, lambda: gr - b),
        _smallest_term(
            g, c, gr, c.max_green, c.min_red, (lambda: b - gr, lambda: r - gr)
        ),
        _middle_term(c, gr, c.max_green, c.min_blue, falls=True, gap=lambda: gr - b),
        _smallest_term(g, c, b, c.max_blue, c.min_red, (lambda: b - gr, lambda: b - r)),
        _middle_term(c, b, c.max_blue, c.min_green, falls=False, gap=lambda: b - gr),
    )


def _green_terms(
    g: GradientBuilder, c: _Channels, r: Any, gr: Any, b: Any
) -> tuple[Any, ...]:
    return (
        _own_term(g, c, gr, c.max_green, lambda: b - r),
        _smallest_term(
            g, c, r, c.max_red, c.min_green, (lambda: r - b, lambda: r - gr)
        ),
        _middle_term(c, r, c.max_red, c.min_blue, falls=False, gap=lambda: r - b),
        _smallest_term(
            g, c, b, c.max_blue, c.min_green, (lambda: r - b, lambda: b - gr)
        ),
        _middle_term(c, b, c.max_blue, c.min_red, falls=True, gap=lambda: b - r),
    )


def _blue_terms(
    g: GradientBuilder, c: _Channels, r: Any, gr: Any, b: Any
) -> tuple[Any, ...]:
    return (
        _own_term(g, c, b, c.max_blue, lambda: r - gr),
        _smallest_term(g, c, r, c.max_red, c.min_blue, (lambda: gr - r, lambda: r - b)),
        _middle_term(c, r, c.max_red, c.min_green, falls=True, gap=lambda: r - gr),
        _smallest_term(
            g, c, gr, c.max_green, c.min_blue, (lambda: gr - r, lambda: gr - b)
        ),
        _middle_term(c, gr, c.max_green, c.min_red, falls=False, gap=lambda: gr - r),
    )


def rgb_to_hsv_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The sum over value, saturation and hue of their slopes."""
    c = _Channels(op)
    value_slopes = [c.max_red, c.max_green, c.max_blue]
    saturation_slopes = _saturation_slopes(g, c)
    hue_slopes = _hue_slopes(g, c)
    parts = []
    for channel, slopes in ((2, value_slopes), (1, saturation_slopes), (0, hue_slopes)):
        parts.append(array.stack([dy[..., channel] * s for s in slopes], axis=-1))
    return (_sum(_sum(parts[0], parts[1]), parts[2]),)


_SOURCE = "tensorflow core/ops/image_ops.cc"
_NOT_REGISTERED = NoGradient("TensorFlow registers none")

OPS = (
    OpSpec(
        name="AdjustContrast",
        shape=contrast_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="AdjustContrastv2",
        shape=contrast_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="AdjustHsvInYiq",
        shape=adjusted_shape,
        gradient=_NOT_REGISTERED,
        source="tensorflow contrib/image/ops/distort_image_ops.cc",
    ),
    OpSpec(
        name="AdjustHue",
        shape=adjusted_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="AdjustSaturation",
        shape=adjusted_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="HSVToRGB",
        shape=colorspace_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="RGBToHSV",
        shape=colorspace_shape,
        gradient=rgb_to_hsv_gradient,
        source=_SOURCE,
    ),
)
