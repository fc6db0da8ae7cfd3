"""To quantised numbers, back, and there and back; twin of `ops/quantize.py`.

Source: tensorflow core/kernels/quantize_op.cc, dequantize_op.cc,
quantize_and_dequantize_op.h, requantize.cc, requantization_range_op.cc,
quantize_down_and_shrink_range.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels.cast import whole
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.quantized_numbers import (
    bounds,
    dequantized,
    exact_number,
    quantized,
    requantized,
    rounded_away,
)
from metagraft.kernels.rounding import rounded

__all__ = ["KERNELS"]

_FLOAT = np.dtype(np.float32)
_TO_EVEN = b"HALF_TO_EVEN"
_LARGEST = np.finfo(np.float32).max


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


def _along(axis: int, rank: int, vector: Array) -> Array:
    """Lay ranges along their axis; one range is a scalar."""
    if axis == -1:
        return vector.reshape(())
    return vector.reshape([-1 if i == axis else 1 for i in range(rank)])


def _check_order(low: Array, high: Array) -> None:
    if is_host(low) and is_host(high):
        _require(
            not np.any(high < low),
            "input_max_range must be larger than input_min_range.",
        )


def quantize(
    attrs: Any, x: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    _check_order(low, high)
    mode, to_even = attrs["mode"], attrs["round_mode"] == _TO_EVEN
    _require(
        mode == b"SCALED" or not to_even,
        f"Round mode '{_TO_EVEN.decode()}' only supported for mode 'SCALED', but mode "
        f"is '{mode.decode()}'.",
    )
    xp = namespace(x, low, high)
    shape = () if attrs["axis"] == -1 else (-1,)
    epsilon = xp.maximum(_FLOAT.type(1), xp.maximum(xp.abs(low), xp.abs(high)))
    epsilon = epsilon * _FLOAT.type(attrs["ensure_minimum_range"])
    low = xp.minimum(_FLOAT.type(0), low).reshape(shape)
    high = xp.maximum(high.reshape(shape), low + epsilon.reshape(shape))
    high = xp.maximum(_FLOAT.type(0), high)
    dtype = attrs["T"].as_numpy_dtype
    if mode == b"SCALED":
        return _scaled(attrs, x, low, high, dtype)
    lows, highs = (_along(attrs["axis"], x.ndim, v) for v in (low, high))
    if mode == b"MIN_FIRST":
        return quantized(x, lows, highs, dtype), low, high
    lowest, highest = bounds(dtype)
    scale = np.float64(highest - lowest) / (highs - lows).astype(np.float64)
    moved = rounded((xp.clip(x, lows, highs) - lows) * scale.astype(_FLOAT))
    if lowest:
        half = _FLOAT.type((highest - lowest + 1) / 2)
        levels = _levels(x, rounded_away(moved - half), dtype)
        return levels, low, high
    return (moved + _FLOAT.type(0.5)).astype(dtype), low, high


def _scaled(
    attrs: Any, x: Array, low: Array, high: Array, dtype: Any
) -> tuple[Array, Array, Array]:
    """Zero stands for zero; the scale is that of the larger side."""
    xp = namespace(x, low, high)
    lowest, highest = bounds(dtype)
    first = _FLOAT.type(lowest + int(attrs["narrow_range"]))
    last = _FLOAT.type(highest)
    scale = xp.minimum(_side(xp, first, low), _side(xp, last, high))
    low, high = first / scale, last / scale
    lows, highs, scales = (_along(attrs["axis"], x.ndim, v) for v in (low, high, scale))
    moved = xp.clip(x, lows, highs) * scales
    if attrs["round_mode"] == _TO_EVEN:
        return _levels(x, xp.round(moved), dtype, of_nan=0), low, high
    return _levels(x, rounded_away(moved), dtype), low, high


def _levels(x: Array, moved: Array, dtype: Any, of_nan: int | None = None) -> Array:
    """Return rounded numbers as levels; what four bytes do not hold is the lowest.

    NaN is the lowest level, as in TensorFlow's vectors, but 0 of four bytes, if
    `of_nan` does not say what it is.
    """
    is_wide = np.dtype(dtype).itemsize == _FLOAT.itemsize
    levels = whole(moved, dtype) if is_wide else moved.astype(dtype)
    if of_nan is None:
        of_nan = 0 if is_wide else np.iinfo(dtype).min
    return namespace(x).where(x == x, levels, levels.dtype.type(of_nan))


def _side(xp: Any, level: Array, limit: Array) -> Array:
    """Return the scale at which a limit becomes a level."""
    counts = level * limit > 0
    safe = xp.where(counts, limit, limit.dtype.type(1))
    largest = limit.dtype.type(np.finfo(limit.dtype).max)
    return xp.where(counts, level / safe, largest)


def dequantize(attrs: Any, x: Array, low: Array, high: Array) -> tuple[Array]:
    axis, mode = attrs["axis"], attrs["mode"]
    _require(
        attrs["dtype"].name != "bfloat16" or mode == b"MIN_COMBINED",
        "When output type is bfloat16, Mode string must be 'MIN_COMBINED', is "
        f"'{mode.decode()}'",
    )
    if mode == b"MIN_FIRST" and axis != -1:
        raise UnimplementedError(
            None,
            None,
            "MIN_FIRST mode is not implemented for Dequantize with axis != -1.",
        )
    xp = namespace(x, low, high)
    lows, highs = (_along(axis, x.ndim, v) for v in (low, high))
    lowest, highest = bounds(x.dtype)
    if mode == b"MIN_FIRST":
        result = dequantized(x, lows, highs)
    elif mode == b"SCALED":
        scale = highs / _FLOAT.type(highest)
        if lowest:
            first = lowest + int(attrs["narrow_range"])
            scale = xp.maximum(lows / _FLOAT.type(first), scale)
        result = x.astype(_FLOAT) * scale
    else:
        half = _FLOAT.type((highest - lowest + 1) / 2 if lowest else 0)
        scale = (highs - lows) / _FLOAT.type(highest - lowest)
        result = (x.astype(_FLOAT) + half) * scale + lows
    return (result.astype(attrs["dtype"].as_numpy_dtype),)


# There and back.


def _there_and_back(
    attrs: Any, x: Array, low: Array, high: Array, bits: int, *, to_even: bool
) -> Array:
    xp = namespace(x, low, high)
    axis = attrs.get("axis", -1)
    is_signed, is_given = attrs["signed_input"], attrs["range_given"]
    largest_bits = 62 if is_signed else 63
    _require(
        0 < bits <= largest_bits,
        f"num_bits is out of range: {bits} with signed_input {is_signed}",
    )
    if is_given:
        if is_host(low) and is_host(high):
            _require(
                not np.any(low > high),
                f"Invalid range: input_min {low} > input_max {high}",
            )
        lows, highs = (_along(axis, x.ndim, v.astype(x.dtype)) for v in (low, high))
    elif x.size == 0:
        return x
    else:
        others = tuple(i for i in range(x.ndim) if i != axis) if axis != -1 else None
        keeps = axis != -1
        lows = x.min(axis=others, keepdims=keeps)
        highs = x.max(axis=others, keepdims=keeps)
    kind = x.dtype.type
    first = -(1 << (bits - 1)) + int(attrs.get("narrow_range", False))
    first = kind(first if is_signed else 0)
    last = kind((1 << (bits - 1)) - 1 if is_signed else (1 << bits) - 1)
    from_low, from_high = _side(xp, first, lows), _side(xp, last, highs)
    uses_low = from_low < from_high
    scale = xp.where(uses_low, from_low, from_high)
    safe_first = first or kind(1)
    inverse = xp.where(uses_low, lows / safe_first, highs / last)
    if is_given:
        top = xp.where(uses_low, last * inverse, highs)
        bottom = xp.where(uses_low, lows, first * inverse)
        x = xp.maximum(xp.minimum(x, top), bottom)
    moved = x * scale
    half = kind(0.5)
    rounded = xp.round(moved) if to_even else xp.floor(moved + half)
    return (rounded * inverse).astype(x.dtype)


def there_and_back_v1(attrs: Any, x: Array) -> tuple[Array]:
    low, high = (
        np.asarray(attrs[name], x.dtype) for name in ("input_min", "input_max")
    )
    bits = attrs["num_bits"]
    return (_there_and_back(attrs, x, low, high, bits, to_even=True),)


def there_and_back_v2(attrs: Any, x: Array, low: Array, high: Array) -> tuple[Array]:
    axis = attrs["axis"]
    _require(
        axis < x.ndim, f"Shape must be at least rank {axis + 1} but is rank {x.ndim}"
    )
    to_even = attrs["round_mode"] == _TO_EVEN
    bits = attrs["num_bits"]
    return (_there_and_back(attrs, x, low, high, bits, to_even=to_even),)


def there_and_back_v3(
    attrs: Any, x: Array, low: Array, high: Array, bits: np.ndarray
) -> tuple[Array]:
    axis = attrs["axis"]
    _require(
        -x.ndim <= axis < x.ndim,
        f"Axis requested is larger than input dimensions. Axis: {axis} Input"
        f" Dimensions: {x.ndim}",
    )
    if attrs["range_given"] and axis != -1:
        _check_vectors(low, high)
        for name, given in (("min", low), ("max", high)):
            _require(
                len(given) == x.shape[axis],
                f"input_{name}_tensor has incorrect size, was {len(given)} expected"
                f" {x.shape[axis]} to match dim {axis} of the input"
                f" {show(given.shape)}",
            )
    return (_there_and_back(attrs, x, low, high, int(bits), to_even=True),)


def _check_vectors(low: Array, high: Array) -> None:
    for name, given in (("min", low), ("max", high)):
        _require(
            given.ndim == 1,
            f"Shape must be rank 1 for input_{name}_tensor when the axis is specified",
        )


def _check_grad(axis: int, dy: Array, x: Array, low: Array, high: Array) -> None:
    _require(
        axis < x.ndim,
        f"Axis should be -1 or 0 or a positive value less than {x.ndim}but given axis"
        f" value was {axis}",
    )
    _require(dy.shape == x.shape, "gradient and input must be the same size")
    ranges = ("min", low), ("max", high)
    for name, given in ranges:
        _require(
            given.ndim < 2,
            f"Input {name} tensor must have dimension 0 or 1. Received {given.ndim}.",
        )
    if axis != -1:
        _check_vectors(low, high)
    for name, given in ranges:
        if axis == -1:
            text = f"input_{name} must be a scalar if axis is unspecified"
            _require(not given.ndim, text)
        else:
            size = x.shape[axis]
            text = f"{name} has incorrect size, expected {size} was {len(given)}"
            _require(len(given) == size, text)


def there_and_back_grad(
    attrs: Any, dy: Array, x: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    _check_grad(attrs["axis"], dy, x, low, high)
    xp = namespace(dy, x, low, high)
    lows, highs = (_along(attrs["axis"], x.ndim, v) for v in (low, high))
    inside = (x >= lows) & (x <= highs)
    passed = xp.where(inside, dy, dy.dtype.type(0))
    return passed, xp.zeros_like(low), xp.zeros_like(high)


# Other ranges.


def requantize(
    attrs: Any, x: Array, low: Array, high: Array, new_low: Array, new_high: Array
) -> tuple[Array, Array, Array]:
    if is_host(new_low) and is_host(new_high):
        _require(
            bool(new_low <= 0),
            f"requested_output_min must be <= 0, but got {new_low}",
        )
        _require(
            bool(new_high >= new_low),
            "requested_output_max must be >= requested_output_min, but got"
            f" {new_high} and {new_low}",
        )
    dtype = attrs["out_type"].as_numpy_dtype
    return requantized(x, low, high, new_low, new_high, dtype), new_low, new_high


def _used_range(x: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Return what the smallest and largest numbers stand for; zero is inside."""
    xp = namespace(x, low, high)
    smallest = exact_number(x.min(), low, high)
    return xp.minimum(_FLOAT.type(0), smallest), exact_number(x.max(), low, high)


def requantization_range(
    _attrs: Any, x: Array, low: Array, high: Array
) -> tuple[Array, Array]:
    return _used_range(x, low, high)


def quantize_down(
    attrs: Any, x: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    new_low, new_high = _used_range(x, low, high)
    dtype = attrs["out_type"].as_numpy_dtype
    result = requantized(x, low, high, new_low, new_high, dtype)
    return result, new_low, new_high


KERNELS = {
    "QuantizeV2": Kernel(quantize),
    "Dequantize": Kernel(dequantize),
    "QuantizeAndDequantize": Kernel(there_and_back_v1),
    "QuantizeAndDequantizeV2": Kernel(there_and_back_v2),
    "QuantizeAndDequantizeV3": Kernel(there_and_back_v3, static=("num_bits",)),
    "QuantizeAndDequantizeV4": Kernel(there_and_back_v2),
    "QuantizeAndDequantizeV4Grad": Kernel(there_and_back_grad),
    "Requantize": Kernel(requantize),
    "RequantizationRange": Kernel(requantization_range),
    "QuantizeDownAndShrinkRange": Kernel(quantize_down),
}
