"""Incomplete gamma functions and their derivatives.

JAX's are those of Eigen, but add up series until they converge, which takes for ever
where the operands are large and alike. TensorFlow stops after so many terms.

Source: Eigen SpecialFunctionsImpl.h, igamma_generic_impl and igamma_series_impl.
"""

from __future__ import annotations

import enum
from typing import Any, Final

import numpy as np

from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import jax_numpy, lax

__all__ = ["KERNELS"]


class Mode(enum.Enum):
    """Which of the functions: its name in `jax.lax`."""

    VALUE = "igamma"
    SLOPE = "igamma_grad_a"
    SAMPLE_SLOPE = "random_gamma_grad"


# Terms of the values' series, and of the derivatives', in single and double precision.
_VALUE_TERMS: Final = 2000
_SLOPE_TERMS: Final = (200, 500)
# Up to these, the series converge within them.
_SHORT_VALUES: Final = 5e4
_SHORT_SLOPES: Final = 1e3
_DOUBLE_BYTES: Final = 8


def igamma(_attrs: Any, a: Array, x: Array) -> tuple[Array]:
    return (_of_mode(Mode.VALUE, a, x),)


def igammac(_attrs: Any, a: Array, x: Array) -> tuple[Array]:
    where = jax_numpy().where
    dtype = a.dtype
    a, x = _pair(a, x)
    is_short = ~((x < a) & (a > _SHORT_VALUES)) & ~_is_lost(a, x) & ~_is_flat(a, x)
    one = a.dtype.type(1)
    short_a, short_x = where(is_short, a, one), where(is_short, x, one)
    value = lax().igammac(short_a, short_x)
    value = _mended(value, short_a, is_rest=(short_x < 1) | (short_x < short_a))
    value = where(is_short, value, where(x < a, one - _long(Mode.VALUE, a, x), 0 * one))
    value = where((a > 0) & (x == np.inf), one * 0, value)
    return (_outside(value, a, x, mode=None).astype(dtype),)


def slope(mode: Mode) -> KernelFunction:
    """Return the kernel of a derivative by `a`."""

    def call(_attrs: Any, a: Array, x: Array) -> tuple[Array]:
        return (_of_mode(mode, a, x),)

    return call


def _pair(a: Array, x: Array) -> tuple[Array, Array]:
    """Return operands of one shape, in single precision at least."""
    jnp = jax_numpy()
    wide = np.float64 if a.dtype.itemsize == _DOUBLE_BYTES else np.float32
    a, x = jnp.broadcast_arrays(a, x)
    return a.astype(wide), x.astype(wide)


def _of_mode(mode: Mode, a: Array, x: Array) -> Array:
    where = jax_numpy().where
    dtype = a.dtype
    a, x = _pair(a, x)
    highest = _SHORT_VALUES if mode is Mode.VALUE else _SHORT_SLOPES
    is_beyond = (x > 1) & (x > a)
    is_short = (is_beyond | (a <= highest)) & ~_is_lost(a, x)
    one = a.dtype.type(1)
    short_a, short_x = where(is_short, a, one), where(is_short, x, one)
    value = getattr(lax(), mode.value)(short_a, short_x)
    if mode is Mode.VALUE:
        value = _mended(value, short_a, is_rest=(short_x > 1) & (short_x > short_a))
    beyond = one if mode is Mode.VALUE else -(0 * one)
    value = where(is_short, value, where(is_beyond, beyond, _long(mode, a, x)))
    return _outside(value, a, x, mode=mode).astype(dtype)


def _mended(value: Array, a: Array, is_rest: Array) -> Array:
    """Undo the error of JAX's `lgamma` in single precision, which grows as `a` shrinks.

    A value is a sum times the main term, or what such a product leaves of 1.
    """
    jnp = jax_numpy()
    one = a.dtype.type(1)
    factor = jnp.exp(lax().lgamma(a) - _lgamma(a))
    return jnp.where(is_rest, one - (one - value) * factor, value * factor)


