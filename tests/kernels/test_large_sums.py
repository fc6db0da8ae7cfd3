"""Sums of rows that are large enough for SciPy, against sums one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metagraft.kernels.segment import combine_rows
from tests.kernel_cases import Recorded, run_on_host

_NUMBERS = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("is_sorted", [True, False])
def test_rows_of_one_id(dtype: Any, is_sorted: bool) -> None:
    """Rows with a negative id are left out; ids without rows are zero."""
    data = _NUMBERS.standard_normal((2500, 4, 16)).astype(dtype)
    ids = _NUMBERS.integers(-1, 300, 2500)
    if is_sorted:
        ids.sort()
    expected = np.zeros((301, 4, 16))
    for place, row in zip(ids.tolist(), data, strict=True):
        if place >= 0:
            expected[place] += row
    found = combine_rows("sum", data, ids, 301)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize("adjoint", [True, False])
def test_product_with_a_sparse_matrix(is_sorted: bool, adjoint: bool) -> None:
    """As the product with the dense matrix of the same elements."""
    indices = np.argwhere(_NUMBERS.random((90, 100)) < 0.4)
    if not is_sorted:
        _NUMBERS.shuffle(indices)
    values = _NUMBERS.standard_normal(len(indices)).astype(np.float32)
    matrix = np.zeros((90, 100))
    matrix[tuple(indices.T)] = values
    matrix = matrix.T if adjoint else matrix
    dense = _NUMBERS.standard_normal((matrix.shape[1], 64)).astype(np.float32)
    operands = {
        "a_indices": indices,
        "a_values": values,
        "a_shape": np.array([90, 100]),
        "b": dense,
    }
    attrs = {"adjoint_a": adjoint, "adjoint_b": False}
    case = Recorded(0, "", "SparseTensorDenseMatMul", attrs, operands, [])
    (found,) = run_on_host(case)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, matrix @ dense, rtol=1e-4, atol=1e-4)
