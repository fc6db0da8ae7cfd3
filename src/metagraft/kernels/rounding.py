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

__all__ = ["divided", "rounded", "settled", "summed_from_zero"]


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
    return x + zero if xp is np else xp.where(x == zero, zero, x)
