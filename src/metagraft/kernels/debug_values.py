"""What debuggers ask about values; twin of `ops/debug_values.py`.

Nothing is sent anywhere: an op that has addresses to send to is refused.

Source: tensorflow core/kernels/debug_ops.h.
"""

from __future__ import annotations

import math

import numpy as np

from metagraft.errors import UnimplementedError
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
}
