"""Reductions over segments of the first axis; twin of `ops/segment.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.element_counts import check_product
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.narrow_reduction import (
    MANY_STEPS,
    NARROW_FLOATS,
    runs_in_order,
    runs_in_vectors,
)
from metagraft.kernels.rounding import divided
from metagraft.kernels.segment_extremes import Order, combine_extremes

__all__ = ["KERNELS", "check_increasing", "combine_rows", "combine_runs"]

# The ufunc of NumPy and the method of a JAX scatter that combine two values.
_COMBINERS = {"sum": (np.add, "add"), "prod": (np.multiply, "multiply")}
_EXTREMES = ("max", "min")

# From so many elements on it pays to load SciPy.
_LARGE = 1 << 17


def combine_rows(how: str, data: Array, ids: Array, count: int) -> Array:
    """Combine the rows of `data` that share an id.

    Args:
        how: `sum`, `prod`, `max` or `min`.
        data: `[n, ...]`.
        ids: `[n]`; rows with a negative id are left out.
        count: The number of rows of the result.

    Returns:
        `[count, ...]`; a row without data holds the neutral element.
    """
    if how in _EXTREMES:
        return combine_extremes(how, data, ids, count, Order.unsorted(how, data))
    xp = namespace(data, ids)
    ufunc, scatter = _COMBINERS[how]
    shape = (count, *data.shape[1:])
    neutral = data.dtype.type(how == "prod")
    if xp is np:
        return _combined_on_host(ufunc, neutral, shape, data, ids)
    result = xp.full(shape, neutral, dtype=data.dtype)
    outside = xp.where(ids < 0, ids.dtype.type(count), ids)
    return getattr(result.at[outside], scatter)(data, mode="drop")


def _combined_on_host(
    ufunc: Any, neutral: Any, shape: tuple[int, ...], data: Array, ids: Array
) -> Array:
    if np.count_nonzero(ids < 0):
        is_kept = ids >= 0
        ids, data = ids[is_kept], data[is_kept]
    if data.ndim > 1 and len(ids):
        return _combined_runs(ufunc, neutral, shape, data, ids)
    result = np.full(shape, neutral, data.dtype)
    ufunc.at(result, ids, data)
    return result


def combine_runs(ufunc: Any, data: Array, ids: Array) -> tuple[Array, Array]:
    """Combine rows of equal ids, of which there is at least one.

    Returns:
        The ids, each once and in their order, and a row for each.
    """
    order = None
    if np.count_nonzero(ids[1:] < ids[:-1]):
        order = ids.argsort(kind="stable")
        ids = ids[order]
    is_start = np.empty(len(ids), np.bool_)
    is_start[0] = True
    np.not_equal(ids[1:], ids[:-1], out=is_start[1:])
    starts = is_start.nonzero()[0]
    if len(starts) < len(ids) and ufunc is np.add and _is_large(data):
        return ids[starts], _sums(data, starts, order)
    if order is not None:
        data = data.take(order, axis=0)
    if len(starts) < len(ids) and data.dtype == np.float16 and data.size <= MANY_STEPS:
        # NumPy would round the sum of a run only once.
        data = _rounded_runs(runs_in_order, ufunc, data, starts)
        ids = ids[starts]
    elif len(starts) < len(ids):
        ids = ids[starts]
        data = ufunc.reduceat(data, starts, axis=0, dtype=data.dtype)
    return ids, data


def _is_narrow(data: Array) -> bool:
    return data.dtype in NARROW_FLOATS and data.size <= MANY_STEPS


def _rounded_runs(reduce: Any, ufunc: Any, data: Array, starts: Array) -> Array:
    """Combine the rows from each start to the next by a function for narrow numbers."""
    counts = np.diff(starts, append=len(data))
    rows = data.reshape(len(data), math.prod(data.shape[1:]))
    found: Array = reduce(ufunc, rows, starts, counts)
    return found.reshape(len(starts), *data.shape[1:])


def _is_large(data: Array) -> bool:
    return data.size >= _LARGE and data.dtype.char in "fd"


def _sums(data: Array, starts: Array, order: Array | None) -> Array:
    """Add up the rows from each start to the next, in a twentieth of NumPy's time."""
    from scipy import sparse  # type: ignore[import-untyped]

    count = len(data)
    ends = np.append(starts, count)
    places = np.arange(count) if order is None else order
    ones = np.ones(count, data.dtype)
    chosen = sparse.csr_array((ones, places, ends), shape=(len(starts), count))
    summed: Array = chosen @ data.reshape(count, -1)
    return summed.reshape(len(starts), *data.shape[1:])


