"""Matrices with few diagonals; twin of `kernels/banded.py`.

Source: tensorflow core/ops/linalg_ops.cc, python/ops/linalg_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import conj
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import matrix_diag_part
from metagraft.graph.build.pad import pad
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.op_spec import (
    GradientBuilder,
    GradientRule,
    OpSpec,
    ShapeFunction,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, merged, with_rank_at_least
from metagraft.graph.shapes import Dims, broadcast_dims, is_static
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

Gradients = Sequence[Any]
_DIAGONALS = 3


def tridiagonal_mat_mul_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Diagonals `[..., 1, m]` and `[..., m, n]` give `[..., m, n]`."""
    *diagonals, rhs = (with_rank_at_least(inputs[i], 2) for i in range(4))
    diagonal: Dims = None
    for dims in diagonals:
        diagonal = merged(diagonal, dims)
    if diagonal is None:
        return (rhs,)
    merge_dim(diagonal[-2], 1)
    if rhs is not None:
        merged(diagonal[:-2], rhs[:-2])
        merge_dim(diagonal[-1], rhs[-2])
    return (rhs,)


def tridiagonal_solve_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Diagonals `[..., 3, m]` and `[..., m, k]` give `[..., m, k]`."""
    diagonals, rhs = (with_rank_at_least(inputs[i], 2) for i in range(2))
    if diagonals is not None:
        merge_dim(diagonals[-2], _DIAGONALS)
    if diagonals is not None and rhs is not None:
        merged(diagonals[:-2], rhs[:-2])
        merge_dim(diagonals[-1], rhs[-2])
    return (rhs,)


def banded_solve_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Bands `[..., k, m]` and `[..., m, n]` give `[..., m, n]`; batches broadcast."""
    bands, rhs = (with_rank_at_least(inputs[i], 2) for i in range(2))
    if bands is None:
        return (None,)
    count, size = bands[-2:]
    if count is not None and count <= 0:
        raise ValueError(f"Number of bands must be positive, but is {count}")
    if count is not None and size is not None and count > size:
        raise ValueError(
            f"Number of bands {count} cannot exceed the size of the matrix {size}"
        )
    if rhs is None:
        return (None,)
    batch = broadcast_dims(bands[:-2], rhs[:-2])
    assert batch is not None
    return ((*batch, merge_dim(size, rhs[-2]), rhs[-1]),)


def _shifted(g: GradientBuilder, x: Tensor, *, is_left: bool) -> Tensor:
    """Move rows up or down by one; a row of zeros comes in."""
    rank = array.rank(x)
    zeros = array.zeros((rank - 2, 2), dtype=dtypes.int32)
    last = convert_to_tensor([[0, 1] if is_left else [1, 0], [0, 0]])
    paddings = array.concat([zeros, last], axis=0)
    return pad(x[..., 1:, :] if is_left else x[..., :-1, :], paddings)


def tridiagonal_mat_mul_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """For each diagonal and the right side."""
    above, middle, below = (
        array.matrix_transpose(x, conjugate=True) for x in op.inputs[:3]
    )
    rhs = conj(op.inputs[3])
    d_above = reduce_tensor("Sum", _shifted(g, rhs, is_left=True) * dy, -1)
    d_middle = reduce_tensor("Sum", rhs * dy, -1)
    d_below = reduce_tensor("Sum", _shifted(g, rhs, is_left=False) * dy, -1)
    d_rhs = (
        _shifted(g, above * dy, is_left=False)
        + middle * dy
        + _shifted(g, below * dy, is_left=True)
    )
    spread = [array.expand_dims(x, -2) for x in (d_above, d_middle, d_below)]
    return (*spread, d_rhs)


def tridiagonal_solve_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """The solution of the transposed system, and its product with the solution."""
    diagonals, x = op.inputs[0], op.outputs[0]
    transposed = _transposed(diagonals)
    d_rhs = g.op(
        "TridiagonalSolve",
        diagonals=transposed,
        rhs=dy,
        partial_pivoting=op.get_attr("partial_pivoting"),
        perturb_singular=op.get_attr("perturb_singular"),
    )
    return -_three_diagonals(d_rhs, x), d_rhs


