"""Changes of the element type; twin of `ops/cast.py`.

Source: tensorflow core/kernels/cast_op.h; what processors with the instructions of
x86-64 make of numbers beyond the range of an integer type.
"""

from __future__ import annotations

from typing import Any, Final

import ml_dtypes
import numpy as np

from metagraft.errors import UnimplementedError
from metagraft.graph.dtypes import kernel_name
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace

__all__ = ["KERNELS", "whole"]

# The kinds of NumPy's types that hold strings.
_TEXT: Final = "OSU"

# The casts that can truncate: the target and its sources.
_TRUNCATED: Final = {
    "float32": {"float64", "complex128"},
    "complex64": {"float64", "complex128"},
    "float16": {"float64", "float32", "complex128", "complex64"},
    "bfloat16": {"float32"},
    "float8_e5m2": {"float64", "float32", "bfloat16", "float16", "float8_e4m3fn"},
    "float8_e4m3fn": {"float64", "float32", "bfloat16", "float16"},
}

# How many numbers TensorFlow's CPU casts at once to integers of up to two bytes, by
# the type that they have; one if it is not here. Of four bytes without a sign it is
# the same number for all but one.
_NARROW_LANES: Final = {
    "float16": 16,
    "bfloat16": 8,
    "float32": 32,
    "float64": 16,
    "complex128": 16,
}
_UNSIGNED_LANES: Final = 8


def _is_float(dtype: Any) -> bool:
    # The kind of the narrow floats that NumPy does not know is V.
    return dtype.kind in "fV"


def _truncated(x: Array, count: int) -> Array:
    """Clear the lowest `count` bits of every number but NaN."""
    if x.dtype.kind == "c":
        return _complex(_truncated(x.real, count), _truncated(x.imag, count))
    unsigned = np.dtype(f"u{x.dtype.itemsize}")
    mask = unsigned.type(np.iinfo(unsigned).max - (2**count - 1))
    if namespace(x) is np:
        return np.where(x != x, x, (x.view(unsigned) & mask).view(x.dtype))
    bits = lax().bitcast_convert_type(x, unsigned) & mask
    return namespace(x).where(x != x, x, lax().bitcast_convert_type(bits, x.dtype))


def _complex(real: Array, imag: Array) -> Array:
    if namespace(real) is not np:
        return lax().complex(real, imag)
    return np.stack([real, imag], axis=-1).view(np.result_type(real, 1j))[..., 0]


def whole(x: Array, dtype: Any) -> Array:
    """Cut numbers to integers of four or eight bytes; the least if they do not fit."""
    least = x.dtype.type(np.iinfo(dtype).min)
    return namespace(x).where(abs(x) < -least, x, least).astype(dtype)


def _unsigned(x: Array, dtype: Any) -> Array:
    """Cut numbers to integers without a sign, in two halves."""
    half = x.dtype.type(-float(np.iinfo(dtype).min))
    above = namespace(x).where(x >= half, x - half, x.dtype.type(0))
    return whole(x, dtype) | whole(above, dtype)


def _fits(x: Array, target: Any) -> bool:
    """Tell if all numbers are in the range of a type (on the host)."""
    limits = np.iinfo(target)
    if not x.size:
        return True
    # Between -1 and 0 there is nothing that a type without a sign lacks.
    is_above = x.min() >= limits.min if limits.min else x.min() > -1
    return bool(is_above and x.max() < float(limits.max + 1))


def _limited(x: Array, target: Any, lanes: int) -> Array:
    """Return the nearest integers that one or two bytes hold, as vectors find them."""
    xp, limits = namespace(x), np.iinfo(target)
    if target == np.dtype(np.uint8) and lanes == _NARROW_LANES["float64"]:
        # On the way these have two bytes with a sign, which some take for another.
        x = xp.where(x > np.int32(np.iinfo(np.int16).max), np.int32(0), x)
    return xp.clip(x, np.int32(limits.min), np.int32(limits.max))


def _to_integers(x: Array, source: Any, target: Any) -> Array:
    """Cast real numbers to integers.

    Beyond the range, what TensorFlow computes at once is the nearest limit, and the
    numbers left over beside that wrap around.

    # TF: of an array that several threads share, each has such numbers.
    """
    if x.dtype.itemsize < np.dtype(np.float32).itemsize:
        x = x.astype(np.float32)
    if namespace(x) is np and _fits(x, target):
        return x.astype(target)
    if target in {np.dtype(np.int32), np.dtype(np.int64)}:
        return whole(x, target)
    if target == np.dtype(np.uint64):
        return _unsigned(x, np.int64).astype(target)
    if target == np.dtype(np.uint32):
        lanes = 1 if source == np.dtype(np.complex128) else _UNSIGNED_LANES
        at_once, left = _unsigned(x, np.int32), whole(x, np.int64)
    else:
        lanes = _NARROW_LANES.get(source.name, 1)
        left = whole(x, np.int32)
        at_once = _limited(left, target, lanes)
    at_once, left = at_once.astype(target), left.astype(target)
    cut = x.size // lanes * lanes if lanes > 1 else 0
    places = namespace(x).arange(x.size).reshape(x.shape)
    return namespace(x).where(places < cut, at_once, left)


def cast(attrs: Any, x: Array) -> tuple[Array]:
    source = x.dtype
    target = attrs["DstT"].numpy_dtype
    if (source.kind in _TEXT) != (target.kind in _TEXT):
        raise UnimplementedError(
            None,
            None,
            f"Cast {kernel_name(attrs['SrcT'])} to {kernel_name(attrs['DstT'])} is not"
            " supported",
        )
    if attrs["Truncate"] and source.name in _TRUNCATED.get(target.name, ()):
        x = _truncated(x, _surplus(source, target))
    if source.kind == "c" and target.kind != "c":
        x = x.real
    if target.kind == "b":
        return (x != x.dtype.type(0),)
    if _is_float(x.dtype) and target.kind in "iu":
        return (_to_integers(x, source, target),)
    return (x.astype(target),)


def _surplus(source: Any, target: Any) -> int:
    """Return how many bits are cleared."""
    describe: Any = ml_dtypes.finfo
    digits = int(describe(source).nmant)
    if target.kind == "c" and source.kind != "c":
        return digits + 1  # TensorFlow counts no digits in the target.
    return digits - int(describe(target).nmant)


KERNELS = {"Cast": Kernel(cast)}
