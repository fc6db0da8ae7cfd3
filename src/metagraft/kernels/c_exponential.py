"""Powers of e in single precision as the C library has them.

They are almost always what the exact value rounds to, and NumPy's are rougher. What
choices are made by must be the same to the last bit.

Source: glibc 2.28 and later, sysdeps/ieee754/flt-32/e_expf.c and e_exp2f_data.c.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import namespace
from metagraft.kernels.rounding import rounded

__all__ = ["exp_of_c"]

# A power is 2^(k/32) e^r: the first factor is taken apart into a power of 2 and one of
# these, the second is a polynomial of degree 3.
_PARTS: Final = 32
_PER_LOG: Final = float.fromhex("0x1.71547652b82fep+0") * _PARTS
_CUBE: Final = float.fromhex("0x1.c6af84b912394p-5") / _PARTS**3
_SQUARE: Final = float.fromhex("0x1.ebfce50fac4f3p-3") / _PARTS**2
_LINE: Final = float.fromhex("0x1.62e42ff0c52d6p-1") / _PARTS
# Beyond these the result is infinite, or 0.
_MOST: Final = 89.0
_LEAST: Final = -104.0
# Powers of 2 by as many parts as there are between these, those of 0 and more first.
_SPAN: Final = np.arange(-5120, 5120)
_POWERS: Final = np.roll(
    np.ldexp(2.0 ** (_SPAN % _PARTS / _PARTS), _SPAN // _PARTS), len(_SPAN) // 2
)


def exp_of_c(values: Array) -> Array:
    """Return `float32` powers of e of values, which are taken in single precision."""
    xp = namespace(values)
    given = values.astype(np.float32).astype(np.float64)
    # Not a number stays so through the product below.
    bounded = xp.fmax(xp.fmin(given, np.float64(_MOST)), np.float64(_LEAST))
    scaled = bounded * _PER_LOG
    whole = xp.rint(scaled)
    rest = scaled - whole
    polynomial = rounded(_CUBE * rest)
    polynomial += _SQUARE
    polynomial = rounded(polynomial * (rest * rest))
    polynomial += rounded(_LINE * rest) + 1
    powers = xp.asarray(_POWERS)[whole.astype(np.int64)]
    powers *= polynomial
    with np.errstate(over="ignore", under="ignore"):
        single = powers.astype(np.float32)
    return xp.where(xp.isnan(given), np.float32(np.nan), single)