def _transposed(diagonals: Tensor) -> Tensor:
    middle = diagonals[..., 1, :]
    if is_static(diagonals.dims):
        assert diagonals.dims is not None
        zeros = array.zeros([*diagonals.dims[:-2], 1], dtype=diagonals.dtype)
        above = array.concat((diagonals[..., 2, 1:], zeros), axis=-1)
        below = array.concat((zeros, diagonals[..., 0, :-1]), axis=-1)
    else:
        rank = array.rank(diagonals)
        none = array.zeros((rank - 2, 2), dtype=dtypes.int32)
        behind = array.concat((none, convert_to_tensor([[0, 1]])), axis=0)
        above = pad(diagonals[..., 2, 1:], behind)
        before = array.concat((none, convert_to_tensor([[1, 0]])), axis=0)
        below = pad(diagonals[..., 0, :-1], before)
    return array.stack([above, middle, below], axis=-2)


def _three_diagonals(x: Tensor, y: Tensor) -> Tensor:
    """The diagonals of the product of `x` and the transpose of `y`."""
    middle = reduce_tensor("Sum", x * y, -1)
    if is_static(y.dims):
        assert x.dims is not None
        zeros = array.zeros([*x.dims[:-2], 1, x.dims[-1]], dtype=x.dtype)
        following = array.concat((y[..., 1:, :], zeros), axis=-2)
        above = reduce_tensor("Sum", x * following, -1)
        previous = array.concat((zeros, y[..., :-1, :]), axis=-2)
        below = reduce_tensor("Sum", x * previous, -1)
    else:
        rank = array.rank(y)
        none = array.zeros((rank - 2, 2), dtype=dtypes.int32)
        behind = array.concat((none, convert_to_tensor([[0, 1], [0, 0]])), axis=0)
        above = reduce_tensor("Sum", x * pad(y[..., 1:, :], behind), -1)
        before = array.concat((none, convert_to_tensor([[1, 0], [0, 0]])), axis=0)
        below = reduce_tensor("Sum", x * pad(y[..., :-1, :], before), -1)
    return array.stack([above, middle, below], axis=-2)


def banded_solve_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """As for `MatrixTriangularSolve`, inside the bands."""
    bands, rhs = op.inputs
    x = op.outputs[0]
    is_adjoint, is_lower = op.get_attr("adjoint"), op.get_attr("lower")
    count = array.shape(bands)[-2]
    d_rhs = g.op(
        "BandedTriangularSolve",
        matrix=bands,
        rhs=dy,
        lower=is_lower,
        adjoint=not is_adjoint,
    )
    left, right = (x, d_rhs) if is_adjoint else (d_rhs, x)
    d_matrix = -matmul(left, right, adjoint_b=True)
    k = (-(count - 1), 0) if is_lower else (0, count - 1)
    d_bands = matrix_diag_part(d_matrix, k=k, align="LEFT_RIGHT")
    if is_static(bands.dims) and is_static(rhs.dims):
        assert bands.dims is not None
        assert rhs.dims is not None
        if bands.dims[:-2] == rhs.dims[:-2]:
            return d_bands, d_rhs
    bands_shape, rhs_shape = array.shape(bands), array.shape(rhs)
    axes = g.op("BroadcastGradientArgs", s0=bands_shape[:-2], s1=rhs_shape[:-2])
    d_bands = array.reshape(reduce_tensor("Sum", d_bands, axes[0]), bands_shape)
    d_rhs = array.reshape(reduce_tensor("Sum", d_rhs, axes[1]), rhs_shape)
    return d_bands, d_rhs


def _row(name: str, shape: ShapeFunction, gradient: GradientRule) -> OpSpec:
    return OpSpec(
        name=name,
        shape=shape,
        gradient=gradient,
        source="tensorflow core/ops/linalg_ops.cc",
    )


OPS = (
    _row("BandedTriangularSolve", banded_solve_shape, banded_solve_gradient),
    _row("TridiagonalMatMul", tridiagonal_mat_mul_shape, tridiagonal_mat_mul_gradient),
    _row("TridiagonalSolve", tridiagonal_solve_shape, tridiagonal_solve_gradient),
)
