"""What a quantised number stands for, and which one stands for a number.

Ranges are float32, as in TensorFlow, and so is most of its arithmetic; the steps here
are of the same types, so that numbers are rounded alike.

Source: tensorflow core/kernels/quantization_utils.h.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.kernels.cast import whole
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import namespace

__all__ = [
    "bounds",
    "dequantized",
    "exact_number",
    "level_of",
    "product_range",
    "quantized",
    "requantized",
    "rounded_away",
    "steps",
    "sum_range",
    "whole_product",
    "whole_sums",
]

_FLOAT = np.dtype(np.float32)
_DOUBLE = np.dtype(np.float64)
_LARGEST_INT_AS_FLOAT = 2.147483520e09
_EXACT_IN_DOUBLE = 1 << 53


def bounds(dtype: Any) -> tuple[int, int]:
    """Return the lowest and the highest number of a type."""
    limits = np.iinfo(np.dtype(dtype))
    return int(limits.min), int(limits.max)


def steps(dtype: Any) -> int:
    """Return how many numbers a type has."""
    lowest, highest = bounds(dtype)
    return highest - lowest + 1


def rounded_away(x: Array) -> Array:
    """Round, halves away from zero."""
    xp = namespace(x)
    whole = xp.trunc(x)
    half = x.dtype.type(0.5)
    return xp.where(xp.abs(x - whole) >= half, whole + xp.sign(x), whole)


def _float(x: Array) -> Array:
    return namespace(x).asarray(x, _FLOAT)


def _double(x: Array) -> Array:
    return namespace(x).asarray(x).astype(_DOUBLE)


def dequantized(x: Array, low: Array, high: Array) -> Array:
    """Return what quantised numbers stand for, in single precision."""
    xp = namespace(x, low, high)
    lowest, _ = bounds(x.dtype)
    span = _double(high - low)
    scale = (span / np.float64(steps(x.dtype) - 1.0)).astype(_FLOAT)
    safe = xp.where(scale == 0, _FLOAT.type(1), scale)
    start = xp.where(high == low, low, rounded_away(low / safe) * scale)
    return (start - _FLOAT.type(lowest) * scale) + x.astype(_FLOAT) * scale


def quantized(x: Array, low: Array, high: Array, dtype: Any) -> Array:
    """Return the quantised numbers next to numbers, in single precision."""
    xp = namespace(x, low, high)
    lowest, highest = bounds(dtype)
    span = _double(high - low)
    safe = xp.where(span == 0, np.float64(1), span)
    scale = (np.float64(steps(dtype) - 1.0) / safe).astype(_FLOAT)
    scale = xp.where(span == 0, _FLOAT.type(0), scale)
    start = rounded_away(low * scale)
    moved = rounded_away(x * scale) - (start - _FLOAT.type(lowest))
    top = _FLOAT.type(min(highest, _LARGEST_INT_AS_FLOAT))
    levels = xp.clip(moved, _FLOAT.type(lowest), top)
    return whole(levels, np.int32).astype(dtype)


def exact_number(x: Array, low: Array, high: Array) -> Array:
    """Return what quantised numbers stand for; worked out in double precision."""
    xp = namespace(x, low, high)
    count = steps(x.dtype)
    lowest, _ = bounds(x.dtype)
    span = _double(high - low) * np.float64(count / (count - 1.0))
    scale = span / np.float64(count)
    narrow = scale.astype(_FLOAT)
    safe = xp.where(narrow == 0, _FLOAT.type(1), narrow)
    start = _double(rounded_away(low / safe) * narrow)
    result = (start + (_double(x) - np.float64(lowest)) * scale).astype(_FLOAT)
    return xp.where(high == low, low, result)


def level_of(
    x: Array, low: Array, high: Array, dtype: Any, *, is_clamped: bool = True
) -> Array:
    """Return the quantised numbers next to numbers as int64, in double precision."""
    xp = namespace(x, low, high)
    count = steps(dtype)
    lowest, highest = bounds(dtype)
    span = _double(high - low) * np.float64(count / (count - 1.0))
    safe = xp.where(span == 0, np.float64(1), span)
    scale = np.float64(count) / safe
    found = rounded_away(_double(x) * scale) - rounded_away(_double(low) * scale)
    level = found.astype(np.int64) + np.int64(lowest)
    level = xp.where(span == 0, np.int64(lowest), level)
    if not is_clamped:
        return level
    return xp.clip(level, np.int64(lowest), np.int64(highest))


def requantized(
    x: Array, low: Array, high: Array, new_low: Array, new_high: Array, dtype: Any
) -> Array:
    """Return numbers of another range and type for the same values."""
    kinds = (np.dtype(x.dtype), np.dtype(dtype))
    if kinds == (np.dtype(np.int32), np.dtype(np.uint8)):
        return _narrowed(x, low, high, new_low, new_high)
    return quantized(dequantized(x, low, high), new_low, new_high, dtype)


def _narrowed(
    x: Array, low: Array, high: Array, new_low: Array, new_high: Array
) -> Array:
    """From 32 to 8 bits: TensorFlow computes in fixed point."""
    xp = namespace(x, low, high, new_low, new_high)
    one = np.float64(1 << 16)
    span, new_span = high - low, new_high - new_low
    is_empty = new_span == 0
    safe = xp.where(is_empty, _FLOAT.type(1), new_span)
    per_unit = xp.where(
        is_empty, _FLOAT.type(0), (np.float64(255.0) / _double(safe)).astype(_FLOAT)
    )
    middle = (_double(low + high) / np.float64(2)).astype(_FLOAT)
    scale = np.float64(255.0) * one * _double(span) / _double(safe)
    scale = xp.where(is_empty, np.float64(0), scale).astype(np.int64)
    offset = (middle * per_unit * _FLOAT.type(1 << 16)).astype(np.int64)
    start = one * (_double(new_low) * np.float64(255.0)) / _double(safe)
    start = xp.where(is_empty, np.float64(0), start).astype(np.int64)
    value = (x.astype(np.int64) * scale) >> np.int64(32)
    value = value + (offset - start + np.int64(1 << 15))
    return xp.clip(value >> np.int64(16), np.int64(0), np.int64(255)).astype(np.uint8)


def _one_level(low: Array, high: Array, dtype: Any) -> Array:
    lowest, highest = bounds(dtype)
    return (high - low) / _FLOAT.type(highest - lowest)


def product_range(
    a: tuple[Array, Array, Any], b: tuple[Array, Array, Any], dtype: Any
) -> tuple[Array, Array]:
    """Return the range of products of numbers of two ranges (low, high, type)."""
    level = _one_level(*a) * _one_level(*b)
    lowest, highest = bounds(dtype)
    return level * _FLOAT.type(lowest), level * _FLOAT.type(highest)


def sum_range(*limits: Array) -> tuple[Array, Array]:
    """Return a range around zero with room for sums of numbers within limits."""
    xp = namespace(*limits)
    largest = _float(limits[0])
    for limit in limits[1:]:
        largest = xp.maximum(largest, limit)
    high = largest * _FLOAT.type(1 << 17)
    return -high, high


def whole_product(a: Array, b: Array) -> Array:
    """Return the product of two `int32` matrices, modulo 2**32."""
    return whole_sums(lambda a, b: a @ b, a, b, a.shape[1])


def whole_sums(
    combine: Callable[[Array, Array], Array], a: Array, b: Array, terms: int
) -> Array:
    """Return sums of so many products of two `int32` arrays, modulo 2**32.

    The libraries of doubles are many times faster than those of whole numbers; nothing
    is rounded as long as the sums fit.

    Args:
        combine: Returns the sums of products of arrays of any type.
        a: One array.
        b: The other.
        terms: How many products a sum has, at most.
    """
    if namespace(a, b) is not np or not a.size or not b.size:
        return combine(a, b)
    largest = (int(np.abs(x.astype(np.int64)).max()) for x in (a, b))
    if math.prod(largest) * terms >= _EXACT_IN_DOUBLE:
        return combine(a, b)
    sums = combine(a.astype(_DOUBLE), b.astype(_DOUBLE))
    return sums.astype(np.int64).astype(np.int32)
