"""The zeta function of Hurwitz, and polygamma functions, which are made of it.

Both are those of Eigen to the digits: in single precision TensorFlow's lose some or all
where `q` is below -7, as they always add up ten terms before they turn to a formula for
the rest. In double precision they add up all terms below zero.

Source: Eigen SpecialFunctionsImpl.h, zeta_impl and polygamma_impl.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax, namespace

__all__ = ["polygamma", "zeta"]

# Terms that are added up one by one after the first.
_TERMS: Final = 9
# What Bernoulli numbers make of the rest: (2k)! / B(2k).
_REST: Final = (
    12.0,
    -720.0,
    30240.0,
    -1209600.0,
    47900160.0,
    -1.8924375803183791606e9,
    7.47242496e10,
    -2.950130727918164224e12,
    1.1646782814350067249e14,
    -4.5979787224074726105e15,
    1.8152105401943546773e17,
    -7.1661652561756670113e18,
)

# Where the sum has got to: the next number, its power, the sum, and what goes on.
_State = tuple[Array, Array, Array, Array]

# Below this, the sum has many terms.
_FAR: Final = -1000


def zeta(_attrs: Any, x: Array, q: Array) -> tuple[Array]:
    """Return the kernel's output."""
    return (_zeta(x, q),)


def _zeta(x: Array, q: Array) -> Array:
    xp = namespace(x, q)
    if xp is np and x.dtype == np.float64 and bool(np.any(q < _FAR)):
        xp = jax_numpy()  # so many turns of a loop are for compiled programs
    x, q = xp.broadcast_arrays(x, q)
    number = x.dtype.type
    with np.errstate(all="ignore"):
        is_even = xp.rint(x / 2) == x / 2
        value = _series(xp, x, q)
        is_pole = (q <= 0) & (q == xp.floor(q))
        pole = xp.where(is_even, number(np.inf), number(np.nan))
        value = xp.where((q <= 0) & (x != xp.floor(x)), number(np.nan), value)
        value = xp.where(is_pole, pole, value)
        value = xp.where(x >= 1, value, number(np.nan))
        found: Array = xp.where(x == 1, number(np.inf), value)
        return found


def _series(xp: Any, x: Array, q: Array) -> Array:
    """Add up the first terms, and estimate the rest."""
    number = x.dtype.type
    least = number(np.finfo(x.dtype).eps / 2)
    is_real = (x > 1) & ((q > 0) | ((q != xp.floor(q)) & (x == xp.floor(x))))
    state = q, xp.zeros_like(q), _power(xp, q, x), is_real
    for _ in range(_TERMS):
        state = _with_term(xp, x, state, state[3])
    if x.dtype == np.float64:
        state = _with_terms_below(xp, x, state)
    a, b, total, is_open = state
    is_open = is_open & (b != 0)
    more = total + b * a / (x - number(1)) - number(0.5) * b
    total = xp.where(is_open, more, total)
    factor, k = xp.ones_like(q), 0
    for coefficient in _REST:
        factor = factor * (x + number(k))
        b = b / a
        term = factor * b / number(coefficient)
        total = xp.where(is_open, total + term, total)
        is_open = is_open & ~(abs(term / total) < least)
        factor = factor * (x + number(k + 1))
        b = b / a
        k += 2
    return total


def _power(xp: Any, a: Array, x: Array) -> Array:
    """Return inverse powers; what is less than normal is a zero of its sign."""
    found = a**-x
    is_little = abs(found) < np.finfo(x.dtype).tiny
    return xp.where(is_little, found * x.dtype.type(0), found)


def _with_term(xp: Any, x: Array, state: _State, is_added: Array) -> _State:
    """Add the next term where it is to be, and see where it changes nothing."""
    a, b, total, is_open = state
    a = xp.where(is_added, a + x.dtype.type(1), a)
    b = xp.where(is_added, _power(xp, a, x), b)
    total = xp.where(is_added, total + b, total)
    is_little = abs(b / total) < x.dtype.type(np.finfo(x.dtype).eps / 2)
    return a, b, total, is_open & ~(is_added & is_little)


def _with_terms_below(xp: Any, x: Array, state: _State) -> _State:
    """Add the terms up to 9."""

    def is_below(state: _State) -> Array:
        return state[3] & (state[0] <= _TERMS)

    def turn(state: _State) -> _State:
        return _with_term(xp, x, state, is_below(state))

    if xp is np:
        while is_below(state).any():
            state = turn(state)
        return state
    found: _State = lax().while_loop(lambda s: is_below(s).any(), turn, state)
    return found


def polygamma(_attrs: Any, a: Array, x: Array) -> tuple[Array]:
    """Return the kernel's output."""
    xp = namespace(a, x)
    a, x = xp.broadcast_arrays(a, x)
    number = x.dtype.type
    with np.errstate(all="ignore"):
        order = a + number(1)
        is_even = xp.rint(order / 2) == order / 2
        logarithm = lax().lgamma(a.astype(np.float64) + 1)
        factorial = xp.exp(xp.asarray(logarithm).astype(x.dtype))
        value = xp.where(is_even, factorial, -factorial) * _zeta(order, x)
        first = xp.asarray(lax().digamma(x.astype(np.float64))).astype(x.dtype)
        value = xp.where(a == 0, first, value)
        has_value = (a == xp.floor(a)) & (a >= 0)
        value = xp.where(has_value, xp.asarray(value), number(np.nan))
        return (value.astype(x.dtype),)
