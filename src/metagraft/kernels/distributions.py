"""Distributions of random numbers, drawn from any position of a Philox stream.

Every function draws exactly the words that TensorFlow's CPU kernels draw. Uniform and
integer values agree bit for bit; values that pass through logarithm, sine and cosine
agree to rounding.

Source: tensorflow core/lib/random/random_distributions.h, core/kernels/random_op_cpu.h.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Final

import ml_dtypes
import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels import philox
from metagraft.kernels.element_counts import check_count
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax, namespace

__all__ = [
    "RESERVED_PER_OUTPUT",
    "categories",
    "check_logits",
    "check_range",
    "full_integers",
    "integers",
    "normal",
    "normal_values",
    "sizes",
    "truncated_normal",
    "uniform",
    "uniform_double",
    "uniform_values",
    "values_per_block",
]

RESERVED_PER_OUTPUT = 256  # blocks
_TRUNCATE_AT = 2.0
_SMALLEST_UNIFORM = 1e-7  # keeps the logarithm of Box and Muller finite

_HALF = np.dtype(np.float16)
_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_FLOAT = np.dtype(np.float32)
_DOUBLE = np.dtype(np.float64)
# So few numbers of a row are counted rather than searched.
_COUNTED = 256

Dims = tuple[int, ...]


def sizes(shape: Array) -> Dims:
    """Return the value of a shape operand.

    Raises:
        InvalidArgumentError: It is no vector, a size is negative, or there would be
            more elements than can be counted.
    """
    if shape.ndim != 1:
        raise InvalidArgumentError(
            None,
            None,
            "shape must be a vector of {int32,int64}, got shape " + show(shape.shape),
        )
    dims = tuple(int(dim) for dim in shape)
    if any(dim < 0 for dim in dims):
        raise InvalidArgumentError(None, None, f"Dimension {min(dims)} must be >= 0")
    check_count(dims)
    return dims


# Words to uniform numbers in [0, 1): random mantissa, exponent of 1, minus 1.


def uniform_float(word: Array) -> Array:
    return _bits_to_float(word & np.uint32(0x7FFFFF) | np.uint32(127 << 23), _FLOAT)


def uniform_double(low: Array, high: Array) -> Array:
    """The first word gives the high 20 bits of the mantissa, the second the rest."""
    mantissa = (low & np.uint32(0xFFFFF)).astype(np.uint64) << np.uint64(32)
    bits = mantissa | high.astype(np.uint64) | np.uint64(1023 << 52)
    return _bits_to_float(bits, _DOUBLE)


def _uniform_half(word: Array) -> Array:
    bits = (word & np.uint32(0x3FF) | np.uint32(15 << 10)).astype(np.uint16)
    return _bits_to_float(bits, _HALF)


def _uniform_bfloat16(word: Array) -> Array:
    bits = (word & np.uint32(0x7F) | np.uint32(127 << 7)).astype(np.uint16)
    return _bits_to_float(bits, _BFLOAT16)


def _bits_to_float(bits: Array, dtype: np.dtype) -> Array:
    one = np.ones((), dtype)
    if namespace(bits) is np:
        return bits.view(dtype) - one
    return lax().bitcast_convert_type(bits, dtype) - one


_UNIFORM = {
    _HALF: _uniform_half,
    _BFLOAT16: _uniform_bfloat16,
    _FLOAT: uniform_float,
}


def uniform_values(lanes: philox.Lanes, dtype: np.dtype) -> list[Array]:
    """Return the uniform numbers that blocks give, one array for each place."""
    if dtype == _DOUBLE:
        return [uniform_double(*lanes[:2]), uniform_double(*lanes[2:])]
    return [_UNIFORM[dtype](lane) for lane in lanes]


# Box and Muller: two uniform numbers to two normal ones.


def _box_muller(u1: Array, u2: Array, dtype: np.dtype) -> tuple[Array, Array]:
    xp = namespace(u1)
    kind = dtype.type
    u1 = xp.maximum(u1, kind(_SMALLEST_UNIFORM))
    # TF: the angle is multiplied in double precision and rounded once.
    angle = (u2.astype(_DOUBLE) * np.float64(2.0 * math.pi)).astype(dtype)
    if xp is np and dtype == _FLOAT:
        # In double precision and rounded once: what a C library's float gives.
        radius = np.sqrt(kind(-2.0) * np.log(u1.astype(_DOUBLE)).astype(dtype))
        wide = angle.astype(_DOUBLE)
        return np.sin(wide).astype(dtype) * radius, np.cos(wide).astype(dtype) * radius
    radius = xp.sqrt(kind(-2.0) * xp.log(u1))
    if dtype == _FLOAT:
        sine, cosine = _sine_and_cosine(angle.astype(_DOUBLE))
        return sine.astype(dtype) * radius, cosine.astype(dtype) * radius
    return xp.sin(angle) * radius, xp.cos(angle) * radius


# Taylor's coefficients, from the last; below 1e-11 off for angles up to pi / 4.
_SINE: Final = tuple((-1) ** n / math.factorial(2 * n + 1) for n in range(6, 0, -1))
_COSINE: Final = tuple((-1) ** n / math.factorial(2 * n) for n in range(6, 0, -1))


def _sine_and_cosine(angle: Array) -> tuple[Array, Array]:
    """Sine and cosine of angles up to 2 pi, good for single precision.

    XLA's own on the CPU take 7.6 ns for both in single precision; this, in double
    precision and vectorised, 1.
    """
    xp = namespace(angle)
    quarter = xp.round(angle * (2.0 / math.pi))
    rest = angle - quarter * (math.pi / 2.0)
    square = rest * rest
    sine, cosine = xp.zeros_like(rest), xp.zeros_like(rest)
    for factor in _SINE:
        sine = (sine + factor) * square
    for factor in _COSINE:
        cosine = (cosine + factor) * square
    sine, cosine = rest + rest * sine, 1.0 + cosine
    turns = quarter.astype(np.int32)
    is_odd = turns % 2 == 1
    first = xp.where(is_odd, cosine, sine)
    second = xp.where(is_odd, sine, cosine)
    is_first_negative = (turns == 2) | (turns == 3)
    is_second_negative = (turns == 1) | (turns == 2)
    return (
        xp.where(is_first_negative, -first, first),
        xp.where(is_second_negative, -second, second),
    )


def normal_values(lanes: philox.Lanes, dtype: np.dtype) -> list[Array]:
    """Return the normal numbers that blocks give, one array for each place."""
    if namespace(*lanes) is not np:
        # XLA would compute the blocks anew for every number: 24 ms a million, not 14.
        lanes = lax().optimization_barrier(lanes)
    if dtype == _DOUBLE:
        uniforms = uniform_double(*lanes[:2]), uniform_double(*lanes[2:])
        return list(_box_muller(*uniforms, _DOUBLE))
    u0, u1, u2, u3 = (uniform_float(lane) for lane in lanes)
    values = (*_box_muller(u0, u1, _FLOAT), *_box_muller(u2, u3, _FLOAT))
    return [value.astype(dtype) for value in values]


def values_per_block(dtype: np.dtype) -> int:
    """Return how many numbers of a type one block gives."""
    return 2 if dtype.itemsize == _DOUBLE.itemsize else 4


def _drawn(
    key: Array, counter: Array, dims: Dims, dtype: np.dtype, values: Any
) -> Array:
    size = math.prod(dims)
    per_block = values_per_block(dtype)
    return philox.draw(key, counter, size, values, per_block, dtype).reshape(dims)


# Distributions.


def uniform(key: Array, counter: Array, dims: Dims, dtype: np.dtype) -> Array:
    """Numbers in `[0, 1)`."""
    return _drawn(key, counter, dims, dtype, lambda lanes: uniform_values(lanes, dtype))


def normal(key: Array, counter: Array, dims: Dims, dtype: np.dtype) -> Array:
    """Numbers of mean 0 and deviation 1."""
    return _drawn(key, counter, dims, dtype, lambda lanes: normal_values(lanes, dtype))


def _integer_words(lanes: philox.Lanes, dtype: np.dtype) -> list[Array]:
    if dtype.itemsize == _DOUBLE.itemsize:
        return [_long_word(*lanes[:2]), _long_word(*lanes[2:])]
    return list(lanes)


def full_integers(key: Array, counter: Array, dims: Dims, dtype: np.dtype) -> Array:
    """Integers from the whole range of the type."""
    return _drawn(
        key,
        counter,
        dims,
        dtype,
        lambda lanes: [word.astype(dtype) for word in _integer_words(lanes, dtype)],
    )


def integers(
    key: Array, counter: Array, dims: Dims, dtype: np.dtype, low: Array, high: Array
) -> Array:
    """Integers in `[low, high)`, slightly biased as remainders are."""
    unsigned = np.uint64 if dtype.itemsize == _DOUBLE.itemsize else np.uint32
    start = low.astype(unsigned)
    # A kernel may be traced with unknown bounds, so no remainder by zero on the way.
    span = namespace(low, high).maximum(
        _modular_difference(high, low, unsigned), unsigned(1)
    )
    return _drawn(
        key,
        counter,
        dims,
        dtype,
        lambda lanes: [
            (word % span + start).astype(dtype) for word in _integer_words(lanes, dtype)
        ],
    )


def check_range(size: int, minval: Array, maxval: Array) -> None:
    """Check the bounds of `integers`.

    Raises:
        InvalidArgumentError: They are no scalars, or the range is empty.
    """
    if minval.shape or maxval.shape:
        name, found = ("minval", minval) if minval.shape else ("maxval", maxval)
        raise InvalidArgumentError(
            None, None, f"{name} must be 0-D, got shape {list(found.shape)}"
        )
    if namespace(minval, maxval) is np and size and minval >= maxval:
        raise InvalidArgumentError(
            None, None, f"Need minval < maxval, got {minval} >= {maxval}"
        )


def _modular_difference(high: Array, low: Array, unsigned: Any) -> Array:
    """`high - low` modulo the word, without NumPy's overflow warning."""
    xp = namespace(high, low)
    pair = xp.stack([xp.asarray(high), xp.asarray(low)]).astype(unsigned)
    return (pair[:1] - pair[1:])[0]


