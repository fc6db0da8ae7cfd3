"""Segment reductions of chosen rows; twin of `ops/sparse_segment.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.rows import are_outside
from metagraft.kernels.segment import check_increasing, combine_rows, combine_runs

__all__ = ["KERNELS"]


def _chosen(data: Array, places: Array) -> Array:
    xp = namespace(data, places)
    # The method spares NumPy's function two microseconds of every call.
    return data.take(places, axis=0) if xp is np else xp.take(data, places, axis=0)


def _counts(ids: np.ndarray, count: int) -> np.ndarray:
    return np.maximum(np.bincount(ids, minlength=count), 1)


def _divisors(how: str, ids: np.ndarray, count: int) -> np.ndarray | None:
    """What the sum of each segment is divided by, or None if by 1."""
    if how == "sum":
        return None
    counts = _counts(ids, count)
    if counts.max(initial=1) == 1:
        return None
    rows = counts.astype(np.float64)
    return rows if how == "mean" else np.sqrt(rows)


def _check_sizes(indices: Array, ids: np.ndarray) -> None:
    if indices.shape != ids.shape:
        raise InvalidArgumentError(
            None, None, "segment_ids and indices should have same size."
        )


def _check_ids(ids: np.ndarray, limit: int | None) -> int:
    """Return the number of segments.

    Raises:
        InvalidArgumentError: The ids are negative, unsorted, or beyond `limit`.
    """
    count = int(ids[-1]) + 1 if ids.size else 0
    if limit is not None:
        if limit < 0:
            raise InvalidArgumentError(None, None, "segment ids must be >= 0")
        if count > limit:
            raise InvalidArgumentError(None, None, "segment ids must be < num_segments")
        count = limit
    if ids.size:
        check_increasing(ids, count)
    return count


def _per_row(divisors: np.ndarray, data: Array) -> np.ndarray:
    return divisors.astype(data.dtype).reshape((-1,) + (1,) * (data.ndim - 1))


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
        count = _check_ids(ids, None if num is None else int(num))
        _check_rows(indices, data.shape[0])
        rows = _chosen(data, indices)
        summed = combine_rows("sum", rows, ids, count)
        divisors = _divisors(how, ids, count)
        return (summed if divisors is None else summed / _per_row(divisors, summed),)

    return run


def _scaled_rows(how: str, grad: Array, ids: np.ndarray) -> Array:
    """The gradient of each chosen row."""
    divisors = _divisors(how, ids, grad.shape[0])
    if divisors is not None:
        grad = grad / _per_row(divisors[: grad.shape[0]], grad)
    return _chosen(grad, ids)


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
        return (combine_rows("sum", rows, indices, int(dim0)),)

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
            return rows.dtype.type(0) + summed, numbers
        numbers, places = np.unique(indices, return_inverse=True)
        return combine_rows("sum", rows, places, len(numbers)), numbers

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
