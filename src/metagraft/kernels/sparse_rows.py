"""Sparse tensors whose empty rows are filled; twin of `ops/sparse_rows.py`.

Source: tensorflow core/kernels/sparse_fill_empty_rows_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.sparse_indices import broken_rule, shown_dims

__all__ = ["KERNELS"]


def sparse_fill_empty_rows(
    _attrs: Any, indices: Array, values: Array, shape: Array, default: Array
) -> tuple[Array, ...]:
    _check_rows(indices, values, shape, default)
    return _filled(indices, values, int(shape[0]), default)


def ragged_fill_empty_rows(
    _attrs: Any, rowids: Array, values: Array, nrows: Array, default: Array
) -> tuple[Array, ...]:
    if np.ndim(rowids) != 1:
        raise broken_rule(
            f"value_rowids must be a vector, saw: {shown_dims(np.shape(rowids))}"
        )
    indices = rowids.reshape(-1, 1)
    _check_values(indices, values, default)
    places, *others = _filled(indices, values, int(nrows), default)
    return (places[:, 0], *others)


def _filled(
    indices: Array, values: Array, row_count: int, default: Array
) -> tuple[Array, ...]:
    """One element, `default`, in each row that has none; rows in order."""
    count = indices.shape[0]
    rows = indices[:, 0]
    if row_count == 0 and count:
        raise broken_rule(
            "Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] ="
            f" {count}"
        )
    if count and (rows.min() < 0 or rows.max() >= row_count):
        wrong = np.flatnonzero((rows < 0) | (rows >= row_count))
        raise broken_rule(
            f"indices({wrong[0]}, 0) is invalid: {rows[wrong[0]]} >= {row_count}"
        )
    per_row = np.bincount(rows, minlength=row_count)
    is_empty = per_row == 0
    reverse = np.arange(count)
    is_in_order = not (rows[1:] < rows[:-1]).any()
    if not is_in_order:
        reverse[rows.argsort(kind="stable")] = np.arange(count)
    empty = is_empty.nonzero()[0]
    if is_in_order and not empty.size:
        return indices, values, is_empty, reverse
    if empty.size:
        # What follows an empty row moves on by one.
        reverse += is_empty.cumsum()[rows]
    total = count + empty.size
    places = np.zeros((total, indices.shape[1]), np.int64)
    places[reverse] = indices
    places[per_row.cumsum()[empty] + np.arange(empty.size), 0] = empty
    filled = np.full(total, np.asarray(default)[()], values.dtype)
    filled[reverse] = values
    return places, filled, is_empty, reverse


def _check_rows(indices: Array, values: Array, shape: Array, default: Array) -> None:
    if np.ndim(shape) != 1:
        raise broken_rule(
            f"dense_shape must be a vector, saw: {shown_dims(np.shape(shape))}"
        )
    if np.ndim(indices) != 2:
        raise broken_rule(
            f"indices must be a matrix, saw: {shown_dims(np.shape(indices))}"
        )
    _check_values(indices, values, default)
    if shape.shape[0] != indices.shape[1]:
        raise broken_rule(
            f"The length of `dense_shape` ({shape.shape[0]}) must match the second"
            f" dimension of `indices` ({indices.shape[1]})."
        )
    if not shape.shape[0]:
        raise broken_rule("Dense shape cannot be empty.")


def _check_values(indices: Array, values: Array, default: Array) -> None:
    if np.ndim(values) != 1:
        raise broken_rule(
            f"values must be a vector, saw: {shown_dims(np.shape(values))}"
        )
    if values.shape[0] != indices.shape[0]:
        raise broken_rule(
            f"The length of `values` ({values.shape[0]}) must match the first dimension"
            f" of `indices` ({indices.shape[0]})."
        )
    if np.ndim(default):
        raise broken_rule(
            f"default_value must be a scalar, saw: {shown_dims(np.shape(default))}"
        )


def fill_empty_rows_grad(
    _attrs: Any, reverse: Array, gradient: Array
) -> tuple[Array, Array]:
    if np.ndim(reverse) != 1 or np.ndim(gradient) != 1:
        what = "reverse_index_map" if np.ndim(reverse) != 1 else "grad_values"
        part = reverse if np.ndim(reverse) != 1 else gradient
        raise broken_rule(f"{what} must be a vector, saw: {shown_dims(np.shape(part))}")
    total = gradient.shape[0]
    if is_host(reverse):
        wrong = reverse[(reverse < 0) | (reverse >= total)]
        if wrong.size:
            raise broken_rule(
                f"Elements in reverse index must be in [0, {total}) but got {wrong[0]}"
            )
    xp = namespace(reverse, gradient)
    if xp is np:
        is_default = np.ones(total, np.bool_)
        is_default[reverse] = False
    else:
        is_default = xp.ones((total,), np.bool_).at[reverse].set(False)
    left = xp.where(is_default, gradient, gradient.dtype.type(0))
    return gradient[reverse], xp.sum(left, dtype=gradient.dtype)


KERNELS = {
    "SparseFillEmptyRows": Kernel(sparse_fill_empty_rows, host=True),
    "SparseFillEmptyRowsGrad": Kernel(fill_empty_rows_grad),
    "RaggedFillEmptyRows": Kernel(ragged_fill_empty_rows, host=True),
    "RaggedFillEmptyRowsGrad": Kernel(fill_empty_rows_grad),
}
