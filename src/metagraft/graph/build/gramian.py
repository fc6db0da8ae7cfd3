"""Products of matrices with themselves, and solving with their factors.

Source: tensorflow python/ops/linalg_ops.py cholesky_solve,
_RegularizedGramianCholesky.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.eye import eye
from metagraft.graph.build.matmul import matmul
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["cholesky_solve", "regularized_gramian_cholesky"]


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """Solve systems whose matrices are given by their Cholesky factors."""
    with name_scope(name, "cholesky_solve", [chol, rhs]):
        half = op(
            "MatrixTriangularSolve", matrix=chol, rhs=rhs, adjoint=False, lower=True
        )
        solved: Tensor = op(
            "MatrixTriangularSolve", matrix=chol, rhs=half, adjoint=True, lower=True
        )
        return solved


def regularized_gramian_cholesky(
    matrix: Tensor, l2_regularizer: Any, *, is_tall: bool
) -> Tensor:
    """Factor `A^H A` (tall matrices) or `A A^H` plus a multiple of the identity."""
    gramian = matmul(matrix, matrix, adjoint_a=is_tall, adjoint_b=not is_tall)
    if isinstance(l2_regularizer, Tensor) or l2_regularizer != 0:
        sizes = array.shape(matrix)
        batch = sizes[:-2]
        axis = -1 if is_tall else -2
        identity = eye(sizes[axis], batch_shape=batch, dtype=matrix.dtype)
        small = matrix.shape[axis]
        identity.set_shape(matrix.shape[:-2].concatenate([small, small]))
        gramian += l2_regularizer * identity
    factor: Tensor = op("Cholesky", input=gramian)
    return factor
