"""Random numbers, TensorFlow's own: the same seeds give the same numbers.

Twin: `ops/random.py`. Each op draws from its Philox stream exactly the words that
TensorFlow's CPU kernel draws, and reserves as many blocks, so that successive runs
agree too. Uniform and integer values agree bit for bit; values that pass through
logarithm, sine and cosine agree to rounding.

Source: tensorflow core/kernels/random_op.cc, random_op_cpu.h,
core/lib/random/random_distributions.h.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import ml_dtypes
import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels import philox
from metagraft.kernels.kernel import Array, Kernel, RandomStream
from metagraft.kernels.namespace import lax, namespace

_RESERVED_PER_OUTPUT = 256  # blocks
_TRUNCATE_AT = 2.0
_SMALLEST_UNIFORM = 1e-7  # keeps the logarithm of Box and Muller finite

_HALF = np.dtype(np.float16)
_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_FLOAT = np.dtype(np.float32)
_DOUBLE = np.dtype(np.float64)
_LONG = np.dtype(np.int64)


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


def _uniform_values(lanes: philox.Lanes, dtype: np.dtype) -> list[Array]:
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
    return xp.sin(angle) * radius, xp.cos(angle) * radius


def _normal_values(lanes: philox.Lanes, dtype: np.dtype) -> list[Array]:
    if dtype == _DOUBLE:
        uniforms = uniform_double(*lanes[:2]), uniform_double(*lanes[2:])
        return list(_box_muller(*uniforms, _DOUBLE))
    u0, u1, u2, u3 = (uniform_float(lane) for lane in lanes)
    values = (*_box_muller(u0, u1, _FLOAT), *_box_muller(u2, u3, _FLOAT))
    return [value.astype(dtype) for value in values]


def _values_per_block(dtype: np.dtype) -> int:
    return 2 if dtype.itemsize == _DOUBLE.itemsize else 4


# Ops.


def random_uniform(rng: RandomStream, attrs: Any, shape: Array) -> tuple[Array]:
    return (_fill(rng, attrs, shape, _uniform_values),)


def random_standard_normal(rng: RandomStream, attrs: Any, shape: Array) -> tuple[Array]:
    return (_fill(rng, attrs, shape, _normal_values),)


def _fill(rng: RandomStream, attrs: Any, shape: Array, values: Any) -> Array:
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    dims, size = _dims(shape)
    key, counter = rng.reserve(size * _RESERVED_PER_OUTPUT)
    flat = philox.draw(
        key,
        counter,
        size,
        lambda lanes: values(lanes, dtype),
        _values_per_block(dtype),
        dtype,
    )
    return flat.reshape(dims)


def random_uniform_int(
    rng: RandomStream, attrs: Any, shape: Array, minval: Array, maxval: Array
) -> tuple[Array]:
    dtype = np.dtype(attrs["Tout"].as_numpy_dtype)
    dims, size = _dims(shape)
    _check_range(size, minval, maxval)
    unsigned = np.uint64 if dtype == _LONG else np.uint32
    low = minval.astype(unsigned)
    # A kernel may be traced with unknown bounds, so no remainder by zero on the way.
    span = namespace(minval, maxval).maximum(
        _modular_difference(maxval, minval, unsigned), unsigned(1)
    )

    def values(lanes: philox.Lanes) -> list[Array]:
        if dtype == _LONG:
            words = [_long_word(*lanes[:2]), _long_word(*lanes[2:])]
        else:
            words = list(lanes)
        return [(word % span + low).astype(dtype) for word in words]

    key, counter = rng.reserve(size * _RESERVED_PER_OUTPUT)
    flat = philox.draw(key, counter, size, values, _values_per_block(dtype), dtype)
    return (flat.reshape(dims),)


def _check_range(size: int, minval: Array, maxval: Array) -> None:
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


def truncated_normal(rng: RandomStream, attrs: Any, shape: Array) -> tuple[Array]:
    """Normal values below 2 in magnitude; every group of outputs has its own blocks.

    A group (as many outputs as a block gives values) draws pairs until it is full.
    """
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    dims, size = _dims(shape)
    per_group = _values_per_block(dtype)
    key, counter = rng.reserve(size * _RESERVED_PER_OUTPUT)
    groups = -(-size // per_group)
    stride = per_group * _RESERVED_PER_OUTPUT // 4
    if namespace(key, counter) is np:
        values = _fill_groups_on_host(key, counter, groups, stride, per_group)
    else:
        values = _fill_groups(key, counter, groups, stride, per_group)
    return (values.reshape(-1)[:size].astype(dtype).reshape(dims),)


def _candidates(
    key: Array, counter: Array, index: Array, per_group: int
) -> list[Array]:
    wide = _DOUBLE if per_group == 2 else _FLOAT
    return _normal_values(philox.words(key, counter, index), wide)


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
    xp = namespace(key, counter)
    wide = _DOUBLE if per_group == 2 else _FLOAT
    starts = xp.arange(groups, dtype=np.uint64) * np.uint64(stride)
    slots = xp.arange(per_group, dtype=np.int32)[:, None]

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        return xp.any(state[1] < per_group)

    def turn(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        values, filled, block = state
        for value in _candidates(key, counter, starts + block, per_group):
            accepted = xp.abs(value) < wide.type(_TRUNCATE_AT)
            values = xp.where((filled == slots) & accepted, value, values)
            filled = filled + accepted.astype(np.int32)
        return values, filled, block + np.uint64(1)

    state = (
        xp.zeros((per_group, groups), wide),
        xp.zeros(groups, np.int32),
        xp.zeros((), np.uint64),
    )
    values, _, _ = lax().while_loop(unfinished, turn, state)
    return values.T


def random_shuffle(rng: RandomStream, attrs: Any, value: Array) -> tuple[Array]:
    """Swap row i with one of the rows from i on, for every row but the last.

    Source: tensorflow core/kernels/random_shuffle_op.cc.
    """
    size = value.shape[0] if value.ndim else 0
    if math.prod(value.shape) <= 1 or size <= 1:
        return (value,)
    key, counter = rng.reserve(-(-(size - 1) // 4))
    draws = philox.draw(key, counter, size - 1, list, 4, np.dtype(np.uint32))
    xp = namespace(draws)
    left = xp.arange(size, 1, -1, dtype=np.uint32)
    targets = xp.arange(size - 1, dtype=np.int64) + (draws % left).astype(np.int64)
    order = _swapped_on_host(targets) if xp is np else _swapped(targets)
    return (value[order],)


def _swapped_on_host(targets: np.ndarray) -> np.ndarray:
    order = list(range(len(targets) + 1))
    for i, j in enumerate(targets.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.asarray(order, np.int64)


def _swapped(targets: Array) -> Array:
    xp = namespace(targets)

    def swap(i: Array, order: Array) -> Array:
        j = targets[i]
        here, there = order[i], order[j]
        return order.at[i].set(there).at[j].set(here)

    count = targets.shape[0]
    return lax().fori_loop(0, count, swap, xp.arange(count + 1, dtype=np.int64))


def multinomial(
    rng: RandomStream, attrs: Any, logits: Array, num_samples: Array
) -> tuple[Array]:
    """Draw classes by where a uniform number falls among the summed probabilities.

    TF: its CPU kernel may cut the batch in shards by the number of threads, each
    with an offset of its own; these are the numbers of one shard.

    Source: tensorflow core/kernels/multinomial_op.cc.
    """
    dtype = np.dtype(attrs["output_dtype"].as_numpy_dtype)
    samples = int(num_samples)
    if logits.ndim != 2:
        raise InvalidArgumentError(
            None, None, f"logits should be a matrix, got shape {list(logits.shape)}"
        )
    batch = logits.shape[0]
    size = batch * samples
    if not size:
        return (namespace(logits).zeros((batch, samples), dtype),)
    reserved = batch * (-(-samples // 4) * 4) * 2 * _RESERVED_PER_OUTPUT
    key, counter = rng.reserve(reserved)
    uniform = philox.draw(
        key, counter, size, lambda lanes: _uniform_values(lanes, _DOUBLE), 2, _DOUBLE
    ).reshape(batch, samples)
    xp = namespace(logits, uniform)
    finite = xp.isfinite(logits)
    wide = logits.astype(_DOUBLE)
    peak = xp.max(xp.where(finite, wide, -np.inf), axis=1, keepdims=True)
    mass = xp.exp(xp.where(finite, wide - xp.where(finite, peak, 0.0), -np.inf))
    cumulative = xp.cumsum(mass, axis=1)
    wanted = uniform * cumulative[:, -1:]
    if xp is np:
        found = np.stack(
            [
                np.searchsorted(row, want, side="right")
                for row, want in zip(cumulative, wanted, strict=True)
            ]
        )
        return (found.astype(dtype),)
    search = functools.partial(xp.searchsorted, side="right")
    return (
        xp.vectorize(search, signature="(c),(n)->(n)")(cumulative, wanted).astype(
            dtype
        ),
    )


def _dims(shape: Array) -> tuple[tuple[int, ...], int]:
    dims = tuple(int(dim) for dim in shape)
    if any(dim < 0 for dim in dims):
        raise InvalidArgumentError(
            None, None, f"Dimension {min(dims)} must be >= 0 in shape {list(dims)}"
        )
    return dims, math.prod(dims)


KERNELS = {
    "RandomUniform": Kernel(random_uniform, static=("shape",), random=True),
    "RandomUniformInt": Kernel(random_uniform_int, static=("shape",), random=True),
    "RandomStandardNormal": Kernel(
        random_standard_normal, static=("shape",), random=True
    ),
    "TruncatedNormal": Kernel(truncated_normal, static=("shape",), random=True),
    "RandomShuffle": Kernel(random_shuffle, random=True),
    "Multinomial": Kernel(multinomial, static=("num_samples",), random=True),
}
