"""Qr: decompose matrices into an orthogonal and a triangular one; twin of the kernel.

Source: tensorflow core/ops/linalg_ops.cc QrShapeFn, python/ops/linalg_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.build.math import cast, real
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import matrix_diag_part, matrix_set_diag
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shape_checks import with_rank_at_least
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def qr_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., m, n]` gives `[..., m, p]` and `[..., p, n]`; p is m or min(m, n)."""
    dims = with_rank_at_least(inputs[0], 2)
    if dims is None:
        return (None, None)
    *batch, m, n = dims
    smaller = 0 if 0 in (m, n) else None if m is None or n is None else min(m, n)
    p = m if attrs["full_matrices"] else smaller
    return ((*batch, m, p), (*batch, p, n))


def qr_gradient(
    g: GradientBuilder, op: Operation, d_q: Tensor, d_r: Tensor
) -> Sequence[Any]:
    """Through both factors; see Roberts and Roberts, arXiv:2009.10071.

    Raises:
        NotImplementedError: The matrix has an unknown size, or the factor of a tall
            matrix has all its columns.
    """
    q, r = op.outputs
    rows, columns = (None, None) if r.dims is None else r.dims[-2:]
    if rows is None or columns is None:
        raise NotImplementedError(
            f"QrGrad not implemented with dynamic shapes. Received r.shape: {r.shape}"
        )
    assert q.dims is not None
    if rows > columns and q.dims[-2] == q.dims[-1]:
        raise NotImplementedError(
            "QrGrad not implemented when nrows > ncols and full_matrices is true."
            f" Received r.shape={r.shape} with nrows={rows} and ncols={columns}."
        )
    size = q.dims[-2]
    if size is None or size >= columns:
        return (_tall_gradient(g, (q, r), (d_q, d_r)),)
    # A wide matrix is a square one and what follows from it.
    rest = op.inputs[0][..., :, size:]
    square = r[..., :, :size]
    d_rest = d_r[..., :, size:]
    d_square = d_r[..., :, :size]
    d_right = matmul(q, d_rest)
    d_q = d_q + matmul(rest, d_rest, adjoint_b=True)
    d_left = _tall_gradient(g, (q, square), (d_q, d_square))
    return (array.concat([d_left, d_right], axis=-1),)


def _adjoint(matrix: Tensor) -> Tensor:
    with name_scope(None, "adjoint", [matrix]):
        return array.matrix_transpose(matrix, conjugate=True)


def _over_adjoint(g: GradientBuilder, x: Tensor, r: Tensor) -> Tensor:
    """`x` times the inverse of the adjoint of an upper triangular matrix."""
    right = _adjoint(x)
    with name_scope(None, "triangular_solve", [r, right]):
        solved = g.op(
            "MatrixTriangularSolve", matrix=r, rhs=right, lower=False, adjoint=False
        )
    return _adjoint(solved)


def _tall_gradient(
    g: GradientBuilder, factors: tuple[Tensor, Tensor], gradients: tuple[Tensor, Tensor]
) -> Tensor:
    q, r = factors
    d_q, d_r = gradients
    inner = matmul(q, d_q, adjoint_a=True)
    inner_difference = inner - _adjoint(inner)
    outer = matmul(r, d_r, adjoint_b=True)
    outer_difference = outer - _adjoint(outer)
    both = inner_difference + outer_difference
    lower = g.op("MatrixBandPart", input=both, num_lower=-1, num_upper=0)
    first = matmul(q, d_r + _over_adjoint(g, lower, r))
    second = _over_adjoint(g, d_q - matmul(q, inner), r)
    total = first + second
    if not q.dtype.is_complex:
        return total
    m = outer - _adjoint(inner)
    diagonal = matrix_set_diag(array.zeros_like(m), matrix_diag_part(m))
    phase = diagonal - cast(real(diagonal), q.dtype)
    return total + _over_adjoint(g, matmul(q, _adjoint(phase)), r)


OPS = (
    OpSpec(
        name="Qr",
        shape=qr_shape,
        gradient=qr_gradient,
        source="tensorflow core/ops/linalg_ops.cc",
    ),
)
