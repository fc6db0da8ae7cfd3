"""Numbers quantised with scales and zero points; twin of `ops/uniform_quantized.py`.

From one scale to another they are multiplied by whole numbers and shifted, as on
devices that have no others.

Source: tensorflow core/kernels/uniform_quant_ops/*.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, lax, namespace
from metagraft.kernels.quantized_numbers import bounds, rounded_away, whole_product
from metagraft.ops.uniform_quantized import UniformConvolution
from metagraft.ops.uniform_windows import PlacedWindows

__all__ = ["KERNELS"]

_FLOAT = np.dtype(np.float32)
_DOUBLE = np.dtype(np.float64)
_INT = np.dtype(np.int32)
_WIDE = np.dtype(np.int64)
_INT_BOUNDS = bounds(_INT)


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


def _require_positive(names: str, *scales: Array) -> None:
    for scale in scales:
        if is_host(scale):
            _require(bool(np.all(scale > 0)), f"{names} elements must be all positive.")


def _check_axis(
    dims: Sequence[int], scales: Array, zero_points: Array, axis: int
) -> None:
    """Demand a scale and a zero point, or one of each for every place of an axis."""
    given = f"given scales shape {show(scales.shape)}"
    and_points = f"and zero_points shape {show(zero_points.shape)}"
    _require(
        scales.shape == zero_points.shape,
        f"scales and zero_points shape must be same, but {given} {and_points}",
    )
    _require(
        -1 <= axis < len(dims),
        f"quantization_axis must be -1 or in range [0, input.rank), but given {axis}",
    )
    if axis == -1:
        _require(
            scales.ndim == 0,
            "If quantization_axis is -1, scales and zero_points must be scalar"
            f" tensors, but {given} {and_points}",
        )
        return
    _require(
        scales.shape == (dims[axis],),
        "If quantization_axis is not -1, scales and zero_points must be a tensor of"
        " rank 1 and the size must be equal to the input.dim_size(quantization_axis),"
        f" but given quantization_axis {axis}, scales shape {show(scales.shape)}"
        f" {and_points}",
    )


def _require_axis(name: str, axis: int) -> None:
    _require(axis >= -1, f"{name} must be >= -1, given: {axis}")


def _along(vector: Array, axis: int, rank: int) -> Array:
    """Lay a vector along an axis; a scalar stays one."""
    if vector.ndim == 0:
        return vector
    return vector.reshape([-1 if i == axis else 1 for i in range(rank)])


def _as_int(x: Array) -> Array:
    """Return quantised numbers as `int32`, by way of floats, as in TensorFlow.

    Large ones lose their last digits, and the largest become the lowest one.
    """
    if x.dtype != _INT:
        return x.astype(_INT)
    xp = namespace(x)
    near = x.astype(_FLOAT)
    fits = near < _FLOAT.type(1 << 31)
    safe = xp.where(fits, near, _FLOAT.type(0)).astype(_INT)
    return xp.where(fits, safe, np.int32(_INT_BOUNDS[0]))


# Scales as whole numbers.


def _as_fraction(multiplier: Array) -> tuple[Array, Array]:
    """Return positive doubles as `numerator / 2**(31 - shift)`: int64 and int64."""
    xp = namespace(multiplier)
    if xp is np:
        given = np.asarray(multiplier)
        wrong = given[~(np.isfinite(given) & (given > 0))]
        _require(
            wrong.size == 0,
            "double_multiplier must be a poisitive finite number. Given"
            f" {wrong[0] if wrong.size else 0:g}",
        )
    part, shift = xp.frexp(multiplier)
    one = np.int64(1 << 31)
    numerator = rounded_away(part * np.float64(one)).astype(_WIDE)
    shift = shift.astype(_WIDE)
    is_whole = numerator == one
    numerator = xp.where(is_whole, np.int64(1 << 30), numerator)
    shift = xp.where(is_whole, shift + np.int64(1), shift)
    is_small, is_large = shift < -31, shift > 30
    numerator = xp.where(is_small, np.int64(0), numerator)
    numerator = xp.where(is_large, np.int64((1 << 31) - 1), numerator)
    shift = xp.where(is_small, np.int64(0), shift)
    return numerator, xp.where(is_large, np.int64(30), shift)


def _rescaled(
    x: Array, fraction: tuple[Array, Array], offset: Array, limits: tuple[int, int]
) -> Array:
    """Return `int32` numbers times a fraction, rounded, moved and held in limits."""
    xp = namespace(x, *fraction)
    numerator, shift = fraction
    places = np.int64(31) - shift
    half = np.int64(1) << (places - np.int64(1))
    scaled = (x.astype(_WIDE) * numerator + half) >> places
    lowest, highest = (np.int64(end) for end in _INT_BOUNDS)
    moved = xp.clip(scaled, lowest, highest).astype(_INT) + offset
    return _held(xp, moved, limits)


def _held(xp: Any, x: Array, limits: tuple[int, int]) -> Array:
    return xp.maximum(xp.minimum(x, np.int32(limits[1])), np.int32(limits[0]))


def _limits(attrs: Any, prefix: str = "") -> tuple[int, int]:
    return (
        attrs[f"{prefix}quantization_min_val"],
        attrs[f"{prefix}quantization_max_val"],
    )


def _ratio(numerators: Array, denominators: Array) -> Array:
    xp = namespace(numerators, denominators)
    return xp.asarray(numerators).astype(_DOUBLE) / xp.asarray(denominators).astype(
        _DOUBLE
    )


# To quantised numbers, back, and to others.


def _nearest(x: Array, inverse: Array, offset: Array, limits: tuple[int, int]) -> Array:
    """Return the `int32` numbers next to floats; what fits none is the lowest one."""
    xp = namespace(x, inverse, offset)
    level = xp.floor(x * inverse + _FLOAT.type(0.5))
    fits = xp.abs(level) < _FLOAT.type(1 << 31)
    safe = xp.where(fits, level, _FLOAT.type(0)).astype(_INT)
    return _held(xp, xp.where(fits, safe, np.int32(_INT_BOUNDS[0])) + offset, limits)


def quantize(attrs: Any, x: Array, scales: Array, zero_points: Array) -> tuple[Array]:
    axis = attrs["quantization_axis"]
    _require_axis("quantization_axis", axis)
    _check_axis(x.shape, scales, zero_points, axis)
    inverse = _FLOAT.type(1) / _along(scales, axis, x.ndim)
    offset = _along(zero_points, axis, x.ndim)
    level = _nearest(x, inverse, offset, _limits(attrs))
    return (level.astype(attrs["Tout"].as_numpy_dtype),)


def dequantize(attrs: Any, x: Array, scales: Array, zero_points: Array) -> tuple[Array]:
    axis = attrs["quantization_axis"]
    _check_axis(x.shape, scales, zero_points, axis)
    _require_positive("rhs scales", scales)
    moved = _as_int(x) - _along(zero_points, axis, x.ndim)
    return (moved.astype(_FLOAT) * _along(scales, axis, x.ndim),)


def requantize(
    attrs: Any,
    x: Array,
    scales: Array,
    zero_points: Array,
    new_scales: Array,
    new_zero_points: Array,
) -> tuple[Array]:
    axis, new_axis = (attrs[f"{s}_quantization_axis"] for s in ("input", "output"))
    _require_axis("input_quantization_axis", axis)
    _require_axis("output_quantization_axis", new_axis)
    _require(
        axis < 0 or new_axis < 0 or axis == new_axis,
        "If input and output is both per-axis quantized, the quantization axis must be"
        " same.",
    )
    _check_axis(x.shape, scales, zero_points, axis)
    _check_axis(x.shape, new_scales, new_zero_points, new_axis)
    _require_positive("input/output scales", scales, new_scales)
    rank = x.ndim
    old, offset = (_along(v, axis, rank) for v in (scales, zero_points))
    new, new_offset = (_along(v, new_axis, rank) for v in (new_scales, new_zero_points))
    result = _rescaled(
        _as_int(x) - offset,
        _as_fraction(_ratio(old, new)),
        new_offset,
        _limits(attrs, "output_"),
    )
    return (result.astype(attrs["Tout"].as_numpy_dtype),)


def clip_by_value(
    attrs: Any, x: Array, low: Array, high: Array, scales: Array, zero_points: Array
) -> tuple[Array]:
    axis = attrs["quantization_axis"]
    _check_axis(x.shape, scales, zero_points, axis)
    for name, limit in (("min", low), ("max", high)):
        _require(
            limit.shape == scales.shape,
            f"Input {name} shape must be same as scales/zero_points. Given {name} of"
            f" shape {show(limit.shape)} and scales/zero_points of shape"
            f" {show(scales.shape)}",
        )
    xp = namespace(x, low, high)
    raised = xp.maximum(x, _along(low, axis, x.ndim))
    return (xp.minimum(raised, _along(high, axis, x.ndim)),)


# Arithmetic.


def add(
    attrs: Any,
    a: Array,
    b: Array,
    a_scales: Array,
    a_zero_points: Array,
    b_scales: Array,
    b_zero_points: Array,
    scales: Array,
    zero_points: Array,
) -> tuple[Array]:
    axes = [attrs[f"{s}_quantization_axis"] for s in ("lhs", "rhs", "output")]
    _require(
        min(axes) >= -1,
        "lhs, rhs and output quantization_axis must be -1 or within [0, dims)",
    )
    _check_axis(a.shape, a_scales, a_zero_points, axes[0])
    _check_axis(b.shape, b_scales, b_zero_points, axes[1])
    try:
        dims = np.broadcast_shapes(a.shape, b.shape)
    except ValueError as error:
        text = f"Cannot Add tensors of shapes: {show(a.shape)}{show(b.shape)}"
        raise InvalidArgumentError(None, None, text) from error
    _check_axis(dims, scales, zero_points, axes[2])
    _require_positive("lhs/rhs/output scales", a_scales, b_scales, scales)
    parts = []
    for name, x, old, offset, axis in (
        ("lhs", a, a_scales, a_zero_points, axes[0]),
        ("rhs", b, b_scales, b_zero_points, axes[1]),
    ):
        place = axes[2] - len(dims)
        _require(
            axis < 0 or axes[2] < 0 or axis - x.ndim == place,
            f"If {name} and output is both per-axis quantized, the quantization axis"
            " must match.",
        )
        moved = _as_int(x) - _along(offset, axis, x.ndim)
        ratio = _ratio(_along(old, axis, x.ndim), _aligned(scales, place, x))
        rescaled = _rescaled(moved, _as_fraction(ratio), np.int32(0), _INT_BOUNDS)
        parts.append(_as_int(rescaled))
    total = parts[0] + parts[1] + _along(zero_points, axes[2], len(dims))
    return (_held(namespace(total), total, _limits(attrs, "output_")),)


def _aligned(scales: Array, place: int, x: Array) -> Array:
    """Lay the scales of a result along the axis of an operand that is `place`."""
    if scales.ndim == 0 or -place > x.ndim:
        return scales if scales.ndim == 0 else scales[0]
    axis = x.ndim + place
    return _along(scales[: x.shape[axis]], axis, x.ndim)


def _check_factors(a: Array, b: Array) -> None:
    for name, x in (("lhs", a), ("rhs", b)):
        _require(
            x.ndim == 2,
            f"{name} rank must be 2, but given {name} shape {show(x.shape)}",
        )
    _require(
        a.shape[1] == b.shape[0],
        "lhs.dim_size(1) and rhs.dim_size(0) must be equal, but given lhs shape"
        f" {show(a.shape)} and rhs shape {show(b.shape)}",
    )


def _check_channel_axis(name: str, axis: int) -> None:
    _require(
        axis in (-1, 1),
        f"{name}_quantization_axis Attr must be 1 (per-channel) or -1 (per-tensor).",
    )


def _check_operands(attrs: Any, *scales: Array) -> None:
    """Check what both products demand of their attributes and scales."""
    _require(
        attrs["lhs_quantization_axis"] == -1,
        "lhs_quantization_axis Attr must be -1 (per-tensor).",
    )
    for name, scale in zip(("lhs", "rhs", "output"), scales, strict=True):
        _require_positive(f"{name} scales", scale)


def _check_left(scales: Array, zero_points: Array) -> None:
    _require(
        scales.shape == zero_points.shape == (),
        "lhs scales/zero_points must be all scalar tensors. Given:"
        f" {show(scales.shape)}{show(zero_points.shape)}",
    )


def _channel_axis(scales: Array, axis: int) -> int:
    return -1 if scales.ndim == 0 else axis


def dot(
    attrs: Any,
    a: Array,
    b: Array,
    a_scale: Array,
    a_zero_point: Array,
    b_scales: Array,
    b_zero_points: Array,
    scales: Array,
    zero_points: Array,
) -> tuple[Array]:
    _check_operands(attrs, a_scale, b_scales, scales)
    for name in ("rhs", "output"):
        _check_channel_axis(name, attrs[f"{name}_quantization_axis"])
    _check_factors(a, b)
    _check_left(a_scale, a_zero_point)
    _check_axis(b.shape, b_scales, b_zero_points, _channel_axis(b_scales, 1))
    dims = (a.shape[0], b.shape[1])
    _check_axis(dims, scales, zero_points, _channel_axis(scales, 1))
    _require(
        b_scales.ndim > 0 or scales.ndim == 0,
        "If rhs is per-tensor quantized, output must be also per-tensor quantized."
        f" Given rhs scales and zero_points of shape {show(b_scales.shape)} but given"
        f" output scales and zero_points of shape {show(scales.shape)}",
    )
    product = whole_product(
        a.astype(_INT) - a_zero_point, b.astype(_INT) - b_zero_points
    )
    fraction = _product_fraction(a_scale, b_scales, scales)
    return (_rescaled(product, fraction, zero_points, _limits(attrs, "output_")),)


def _product_fraction(a: Array, b: Array, result: Array) -> tuple[Array, Array]:
    xp = namespace(a, b, result)
    a, b, result = (xp.asarray(v).astype(_DOUBLE) for v in (a, b, result))
    return _as_fraction(a * b / result)


def _quantized_rows(x: Array) -> tuple[Array, Array, Array]:
    """Quantise each row of a matrix by itself: `int32` levels, scales, zero points."""
    xp = namespace(x)
    zero = np.float64(0)
    low = xp.minimum(x.min(1, initial=0), _FLOAT.type(0)).astype(_DOUBLE)
    high = xp.maximum(x.max(1, initial=0), _FLOAT.type(0)).astype(_DOUBLE)
    first, last = np.float64(-128), np.float64(127)
    span = high - low
    scale = (span / (last - first)).astype(_FLOAT)
    safe_span = xp.where(span == zero, np.float64(1), span)
    inverse = xp.where(
        span == zero, _FLOAT.type(0), ((last - first) / safe_span).astype(_FLOAT)
    )
    is_flat = (scale == 0) | ~xp.isfinite(inverse)
    scale = xp.where(is_flat, _FLOAT.type(1), scale)
    from_low, from_high = low / scale.astype(_DOUBLE), high / scale.astype(_DOUBLE)
    uses_low = xp.abs(first) + xp.abs(from_low) < xp.abs(last) + xp.abs(from_high)
    point = xp.where(uses_low, first - from_low, last - from_high)
    nudged = rounded_away(xp.clip(point, first, last)).astype(_INT)
    zero_point = xp.where(is_flat, np.int32(0), nudged)
    level = _nearest(x, inverse[:, None], zero_point[:, None], (-128, 127))
    return xp.where(is_flat[:, None], np.int32(0), level), scale, zero_point


def dot_hybrid(
    attrs: Any, a: Array, b: Array, scales: Array, zero_points: Array
) -> tuple[Array]:
    _check_channel_axis("rhs", attrs["rhs_quantization_axis"])
    _check_factors(a, b)
    _check_axis(b.shape, scales, zero_points, _channel_axis(scales, 1))
    _require_positive("rhs scales", scales)
    level, row_scales, points = _quantized_rows(a)
    product = whole_product(level - points[:, None], b.astype(_INT) - zero_points)
    return (product.astype(_FLOAT) * row_scales[:, None] * scales,)


# Convolution.


def _placed(attrs: UniformConvolution, image: Array, kernel: Array) -> PlacedWindows:
    try:
        return attrs.windows.placed(tuple(image.shape), tuple(kernel.shape))
    except ValueError as error:
        raise InvalidArgumentError(None, None, str(error)) from error


def _check_feature_axis(name: str, axis: int, expected: int, what: str) -> None:
    _require(
        axis in (-1, expected),
        f"{name}_quantization_axis Attr must be -1 (per-tensor) or"
        f" dimension_numbers.{what} (per-channel).",
    )


def _convolved(
    attrs: UniformConvolution, whole: PlacedWindows, image: Array, kernel: Array
) -> Array:
    """Convolve whole numbers in which 0 stands for 0."""
    from_jax = lax()
    result = from_jax.conv_general_dilated(
        image,
        kernel,
        window_strides=whole.strides,
        padding=whole.pads,
        lhs_dilation=whole.gaps,
        rhs_dilation=whole.dilations,
        dimension_numbers=from_jax.ConvDimensionNumbers(
            whole.image, whole.kernel, whole.output
        ),
        feature_group_count=attrs.windows.feature_groups,
        batch_group_count=attrs.windows.batch_groups,
    )
    return np.asarray(result) if namespace(image, kernel) is np else result


def convolution(
    attrs: UniformConvolution,
    image: Array,
    kernel: Array,
    image_scale: Array,
    image_zero_point: Array,
    kernel_scales: Array,
    kernel_zero_points: Array,
    scales: Array,
    zero_points: Array,
) -> tuple[Array]:
    given = attrs.attrs
    _check_operands(given, image_scale, kernel_scales, scales)
    whole = _placed(attrs, image, kernel)
    _check_left(image_scale, image_zero_point)
    rank, outputs = image.ndim, whole.kernel[0]
    axis, new_axis = (given[f"{s}_quantization_axis"] for s in ("rhs", "output"))
    _check_feature_axis("rhs", axis, outputs, "kernel_output_feature_dimension")
    _check_axis(kernel.shape, kernel_scales, kernel_zero_points, axis)
    features = whole.output[1]
    _check_feature_axis("output", new_axis, features, "output_feature_dimension")
    _check_axis(whole.output_shape, scales, zero_points, new_axis)
    _require(
        kernel_scales.ndim > 0 or scales.ndim == 0,
        "If rhs is per-tensor quantized, output must be also per-tensor quantized."
        f" Given output scales/zero_points of rank {scales.ndim}",
    )
    result = _convolved(
        attrs,
        whole,
        image.astype(_INT) - image_zero_point,
        kernel.astype(_INT) - _along(kernel_zero_points, outputs, rank),
    )
    fraction = _product_fraction(
        image_scale,
        _along(kernel_scales, features, rank),
        _along(scales, features, rank),
    )
    offset = _along(zero_points, features, rank)
    return (_rescaled(result, fraction, offset, _limits(given, "output_")),)


def convolution_hybrid(
    attrs: UniformConvolution,
    image: Array,
    kernel: Array,
    scales: Array,
    zero_points: Array,
) -> tuple[Array]:
    _require_positive("rhs scales", scales)
    whole = _placed(attrs, image, kernel)
    axis, outputs = attrs.attrs["rhs_quantization_axis"], whole.kernel[0]
    _check_feature_axis("rhs", axis, outputs, "kernel_output_feature_dimension")
    _check_axis(kernel.shape, scales, zero_points, axis)
    xp = namespace(image, kernel, scales, zero_points)
    batch, rank, features = whole.image[0], image.ndim, whole.output[1]
    first = xp.moveaxis(image, batch, 0)
    level, image_scales, points = _quantized_rows(first.reshape(first.shape[0], -1))
    moved = xp.moveaxis((level - points[:, None]).reshape(first.shape), 0, batch)
    result = _convolved(
        attrs,
        whole,
        moved,
        kernel.astype(_INT) - _along(zero_points, outputs, rank),
    )
    by_group = _of_groups(attrs, whole, image_scales)
    scaled = result.astype(_FLOAT) * by_group
    return (scaled * _along(scales, features, rank),)


def _of_groups(
    attrs: UniformConvolution, whole: PlacedWindows, image_scales: Array
) -> Array:
    """Return the scale of the image behind each output, to multiply these with."""
    xp = namespace(image_scales)
    groups, shape = attrs.windows.batch_groups, whole.output_shape
    batch, features = whole.output[:2]
    table = image_scales.reshape(groups, shape[batch]).T
    table = xp.repeat(table, shape[features] // groups, axis=1)
    table = table if batch < features else table.T
    return table.reshape(
        [shape[i] if i in (batch, features) else 1 for i in range(len(shape))]
    )


KERNELS = {
    "UniformQuantize": Kernel(quantize),
    "UniformDequantize": Kernel(dequantize),
    "UniformRequantize": Kernel(requantize),
    "UniformQuantizedClipByValue": Kernel(clip_by_value),
    "UniformQuantizedAdd": Kernel(add),
    "UniformQuantizedDot": Kernel(dot),
    "UniformQuantizedDotHybrid": Kernel(dot_hybrid),
    "UniformQuantizedConvolution": Kernel(convolution),
    "UniformQuantizedConvolutionHybrid": Kernel(convolution_hybrid),
}