def _combined_runs(
    ufunc: Any, neutral: Any, shape: tuple[int, ...], data: Array, ids: Array
) -> Array:
    """Combine rows with each other first, then with what is neutral.

    For rows this takes a tenth of the time of `ufunc.at`, which goes by elements.
    """
    ids, data = combine_runs(ufunc, data, ids)
    combined = ufunc(neutral, data)
    if len(ids) == shape[0]:  # as many as there are: all of them, in their order
        return np.asarray(combined)
    result = np.full(shape, neutral, data.dtype)
    result[ids] = combined
    return result


def _check_sorted(data: Array, ids: np.ndarray) -> int:
    """Return the number of segments of sorted ids.

    Raises:
        InvalidArgumentError: The ids are negative, unsorted, too few or too large.
    """
    if ids.shape[0] != data.shape[0]:
        raise InvalidArgumentError(
            None,
            None,
            "segment_ids should be the same size as dimension 0 of input.",
        )
    if ids.size == 0:
        return 0
    count = int(ids[-1]) + 1
    check_product((count, *data.shape[1:]))
    check_increasing(ids, count)
    return count


def check_increasing(ids: np.ndarray, count: int) -> None:
    """Check ids in the order in which TensorFlow's kernels come to them.

    Raises:
        InvalidArgumentError: They are not sorted, or not in `[0, count)`.
    """
    if count <= 0:
        raise InvalidArgumentError(None, None, "segment ids must be >= 0")
    if ids[0] >= 0 and ids[-1] < count and not np.count_nonzero(ids[1:] < ids[:-1]):
        return
    falls = np.flatnonzero(ids[1:] < ids[:-1])
    outside = np.flatnonzero((ids < 0) | (ids >= count))
    # Before the last id of a run is used, it is compared with the one after it.
    first_fall = falls[0] if falls.size else ids.size
    last_of_run = np.append(np.flatnonzero(ids[1:] != ids[:-1]), ids.size - 1)
    used = last_of_run[np.isin(last_of_run, outside)]
    if used.size and used[0] < first_fall:
        raise InvalidArgumentError(
            None,
            None,
            f"Segment id {ids[used[0]]} out of range [0, {count}), possibly because"
            " 'segment_ids' input is not sorted.",
        )
    raise InvalidArgumentError(None, None, "segment ids are not increasing")


def _rows_per_segment(ids: np.ndarray, count: int, rank: int) -> np.ndarray:
    """How many rows each segment has, as `[count, 1, ...]`."""
    rows = np.bincount(ids, minlength=count)
    return rows.reshape((-1,) + (1,) * (rank - 1))


def _combined_sorted(
    how: str, data: Array, ids: np.ndarray, count: int, narrow: Any = runs_in_vectors
) -> Array:
    """Combine the rows of each segment; a single one stays, NaN or -0.0, as it is.

    Args:
        how: As for `combine_rows`.
        data: `[n, ...]`.
        ids: `[n]`, sorted.
        count: The number of rows of the result.
        narrow: How runs of narrow rows are combined on the host.
    """
    if how in _EXTREMES:
        order = Order.sorted(how, data)
        result = combine_extremes(how, data, ids, count, order)
    elif is_host(data) and _is_narrow(data) and len(ids):
        ufunc, _ = _COMBINERS[how]
        numbers, starts = np.unique(ids, return_index=True)
        result = np.full((count, *data.shape[1:]), how == "prod", data.dtype)
        result[numbers] = ufunc(
            result[numbers], _rounded_runs(narrow, ufunc, data, starts)
        )
    else:
        result = combine_rows(how, data, ids, count)
    is_single = np.bincount(ids, minlength=count) == 1
    if data.dtype.kind in "iu" or not is_single.any():
        return result
    segments = is_single.nonzero()[0]
    rows = data[np.searchsorted(ids, segments)]
    if not is_host(result):
        return result.at[segments].set(rows)
    result[segments] = rows
    return result


