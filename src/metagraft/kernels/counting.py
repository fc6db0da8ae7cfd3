"""Counting values; twin of `ops/counting.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.rounding import divided
from metagraft.kernels.segment import combine_rows

__all__ = ["KERNELS"]


def _count(
    values: Array,
    places: int,
    row_size: int,
    weights: Array,
    *,
    is_binary: bool,
    is_matrix: bool = False,
) -> Array:
    """Count the rows of `values`, or add their weights, value by value.

    Args:
        values: `[rows, n]`; values of `row_size` and above are left out.
        places: The number of rows.
        row_size: How many different values are counted in each row.
        weights: As many as values, or none.
        is_binary: Whether to note only that a value occurs.
        is_matrix: Whether the operation was given rows, which its error tells.

    Returns:
        `[places * row_size]`.

    Raises:
        InvalidArgumentError: A value is negative.
    """
    if is_host(values) and np.any(values < 0):
        text = "Input arr must be non-negative!"
        if is_matrix:
            text = (
                "Input 'in' must be non-negative! Negative input value found:"
                f" {values[values < 0][-1]}"
            )
        raise InvalidArgumentError(None, None, text)
    if weights.size and weights.size != values.size:
        raise InvalidArgumentError(
            None, None, "Input indices and weights must have the same size."
        )
    xp = namespace(values, weights)
    kind = values.dtype.type
    # One table for all rows: row r counts in the places from r * row_size on.
    offsets = (np.arange(places) * row_size).astype(values.dtype)[:, None]
    shifted = xp.where(values < kind(row_size), values + offsets, kind(-1))
    one = weights.dtype.type(1)
    is_weighted = weights.size and not is_binary
    flat = weights.reshape(-1) if is_weighted else np.full(values.size, one)
    counted = combine_rows("sum", flat, shifted.reshape(-1), places * row_size)
    return xp.where(counted > 0, one, weights.dtype.type(0)) if is_binary else counted


def _size(size: np.ndarray) -> int:
    if np.ndim(size):
        raise InvalidArgumentError(
            None, None, f"Shape must be rank 0 but is rank {np.ndim(size)}"
        )
    if int(size) < 0:
        raise InvalidArgumentError(
            None, None, f"size ({int(size)}) must be non-negative"
        )
    return int(size)


def bincount(_attrs: Any, arr: Array, size: np.ndarray, weights: Array) -> tuple[Array]:
    return (_count(arr.reshape(1, -1), 1, _size(size), weights, is_binary=False),)


def dense_bincount(
    attrs: Any, values: Array, size: np.ndarray, weights: Array
) -> tuple[Array]:
    if values.ndim > 2:
        raise InvalidArgumentError(
            None, None, f"Shape must be at most rank 2 but is rank {values.ndim}"
        )
    if weights.shape not in (values.shape, (0,)):
        raise InvalidArgumentError(
            None,
            None,
            "`weights` must be the same shape as `arr` or a length-0 `Tensor`, in which"
            " case it acts as all weights equal to 1. Received "
            f"{show(weights.shape)}",
        )
    row_size = _size(size)
    rows = values.shape[0] if values.ndim == 2 else 1
    table = _count(
        values.reshape(rows, -1),
        rows,
        row_size,
        weights,
        is_binary=attrs["binary_output"],
        is_matrix=values.ndim == 2,
    )
    return (table.reshape(rows, row_size) if values.ndim == 2 else table,)


def histogram_fixed_width(
    attrs: Any, values: Array, value_range: Array, nbins: np.ndarray
) -> tuple[Array]:
    count = int(nbins)
    if count <= 0:
        raise InvalidArgumentError(
            None, None, f"nbins should be a positive number, but got '{count}'"
        )
    xp = namespace(values, value_range)
    if value_range.shape != (2,):
        raise InvalidArgumentError(
            None, None, "value_range should be a vector of 2 elements"
        )
    low, high = value_range[0], value_range[1]
    if is_host(values) and np.isnan(values.astype(np.float64)).any():
        raise InvalidArgumentError(None, None, "Histogram values must not contain NaN")
    if isinstance(value_range, np.ndarray) and not low < high:
        raise InvalidArgumentError(
            None,
            None,
            "value_range should satisfy value_range[0] < value_range[1], but got"
            f" '[{low:g}, {high:g}]'",
        )
    flat = xp.maximum(values.reshape(-1), low).astype(np.float64)
    low, high = low.astype(np.float64), high.astype(np.float64)
    place = divided(flat - low, divided(high - low, count))
    place = xp.minimum(place, np.float64(count - 1)).astype(np.int32)
    ones = np.ones(place.shape, attrs["dtype"].numpy_dtype)
    return (combine_rows("sum", ones, place, count),)


def bucketize(attrs: Any, x: Array) -> tuple[Array]:
    boundaries = np.array(attrs["boundaries"], np.float32)
    if np.any(boundaries[1:] < boundaries[:-1]):
        raise InvalidArgumentError(None, None, "Expected sorted boundaries")
    xp = namespace(x)
    found = xp.searchsorted(boundaries, x.astype(np.float32), side="right")
    return (found.astype(np.int32),)


KERNELS = {
    "Bincount": Kernel(bincount, static=("size",)),
    "Bucketize": Kernel(bucketize),
    "DenseBincount": Kernel(dense_bincount, static=("size",)),
    "HistogramFixedWidth": Kernel(histogram_fixed_width, static=("nbins",)),
}
