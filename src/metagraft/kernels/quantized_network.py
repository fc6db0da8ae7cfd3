"""Networks of quantised numbers; twin of `ops/quantized_network.py`.

Products are of whole numbers, with what stands for zero taken away first.

Source: tensorflow core/kernels/quantized_*.cc, quantization_utils.h.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels import convolution, pooling, quantized_layers
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.quantized_numbers import (
    bounds,
    dequantized,
    exact_number,
    level_of,
    product_range,
    quantized,
    sum_range,
    whole_product,
    whole_sums,
)
from metagraft.kernels.reshape import reshape as reshape_plainly
from metagraft.ops.quantized_layers import Layer, QuantizedLayer
from metagraft.ops.quantized_network import QuantizedWindows

__all__ = ["KERNELS"]

_FLOAT = np.dtype(np.float32)
Ranged = tuple[Array, Array, Array]


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


def _zero() -> Any:
    return np.zeros((), _FLOAT)


def _shifted(x: Array, low: Array, high: Array) -> Array:
    """Return int32 numbers in which 0 stands for 0."""
    offset = level_of(_zero(), low, high, x.dtype, is_clamped=False)
    return x.astype(np.int32) - offset.astype(np.int32)


def conv_2d(
    attrs: QuantizedWindows,
    image: Array,
    kernel: Array,
    min_image: Array,
    max_image: Array,
    min_kernel: Array,
    max_kernel: Array,
) -> Ranged:
    if kernel.dtype == np.dtype(np.int8):
        # TF: oneDNN convolves these, and takes ranges as symmetric.
        alone = QuantizedLayer(Layer(), attrs.windows, attrs.attrs)
        limits = (min_image, max_image, min_kernel, max_kernel)
        found, low, high = quantized_layers.layer(alone, image, kernel, *limits)
        return found, low, high
    dtype = attrs.attrs["out_type"].as_numpy_dtype
    # Padding is 0: that is what stands for 0 once offsets are gone.
    result = whole_sums(
        lambda image, kernel: convolution.convolution(attrs.windows, image, kernel)[0],
        _shifted(image, min_image, max_image),
        _shifted(kernel, min_kernel, max_kernel),
        math.prod(kernel.shape[:-1]),
    )
    a, b = (min_image, max_image, image.dtype), (min_kernel, max_kernel, kernel.dtype)
    return (result.astype(dtype), *product_range(a, b, dtype))


def mat_mul(
    attrs: Any,
    a: Array,
    b: Array,
    min_a: Array,
    max_a: Array,
    min_b: Array,
    max_b: Array,
) -> Ranged:
    dtype = attrs["Toutput"].as_numpy_dtype
    left, right = _shifted(a, min_a, max_a), _shifted(b, min_b, max_b)
    left = left.T if attrs["transpose_a"] else left
    right = right.T if attrs["transpose_b"] else right
    _require(
        left.shape[1] == right.shape[0],
        f"Matrix size-incompatible: In[0]: {show(a.shape)}, In[1]: {show(b.shape)}",
    )
    limits = product_range((min_a, max_a, a.dtype), (min_b, max_b, b.dtype), dtype)
    return (whole_product(left, right).astype(dtype), *limits)


def bias_add(
    attrs: Any,
    x: Array,
    bias: Array,
    min_x: Array,
    max_x: Array,
    min_bias: Array,
    max_bias: Array,
) -> Ranged:
    _require(x.ndim >= 2, f"Input tensor must be at least 2D: {show(x.shape)}")
    _require(bias.ndim == 1, f"Biases must be 1D: {show(bias.shape)}")
    _require(
        bias.shape[0] == x.shape[-1],
        "Must provide as many biases as the last dimension of the input tensor:"
        f" {show(bias.shape)} vs. {show(x.shape)}",
    )
    dtype = attrs["out_type"].as_numpy_dtype
    low, high = sum_range(max_x, -min_x, max_bias, -min_bias)
    parts = (
        quantized(dequantized(part, *limits), low, high, dtype)
        for part, limits in ((x, (min_x, max_x)), (bias, (min_bias, max_bias)))
    )
    left, right = parts
    zero = level_of(_zero(), low, high, dtype).astype(dtype)
    return left + (right + zero), low, high


def _clamped(top: float | None) -> Any:
    def relu(attrs: Any, x: Array, low: Array, high: Array) -> Ranged:
        del attrs
        return _between(x, top, low, high)

    return relu


def _between(x: Array, top: Any, low: Array, high: Array) -> Ranged:
    xp = namespace(x, low, high)
    bottom = level_of(_zero(), low, high, x.dtype).astype(x.dtype)
    result = xp.maximum(x, bottom)
    if top is not None:
        most = level_of(np.asarray(top, _FLOAT), low, high, x.dtype)
        result = xp.minimum(result, most.astype(x.dtype))
    return result, low, high


def relu_x(_attrs: Any, x: Array, top: Array, low: Array, high: Array) -> Ranged:
    xp = namespace(x, top, low, high)
    most = level_of(top, low, high, x.dtype).astype(x.dtype)
    result, low, high = _between(x, None, low, high)
    return xp.minimum(result, most), low, high


def max_pool(attrs: QuantizedWindows, x: Array, low: Array, high: Array) -> Ranged:
    return (*pooling.max_pool(attrs.windows, x), low, high)


def average_pool(attrs: QuantizedWindows, x: Array, low: Array, high: Array) -> Ranged:
    xp = namespace(x)
    lowest, highest = bounds(x.dtype)
    if np.dtype(x.dtype) == np.dtype(np.int8):
        # TF: only oneDNN has these, and it rounds to the nearest, halves to even.
        (mean,) = pooling.average_pool(attrs.windows, x.astype(_FLOAT))
        return xp.round(mean).astype(x.dtype), low, high
    (result,) = pooling.average_of_integers(attrs.windows, x.astype(np.int32))
    clamped = xp.clip(result, np.int32(lowest), np.int32(highest))
    return clamped.astype(x.dtype), low, high


def _check_ranges(*pairs: tuple[str, Array, Array]) -> None:
    for name, low, high in pairs:
        if is_host(low) and is_host(high):
            _require(bool(high > low), f"max_{name} must be larger than min_{name}.")


def add(
    attrs: Any,
    x: Array,
    y: Array,
    min_x: Array,
    max_x: Array,
    min_y: Array,
    max_y: Array,
) -> Ranged:
    _check_ranges(("x", min_x, max_x), ("y", min_y, max_y))
    xp = namespace(x, y, min_x, max_x, min_y, max_y)
    dtype = attrs["Toutput"].as_numpy_dtype
    smallest, largest = xp.minimum(min_x, min_y), xp.maximum(max_x, max_y)
    high = xp.maximum(xp.abs(smallest), xp.abs(largest)) * _FLOAT.type(1 << 14)
    parts = [
        _in_whole_steps(part, low, top, high, dtype)
        for part, low, top in ((x, min_x, max_x), (y, min_y, max_y))
    ]
    return parts[0] + parts[1], -high, high


def _in_whole_steps(x: Array, low: Array, high: Array, top: Array, dtype: Any) -> Array:
    """Bring numbers to the range from `-top` to `top`; each step is a whole number."""
    first, second = (
        level_of(exact_number(np.asarray(i, x.dtype), low, high), -top, top, dtype)
        for i in (0, 1)
    )
    return (first + (second - first) * x.astype(np.int64)).astype(dtype)


def mul(
    attrs: Any,
    x: Array,
    y: Array,
    min_x: Array,
    max_x: Array,
    min_y: Array,
    max_y: Array,
) -> Ranged:
    _check_ranges(("x", min_x, max_x), ("y", min_y, max_y))
    dtype = attrs["Toutput"].as_numpy_dtype
    product = _shifted(x, min_x, max_x) * _shifted(y, min_y, max_y)
    limits = product_range((min_x, max_x, x.dtype), (min_y, max_y, y.dtype), dtype)
    return (product.astype(dtype), *limits)


def concat(
    attrs: Any,
    axis: np.ndarray,
    values: tuple[Array, ...],
    lows: tuple[Array, ...],
    highs: tuple[Array, ...],
) -> Ranged:
    del attrs
    xp = namespace(values, lows, highs)
    dtype = values[0].dtype
    low = xp.minimum(_FLOAT.type(0), xp.stack(lows).min())
    high = xp.stack(highs).max()
    if np.dtype(dtype).kind == "i":
        high = xp.maximum(xp.abs(low), xp.abs(high))
        low = -high
    parts = []
    for value, first, last in zip(values, lows, highs, strict=True):
        moved = level_of(exact_number(value, first, last), low, high, dtype)
        is_same = (first == low) & (last == high)
        parts.append(xp.where(is_same, value, moved.astype(dtype)))
    return xp.concatenate(parts, axis=int(axis)), low, high


def concat_v2(
    attrs: Any,
    values: tuple[Array, ...],
    axis: np.ndarray,
    lows: tuple[Array, ...],
    highs: tuple[Array, ...],
) -> Ranged:
    return concat(attrs, axis, values, lows, highs)


def reshape(attrs: Any, x: Array, shape: np.ndarray, low: Array, high: Array) -> Ranged:
    (reshaped,) = reshape_plainly(attrs, x, shape)
    for name, limit in (("input_min", low), ("input_max", high)):
        _require(limit.size == 1, f"{name} must be a scalar or a vector of 1 element")
    return reshaped, low.reshape(()), high.reshape(())


def instance_norm(attrs: Any, x: Array, low: Array, high: Array) -> Ranged:
    """Make each channel of each image have mean 0 and variance 1."""
    if is_host(low) and is_host(high):
        _require(
            bool(low < high), f"input_min must be less than input_max : {low} >= {high}"
        )
    xp = namespace(x, low, high)
    scale = (high - low) / _FLOAT.type(255)
    wide = x.astype(_FLOAT)
    centred = scale * (wide - wide.mean((1, 2), keepdims=True, dtype=_FLOAT))
    variance = (centred * centred).mean((1, 2), keepdims=True, dtype=_FLOAT)
    spread = xp.sqrt(variance + _FLOAT.type(attrs["variance_epsilon"]))
    normed = centred / spread
    if attrs["output_range_given"]:
        bottom = xp.asarray(attrs["given_y_min"], _FLOAT)
        top = xp.asarray(attrs["given_y_max"], _FLOAT)
    else:
        bottom, top = normed.min(), normed.max()
    least = bottom + _FLOAT.type(attrs["min_separation"])
    top = xp.where(top - bottom < _FLOAT.type(attrs["min_separation"]), least, top)
    return quantized(normed, bottom, top, np.uint8), bottom, top


KERNELS = {
    "QuantizedConv2D": Kernel(conv_2d),
    "QuantizedMatMul": Kernel(mat_mul),
    "QuantizedBiasAdd": Kernel(bias_add),
    "QuantizedRelu": Kernel(_clamped(None)),
    "QuantizedRelu6": Kernel(_clamped(6.0)),
    "QuantizedReluX": Kernel(relu_x),
    "QuantizedMaxPool": Kernel(max_pool),
    "_QuantizedMaxPool3D": Kernel(max_pool),
    "QuantizedAvgPool": Kernel(average_pool),
    "QuantizedAdd": Kernel(add),
    "QuantizedMul": Kernel(mul),
    "QuantizedConcat": Kernel(concat, static=("concat_dim",)),
    "QuantizedConcatV2": Kernel(concat_v2, static=("axis",)),
    "QuantizedReshape": Kernel(reshape, static=("shape",)),
    "QuantizedInstanceNorm": Kernel(instance_norm),
}
