"""The largest or smallest row of each segment, NaN and signs as TensorFlow has them.

TensorFlow compares one row after the other, and a comparison with NaN is false. So in
unsorted segments what comes after NaN replaces it, and of equal numbers (0.0 and -0.0)
the last stays. Sorted segments are the same where columns are compared one by one; of
those compared in vectors NaN is passed over and the first of equal numbers stays.

NumPy and XLA know nothing of this, but what they find shows where it matters: if it is
NaN or zero. Only then the order is looked at.

Source: tensorflow core/kernels/segment_reduction_ops_impl.h.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import ml_dtypes
import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax, namespace

__all__ = ["Order", "combine_extremes", "extremes_of_runs", "worst"]

# The ufunc of NumPy and the method of a JAX scatter that take the larger of two values.
_CHOOSERS: Final = {"max": (np.maximum, "max"), "min": (np.minimum, "min")}
# Bytes of the vectors in which TensorFlow compares columns of sorted segments; it goes
# through numbers of two bytes eight at a time, too.
_VECTOR_BYTES: Final = 32
_VECTOR_MAX: Final = 8
# A segment of so many rows is worth a call of its own.
_LONG: Final = 64


class Order(NamedTuple):
    """In which order TensorFlow compares rows.

    Attributes:
        columns: How many columns, from the first on, are compared in vectors.
        start: What the first row is compared with.
    """

    columns: int
    start: Any

    @classmethod
    def unsorted(cls, how: str, data: Array) -> Order:
        """Return that of unsorted segments, which start with the end of the range."""
        return cls(0, worst(how, data.dtype))

    @classmethod
    def sorted(cls, how: str, data: Array) -> Order:
        """Return that of sorted segments."""
        size = int(np.prod(data.shape[1:], dtype=np.int64))
        lanes = min(_VECTOR_BYTES // data.dtype.itemsize, _VECTOR_MAX)
        return cls(size - size % lanes, _endless(how, data.dtype))


def worst(how: str, dtype: Any) -> Any:
    """Return the finite number that every other one of `dtype` replaces."""
    describe: Any = np.iinfo if dtype.kind in "iu" else ml_dtypes.finfo
    limits = describe(dtype)
    return dtype.type(limits.min if how == "max" else limits.max)


def _endless(how: str, dtype: Any) -> Any:
    """Return what every number replaces: an infinity, if there is one."""
    if dtype.kind in "iu":
        return worst(how, dtype)
    return dtype.type(-np.inf if how == "max" else np.inf)


def combine_extremes(
    how: str, data: Array, ids: Array, count: int, order: Order
) -> Array:
    """Return the extreme of the rows of `data` that share an id.

    Args:
        how: `max` or `min`.
        data: `[n, ...]`.
        ids: `[n]`; rows with a negative id are left out.
        count: The number of rows of the result.
        order: In which order rows are compared.

    Returns:
        `[count, ...]`; a row without data holds what comparisons start with.
    """
    xp = namespace(data, ids)
    if xp is np:
        return _extremes_on_host(how, data, ids, count, order)
    result = _scattered(how, data, ids, count, order.start)
    if data.dtype.kind in "iu" or not data.size:
        return result

    def ordered(result: Array, data: Array, ids: Array) -> Array:
        # TF: of zeros of two signs a compiled program takes any, which saves it a pass
        # over the data.
        return lax().cond(
            xp.any(xp.isnan(result)),
            lambda: _one_by_one(how, data, ids, count, order),
            lambda: result,
        )

    # TF: on a GPU the order is that of its threads.
    return lax().platform_dependent(
        result, data, ids, cpu=ordered, default=lambda result, _data, _ids: result
    )


def _scattered(how: str, data: Array, ids: Array, count: int, start: Any) -> Array:
    """Combine in whichever order is fast; NaN stays NaN."""
    shape = (count, *data.shape[1:])
    xp = namespace(data, ids)
    ufunc, method = _CHOOSERS[how]
    if xp is np:
        result = np.full(shape, start, data.dtype)
        is_kept = ids >= 0
        ufunc.at(result, ids[is_kept], data[is_kept])
        return result
    outside = xp.where(ids < 0, ids.dtype.type(count), ids)
    result = xp.full(shape, start, dtype=data.dtype)
    return getattr(result.at[outside], method)(data, mode="drop")


def _one_by_one(how: str, data: Array, ids: Array, count: int, order: Order) -> Array:
    """Combine rows as TensorFlow does (traced): slow to run, and quick to compile."""
    xp, loops = jax_numpy(), lax()
    is_worse = xp.less if how == "max" else xp.greater
    shape = data.shape[1:]
    in_vectors = np.arange(int(np.prod(shape, dtype=np.int64))) < order.columns

    def turn(place: Array, result: Array) -> Array:
        new = loops.dynamic_index_in_dim(data, place, keepdims=False)
        number = loops.dynamic_index_in_dim(ids, place, keepdims=False)
        old = loops.dynamic_index_in_dim(result, number, keepdims=False)
        stays = is_worse(new, old)
        if order.columns:
            stays = xp.where(in_vectors.reshape(shape), ~is_worse(old, new), stays)
        is_left_out = (number < 0) | (number >= count)
        chosen = xp.where(stays | is_left_out, old, new)
        return loops.dynamic_update_index_in_dim(result, chosen, number, 0)

    start = xp.full((count, *shape), order.start, data.dtype)
    return loops.fori_loop(0, len(data), turn, start) if count else start


def _in_order(how: str, data: Array, ids: Array, count: int, order: Order) -> Array:
    """Do so on the host for all rows at once, by what decides: places and signs."""
    shape, size = data.shape, len(data)
    data = data.reshape(size, math.prod(shape[1:]))
    dtype = data.dtype
    in_vectors = np.arange(data.shape[1]) < order.columns
    places = np.arange(size)[:, None] + np.zeros(data.shape, np.int64)

    def last(chosen: Array, keys: Array) -> Array:
        keys = np.where(chosen, keys, -1)
        return _scattered("max", keys, ids, count, np.int64(-1))

    is_nan = np.isnan(data)
    last_nan = last(is_nan & ~in_vectors, places)
    counts = (places > last_nan[ids]) & ~is_nan
    endless = _endless(how, dtype)
    found = _scattered(how, np.where(counts, data, endless), ids, count, endless)
    found = np.where(last_nan < 0, _CHOOSERS[how][0](found, order.start), found)
    is_over = (last_nan >= 0) & (last(counts, places) < 0)
    found = np.where(is_over, dtype.type(np.nan), found)
    # The sign of the last zero, in vectors of the first.
    keys = np.where(in_vectors, size - 1 - places, places) * 2 + np.signbit(data)
    zero = last(counts & (data == 0), keys)
    signed = np.where(zero % 2 == 1, dtype.type(-0.0), dtype.type(0))
    found = np.where((found == 0) & (zero >= 0), signed, found)
    return found.reshape(count, *shape[1:])


def _extremes_on_host(
    how: str, data: Array, ids: Array, count: int, order: Order
) -> Array:
    if ids.size and ids.min() < 0:
        is_kept = ids >= 0
        ids, data = ids[is_kept], data[is_kept]
    shape = (count, *data.shape[1:])
    if data.size != len(data):
        result = np.full(shape, order.start, data.dtype)
        if len(ids):
            present, found = extremes_of_runs(how, data, ids)
            result[present] = _CHOOSERS[how][0](order.start, found)
    else:
        result = _scattered(how, data, ids, count, order.start)
    if data.dtype.kind in "iu":
        return result
    return _settled(how, result, data, ids, order)


def _settled(how: str, result: Array, data: Array, ids: Array, order: Order) -> Array:
    """Do again, in TensorFlow's order, the rows of which not all is known."""
    unsettled = np.isnan(result)
    zeros = result == 0
    if zeros.any() and ((data == 0) & np.signbit(data)).any():
        unsettled |= zeros
    if not unsettled.any():
        return result
    rows = unsettled.reshape(len(result), -1).any(axis=1)
    numbers = np.cumsum(rows) - 1
    chosen = rows[ids]
    result[rows] = _in_order(
        how, data[chosen], numbers[ids[chosen]], int(rows.sum()), order
    )
    return result