def _lgamma(a: Array) -> Array:
    return lax().lgamma(a.astype(np.float64)).astype(a.dtype)


def _term(a: Array, x: Array) -> Array:
    """Return the logarithm of `x ** a * exp(-x) / gamma(a)`, rounded as TensorFlow's.

    It is the small difference of large numbers, of which nothing is left in the end.
    """
    jnp = jax_numpy()
    grown = lax().optimization_barrier(a * jnp.log(x))  # or it is not rounded
    gamma = _lgamma(a)
    nothing = _is_flat(a, x)
    return jnp.where(nothing, a.dtype.type(0), grown - x - gamma)


def _is_flat(a: Array, x: Array) -> Array:
    return (x == a) & (a > a.dtype.type(1 / np.finfo(a.dtype).eps)) & (a < np.inf)


def _is_lost(a: Array, x: Array) -> Array:
    """Whether the main term is nothing, or a difference of infinities."""
    jnp = jax_numpy()
    term = _term(a, x)
    least = -np.log(np.finfo(a.dtype).max)
    return (a > 0) & (x > 0) & (jnp.isnan(term) | (term < least))


def _outside(value: Array, a: Array, x: Array, mode: Mode | None) -> Array:
    """Return values with those of operands that have none."""
    where, number = jax_numpy().where, value.dtype.type
    is_outside = ~(x >= 0) | ~(a > 0)
    if mode is None:
        return where(is_outside, number(np.nan), value)
    return where(x == 0, number(0), where(is_outside, number(np.nan), value))


def _long(mode: Mode, a: Array, x: Array) -> Array:
    """Add up so many terms for large `a`, not below `x`; no derivatives of this."""
    jnp, jax_lax = jax_numpy(), lax()
    a, x = jax_lax.stop_gradient(a), jax_lax.stop_gradient(x)
    number = a.dtype.type
    epsilon = number(np.finfo(a.dtype).eps / 2)
    is_value = mode is Mode.VALUE
    is_double = a.dtype.itemsize == _DOUBLE_BYTES
    most = _VALUE_TERMS if is_value else _SLOPE_TERMS[is_double]
    highest = _SHORT_VALUES if is_value else _SHORT_SLOPES
    is_long = (a > highest) & (x > 0) & (x <= a) & ~_is_lost(a, x)

    def is_unfinished(state: Any) -> Array:
        return (state[0] < most) & jnp.any(state[1])

    def add_term(state: Any) -> Any:
        turn, is_open, r, c, total, c_slope, slope = state
        r = r + number(1)
        c_slope = c_slope * (x / r) - c * (x / (r * r))
        next_c = c * (x / r)
        found = (next_c, total + next_c, c_slope, slope + c_slope)
        kept = tuple(
            jnp.where(is_open, new, old)
            for new, old in zip(found, (c, total, *state[5:]), strict=True)
        )
        last, whole = kept[:2] if is_value else (jnp.abs(k) for k in kept[2:])
        return turn + 1, is_open & (last > epsilon * whole), r, *kept

    ones, zeros = jnp.ones_like(a), jnp.zeros_like(a)
    state = (np.int32(0), is_long, a, ones, ones, zeros, zeros)
    *_, total, _, slope = jax_lax.while_loop(is_unfinished, add_term, state)
    scale = jnp.exp(_term(a, x)) / a
    rise = jnp.log(x) - jax_lax.digamma(a + number(1))
    value = {
        Mode.VALUE: lambda: total * scale,
        Mode.SLOPE: lambda: total * (scale * rise) + slope * scale,
        Mode.SAMPLE_SLOPE: lambda: -(slope + total * rise) * x / a,
    }[mode]()
    return jnp.where(is_long, value, zeros)


KERNELS = {
    "Igamma": Kernel(igamma),
    "IgammaGradA": Kernel(slope(Mode.SLOPE)),
    "Igammac": Kernel(igammac),
    "RandomGammaGrad": Kernel(slope(Mode.SAMPLE_SLOPE)),
}
