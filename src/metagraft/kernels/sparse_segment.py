"""Segment reductions of chosen rows; twin of `ops/sparse_segment.py`."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.element_counts import check_product
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.narrow_reduction import MANY_STEPS, NARROW_FLOATS, runs_in_order
from metagraft.kernels.rows import are_outside
from metagraft.kernels.segment import check_increasing, combine_rows, combine_runs

__all__ = ["KERNELS"]

# Rows that are added up before the sum grows, and from how many on it is divided.
_AT_ONCE: Final = 8
_MANY_ROWS: Final = 10


def _chosen(data: Array, places: Array) -> Array:
    xp = namespace(data, places)
    # The method spares NumPy's function two microseconds of every call.
    return data.take(places, axis=0) if xp is np else xp.take(data, places, axis=0)


def _divided(how: str, summed: Array, ids: np.ndarray) -> Array:
    """Divide the sum of each segment of ids by what makes it a mean."""
    if how == "sum":
        return summed
    counts = np.maximum(np.bincount(ids, minlength=summed.shape[0]), 1)
    if counts.max(initial=1) == 1:
        return summed
    divisors = _per_row(counts if how == "mean" else np.sqrt(counts), summed)
    # TensorFlow multiplies the sums of fewer rows.
    are_few = _per_row(counts < _MANY_ROWS, summed, np.bool_)
    xp, one = namespace(summed), summed.dtype.type(1)
    return xp.where(are_few, summed * (one / divisors), summed / divisors)


def _per_row(values: np.ndarray, like: Array, dtype: Any = None) -> np.ndarray:
    """Return `values[n]` as `[n, 1, ...]` and, unless told, in the type of `like`."""
    shape = (-1,) + (1,) * (like.ndim - 1)
    return values.astype(dtype or like.dtype).reshape(shape)


def _summed(rows: Array, ids: np.ndarray, count: int) -> Array:
    """Add up the rows of each segment of sorted ids, in `[count, ...]`.

    Narrow ones in single precision, and on the host as TensorFlow does: what is left
    over from eights (or an eight, or nine) first, then eight by eight.
    """
    if rows.dtype not in NARROW_FLOATS:
        return _summed_runs(rows, ids, count)
    rows = rows.astype(np.float32)
    if not is_host(rows) or not 0 < rows.size <= MANY_STEPS:
        return _summed_runs(rows, ids, count)
    numbers, sizes = np.unique(ids, return_counts=True)
    heads = np.where(sizes > 1, (sizes - 2) % _AT_ONCE + 2, 1)
    parts = (sizes - heads) // _AT_ONCE + 1
    first_parts = np.cumsum(parts) - parts
    part_sizes = np.full(parts.sum(), _AT_ONCE)
    part_sizes[first_parts] = heads
    part_starts = np.cumsum(part_sizes) - part_sizes
    flat = rows.reshape(len(rows), math.prod(rows.shape[1:]))
    eights = runs_in_order(np.add, flat, part_starts, part_sizes)
    result = np.zeros((count, flat.shape[1]), np.float32)
    result[numbers] = runs_in_order(np.add, eights, first_parts, parts)
    return result.reshape(count, *rows.shape[1:])


def _summed_runs(rows: Array, ids: np.ndarray, count: int) -> Array:
    """Add up rows, from the first of each segment on: the sum of -0 keeps its sign."""
    xp, shape = namespace(rows), (count, *rows.shape[1:])
    if xp is not np:
        start = np.zeros(count, rows.dtype)
        start[ids] = -0.0
        return xp.broadcast_to(_per_row(start, rows), shape).at[ids].add(rows)
    result = np.zeros(shape, rows.dtype)
    if ids.size:
        numbers, sums = combine_runs(np.add, rows, ids)
        result[numbers] = sums
    return result


def _check_sizes(indices: Array, ids: np.ndarray) -> None:
    if indices.shape != ids.shape:
        raise InvalidArgumentError(
            None, None, "segment_ids and indices should have same size."
        )


def _check_ids(ids: np.ndarray, limit: int | None, most: int) -> int:
    """Return the number of segments.

    Raises:
        InvalidArgumentError: The ids are negative, unsorted, or beyond `limit` or
            `most`.
    """
    count = int(ids[-1]) + 1 if ids.size else 0
    if count > most:
        raise InvalidArgumentError(
            None,
            None,
            f"Last segment id must be < kintmax, got {count - 1} limit {most}",
        )
    if limit is not None:
        if limit < 0:
            raise InvalidArgumentError(None, None, "segment ids must be >= 0")
        if count > limit:
            raise InvalidArgumentError(None, None, "segment ids must be < num_segments")
        count = limit
    if ids.size:
        check_increasing(ids, count)
    return count


def _are_places(indices: Array, limit: int) -> bool:
    """Whether all of them are in `[0, limit)`."""
    return not np.count_nonzero(are_outside(indices, limit))


def _check_rows(indices: Array, limit: int) -> None:
    """Refuse row numbers that do not exist, where they are known."""
    if not is_host(indices) or _are_places(indices, limit):
        return
    wrong = np.flatnonzero((indices < 0) | (indices >= limit))
    if wrong.size:
        place = int(wrong[0])
        raise InvalidArgumentError(
            None,
            None,
            f"Bad: indices[{place}] == {indices[place]} out of range [0, {limit})",
        )


def _forward(how: str) -> Any:
    def run(
        _attrs: Any,
        data: Array,
        indices: Array,
        ids: np.ndarray,
        num: np.ndarray | None = None,
    ) -> tuple[Array]:
        _check_sizes(indices, ids)
        limit = None if num is None else int(num)
        count = _check_ids(ids, limit, np.iinfo(indices.dtype).max)
        check_product((count, *data.shape[1:]))
        _check_rows(indices, data.shape[0])
        rows = _chosen(data, indices)
        return (_divided(how, _summed(rows, ids, count), ids).astype(data.dtype),)

    return run


def _scaled_rows(how: str, grad: Array, ids: np.ndarray) -> Array:
    """The gradient of each chosen row; narrow ones in single precision."""
    if grad.dtype in NARROW_FLOATS:
        grad = grad.astype(np.float32)
    rows = _chosen(grad, ids)
    if how == "sum" or not ids.size:
        return rows
    counts = np.maximum(np.bincount(ids), 1)[ids]
    scale = 1 / (counts if how == "mean" else np.sqrt(counts))
    return rows * _per_row(scale, rows)


def _check_backward(indices: Array, ids: np.ndarray, count: int, rows: int) -> None:
    """Check the operands of a gradient, whose ids need not be sorted.

    Raises:
        InvalidArgumentError: Ids or row numbers do not exist.
    """
    _check_sizes(indices, ids)
    if ids.size and ids[-1] + 1 > count:
        raise InvalidArgumentError(None, None, "Invalid number of segments")
    if not _are_places(ids, count):
        wrong = ids[(ids < 0) | (ids >= count)]
        raise InvalidArgumentError(
            None, None, f"Segment id {wrong[0]} out of range [0, {count})."
        )
    if is_host(indices) and not _are_places(indices, rows):
        wrong = indices[(indices < 0) | (indices >= rows)]
        raise InvalidArgumentError(
            None, None, f"Index {wrong[0]} out of range [0, {rows})."
        )


def _backward(how: str) -> Any:
    def run(
        _attrs: Any, grad: Array, indices: Array, ids: np.ndarray, dim0: np.ndarray
    ) -> tuple[Array]:
        _check_backward(indices, ids, grad.shape[0], int(dim0))
        rows = _scaled_rows(how, grad, ids)
        summed = combine_rows("sum", rows, indices, int(dim0))
        return (summed.astype(grad.dtype),)

    return run


def _backward_sparse(how: str) -> Any:
    def run(
        _attrs: Any,
        grad: Array,
        indices: np.ndarray,
        ids: np.ndarray,
        dim0: np.ndarray,
    ) -> tuple[Array, Array]:
        _check_backward(indices, ids, grad.shape[0], int(dim0))
        rows = _scaled_rows(how, grad, ids)
        if is_host(rows) and indices.size:
            numbers, summed = combine_runs(np.add, rows, indices)
            return (rows.dtype.type(0) + summed).astype(grad.dtype), numbers
        numbers, places = np.unique(indices, return_inverse=True)
        summed = combine_rows("sum", rows, places, len(numbers))
        return summed.astype(grad.dtype), numbers

    return run


def _family(how: str, name: str) -> dict[str, Kernel]:
    ids = "segment_ids"
    return {
        name: Kernel(_forward(how), static=(ids,)),
        f"{name}WithNumSegments": Kernel(_forward(how), static=(ids, "num_segments")),
        f"{name}Grad": Kernel(_backward(how), static=(ids, "output_dim0")),
        f"{name}GradV2": Kernel(
            _backward_sparse(how), static=("indices", ids, "dense_output_dim0")
        ),
    }


KERNELS = {
    **_family("mean", "SparseSegmentMean"),
    **_family("sqrtn", "SparseSegmentSqrtN"),
    **_family("sum", "SparseSegmentSum"),
}
