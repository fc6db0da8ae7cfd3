"""Least squares, pseudo-inverses and ranks (`tf.linalg.lstsq`, `tf.linalg.pinv`).

Source: tensorflow python/ops/linalg_ops.py, python/ops/linalg/linalg_impl.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.api.cond import cond
from metagraft.api.linear_algebra import svd
from metagraft.api.shape_checks import assert_rank_at_least
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.gramian import cholesky_solve, regularized_gramian_cholesky
from metagraft.graph.build.math import cast, select_v2
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import dimension_value
from metagraft.graph.tensor import Tensor

__all__ = ["matrix_rank", "matrix_solve_ls", "pinv"]

_CACHE_BYTES = 256000  # larger tensors of many matrices are solved one by one


def matrix_solve_ls(
    matrix: Any,
    rhs: Any,
    l2_regularizer: Any = 0.0,
    fast: bool = True,
    name: str | None = None,
) -> Tensor:
    """Solve `matrix x = rhs` in the least squares sense.

    Args:
        matrix: Matrices `[..., m, n]`.
        rhs: Right sides `[..., m, k]`.
        l2_regularizer: The weight of the size of the solution; for `fast` only.
        fast: Whether to solve normal equations, which needs full rank.
        name: Name of the operation.

    Returns:
        `[..., n, k]`.

    Raises:
        NotImplementedError: Regularized matrices of complex128.
    """
    matrix = convert_to_tensor(matrix, name="matrix")
    if matrix.dtype == dtypes.complex128 and l2_regularizer != 0:
        raise NotImplementedError(
            "matrix_solve_ls is currently disabled for complex128 and l2_regularizer"
            " != 0 due to poor accuracy."
        )
    if not _is_composed(matrix, fast=fast):
        solved: Tensor = op(
            "MatrixSolveLs",
            matrix=matrix,
            rhs=rhs,
            l2_regularizer=l2_regularizer,
            fast=fast,
            name=name,
        )
        return solved
    with name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        known = matrix.shape[-2:]
        if known.is_fully_defined():
            rows, columns = known.as_list()
            return _solved(matrix, rhs, l2_regularizer, is_tall=rows >= columns)
        sizes = array.shape(matrix)[-2:]
        chosen: Tensor = cond(
            sizes[-2] >= sizes[-1],
            lambda: _solved(matrix, rhs, l2_regularizer, is_tall=True),
            lambda: _solved(matrix, rhs, l2_regularizer, is_tall=False),
        )
        return chosen


def _is_composed(matrix: Tensor, *, fast: bool) -> bool:
    """Whether normal equations are written out as nodes."""
    if fast is False:
        return False
    if not matrix.shape.is_fully_defined():
        return True
    sizes: list[int] = [int(size) for size in matrix.shape]
    size = math.prod(sizes) * matrix.dtype.size
    return not (size > _CACHE_BYTES and math.prod(sizes[:-2]) > min(sizes[-2:]))


def _solved(matrix: Tensor, rhs: Any, regularizer: Any, *, is_tall: bool) -> Tensor:
    factor = regularized_gramian_cholesky(matrix, regularizer, is_tall=is_tall)
    if is_tall:
        return cholesky_solve(factor, matmul(matrix, rhs, adjoint_a=True))
    return matmul(matrix, cholesky_solve(factor, rhs), adjoint_a=True)


def _checked(a: Tensor, *, validate_args: bool) -> Tensor:
    """Demand matrices of floating-point numbers."""
    if not a.dtype.is_floating:
        raise TypeError(
            f"Input `a` must have `float`-like `dtype` (saw {a.dtype.name})."
        )
    rank = a.shape.rank
    if rank is not None and rank < 2:
        raise ValueError(f"Input `a` must have at least 2 dimensions (saw: {rank}).")
    if rank is not None or not validate_args:
        return a
    message = "Input `a` must have at least 2 dimensions."
    with control_dependencies([assert_rank_at_least(a, rank=2, message=message)]):
        checked: Tensor = array.identity(a)
    return checked


def matrix_rank(
    a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Count the singular values above `tol`, by default what rounding may leave."""
    with name_scope(name or "matrix_rank"):
        a = convert_to_tensor(a, preferred_dtype=dtypes.float32, name="a")
        a = _checked(a, validate_args=validate_args)
        values = svd(a, compute_uv=False)
        if tol is None:
            if a.shape[-2:].is_fully_defined():
                largest = np.max(a.shape[-2:].as_list())
            else:
                largest = reduce_tensor("Max", array.shape(a)[-2:])
            eps = np.finfo(a.dtype.as_numpy_dtype).eps
            tol = eps * cast(largest, a.dtype)
            tol = tol * reduce_tensor("Max", values, -1, keepdims=True)
        return reduce_tensor("Sum", cast(values > tol, dtypes.int32), -1)


def pinv(
    a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The Moore-Penrose pseudo-inverses of matrices `[..., m, n]`.

    Args:
        a: Matrices of floating-point numbers.
        rcond: Singular values below this share of the largest count as zero.
        validate_args: Whether what is only known when run is checked.
        name: Name of the scope.
    """
    with name_scope(name or "pinv"):
        a = _checked(convert_to_tensor(a, name="a"), validate_args=validate_args)
        dtype = a.dtype.as_numpy_dtype
        if rcond is None:
            rcond = 10.0 * _largest_size(a) * np.finfo(dtype).eps
        rcond = convert_to_tensor(rcond, dtype=dtype, name="rcond")
        values, u, v = svd(a, full_matrices=False, compute_uv=True)
        cutoff = rcond * reduce_tensor("Max", values, -1)
        is_large = values > array.expand_dims(cutoff, -1)
        values = select_v2(is_large, values, np.array(np.inf, dtype))
        inverse = matmul(v / array.expand_dims(values, -2), u, adjoint_b=True)
        if a.shape.rank is not None:
            turned = [a.shape[-1], a.shape[-2]]
            inverse.set_shape(a.shape[:-2].concatenate(turned))
        return inverse


def _largest_size(a: Tensor) -> Any:
    rows, columns = (
        array.shape(a)[axis]
        if dimension_value(a.shape[axis]) is None
        else dimension_value(a.shape[axis])
        for axis in (-2, -1)
    )
    if isinstance(rows, int) and isinstance(columns, int):
        return float(max(rows, columns))
    return cast(op("Maximum", x=rows, y=columns), a.dtype)