def extremes_of_runs(how: str, data: Array, ids: Array) -> tuple[Array, Array]:
    """Combine rows of equal ids, of which there is at least one, on the host.

    The first row of every segment is combined with the second, then with the third: a
    sixth of the time of `ufunc.reduceat`, which goes by elements.

    Returns:
        The ids, each once and in their order, and a row for each.
    """
    places = None
    if (ids[1:] < ids[:-1]).any():
        # NumPy sorts numbers of two bytes twenty times as fast.
        keys = ids.astype(np.uint16) if ids.max() < 1 << 16 else ids
        places = keys.argsort(kind="stable")
        ids = ids[places]
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
    lengths = np.diff(np.append(starts, len(ids)))
    # The longest first, so that those which have a row at some place come together.
    by_length = np.argsort(-lengths, kind="stable")
    firsts, lengths = starts[by_length], lengths[by_length]
    ufunc = _CHOOSERS[how][0]

    def rows(at: Array) -> Array:
        return data.take(at if places is None else places[at], axis=0)

    combined = rows(firsts)
    n_long = int(np.searchsorted(-lengths, -_LONG))
    for number in range(n_long):
        run = slice(firsts[number], firsts[number] + lengths[number])
        taken = data[run] if places is None else data.take(places[run], axis=0)
        ufunc.reduce(taken, axis=0, out=combined[number])
    lengths = lengths[n_long:]
    for place in range(1, int(lengths[0]) if len(lengths) else 0):
        n_rows = int(np.searchsorted(-lengths, -place))
        part = combined[n_long : n_long + n_rows]
        ufunc(part, rows(firsts[n_long : n_long + n_rows] + place), out=part)
    found = np.empty_like(combined)
    found[by_length] = combined
    return ids[starts], found
