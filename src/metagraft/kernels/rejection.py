"""Samplers that draw until they accept: gamma, Poisson and binomial numbers.

Every output is a lane with blocks of its own, and lanes are drawn together until the
last one has accepted. All of it is computed in double precision, as in TensorFlow.

Source: tensorflow core/kernels/random_op.cc, random_poisson_op.cc,
random_binomial_op.cc; Marsaglia and Tsang 2000 (gamma), Hormann 1993 (the others).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from metagraft.kernels import philox
from metagraft.kernels.distributions import (
    RESERVED_PER_OUTPUT,
    normal_values,
    uniform_values,
)
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax, namespace

__all__ = ["binomial", "gamma", "poisson"]

_DOUBLE = np.dtype(np.float64)
_HOST_CHUNK = 8192  # lanes
_FEWEST_GATHERED = 4096  # lanes
_SHARES = (2, 4)  # of the lanes, then of those
_KNUTH_BELOW = 10.0
_INVERSION_BLOCKS = 42  # reserved for each output of the inversion of binomials

_STIRLING_TAILS = (
    0.0810614667953272,
    0.0413406959554092,
    0.0276779256849983,
    0.02079067210376509,
    0.0166446911898211,
    0.0138761288230707,
    0.0118967099458917,
    0.0104112652619720,
    0.00925546218271273,
    0.00833056343336287,
)

Values = Callable[[philox.Lanes, np.dtype], Sequence[Array]]


class _Buffer(NamedTuple):
    """What is left of the last block of each lane; the second number goes first."""

    first: Array
    second: Array
    left: Array


class _Source:
    """The blocks of every lane.

    Args:
        key: `uint32[2]`.
        counter: `uint32[4]`.
        parameters: A number for each lane, whose library everything is computed with.
    """

    def __init__(self, key: Array, counter: Array, *parameters: Array) -> None:
        self.xp = namespace(key, counter, *parameters)
        self._key, self._counter = self.xp.asarray(key), self.xp.asarray(counter)
        self._count = parameters[0].shape[0]

    def lanes(self, dtype: Any = np.uint64) -> Array:
        return self.xp.arange(self._count, dtype=dtype)

    def buffer(self) -> _Buffer:
        nothing = self.xp.zeros(self._count, _DOUBLE)
        return _Buffer(nothing, nothing, self.xp.zeros(self._count, np.int32))

    def take(
        self, values: Values, buffer: _Buffer, block: Array, wanted: Array
    ) -> tuple[Array, _Buffer, Array]:
        """Return a number for the lanes that want one, and what is left after it."""
        xp = self.xp
        refill = wanted & (buffer.left == 0)
        if xp is np:
            first, second = self._refilled(values, buffer, block, refill)
        else:
            words = philox.words(self._key, self._counter, block)
            first, second = values(words, _DOUBLE)
            first = xp.where(refill, first, buffer.first)
            second = xp.where(refill, second, buffer.second)
        left = xp.where(refill, np.int32(2), buffer.left)
        number = xp.where(left == 2, second, first)
        left = left - wanted.astype(np.int32)
        return number, _Buffer(first, second, left), block + refill.astype(np.uint64)

    def _refilled(
        self, values: Values, buffer: _Buffer, block: Array, refill: Array
    ) -> tuple[Array, Array]:
        """Draw on the host: for the lanes that need it, as many as the cache holds."""
        first, second = np.array(buffer.first), np.array(buffer.second)
        places = np.flatnonzero(refill)
        for start in range(0, places.size, _HOST_CHUNK):
            part = places[start : start + _HOST_CHUNK]
            words = philox.words(self._key, self._counter, block[part])
            first[part], second[part] = values(words, _DOUBLE)
        return first, second

    def pair(self, block: Array) -> tuple[Array, Array]:
        """Return the uniform numbers of a block of each lane, in their order."""
        words = philox.words(self._key, self._counter, block)
        first, second = uniform_values(words, _DOUBLE)
        return second, first

    def starts(self, blocks: int) -> Array:
        return self.lanes() * np.uint64(blocks)


Lanes = tuple[Array, ...]


def _until_done(
    turn: Callable[[Lanes, Lanes], Lanes],
    state: Lanes,
    fixed: Lanes,
    first: Callable[[Lanes, Lanes], Lanes] | None = None,
) -> Lanes:
    """Apply `turn(state, fixed)` until every lane is done.

    Lanes that are done are left behind: most need few turns, some many.

    Args:
        turn: Returns the next state.
        state: One array for each part of it, by lane; whether a lane is done is first.
        fixed: What does not change, by lane.
        first: Done once before: what is cheap and leaves many lanes done.
    """
    if namespace(*state) is not np:
        if first is not None:
            is_open = (~state[0]).any()
            state = lax().cond(is_open, first, lambda state, _: state, state, fixed)
        return _gathered_until_done(turn, state, fixed, _SHARES)
    whole = tuple(np.array(part) for part in state)
    places = np.flatnonzero(~whole[0])
    state = tuple(part[places] for part in whole)
    fixed = tuple(part[places] for part in fixed)
    step = first or turn
    while places.size:
        state = step(state, fixed)
        step = turn
        is_open = ~state[0]
        if 2 * np.count_nonzero(is_open) <= places.size:
            for kept, part in zip(whole, state, strict=True):
                kept[places] = part
            places = places[is_open]
            state = tuple(part[is_open] for part in state)
            fixed = tuple(part[is_open] for part in fixed)
    return whole


def _gathered_until_done(
    turn: Callable[[Lanes, Lanes], Lanes],
    state: Lanes,
    fixed: Lanes,
    shares: Sequence[int],
) -> Lanes:
    """Apply `turn` to all lanes until few are open, then gather and go on with these.

    (100,000 numbers, time of a core: gamma 34 ms with all lanes to the end, so 19;
    Poisson of 30 80 ms, so 30; Poisson of 3 is the same.)
    """
    xp = namespace(*state)
    size = state[0].shape[0]
    few = size // shares[0] if shares and size >= _FEWEST_GATHERED else 0

    def is_open(lanes: Lanes) -> Array:
        return xp.count_nonzero(~lanes[0]) > few

    state = lax().while_loop(is_open, lambda lanes: turn(lanes, fixed), state)
    if not few:
        return state
    (places,) = xp.nonzero(~state[0], size=few, fill_value=size)
    done, *rest = (part.at[places].get(mode="clip") for part in state)
    part = _gathered_until_done(
        turn,
        (done | (places == size), *rest),
        tuple(part.at[places].get(mode="clip") for part in fixed),
        shares[1:],
    )
    return tuple(
        whole.at[places].set(values, mode="drop")
        for whole, values in zip(state, part, strict=True)
    )


def _host_quiet(function: Callable[..., Array]) -> Callable[..., Array]:
    """NumPy warns of what lanes that are not used divide by."""

    def quiet(*arguments: Any) -> Array:
        with np.errstate(all="ignore"):
            return function(*arguments)

    return quiet


@_host_quiet
def gamma(key: Array, counter: Array, alpha: Array) -> Array:
    """Draw one number for each alpha, a flat array of doubles."""
    source = _Source(key, counter, alpha)
    xp = source.xp
    alpha = xp.asarray(alpha)
    is_small = alpha < 1
    d = alpha + xp.where(is_small, 2.0 / 3, -1.0 / 3)
    c = 1.0 / 3 / xp.sqrt(d)
    start = source.starts(RESERVED_PER_OUTPUT)
    # The exponential distribution needs one number only.
    is_one = alpha == 1
    single, _, _ = source.take(uniform_values, source.buffer(), start, is_one)
    # TF: never returns where alpha is NaN or negative; here these give NaN.
    done = is_one | ~(d > 0)
    result = xp.where(is_one, -xp.log1p(-single), np.nan)

    def turn(state: Lanes, fixed: Lanes) -> Lanes:
        done, result, block, normals, uniforms = _unpacked(state)
        c, d = fixed
        x, normals, block = source.take(normal_values, normals, block, ~done)
        v = 1 + c * x
        usable = ~done & (v > 0)
        v = v * v * v
        u, uniforms, block = source.take(uniform_values, uniforms, block, usable)
        squared = x * x
        accepted = usable & (
            (u < 1 - 0.0331 * squared * squared)
            | (xp.log(u) < 0.5 * squared + d * (1 - v + xp.log(v)))
        )
        result = xp.where(accepted, d * v, result)
        return (done | accepted, result, block, *normals, *uniforms)

    state = (done, result, start, *source.buffer(), *source.buffer())
    state = _until_done(turn, state, (c, d))
    _, result, block, _, uniforms = _unpacked(state)
    boost, _, _ = source.take(uniform_values, uniforms, block, is_small)
    return xp.where(is_small, result * boost ** (1 / alpha), result)


def _unpacked(state: Any) -> tuple[Array, Array, Array, _Buffer, _Buffer]:
    done, result, block, *buffers = state
    return done, result, block, _Buffer(*buffers[:3]), _Buffer(*buffers[3:])


@_host_quiet
def poisson(key: Array, counter: Array, rate: Array, highest: float) -> Array:
    """Draw one number for each rate, a flat array of doubles up to `highest`.

    Endless rates give infinity.
    """
    source = _Source(key, counter, rate)
    rate = source.xp.asarray(rate)
    is_low = rate < _KNUTH_BELOW
    low = _poisson_of_products(source, rate, is_low, highest)
    is_endless = rate == np.inf
    is_high = (rate >= _KNUTH_BELOW) & ~is_endless
    high = _poisson_of_ratios(source, rate, is_high, highest)
    return source.xp.where(is_low, low, source.xp.where(is_endless, rate, high))


def _poisson_of_products(
    source: _Source, rate: Array, chosen: Array, highest: float
) -> Array:
    """Multiply uniform numbers until the product is small enough."""
    xp = source.xp
    limit = xp.exp(-rate)

    def turn(state: Lanes, fixed: Lanes) -> Lanes:
        done, count, product, block = state
        (limit,) = fixed
        for u in source.pair(block):
            product = product * u
            done = done | ((product <= limit) & (count <= highest))
            count = xp.where(done, count, count + 1)
        return done, count, product, block + np.uint64(1)

    zeros = xp.zeros(rate.shape, _DOUBLE)
    state = (~chosen, zeros, zeros + 1, source.starts(RESERVED_PER_OUTPUT))
    return _until_done(turn, state, (limit,))[1]


def _poisson_of_ratios(
    source: _Source, rate: Array, chosen: Array, highest: float
) -> Array:
    """Transformed rejection."""
    xp = source.xp
    log_rate = xp.log(rate)
    b = 0.931 + 2.53 * xp.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)

    def drawn(block: Array, fixed: Lanes) -> tuple[Array, ...]:
        rate, _, b, a, _ = fixed
        u, v = source.pair(block)
        u = u - 0.5
        shifted = 0.5 - xp.abs(u)
        k = xp.floor((2 * a / shifted + b) * u + rate + 0.43)
        inside = (shifted >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
        return v, shifted, k, inside

    def first(state: Lanes, fixed: Lanes) -> Lanes:
        done, result, block = state
        _, _, k, inside = drawn(block, fixed)
        accepted = ~done & (k <= highest) & inside
        return done | accepted, xp.where(accepted, k, result), block

    def turn(state: Lanes, fixed: Lanes) -> Lanes:
        done, result, block = state
        rate, log_rate, b, a, inverse_alpha = fixed
        v, shifted, k, inside = drawn(block, fixed)
        hopeless = (k < 0) | ((shifted < 0.013) & (v > shifted))
        s = xp.log(v * inverse_alpha / (a / (shifted * shifted) + b))
        t = -rate + k * log_rate - _log_factorial(xp, k)
        accepted = ~done & (k <= highest) & (inside | (~hopeless & (s <= t)))
        result = xp.where(accepted, k, result)
        return done | accepted, result, block + np.uint64(1)

    start = source.starts(RESERVED_PER_OUTPUT)
    nothing = xp.zeros(rate.shape, _DOUBLE)
    state = (~chosen, nothing, start)
    return _until_done(turn, state, (rate, log_rate, b, a, inverse_alpha), first)[1]


def _log_factorial(xp: Any, k: Array) -> Array:
    if xp is not np:
        return lax().lgamma(k + 1)
    # JAX depends on SciPy; NumPy has no such function.
    from scipy.special import gammaln  # type: ignore[import-untyped]

    return gammaln(k + 1)


@_host_quiet
def binomial(key: Array, counter: Array, count: Array, probability: Array) -> Array:
    """Draw one number for each count and probability, a flat array of doubles.

    Args:
        key: `uint32[2]`.
        counter: `uint32[4]`.
        count: How many trials, a flat array in the type of the operands.
        probability: Of success, in the same type.
    """
    source = _Source(key, counter, count, probability)
    xp = source.xp
    count, probability = xp.asarray(count), xp.asarray(probability)
    one = probability.dtype.type(1)
    is_rare = probability <= probability.dtype.type(0.5)
    rarer = xp.where(is_rare, probability, one - probability)
    # TF: never ends where the count is NaN; here the result is that.
    is_drawn = (count > 0) & (probability > 0) & (probability < one)
    is_endless = count == np.inf
    is_large = count * rarer >= count.dtype.type(_KNUTH_BELOW)
    trials, chance = count.astype(_DOUBLE), rarer.astype(_DOUBLE)
    is_chosen = is_drawn & ~is_endless
    small = _binomial_by_inversion(source, trials, chance, is_chosen & ~is_large)
    large = _binomial_of_ratios(source, trials, chance, is_chosen & is_large)
    drawn = xp.where(is_endless, trials, xp.where(is_large, large, small))
    drawn = xp.where(is_rare, drawn, trials - drawn)
    certain = xp.where(probability >= one, trials, xp.full_like(trials, np.nan))
    impossible = (count <= 0) | (probability <= 0)
    rest = xp.where(impossible, xp.zeros_like(trials), certain)
    return xp.where(is_drawn, drawn, rest)


def _binomial_by_inversion(
    source: _Source, trials: Array, chance: Array, chosen: Array
) -> Array:
    """Add geometric numbers until they exceed the number of trials."""
    xp = source.xp
    scale = xp.log1p(-chance)

    def turn(state: Lanes, fixed: Lanes) -> Lanes:
        done, result, total, block, *rest = state
        trials, scale = fixed
        u, buffer, block = source.take(uniform_values, _Buffer(*rest), block, ~done)
        total = total + xp.ceil(xp.log(u) / scale)
        done = done | (total > trials)
        return (done, xp.where(done, result, result + 1), total, block, *buffer)

    nothing = xp.zeros(trials.shape, _DOUBLE)
    start = source.starts(_INVERSION_BLOCKS)
    state = (~chosen, nothing, nothing, start, *source.buffer())
    return _until_done(turn, state, (trials, scale))[1]


def _binomial_of_ratios(
    source: _Source, trials: Array, chance: Array, chosen: Array
) -> Array:
    """Transformed rejection."""
    xp = source.xp
    deviation = xp.sqrt(trials * chance * (1 - chance))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * chance
    c = trials * chance + 0.5
    v_limit = 0.92 - 4.2 / b
    r = chance / (1 - chance)
    alpha = (2.83 + 5.1 / b) * deviation
    m = xp.floor((trials + 1) * chance)
    known = (
        (m + 0.5) * xp.log((m + 1) / (r * (trials - m + 1)))
        + _stirling_tail(xp, m)
        + _stirling_tail(xp, trials - m)
    )

    def bound(k: Array, trials: Array, m: Array, r: Array, known: Array) -> Array:
        return (
            known
            + (trials + 1) * xp.log((trials - m + 1) / (trials - k + 1))
            + (k + 0.5) * xp.log(r * (trials - k + 1) / (k + 1))
            - _stirling_tail(xp, k)
            - _stirling_tail(xp, trials - k)
        )

    def drawn(block: Array, fixed: Lanes) -> tuple[Array, ...]:
        _, b, a, c, v_limit, *_ = fixed
        u, v = source.pair(block)
        u = u - 0.5
        shifted = 0.5 - xp.abs(u)
        k = xp.floor((2 * a / shifted + b) * u + c)
        inside = (shifted >= 0.07) & (v <= v_limit)
        return v, shifted, k, inside

    def first(state: Lanes, fixed: Lanes) -> Lanes:
        done, result, block = state
        _, _, k, inside = drawn(block, fixed)
        accepted = ~done & inside
        return done | accepted, xp.where(accepted, k, result), block

    def turn(state: Lanes, fixed: Lanes) -> Lanes:
        done, result, block = state
        trials, b, a, _, _, alpha, m, r, known = fixed
        v, shifted, k, inside = drawn(block, fixed)
        possible = (k >= 0) & (k <= trials)
        v = xp.log(v * alpha / (a / (shifted * shifted) + b))
        within = v <= bound(k, trials, m, r, known)
        accepted = ~done & (inside | (possible & within))
        result = xp.where(accepted, k, result)
        return done | accepted, result, block + np.uint64(1)

    nothing = xp.zeros(trials.shape, _DOUBLE)
    start = source.starts(RESERVED_PER_OUTPUT)
    state = (~chosen, nothing, start)
    fixed = (trials, b, a, c, v_limit, alpha, m, r, known)
    return _until_done(turn, state, fixed, first)[1]


def _stirling_tail(xp: Any, k: Array) -> Array:
    """What Stirling's formula leaves of the logarithm of a factorial."""
    table = xp.asarray(np.array(_STIRLING_TAILS))
    last = len(_STIRLING_TAILS) - 1
    # Also of NaN, which those have that nothing is drawn for.
    index = xp.where(k >= 0, xp.minimum(k, last), 0).astype(np.int32)
    squared = (k + 1) * (k + 1)
    series = (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / squared) / squared) / (k + 1)
    return xp.where(k <= last, table[index], series)
