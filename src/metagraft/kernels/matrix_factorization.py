"""Parts of matrix factorizations; twin of `ops/matrix_factorization.py`.

Source: tensorflow 1.15 contrib/factorization/kernels/masked_matmul_ops.cc,
wals_solver_ops.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_traced, namespace


def _require(holds: Any, message: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, message)


def masked_matmul(
    _attrs: Any,
    a: Array,
    b: Array,
    mask_indices: Array,
    transpose_a: Array,
    transpose_b: Array,
) -> tuple[Array]:
    """Return the elements of a product at some places."""
    xp = namespace(a, b, mask_indices)
    _require(a.ndim == 2, "Input a should be a matrix.")
    _require(b.ndim == 2, "Input b should be a matrix.")
    _require(
        mask_indices.ndim == 2 and mask_indices.shape[1] == 2,
        "Input mask_indices should be a matrix of shape [nnz 2].",
    )
    rows = a.T if bool(transpose_a) else a
    columns = b if bool(transpose_b) else b.T
    _require(
        rows.shape[1] == columns.shape[1],
        f"a and b have inner dimensions {rows.shape[1]} and {columns.shape[1]}",
    )
    # TF: places outside of the product end the process.
    if not is_traced(mask_indices):
        _check_places(np.asarray(mask_indices), (rows.shape[0], columns.shape[0]))
    picked = rows[mask_indices[:, 0]], columns[mask_indices[:, 1]]
    return (xp.einsum("ij,ij->i", *picked),)


def partial_normal_equations(
    _attrs: Any,
    factors: Array,
    factor_weights: Array,
    unobserved_weights: Array,
    input_weights: Array,
    input_indices: Array,
    input_values: Array,
    entry_weights: Array,
    input_block_size: Array,
    input_is_transpose: Array,
) -> tuple[Array, Array]:
    """Return both sides of the normal equations of each row, of what was observed.

    See Hu, Koren and Volinsky, Collaborative Filtering for Implicit Feedback Datasets.
    """
    _require(factors.ndim == 2, "Input factors should be a matrix.")
    _require(
        input_indices.ndim == 2 and input_indices.shape[1] == 2,
        "Input input_indices should have shape (?, 2).",
    )
    count = len(input_indices)
    _require(
        len(input_values) == count,
        "Input input_values' length should match the first dimension of Input "
        "input_indices ",
    )
    by_factor = len(input_weights) > 0 and len(factor_weights) == len(factors)
    by_entry = not len(input_weights) and not len(factor_weights)
    _require(
        (by_factor and not len(entry_weights))
        or (by_entry and len(entry_weights) == count),
        "To specify the weights for observed entries, either (1) entry_weights must be "
        "set or (2) input_weights and factor_weights must be set, but not both.",
    )
    size, width = int(input_block_size), factors.shape[1]
    row, column = input_indices.T[::-1] if bool(input_is_transpose) else input_indices.T
    _check_places(np.stack([row, column], axis=1), (size, len(factors)))
    weights = entry_weights if by_entry else input_weights[row] * factor_weights[column]
    _require((weights >= 0).all(), "The weights must not be negative.")
    left = np.zeros((size, width, width), np.float32)
    right = np.zeros((size, width), np.float32)
    order = np.argsort(row, kind="stable")
    found, starts = np.unique(row[order], return_index=True)
    for place, own in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
        taken = factors[column[own]]
        scaled = taken * np.sqrt(weights[own])[:, None]
        left[place] = scaled.T @ scaled
        scale = input_values[own] * (unobserved_weights + weights[own])
        right[place] = scale @ taken
    return left, right


def _check_places(places: Array, sizes: tuple[int, int]) -> None:
    wrong = ((places < 0) | (places >= np.array(sizes))).any(axis=1)
    if wrong.any():
        found = places[wrong][0].tolist()
        raise InvalidArgumentError(None, None, f"{found} is outside of {list(sizes)}")


KERNELS = {
    "MaskedMatmul": Kernel(masked_matmul, static=("transpose_a", "transpose_b")),
    "WALSComputePartialLhsAndRhs": Kernel(partial_normal_equations, host=True),
}
