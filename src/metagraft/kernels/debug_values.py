"""What debuggers ask about values; twin of `ops/debug_values.py`.

Nothing is sent anywhere: an op that has addresses to send to is refused.

Source: tensorflow core/kernels/debug_ops.h.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import as_dtype
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace


def copy(attrs: Attrs, input: Array) -> tuple[Array]:
    if attrs["debug_ops_spec"]:
        raise _no_listeners("debug_ops_spec")
    return (input,)


def debug_identity(attrs: Attrs, input: Array) -> tuple[Array]:
    _check_urls(attrs)
    return (input,)


def debug_nan_count(attrs: Attrs, input: Array) -> tuple[Array]:
    _check_urls(attrs)
    xp = namespace(input)
    if input.dtype == object:
        return (np.zeros(1, np.int64),)
    return (xp.sum(xp.isnan(input)).astype(np.int64).reshape(1),)


def debug_numeric_summary(attrs: Attrs, input: Array) -> tuple[Array]:
    """Return counts of kinds of numbers, their range, mean and variance, and shape.

    In this order: 1, elements, no numbers, negative infinities, negative, zero,
    positive, positive infinities, least, greatest, mean, variance, number of the type,
    rank, sizes. A number that reaches a bound counts as infinite.
    """
    _check_urls(attrs)
    xp = namespace(input)
    x = input.astype(np.float64)
    lower, upper = attrs["lower_bound"], attrs["upper_bound"]
    is_finite = xp.isfinite(x)
    low = (x == -math.inf) | (is_finite & (x <= lower) & (not math.isinf(lower)))
    high = (x == math.inf) | (is_finite & (x >= upper) & (not math.isinf(upper)))
    high = high & ~low
    within = is_finite & ~low & ~high
    finite = xp.sum(is_finite).astype(np.float64)
    counts = [
        xp.sum(kind).astype(np.float64)
        for kind in (
            xp.isnan(x),
            low,
            within & (x < 0),
            within & (x == 0),
            within & (x > 0),
            high,
        )
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = xp.sum(xp.where(is_finite, x, 0.0)) / finite
        variance = xp.sum(xp.where(is_finite, (x - mean) ** 2, 0.0)) / finite
    kind = float(as_dtype(input.dtype).as_datatype_enum)
    numbers = [
        1.0,
        float(math.prod(input.shape)),
        *counts,
        xp.min(xp.where(is_finite, x, math.inf), initial=math.inf),
        xp.max(xp.where(is_finite, x, -math.inf), initial=-math.inf),
        mean,
        variance,
        kind,
        float(len(input.shape)),
        *map(float, input.shape),
    ]
    return (xp.stack([xp.asarray(number, np.float64) for number in numbers]),)


def debug_numeric_summary_v2(attrs: Attrs, input: Array) -> tuple[Array]:
    """Return what one of TensorFlow's modes asks about the numbers of a tensor.

    Raises:
        UnimplementedError: TensorFlow has no such mode.
        InvalidArgumentError: The number of the tensor does not fit into the output.
    """
    mode, number = attrs["tensor_debug_mode"], attrs["tensor_id"]
    dtype = attrs["output_dtype"].as_numpy_dtype
    if mode not in _MODES:
        raise UnimplementedError(None, None, f"Unimplemented tensor debug mode: {mode}")
    largest = 1 << np.finfo(dtype).nmant + 1
    if mode != _INFINITIES and number > largest:
        bits = np.finfo(dtype).nmant + 1
        raise InvalidArgumentError(
            None,
            None,
            "DebugNumericSummaryV2Op requires tensor_id to be less than or equal to "
            f"(2^{bits}). Given tensor_id:{number}",
        )
    xp = namespace(input)
    numbers = _MODES[mode](xp, input, float(number))
    return (xp.stack([xp.asarray(one).astype(dtype) for one in numbers]),)


def _kind(x: Array) -> float:
    return float(as_dtype(x.dtype).as_datatype_enum)


def _unusual(xp: Any, x: Array) -> list[Array]:
    """Count negative infinities, infinities and what is no number."""
    if as_dtype(x.dtype).is_integer or x.dtype == bool:
        return [0.0, 0.0, 0.0]
    return [xp.sum(x == -math.inf), xp.sum(x == math.inf), xp.sum(xp.isnan(x))]


def _any_unusual(xp: Any, x: Array, number: float) -> list[Array]:
    return [number, xp.asarray(sum(_unusual(xp, x))) > 0]


def _counts_of_unusual(xp: Any, x: Array, number: float) -> list[Array]:
    return [number, float(math.prod(x.shape)), *_unusual(xp, x)]


def _counts(xp: Any, x: Array, number: float) -> list[Array]:
    # The device is not told: -1.
    is_usual = xp.asarray(np.True_) if x.dtype == bool else xp.isfinite(x)
    zero = x.dtype.type(0)
    signs = [
        xp.sum(is_usual & (x < zero)),
        xp.sum(x == zero),
        xp.sum(is_usual & (x > zero)),
    ]
    size = float(math.prod(x.shape))
    return [number, -1.0, _kind(x), float(x.ndim), size, *_unusual(xp, x), *signs]


def _shape(_xp: Any, x: Array, number: float) -> list[Array]:
    """The last six sizes, then zeros."""
    sizes = [float(size) for size in x.shape[-_SHOWN_SIZES:]]
    sizes += [0.0] * (_SHOWN_SIZES - len(sizes))
    return [number, _kind(x), float(x.ndim), float(math.prod(x.shape)), *sizes]


def _kinds_of_unusual(xp: Any, x: Array, _number: float) -> list[Array]:
    """Infinities and no numbers themselves, zeros where there are none."""
    values = (-math.inf, math.inf, math.nan)
    return [
        xp.where(xp.asarray(count) > 0, value, 0.0)
        for count, value in zip(_unusual(xp, x), values, strict=True)
    ]


_SHOWN_SIZES: Final = 6
_INFINITIES: Final = 8
_MODES: Final = {
    2: _any_unusual,
    3: _counts_of_unusual,
    4: _counts,
    5: _shape,
    _INFINITIES: _kinds_of_unusual,
}


def _check_urls(attrs: Attrs) -> None:
    if attrs["debug_urls"]:
        raise _no_listeners("debug_urls")


def _no_listeners(name: str) -> UnimplementedError:
    return UnimplementedError(
        None,
        None,
        f"Values are not sent to debuggers; attribute '{name}' is not empty.",
    )


KERNELS = {
    "Copy": Kernel(copy),
    "CopyHost": Kernel(copy),
    "DebugIdentity": Kernel(debug_identity),
    "DebugIdentityV2": Kernel(debug_identity),
    "DebugIdentityV3": Kernel(debug_identity),
    "DebugNanCount": Kernel(debug_nan_count),
    "DebugNumericSummary": Kernel(debug_numeric_summary),
    "DebugNumericSummaryV2": Kernel(debug_numeric_summary_v2),
}
