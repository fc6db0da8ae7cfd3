"""Counts of values as sparse tensors, and of sparse values; twin of `ops/`.

Source: tensorflow core/kernels/count_ops.cc, bincount_op.cc.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.segment import combine_rows
from metagraft.kernels.sparse_indices import (
    broken_rule,
    check_bounds,
    check_parts,
    shown_dims,
)

__all__ = ["KERNELS"]

_LARGEST: Final = np.iinfo(np.int64).max
# With so many places for each value it still pays to count in a table of all.
_SPARSEST: Final = 16


def _check_weights(weights: Array, values: Array, what: str) -> None:
    if weights.size and weights.shape != values.shape:
        raise broken_rule(
            f"Weights and {what} must have the same shape. Weight shape:"
            f" {shown_dims(weights.shape)}; {what} shape: {shown_dims(values.shape)}"
        )


def _counted(
    attrs: Any, rows: Array, values: Array, weights: Array, row_count: int | None
) -> tuple[Array, Array, Array]:
    """Count the values of each row.

    Args:
        attrs: The attributes.
        rows: The row of each value.
        values: The values; those outside of the limits are left out.
        weights: What each counts, or none for 1.
        row_count: The number of rows; None for a vector of counts.
    """
    most = attrs["maxlength"]
    if np.any(values < 0):
        raise broken_rule("Input values must all be non-negative")
    kept = np.ones(len(values), bool) if most < 0 else values < most
    if not kept.all():
        rows, values = rows[kept], values[kept]
        weights = weights.reshape(-1)[kept] if weights.size else weights
    largest = int(values.max()) if len(values) else 0
    size = most if most >= 0 else max(largest + 1, attrs["minlength"])
    dtype = attrs["output_type"].numpy_dtype
    if attrs["binary_output"]:
        weights = np.zeros(0, dtype)
    each = weights.reshape(-1) if weights.size else np.ones(len(rows), dtype)
    found_rows, found_values, counts = _totals(rows, values, each, largest + 1)
    if attrs["binary_output"]:
        counts = np.ones(len(counts), dtype)
    if row_count is None:
        return found_values[:, None], counts, np.array([size], np.int64)
    pairs = np.stack([found_rows, found_values], axis=1)
    return pairs, counts, np.array([row_count, size], np.int64)


def _totals(
    rows: Array, values: Array, each: Array, width: int
) -> tuple[Array, Array, Array]:
    """Add up what each pair of a row and a value counts; pairs in order.

    Args:
        rows: The row of each value, in any order.
        values: Numbers from 0 to `width - 1`.
        each: What each value counts.
        width: Tells rows apart in the number of a pair.
    """
    values = values.astype(np.int64, copy=False)
    places = int(rows.max() + 1) * width if len(rows) else 0
    if places > _LARGEST:
        # The values are too large for that, so their numbers take their places.
        known, codes = np.unique(values, return_inverse=True)
        found_rows, found_codes, counts = _totals(rows, codes, each, len(known))
        return found_rows, known[found_codes], counts
    keys = rows * np.int64(width) + values
    if places <= _SPARSEST * len(keys):
        totals = np.zeros(places, each.dtype)
        np.add.at(totals, keys, each)
        known = np.flatnonzero(np.bincount(keys, minlength=places))
        return *np.divmod(known, width), totals[known]
    known, codes = np.unique(keys, return_inverse=True)
    totals = np.zeros(len(known), each.dtype)
    np.add.at(totals, codes, each)
    return *np.divmod(known, width), totals


def dense_count(
    attrs: Any, values: Array, weights: Array
) -> tuple[Array, Array, Array]:
    if values.ndim not in (1, 2):
        raise broken_rule(
            "Input must be a 1 or 2-dimensional tensor. Got:"
            f" {shown_dims(values.shape)}"
        )
    _check_weights(weights, values, "data")
    if values.ndim == 2 and not values.shape[0]:
        raise broken_rule("Invalid input: Shapes dimension cannot be 0.")
    row_count = None if values.ndim == 1 else values.shape[0]
    rows = np.repeat(np.arange(row_count or 1), values.shape[-1])
    return _counted(attrs, rows, values.reshape(-1), weights, row_count)


def sparse_count(
    attrs: Any, indices: Array, values: Array, shape: Array, weights: Array
) -> tuple[Array, Array, Array]:
    _check_parts(indices, values, shape)
    wrong = np.argwhere((indices < 0) | (indices >= shape))
    if len(wrong):
        row, axis = wrong[0]
        sizes = f"Tensor<type: int64 shape: [{len(shape)}] values: "
        sizes += " ".join(str(size) for size in shape) + ">"
        raise broken_rule(
            f"Invalid index value at {row}: dimension {axis} has value"
            f" {indices[row, axis]} which is not in [0, {shape[axis]}) (as given by"
            f" dense shape {sizes}"
        )
    _check_weights(weights, values, "values")
    is_vector = len(shape) == 1
    rows = np.zeros(len(values), np.int64) if is_vector else indices[:, 0]
    count = None if is_vector else int(shape[0])
    return _counted(attrs, rows, values, weights, count)


def _check_parts(indices: Array, values: Array, shape: Array) -> None:
    if indices.ndim != 2:
        raise broken_rule(
            "Input indices must be a 2-dimensional tensor. Got:"
            f" {shown_dims(indices.shape)}"
        )
    for part, what in ((values, "values"), (shape, "shape")):
        if part.ndim != 1:
            raise broken_rule(
                f"Input {what} must be a vector. Got: {shown_dims(part.shape)}"
            )
    if values.shape[0] != indices.shape[0]:
        raise broken_rule(
            "Number of values must match first dimension of indices.Got"
            f" {values.shape[0]} values, indices shape: {shown_dims(indices.shape)}"
        )
    if shape.shape[0] != indices.shape[1]:
        raise broken_rule(
            "Number of dimensions must match second dimension of indices.Got"
            f" {shape.shape[0]} dimensions, indices shape: {shown_dims(indices.shape)}"
        )
    if not shape.size:
        raise broken_rule("The shape argument requires at least one element.")


def ragged_count(
    attrs: Any, splits: Array, values: Array, weights: Array
) -> tuple[Array, Array, Array]:
    _check_weights(weights, values, "values")
    if splits.size < 2:
        raise broken_rule("Must provide at least 2 elements for the splits argument")
    return _counted(
        attrs, _rows_of(splits, values), values, weights, splits.shape[0] - 1
    )


def _rows_of(splits: Array, values: Array) -> Array:
    """Return the row of each value."""
    if splits[0] != 0:
        raise broken_rule(f"Splits must start with 0, not with {splits[0]}")
    if splits[-1] != values.size:
        raise broken_rule(
            "Splits must end with the number of values, got"
            f" {splits[-1]} instead of {values.size}"
        )
    return np.repeat(np.arange(splits.size - 1), np.diff(splits))


def _table(
    rows: Array, values: Array, weights: Array, counts: tuple[int, ...], attrs: Any
) -> Array:
    """Count values from 0 up to `counts[-1]`, row by row; `counts`."""
    xp = namespace(rows, values, weights)
    size = counts[-1]
    one = weights.dtype.type(1)
    each = weights.reshape(-1) if weights.size else xp.full(values.shape, one)
    place = rows.astype(np.int64) * size + values.astype(np.int64)
    is_counted = (values >= 0) & (values < size)
    place = xp.where(is_counted, place, np.int64(-1))
    table = combine_rows("sum", each, place, math.prod(counts))
    if attrs["binary_output"]:
        some = combine_rows("sum", xp.ones(values.shape, np.int32), place, table.size)
        table = xp.where(some > 0, one, weights.dtype.type(0))
    return table.reshape(counts)


def _check_sign(values: Array, text: str) -> None:
    if is_host(values) and np.any(values < 0):
        raise broken_rule(text)


def _size(size: Any) -> int:
    if np.ndim(size):
        raise broken_rule(f"Shape must be rank 0 but is rank {np.ndim(size)}")
    if int(size) < 0:
        raise broken_rule(f"size ({int(size)}) must be non-negative")
    return int(size)


def sparse_bincount(
    attrs: Any, indices: Array, values: Array, shape: Any, size: Any, weights: Array
) -> tuple[Array]:
    count = _size(size)
    check_parts(indices, values, shape)
    check_bounds(indices, np.asarray(shape))
    if np.size(shape) == 1:
        _check_sign(values, "Input arr must be non-negative!")
        rows = namespace(indices).zeros(values.shape, np.int64)
        return (_table(rows, values, weights, (count,), attrs),)
    # TF: with rows, negative values are left out.
    counts = (int(shape[0]), count)
    return (_table(indices[:, 0], values, weights, counts, attrs),)


def ragged_bincount(
    attrs: Any, splits: Any, values: Array, size: Any, weights: Array
) -> tuple[Array]:
    count = _size(size)
    if not splits.size:
        raise broken_rule("Splits must be non-empty")
    if np.ndim(splits) != 1:
        # TF: the parts are read one after the other.
        raise broken_rule(f"Splits must be a vector, got rank {np.ndim(splits)}")
    rows = _rows_of(splits, values)
    _check_sign(values, "Input must be non-negative")
    return (_table(rows, values, weights, (splits.size - 1, count), attrs),)


KERNELS = {
    "DenseCountSparseOutput": Kernel(dense_count, host=True),
    "RaggedBincount": Kernel(ragged_bincount, static=("splits", "size")),
    "RaggedCountSparseOutput": Kernel(ragged_count, host=True),
    "SparseBincount": Kernel(sparse_bincount, static=("dense_shape", "size")),
    "SparseCountSparseOutput": Kernel(sparse_count, host=True),
}
