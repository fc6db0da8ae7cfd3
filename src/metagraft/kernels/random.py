"""Random numbers, TensorFlow's own: the same seeds give the same numbers.

Twin: `ops/random.py`. Each op reserves as many blocks of its Philox stream as
TensorFlow's CPU kernel does, so that successive runs agree too.

Source: tensorflow core/kernels/random_op.cc, random_shuffle_op.cc, multinomial_op.cc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.kernels import distributions, philox
from metagraft.kernels.distributions import RESERVED_PER_OUTPUT
from metagraft.kernels.kernel import Array, Kernel, RandomStream
from metagraft.kernels.namespace import lax, namespace, repeat_while

__all__ = ["KERNELS", "shuffled"]

# Fewer rows are swapped one by one.
_FEW = 256


def _fill(distribution: Any) -> Any:
    def fill(rng: RandomStream, attrs: Any, shape: Array) -> tuple[Array]:
        dims = distributions.sizes(shape)
        key, counter = rng.reserve(math.prod(dims) * RESERVED_PER_OUTPUT)
        dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
        return (distribution(key, counter, dims, dtype),)

    return fill


def random_uniform_int(
    rng: RandomStream, attrs: Any, shape: Array, minval: Array, maxval: Array
) -> tuple[Array]:
    dims = distributions.sizes(shape)
    size = math.prod(dims)
    distributions.check_range(size, minval, maxval)
    key, counter = rng.reserve(size * RESERVED_PER_OUTPUT)
    dtype = np.dtype(attrs["Tout"].as_numpy_dtype)
    return (distributions.integers(key, counter, dims, dtype, minval, maxval),)


def random_shuffle(rng: RandomStream, _attrs: Any, value: Array) -> tuple[Array]:
    size = value.shape[0] if value.ndim else 0
    if math.prod(value.shape) <= 1 or size <= 1:
        return (value,)
    return (shuffled(*rng.reserve(-(-(size - 1) // 4)), value),)


def shuffled(key: Array, counter: Array, value: Array) -> Array:
    """Swap row i with one of the rows from i on, for every row but the last."""
    size = value.shape[0]
    draws = philox.draw(key, counter, size - 1, list, 4, np.dtype(np.uint32))
    xp = namespace(draws)
    left = xp.arange(size, 1, -1, dtype=np.uint32)
    targets = xp.arange(size - 1, dtype=np.int64) + (draws % left).astype(np.int64)
    if xp is not np:
        order = lax().platform_dependent(
            targets, cpu=_swapped_in_turn, default=_swapped
        )
    else:
        order = (_swapped_one_by_one if size < _FEW else _swapped)(targets)
    return value[order]


def _swapped_one_by_one(targets: np.ndarray) -> np.ndarray:
    order = list(range(len(targets) + 1))
    for i, j in enumerate(targets.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.asarray(order, np.int64)


def _swapped_in_turn(targets: Array) -> Array:
    """Do the same in a loop of a program, which is fast on a CPU.

    Turn i swaps the places i and j, and what comes later leaves place i alone. So from
    the last turn to the first the inverse order takes its value of j at i, then i at j.
    XLA writes one number at a time in place; two would be an array copied in each turn
    (100,000 rows: 0.5 ms, by sorting 6).
    """
    xp = namespace(targets)
    last = targets.shape[0]
    targets = targets.astype(np.int32)

    def swap(turn: Array, inverse: Array) -> Array:
        row = last - 1 - turn
        target = targets[row]
        inverse = inverse.at[row].set(inverse[target], mode="promise_in_bounds")
        return inverse.at[target].set(row, mode="promise_in_bounds")

    def place(row: Array, order: Array) -> Array:
        return order.at[inverse[row]].set(row, mode="promise_in_bounds")

    rows = xp.arange(last + 1, dtype=np.int32)
    start = np.int32(0)
    inverse = lax().fori_loop(start, np.int32(last), swap, rows)
    order = lax().fori_loop(start, np.int32(last + 1), place, rows)
    return order.astype(np.int64)


def _swapped(targets: Array) -> Array:
    """Do the same without a step for each row.

    At its turn, row i holds what an earlier turn that swapped with it found in its own
    row, and so on back to a row that none had swapped with; half of the way back is
    doubled until nothing changes.
    """
    xp = namespace(targets)
    count = targets.shape[0] + 1
    turns = xp.arange(count, dtype=np.int64)
    rows = xp.append(targets, np.int64(count - 1))
    keys = xp.sort(rows * count + turns)
    row, turn = keys // count, keys % count
    again = row[1:] == row[:-1]
    earlier = _put(xp.full(count, -1), again, turn[1:], turn[:-1])
    # The last turn that swaps with a row, its own aside, which none comes after.
    is_other = row != turn
    is_last = is_other & xp.append(~again | ~is_other[1:], np.bool_(1))
    source = _put(turns, is_last, row, turn)
    source, _ = repeat_while(
        lambda state: (state[0] != state[1]).any(),
        lambda state: (state[0][state[0]], state[0]),
        (source[source], source),
    )
    return xp.where(earlier >= 0, source[earlier], rows)


def _put(into: Array, mask: Array, places: Array, values: Array) -> Array:
    """Put those values in their places that a mask tells; on the host it is changed."""
    if isinstance(into, np.ndarray):
        into[places[mask]] = values[mask]
        return into
    xp = namespace(into)
    return into.at[xp.where(mask, places, len(into))].set(values, mode="drop")


def multinomial(
    rng: RandomStream, attrs: Any, logits: Array, num_samples: Array
) -> tuple[Array]:
    samples = int(num_samples)
    distributions.check_logits(logits, samples)
    rounded = -(-samples // 4) * 4
    words = 2  # a double takes two
    key, counter = rng.reserve(logits.shape[0] * rounded * words * RESERVED_PER_OUTPUT)
    dtype = np.dtype(attrs["output_dtype"].as_numpy_dtype)
    return (distributions.categories(key, counter, logits, samples, dtype),)


KERNELS = {
    **{
        op_type: Kernel(_fill(distribution), static=("shape",), random=True)
        for op_type, distribution in (
            ("RandomUniform", distributions.uniform),
            ("RandomStandardNormal", distributions.normal),
            ("TruncatedNormal", distributions.truncated_normal),
        )
    },
    "RandomUniformInt": Kernel(random_uniform_int, static=("shape",), random=True),
    "RandomShuffle": Kernel(random_shuffle, random=True),
    "Multinomial": Kernel(multinomial, static=("num_samples",), random=True),
}