def _sorted_segments(how: str) -> Kernel:
    """Return the kernel that combines the rows of each segment of sorted ids.

    An empty segment holds 1 for products, 0 otherwise.
    """

    def run(_attrs: Any, data: Array, ids: np.ndarray) -> tuple[Array]:
        count = _check_sorted(data, ids)
        result = _combined_sorted(how, data, ids, count)
        if how in _EXTREMES:
            is_empty = _rows_per_segment(ids, count, data.ndim) == 0
            if is_empty.any():
                xp = namespace(result)
                result = xp.where(is_empty, data.dtype.type(0), result)
        return (result,)

    return Kernel(run, static=("segment_ids",))


def segment_mean(_attrs: Any, data: Array, ids: np.ndarray) -> tuple[Array]:
    count = _check_sorted(data, ids)
    rows = np.maximum(_rows_per_segment(ids, count, data.ndim), 1).astype(data.dtype)
    summed = _combined_sorted("sum", data, ids, count, runs_in_order)
    if data.dtype.kind in "iu":
        xp = namespace(summed)
        magnitude = xp.abs(summed) // rows  # C++ truncates
        return (xp.where(summed < 0, -magnitude, magnitude),)
    means = divided(summed, rows)
    if data.dtype.kind == "c":  # infinities would not stay what they are
        means = namespace(summed).where(rows == 1, summed, means)
    return (means,)


def _unsorted_segments(how: str) -> Kernel:
    def run(_attrs: Any, data: Array, ids: Array, num: np.ndarray) -> tuple[Array]:
        count = int(num)
        if count < 0:
            raise InvalidArgumentError(
                None, None, f"Input num_segments == {count} must not be negative."
            )
        if tuple(data.shape[: ids.ndim]) != tuple(ids.shape):
            raise InvalidArgumentError(
                None,
                None,
                f"data.shape = {list(data.shape)} does not start with"
                f" segment_ids.shape = {list(ids.shape)}",
            )
        check_product((count, *data.shape[ids.ndim :]))
        _check_in_range(ids, count)
        rows = data.reshape((ids.size, *data.shape[ids.ndim :]))
        return (combine_rows(how, rows, ids.reshape(-1), count),)

    return Kernel(run, static=("num_segments",))


def _check_in_range(ids: Array, count: int) -> None:
    """Refuse ids beyond the last segment; a compiled program leaves them out."""
    if not is_host(ids) or not ids.size or ids.max() < count:
        return
    place = np.argwhere(np.asarray(ids) >= count)[0]
    raise InvalidArgumentError(
        None,
        None,
        f"segment_ids[{','.join(str(i) for i in place)}] ="
        f" {np.asarray(ids)[tuple(place)]} is out of range [0, {count})",
    )


KERNELS = {
    **{
        f"Segment{how.capitalize()}V2": _unsorted_segments(how)
        for how in (*_COMBINERS, *_EXTREMES)
    },
    "SegmentMax": _sorted_segments("max"),
    "SegmentMean": Kernel(segment_mean, static=("segment_ids",)),
    "SegmentMin": _sorted_segments("min"),
    "SegmentProd": _sorted_segments("prod"),
    "SegmentSum": _sorted_segments("sum"),
    "UnsortedSegmentMax": _unsorted_segments("max"),
    "UnsortedSegmentMin": _unsorted_segments("min"),
    "UnsortedSegmentProd": _unsorted_segments("prod"),
    "UnsortedSegmentSum": _unsorted_segments("sum"),
}
