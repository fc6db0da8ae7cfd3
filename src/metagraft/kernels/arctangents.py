"""Arc tangents, sines and cosines of single precision in programs for the CPU.

XLA calls the C library for each number: 10 to 20 ns. Here, a quotient and a polynomial
in double precision are computed for many at once, and rounded; NumPy's are as fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import load_jax, namespace
from metagraft.kernels.native_loop import on_cpu

__all__ = ["arccos", "arcsin", "arctan", "arctan2"]

_D = np.float64
# Of half a quarter of a right angle, and of three of them.
_FIRST: Final = _D(math.sqrt(2) - 1)
_THIRD: Final = _D(math.sqrt(2) + 1)
# arctan(t) / t by powers of the square of t, below the first tangent: the polynomial
# through the values at Chebyshev's points, off by 2e-11 at most.
_POWERS: Final = tuple(
    _D(float.fromhex(digits))
    for digits in (
        "0x1.ffffffffd212ep-1",
        "-0x1.555554861fa19p-2",
        "0x1.99990062ec6e9p-3",
        "-0x1.247ce9cb79867p-3",
        "0x1.c43da7a0b166cp-4",
        "-0x1.5a7b1c2dc5318p-4",
        "0x1.8212255dae30bp-5",
    )
)


def arctan2(y: Array, x: Array) -> Array:
    """Return the angles of points, within the half turns."""
    return _of_single("arctan2", _angle)(y, x)


def arctan(x: Array) -> Array:
    """Return the angles, within the right ones, that have these tangents."""
    return _of_single("arctan", lambda x: _angle(x, namespace(x).ones_like(x)))(x)


def arcsin(x: Array) -> Array:
    """Return the angles, within the right ones, that have these sines."""
    return _of_single("arcsin", lambda x: _angle(x, _other_side(x)))(x)


def arccos(x: Array) -> Array:
    """Return the angles, from 0 to the half turn, that have these cosines."""
    return _of_single("arccos", lambda x: _angle(_other_side(x), x))(x)


def _of_single(name: str, function: Callable[..., Array]) -> Callable[..., Array]:
    """Return what calls a function with numbers of single precision in programs."""

    def call(*operands: Array) -> Any:
        xp = namespace(*operands)
        plainly = getattr(xp, name)
        if xp is np or operands[0].dtype != np.float32:
            return plainly(*operands)
        jax = load_jax()

        def single(*operands: Array) -> Array:
            return function(*(x.astype(_D) for x in operands)).astype(np.float32)

        either = jax.custom_jvp(on_cpu(single, plainly))

        def derivative(primals: Any, tangents: Any) -> Any:
            return either(*primals), jax.jvp(plainly, primals, tangents)[1]

        either.defjvp(derivative)
        return either(*xp.broadcast_arrays(*operands))

    return call


def _other_side(x: Array) -> Array:
    """Return the side of a triangle beside that of a length, if the longest is 1."""
    xp = namespace(x)
    return xp.sqrt((_D(1) - x) * (_D(1) + x))


def _angle(y: Array, x: Array) -> Array:
    """Return the angles of points in double precision, precise enough for single."""
    xp = namespace(y, x)
    rise, run = xp.abs(y), xp.abs(x)
    is_infinite = xp.isinf(rise) & xp.isinf(run)
    rise, run = (xp.where(is_infinite, _D(1), side) for side in (rise, run))
    is_low, is_high = rise <= _FIRST * run, rise > _THIRD * run
    # Counted from half a right angle, or from one.
    over = xp.where(is_low, rise, xp.where(is_high, -run, rise - run))
    under = xp.where(is_low, run, xp.where(is_high, rise, rise + run))
    start = xp.where(is_low, _D(0), xp.where(is_high, _D(math.pi / 2), _D(math.pi / 4)))
    tangent = over / xp.where(under == 0, _D(1), under)
    squared = tangent * tangent
    factor = _POWERS[-1]
    for power in _POWERS[-2::-1]:
        factor = factor * squared + power
    angle = start + tangent * factor
    angle = xp.where(xp.signbit(x), _D(math.pi) - angle, angle)
    return xp.copysign(angle, y)