def _long_word(low: Array, high: Array) -> Array:
    return low.astype(np.uint64) | high.astype(np.uint64) << np.uint64(32)


# Values of groups, how many are filled, and the number of the turn.
_Groups = tuple[Array, Array, Array]
_FEWEST_GATHERED: Final = 4096
_GATHERED_SHARE: Final = 4


def truncated_normal(key: Array, counter: Array, dims: Dims, dtype: np.dtype) -> Array:
    """Normal values below 2 in magnitude; every group of outputs has its own blocks.

    A group (as many outputs as a block gives values) draws pairs until it is full.
    """
    size = math.prod(dims)
    per_group = values_per_block(dtype)
    groups = -(-size // per_group)
    stride = per_group * RESERVED_PER_OUTPUT // 4
    if namespace(key, counter) is np:
        values = _fill_groups_on_host(key, counter, groups, stride, per_group)
    else:
        values = _fill_groups(key, counter, groups, stride, per_group)
    return values.reshape(-1)[:size].astype(dtype).reshape(dims)


def _candidates(
    key: Array, counter: Array, index: Array, per_group: int
) -> list[Array]:
    wide = _DOUBLE if per_group == 2 else _FLOAT
    return normal_values(philox.words(key, counter, index), wide)


def _fill_groups_on_host(
    key: Array, counter: Array, groups: int, stride: int, per_group: int
) -> np.ndarray:
    values = np.zeros((groups, per_group), _DOUBLE if per_group == 2 else _FLOAT)
    filled = np.zeros(groups, np.int64)
    open_groups = np.arange(groups, dtype=np.int64)
    turn = 0
    while open_groups.size:
        index = (open_groups * stride + turn).astype(np.uint64)
        for value in _candidates(key, counter, index, per_group):
            used = filled[open_groups]
            accepted = (np.abs(value) < _TRUNCATE_AT) & (used < per_group)
            values[open_groups[accepted], used[accepted]] = value[accepted]
            filled[open_groups[accepted]] += 1
        open_groups = open_groups[filled[open_groups] < per_group]
        turn += 1
    return values


def _fill_groups(
    key: Array, counter: Array, groups: int, stride: int, per_group: int
) -> Array:
    """Fill all groups in turns, each of which draws a block for every group.

    After the first turn five of six groups are full. The others are gathered and
    filled, which saves three quarters of the work; what does not fit where they are
    gathered, which hardly happens, is left to the next turn.
    """
    xp = namespace(key, counter)
    wide = _DOUBLE if per_group == 2 else _FLOAT
    starts = xp.arange(groups, dtype=np.uint64) * np.uint64(stride)
    slots = xp.arange(per_group, dtype=np.int32)[:, None]

    def turn(starts: Array, state: _Groups) -> _Groups:
        values, filled, block = state
        for value in _candidates(key, counter, starts + block, per_group):
            accepted = xp.abs(value) < wide.type(_TRUNCATE_AT)
            values = xp.where((filled == slots) & accepted, value, values)
            filled = filled + accepted.astype(np.int32)
        return values, filled, block + np.uint64(1)

    def unfinished(state: _Groups) -> Array:
        return xp.any(state[1] < per_group)

    def filled_up(starts: Array, state: _Groups) -> _Groups:
        return lax().while_loop(unfinished, functools.partial(turn, starts), state)

    state = (
        xp.zeros((per_group, groups), wide),
        xp.zeros(groups, np.int32),
        xp.zeros((), np.uint64),
    )
    if groups < _FEWEST_GATHERED:
        return filled_up(starts, state)[0].T

    def turn_and_gather(state: _Groups) -> _Groups:
        values, filled, block = turn(starts, state)
        (places,) = xp.nonzero(
            filled < per_group, size=groups // _GATHERED_SHARE, fill_value=groups
        )
        gathered = (
            values.at[:, places].get(mode="fill", fill_value=0),
            filled.at[places].get(mode="fill", fill_value=per_group),
            block,
        )
        gathered = filled_up(starts.at[places].get(mode="clip"), gathered)
        values = values.at[:, places].set(gathered[0], mode="drop")
        return values, filled.at[places].set(gathered[1], mode="drop"), block

    return lax().while_loop(unfinished, turn_and_gather, state)[0].T


def check_logits(logits: Array, samples: int) -> None:
    """Check what classes are drawn with.

    Raises:
        InvalidArgumentError: No matrix of classes, or a negative number of samples.
    """
    if logits.ndim != 2:
        raise InvalidArgumentError(
            None, None, f"logits should be a matrix, got shape {list(logits.shape)}"
        )
    if samples < 0:
        raise InvalidArgumentError(
            None, None, f"num_samples should be non-negative, got {samples}"
        )
    if not logits.shape[1]:
        raise InvalidArgumentError(None, None, "num_classes should be positive, got 0")


def categories(
    key: Array, counter: Array, logits: Array, samples: int, dtype: np.dtype
) -> Array:
    """Draw classes by where a uniform number falls among the summed probabilities.

    TF: its CPU kernel may cut the batch in shards by the number of threads, each
    with an offset of its own; these are the numbers of one shard.

    Source: tensorflow core/kernels/multinomial_op.cc.
    """
    xp = namespace(logits, key)
    dims = (logits.shape[0], samples)
    if not math.prod(dims):
        return xp.zeros(dims, dtype)
    wanted = uniform(key, counter, dims, _DOUBLE)
    finite = xp.isfinite(logits)
    wide = logits.astype(_DOUBLE)
    peak = xp.max(xp.where(finite, wide, -np.inf), axis=1, keepdims=True)
    mass = xp.exp(xp.where(finite, wide - xp.where(finite, peak, 0.0), -np.inf))
    cumulative = xp.cumsum(mass, axis=1)
    wanted = wanted * cumulative[:, -1:]
    search = functools.partial(xp.searchsorted, side="right")
    if xp is np and samples * logits.shape[1] <= _COUNTED:
        found = (cumulative[:, None] <= wanted[..., None]).sum(axis=2)
    elif xp is np:
        found = np.stack(
            [search(*pair) for pair in zip(cumulative, wanted, strict=True)]
        )
    else:
        found = xp.vectorize(search, signature="(c),(n)->(n)")(cumulative, wanted)
    return found.astype(dtype)
