"""Layers of quantised numbers with what follows; twin of `ops/quantized_layers.py`.

TensorFlow leaves these to oneDNN: sums of products of whole numbers, then floats of
single precision up to the result. Here, 0 always stands for 0.

Source: tensorflow core/kernels/mkl/mkl_conv_ops.cc, mkl_qmatmul_op.cc,
mkl_requantize_per_channel_op.cc, mkl_requantization_range_per_channel_op.cc;
core/kernels/quantized_batch_norm_op.cc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels import activation, convolution
from metagraft.kernels.fused_network import ACTIVATIONS
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.quantized_numbers import (
    bounds,
    exact_number,
    level_of,
    whole_product,
    whole_sums,
)
from metagraft.ops.quantized_layers import Layer, QuantizedLayer

__all__ = ["KERNELS"]

_FLOAT = np.dtype(np.float32)
_INT = np.dtype(np.int32)
_LARGEST_INT_AS_FLOAT = 2147483520.0
_HALF_OF_INTS = _FLOAT.type(2.0**31)
Ranged = tuple[Array, ...]


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


def _extent(low: Array, high: Array) -> Array:
    """Return the largest number of a range around 0."""
    xp = namespace(low, high)
    return xp.maximum(xp.abs(low), xp.abs(high))


def _levels(dtype: Any) -> np.floating[Any]:
    """Return how many steps from 0 the largest number of a type is."""
    return np.float64(bounds(dtype)[1])


def _step(extent: Array, dtype: Any) -> Array:
    """Return what 1 stands for."""
    return _single(extent.astype(np.float64) / _levels(dtype))


def _single(x: Array) -> Array:
    return namespace(x).asarray(x).astype(_FLOAT)


def _in_steps(x: Array, step: Array, dtype: Any) -> Array:
    """Return how many steps floats are, halves to even, as far as a type goes."""
    xp = namespace(x, step)
    low, high = bounds(dtype)
    top = _FLOAT.type(min(high, _LARGEST_INT_AS_FLOAT))
    levels = xp.round(x * (_FLOAT.type(1) / step))
    return xp.clip(levels, _FLOAT.type(low), top).astype(dtype)


def _product_range(
    low: Array, high: Array, dtype: Any, min_filter: Array, max_filter: Array
) -> tuple[Array, Array]:
    """Return the range of 32-bit sums of products; ranges are taken as symmetric."""
    steps = bounds(dtype)[1] - max(bounds(dtype)[0], -bounds(dtype)[1])
    level = (high - low) / _FLOAT.type(steps)
    level = level * ((max_filter - min_filter) / _FLOAT.type(254))
    return level * -_HALF_OF_INTS, level * _HALF_OF_INTS


# Convolution.


def layer(attrs: QuantizedLayer, *operands: Array) -> Ranged:
    """Convolve; the operands are those of the op, in its order."""
    kind = attrs.layer
    image, kernel = operands[:2]
    start = kind.limits
    low, high, min_filter, max_filter = operands[start : start + 4]
    rest = operands[start + 4 :]
    step = _step(_extent(low, high), image.dtype)
    steps = _step(_extent(min_filter, max_filter), np.int8)
    xp = namespace(image, kernel)
    products = _convolved(attrs, image.astype(_INT), kernel.astype(_INT))
    x = products.astype(_FLOAT) * (step * steps)
    if kind.has_bias:
        x = x + _bias(operands[2], step * steps)
    dtype = attrs.attrs["out_type"].as_numpy_dtype
    if kind.is_requantized:
        result = _requantized_layer(kind, x, rest, dtype)
        return (result, rest[0], rest[1])
    if kind.has_summand:
        x = x + rest[0]
    if kind.has_relu:
        x = xp.maximum(x, _FLOAT.type(0))
    # TF: the numbers of all channels are in steps of the widest one, while the ranges
    # that are returned differ.
    result = _in_steps(x, step * steps.max(), dtype)
    return (result, *_product_range(low, high, image.dtype, min_filter, max_filter))


def _convolved(attrs: QuantizedLayer, image: Array, kernel: Array) -> Array:
    windows = attrs.windows
    assert windows is not None
    convolve = (
        convolution.depthwise if attrs.layer.is_depthwise else convolution.convolution
    )
    return whole_sums(
        lambda image, kernel: convolve(windows, image, kernel)[0],
        image,
        kernel,
        math.prod(kernel.shape[:-1]),
    )


def _bias(bias: Array, step: Array) -> Array:
    """Return a bias as floats; whole numbers are in steps of the products."""
    return bias if bias.dtype == _FLOAT else bias.astype(_FLOAT) * step


def _requantized_layer(
    kind: Layer, x: Array, operands: tuple[Array, ...], dtype: Any
) -> Array:
    """Return numbers of 8 bits for the range that comes first among the operands."""
    low, high, *summand = operands
    xp = namespace(x)
    written = dtype
    if kind.has_summand:
        other, min_other, max_other = summand
        x = x + other.astype(_FLOAT) * _step(_extent(min_other, max_other), other.dtype)
        # TF: the result is written over the summand, as numbers of its type.
        written = other.dtype
    if kind.has_relu:
        x = xp.maximum(x, _FLOAT.type(0))
    return _in_steps(x, _step(_extent(low, high), dtype), written).astype(dtype)


# Products of matrices.


def product(attrs: QuantizedLayer, *operands: Array) -> Ranged:
    """Multiply matrices; the operands are those of the op, in its order."""
    a, b, bias, low, high, min_b, max_b, *rest = operands
    # TF: it multiplies as if nothing was to be transposed, or cannot.
    a = a.T if attrs.attrs["transpose_a"] else a
    b = b.T if attrs.attrs["transpose_b"] else b
    _require(
        a.shape[1] == b.shape[0],
        f"Matrix size-incompatible: In[0]: {show(a.shape)}, In[1]: {show(b.shape)}",
    )
    xp = namespace(*operands)
    dtype = attrs.attrs["Toutput"].as_numpy_dtype
    # TF: only what returns floats minds the mode; others take the first of the two.
    is_scaled = (
        np.dtype(dtype) == _FLOAT and attrs.attrs["input_quant_mode"] == b"SCALED"
    )
    extent = _extent(low, high) if is_scaled else high - low
    step = _step(extent, a.dtype) * _step(_extent(min_b, max_b), np.int8)
    wide = b.astype(_INT)
    x = whole_product(a.astype(_INT), wide).astype(_FLOAT) * step
    if bias.dtype != _FLOAT:
        x = x + bias.astype(_FLOAT) / _product_levels(
            high if is_scaled else high - low, _extent(min_b, max_b)
        )
    elif is_scaled:
        x = x + bias
    else:
        offset = _FLOAT.type(255) * low / (high - low)
        # TF: the sums of the columns are not brought to the scale of the bias.
        x = x + (bias + wide.sum(0, dtype=_INT).astype(_FLOAT) * offset)
    if attrs.layer.has_relu:
        x = xp.maximum(x, _FLOAT.type(0))
    if np.dtype(dtype) == _FLOAT:
        return (x,)
    if attrs.layer.is_requantized:
        limits = _step(_extent(rest[0], rest[1]), dtype)
        return (_in_steps(x, limits, dtype), rest[0], rest[1])
    limits = _product_range(low, high, a.dtype, min_b, max_b)
    return (_in_steps(x, step, dtype), *limits)


def _product_levels(extent: Array, other: Array) -> Array:
    wide = extent.astype(np.float64) * other.astype(np.float64)
    return _single(np.float64(255 * 127) / wide)


# Layers whose attributes say what follows.


def _require_fusion(attrs: QuantizedLayer, *, holds: bool) -> None:
    if not holds:
        shown = ",".join(attrs.follows)
        raise UnimplementedError(None, None, f"Fusion is not implemented: [{shown}]")


def fused_layer(
    attrs: QuantizedLayer, device: tuple[Array, ...], host: tuple[Array, ...]
) -> Ranged:
    built = {"BiasAdd", "Sum", "Relu", "Requantize"}
    _require_fusion(attrs, holds=set(attrs.follows) <= built)
    if not attrs.layer.has_summand:
        return layer(attrs, *device, *host)
    count = 6 if attrs.layer.is_requantized else 4
    return layer(attrs, *device[:-1], *host[:count], device[-1], *host[count:])


def fused_product(
    attrs: QuantizedLayer, device: tuple[Array, ...], host: tuple[Array, ...]
) -> Ranged:
    """Multiply matrices, add a bias and apply what follows."""
    follows = attrs.follows
    _require_fusion(attrs, holds=follows[:1] == ("BiasAdd",) and len(device) == 3)
    a, b, bias = device
    low, high, min_b, max_b, *wanted = host
    a, b = (
        x.T if attrs.attrs[name] else x
        for x, name in ((a, "transpose_a"), (b, "transpose_b"))
    )
    wide = b.astype(_INT)
    x = whole_product(a.astype(_INT), wide).astype(_FLOAT)
    dtype = attrs.attrs["Tout"].as_numpy_dtype
    is_shifted = attrs.attrs["input_quant_mode"] == b"MIN_FIRST"
    step_b = _step(_extent(min_b, max_b), np.int8)
    step = _step(high - low if is_shifted else _extent(low, high), a.dtype) * step_b
    if bias.dtype != _FLOAT:
        # TF: whole numbers are divided by their step where nothing is shifted; else
        # they stand for the shift, too.
        extents = _extent(low, high), _extent(min_b, max_b)
        levels = step if is_shifted else _product_levels(*extents)
        bias = bias.astype(_FLOAT) * levels
    elif is_shifted:
        bias = bias + low * step_b * wide.sum(0, dtype=_INT).astype(_FLOAT)
    if np.dtype(dtype) == _INT:
        # TF: the bias is taken as numbers of the result, as it is.
        x = _activated(attrs, follows[1:], x + bias)
        limits = _product_range(low, high, a.dtype, min_b, max_b)
        return (_in_steps(x, _FLOAT.type(1), dtype), *limits)
    x = _activated(attrs, follows[1:-1], x * step + bias)
    if follows[-1] == "Dequantize":
        return (x.astype(dtype),)
    _require_fusion(attrs, holds=follows[-1] == "Requantize")
    return _requantized_product(attrs, x, wanted[0], wanted[1], dtype)


def _activated(attrs: QuantizedLayer, names: tuple[str, ...], x: Array) -> Array:
    for name in names:
        if name == "LeakyRelu":
            (x,) = activation.leaky_relu({"alpha": attrs.attrs["leakyrelu_alpha"]}, x)
        else:
            _require_fusion(attrs, holds=name in ACTIVATIONS)
            x = ACTIVATIONS[name](x)
    return x


def _requantized_product(
    attrs: QuantizedLayer, x: Array, low: Array, high: Array, dtype: Any
) -> Ranged:
    """Return numbers of 8 bits, and the range that they have."""
    extent = _extent(low, high)
    if attrs.attrs["output_quant_mode"] == b"MIN_FIRST":
        return (_in_steps(x - low, _step(high - low, dtype), dtype), low, high)
    is_signed = np.dtype(dtype) == np.dtype(np.int8)
    bottom = -extent if is_signed else extent * _FLOAT.type(0)
    return (_in_steps(x, _step(extent, dtype), dtype), bottom, extent)


# A range for each channel.


def requantize_per_channel(
    attrs: Any, x: Array, low: Array, high: Array, new_low: Array, new_high: Array
) -> Ranged:
    _require(
        high.size == low.size,
        f"input_max has incorrect size, expected {low.size} was {high.size}",
    )
    dtype = attrs["out_type"].as_numpy_dtype
    if np.dtype(dtype) == np.dtype(np.int8) and is_host(new_low):
        _require(
            bool(new_low < 0),
            "If out_type is QINT8, requested_output_max must be non negative, got"
            f" {new_low}",
        )
    share = _extent(low, high) / _extent(new_low, new_high) / _HALF_OF_INTS
    scales = _FLOAT.type(_levels(dtype)) * share
    result = _in_steps(x.astype(_FLOAT) * scales, _FLOAT.type(1), dtype)
    return result, new_low, new_high


def range_per_channel(
    attrs: Any, x: Array, low: Array, high: Array
) -> tuple[Array, Array]:
    depth = high.size
    _require(
        low.shape[0] == depth,
        f"input_min has incorrect size, expected {depth} was {low.shape[0]}",
    )
    _require(x.size > 0, "input must not be empty")
    _require(x.ndim == 4, "input must be in NHWC format")
    _require(
        x.shape[3] == depth,
        "input must have same number of channels as length of input_min:"
        f" {x.shape[3]} vs {depth}",
    )
    xp = namespace(x, low, high)
    smallest, largest = x.min((0, 1, 2)), x.max((0, 1, 2))
    reach = xp.maximum(xp.abs(smallest), xp.abs(largest)).astype(_FLOAT)
    top = (_extent(low, high) * reach / _HALF_OF_INTS).max()
    top = xp.maximum(top, np.finfo(_FLOAT).tiny)
    top = xp.minimum(top, _FLOAT.type(attrs["clip_value_max"]))
    bottom = xp.where((smallest < 0).any(), -top, _FLOAT.type(0))
    return bottom, top


# Normalization.

_REACH = np.float32(1 << 20)


def batch_norm(attrs: Any, *operands: Array) -> Ranged:
    """Normalize in fixed point; the operands are those of the op, in its order."""
    image = operands[0]
    _require(image.ndim == 4, f"input must be 4-dimensional{show(image.shape)}")
    for name, place in (("mean", 3), ("var", 6), ("beta", 9), ("gamma", 12)):
        vector = operands[place]
        _require(vector.ndim == 1, f"{name} must be 1-dimensional{show(vector.shape)}")
    mean, variance, beta, gamma = (
        exact_number(*operands[i : i + 3]) for i in (3, 6, 9, 12)
    )
    xp = namespace(*operands)
    dtype = attrs["out_type"].as_numpy_dtype
    spread = xp.sqrt(variance + _FLOAT.type(attrs["variance_epsilon"]))
    scale = _FLOAT.type(1) / spread
    if attrs["scale_after_normalization"]:
        scale = scale * gamma
    offset = -mean * scale + beta
    low, high = xp.asarray(-_REACH), xp.asarray(_REACH)
    given = (exact_number(*operands[:3]), scale, offset, xp.asarray(_FLOAT.type(1)))
    wide, scale, offset, one = (
        level_of(x, low, high, dtype).astype(dtype) for x in given
    )
    product = wide * scale
    share = xp.abs(product) // one * xp.sign(product)
    return share + offset, low, high


KERNELS = {
    **{
        f"Quantized{name}": Kernel(layer)
        for name in (
            "Conv2DAndRelu",
            "Conv2DAndRequantize",
            "Conv2DAndReluAndRequantize",
            "Conv2DPerChannel",
            "Conv2DWithBias",
            "Conv2DWithBiasAndRelu",
            "Conv2DWithBiasAndRequantize",
            "Conv2DWithBiasAndReluAndRequantize",
            "Conv2DWithBiasSumAndRelu",
            "Conv2DWithBiasSumAndReluAndRequantize",
            "Conv2DWithBiasSignedSumAndReluAndRequantize",
            "DepthwiseConv2D",
            "DepthwiseConv2DWithBias",
            "DepthwiseConv2DWithBiasAndRelu",
            "DepthwiseConv2DWithBiasAndReluAndRequantize",
        )
    },
    **{
        f"QuantizedMatMulWithBias{rest}": Kernel(product)
        for rest in (
            "",
            "AndRelu",
            "AndRequantize",
            "AndReluAndRequantize",
            "AndDequantize",
        )
    },
    "_FusedQuantizedConv2D": Kernel(fused_layer),
    "_FusedQuantizedDepthwiseConv2D": Kernel(fused_layer),
    "_QuantizedMatMul": Kernel(fused_product),
    "RequantizePerChannel": Kernel(requantize_per_channel),
    "RequantizationRangePerChannel": Kernel(range_per_channel),
    "QuantizedBatchNormWithGlobalNormalization": Kernel(batch_norm),
}
