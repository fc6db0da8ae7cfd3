"""Decompositions, inverses and solutions; twin of `kernels/linear_algebra.py`.

Source: tensorflow core/ops/linalg_ops.cc, python/ops/linalg_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import (
    NO_RULE_YET,
    GradientRule,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.shape_checks import merge_dim, merged, with_rank_at_least
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.ops.linear_algebra_gradient import (
    cholesky_gradient,
    eig_gradient,
    log_matrix_determinant_gradient,
    matrix_determinant_gradient,
    matrix_inverse_gradient,
    matrix_solve_gradient,
    matrix_solve_ls_gradient,
    matrix_triangular_solve_gradient,
    self_adjoint_eig_v2_gradient,
    svd_gradient,
)

__all__ = ["OPS"]


def _square(dims: Dims) -> Dims:
    """Demand square matrices; return the shape with both sizes known if one is."""
    dims = with_rank_at_least(dims, 2)
    if dims is None:
        return None
    side = merge_dim(dims[-2], dims[-1])
    return (*dims[:-2], side, side)


def square_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., n, n]` gives `[..., n, n]`."""
    return (_square(inputs[0]),)


def determinant_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., n, n]` gives `[...]`."""
    dims = _square(inputs[0])
    return (None if dims is None else dims[:-2],)


def log_determinant_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., n, n]` gives `[...]` twice."""
    dims = _square(inputs[0])
    batch = None if dims is None else dims[:-2]
    return batch, batch


def solve_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., n, n]` and `[..., n, k]` give `[..., n, k]`."""
    return _solution(_square(inputs[0]), inputs[1], is_square=True)


def _solution(matrix: Dims, rhs: Dims, *, is_square: bool) -> Sequence[Dims]:
    """Return the shape of what matrices map to `rhs`, as far as either tells it."""
    outer, rows, columns = _parts(matrix)
    other, height, width = _parts(rhs)
    batch = merged(outer, other)
    size = merge_dim(rows, height)
    if is_square:
        columns = size
    return (None if batch is None else (*batch, columns, width),)


def _parts(dims: Dims) -> tuple[Dims, int | None, int | None]:
    """Return the outer dimensions of matrices, and the two of each."""
    known = with_rank_at_least(dims, 2)
    return (None, None, None) if known is None else (known[:-2], known[-2], known[-1])


def triangular_solve_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As `solve_shape`, with batch dimensions that broadcast."""
    matrix, rhs = _square(inputs[0]), with_rank_at_least(inputs[1], 2)
    if matrix is None or rhs is None:
        return (None,)
    batch = broadcast_dims(matrix[:-2], rhs[:-2])
    assert batch is not None
    return ((*batch, merge_dim(matrix[-1], rhs[-2]), rhs[-1]),)


def self_adjoint_eig_v2_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., n, n]` gives `[..., n]` and, if asked for, `[..., n, n]`."""
    dims = _square(inputs[0])
    vectors: Dims = dims if attrs["compute_v"] else (0,)
    return (None if dims is None else dims[:-1], vectors)


def svd_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., m, n]` gives `[..., p]`, `[..., m, p]`, `[..., n, p]`; p = min(m, n)."""
    dims = with_rank_at_least(inputs[0], 2)
    if dims is None:
        none: Dims = None if attrs["compute_uv"] else (0,)
        return None, none, none
    *batch, m, n = dims
    p = None if m is None or n is None else min(m, n)
    values = (*batch, p)
    if not attrs["compute_uv"]:
        return values, (0,), (0,)
    if attrs["full_matrices"]:
        return values, (*batch, m, m), (*batch, n, n)
    return values, (*batch, m, p), (*batch, n, p)


def solve_ls_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., m, n]` and `[..., m, k]` give `[..., n, k]`."""
    return _solution(inputs[0], inputs[1], is_square=False)


def same_square_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Both operands are `[..., n, n]`, and so is the result."""
    return (_square(inputs[0]),)


def self_adjoint_eig_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., n, n]` gives `[..., n + 1, n]`: a row of values, then the vectors."""
    dims = _square(inputs[0])
    if dims is None:
        return (None,)
    *batch, _, side = dims
    return ((*batch, None if side is None else side + 1, side),)


def lu_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., n, n]` gives `[..., n, n]` and the row order `[..., n]`."""
    dims = _square(inputs[0])
    return dims, None if dims is None else dims[:-1]


def _row(
    name: str, shape: Any, gradient: GradientRule | NoGradient = NO_RULE_YET
) -> OpSpec:
    return OpSpec(
        name=name,
        shape=shape,
        gradient=gradient,
        source="tensorflow core/ops/linalg_ops.cc",
        ranks="--0" if name == "MatrixSolveLs" else "",
    )


OPS = (
    _row("BatchCholesky", square_shape),
    _row("BatchCholeskyGrad", same_square_shape),
    _row("BatchMatrixDeterminant", determinant_shape),
    _row("BatchMatrixInverse", square_shape),
    _row("BatchMatrixSolve", solve_shape),
    _row("BatchMatrixSolveLs", solve_ls_shape),
    _row("BatchMatrixTriangularSolve", triangular_solve_shape),
    _row("BatchSelfAdjointEig", self_adjoint_eig_shape),
    _row("BatchSelfAdjointEigV2", self_adjoint_eig_v2_shape),
    _row("BatchSvd", svd_shape),
    _row("CholeskyGrad", same_square_shape),
    _row("Eig", self_adjoint_eig_v2_shape, eig_gradient),
    _row("MatrixSolveLs", solve_ls_shape, matrix_solve_ls_gradient),
    _row("SelfAdjointEig", self_adjoint_eig_shape),
    _row("Cholesky", square_shape, cholesky_gradient),
    _row(
        "LogMatrixDeterminant", log_determinant_shape, log_matrix_determinant_gradient
    ),
    _row("Lu", lu_shape),
    _row("MatrixDeterminant", determinant_shape, matrix_determinant_gradient),
    _row("MatrixInverse", square_shape, matrix_inverse_gradient),
    _row("MatrixSolve", solve_shape, matrix_solve_gradient),
    _row(
        "MatrixTriangularSolve",
        triangular_solve_shape,
        matrix_triangular_solve_gradient,
    ),
    _row("SelfAdjointEigV2", self_adjoint_eig_v2_shape, self_adjoint_eig_v2_gradient),
    _row("Svd", svd_shape, svd_gradient),
)
