"""Numbers that XLA is to round where TensorFlow does.

XLA works out differences of quotients, or quotients by constants, in other ways that
are as good; processors round a product and the sum that it goes into only once. Where
the last bit decides between two steps or pixels, results would be others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax, namespace

__all__ = ["computed_once", "divided", "rounded", "settled", "summed_from_zero"]


def settled(x: Array) -> Array:
    """Return a number of which XLA does not know what it was worked out from."""
    return x if namespace(x) is np else lax().optimization_barrier(x)


def divided(x: Array, divisor: Any) -> Array:
    """Divide, and not multiply by the inverse of a constant or a quotient.

    Args:
        x: The dividend.
        divisor: A number, or an array of the type of `x`.
    """
    xp = namespace(x, divisor) if hasattr(divisor, "dtype") else namespace(x)
    divisor = xp.asarray(divisor, x.dtype)
    if xp is np:
        return x / divisor
    # XLA does not see what it divides by, as it is NaN for NaN.
    return x / xp.where(x == x, divisor, x.dtype.type(np.nan))


def computed_once(x: Array) -> Array:
    """Return a value that XLA computes once, however many operations take it.

    XLA's CPU backend repeats products and sums in every program that takes their
    result; it repeats no division, and a barrier is gone when it decides.
    """
    return divided(x, 1)


def rounded(x: Array) -> Array:
    """Return a product that is rounded before it goes into a sum.

    The maximum changes nothing but an infinity below zero.
    """
    xp = namespace(x)
    if xp is np:
        return x
    return settled(xp.maximum(x, x.dtype.type(np.finfo(x.dtype).min)))


def summed_from_zero(x: Array) -> Array:
    """Return sums that began with 0, which makes -0 none; XLA would leave the 0 out."""
    xp, zero = namespace(x), x.dtype.type(0)
    if xp is np:
        return x + zero
    if x.dtype.kind == "c":
        return xp.where(x == zero, zero, x)
    # As integers: a zero of floating point, shared with what follows (`Relu`), would be
    # laid out in full for sums by YNNPACK.
    integer = np.dtype(f"int{8 * np.dtype(x.dtype).itemsize}")
    bits = lax().bitcast_convert_type(x, integer)
    bits = xp.where(bits == np.iinfo(integer).min, integer.type(0), bits)
    return lax().bitcast_convert_type(bits, x.dtype)
