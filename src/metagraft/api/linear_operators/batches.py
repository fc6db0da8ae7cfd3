"""Tensors of matrices: their checks, and systems whose batches broadcast.

Source: tensorflow python/ops/linalg/linear_operator_util.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.api.array import (
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
)
from metagraft.api.checks import assert_equal, assert_less
from metagraft.api.linear_algebra import matrix_solve
from metagraft.api.shape_checks import assert_proper_iterable
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.build.math import absolute, imag
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable

__all__ = [
    "assert_no_zeros",
    "assert_real",
    "broadcast_batches",
    "check_not_variable",
    "shape_tensor",
    "solve_with_broadcast",
    "tensor_or_variable",
]


def tensor_or_variable(value: Any, name: str, dtype: Any = None) -> Any:
    """`value` as a tensor; a variable stays one, and is read when it is used.

    Raises:
        TypeError: A variable has another type than `dtype`.
    """
    if value is None:
        return None
    if not isinstance(value, GraphVariable):
        return convert_to_tensor(value, dtype=dtype, name=name)
    variable: Any = value
    found = dtypes.as_dtype(variable.dtype).base_dtype
    if dtype is not None and found != dtypes.as_dtype(dtype).base_dtype:
        wanted = dtypes.as_dtype(dtype).base_dtype
        raise TypeError(
            f"Argument `value` must be of dtype `{wanted.name}` Received:"
            f" `{found.name}`."
        )
    return value


def check_not_variable(value: Any, argument: str) -> None:
    """Raise `TypeError` for a variable."""
    if isinstance(value, GraphVariable):
        raise TypeError(
            f"Argument {argument} cannot be reference type. Found: {type(value)}."
        )


def assert_no_zeros(
    x: Any, message: str, name: str = "assert_no_entries_with_modulus_zero"
) -> Operation:
    """Add a check that no element is zero."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        size = absolute(x)
        zero = convert_to_tensor(0, dtype=x.dtype.base_dtype.real_dtype)
        return assert_less(zero, size, message=message)


def assert_real(x: Any, message: str, name: str = "assert_zero_imag_part") -> Operation:
    """Add a check that no element has an imaginary part."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        if x.dtype.base_dtype.is_floating:
            return no_op()
        zero = convert_to_tensor(0, dtype=x.dtype.base_dtype.real_dtype)
        return assert_equal(zero, imag(x), message=message)


def shape_tensor(shape: Any, name: str | None = None) -> Tensor:
    """A shape as a tensor; an empty one is of int32."""
    is_empty = isinstance(shape, (tuple, list)) and not shape
    return convert_to_tensor(shape, dtype=dtypes.int32 if is_empty else None, name=name)


def broadcast_batches(
    batch_matrices: Sequence[Any], name: str | None = None
) -> list[Tensor]:
    """Broadcast all but the last two dimensions.

    Raises:
        ValueError: One of the tensors has fewer than two dimensions.
    """
    name = name or "broadcast_matrix_batch_dims"
    with name_scope(name, values=batch_matrices):
        assert_proper_iterable(batch_matrices)
        matrices = [convert_to_tensor(matrix) for matrix in batch_matrices]
        for matrix in matrices:
            if matrix.shape.ndims is not None and matrix.shape.ndims < 2:
                raise ValueError(
                    "Expected [batch] matrix to have at least two dimensions. Found:"
                    f" {matrix}."
                )
        if len(matrices) < 2:
            return matrices
        return _broadcast(matrices)


def _broadcast(matrices: list[Tensor]) -> list[Tensor]:
    batch = matrices[0].shape[:-2]
    for matrix in matrices[1:]:
        batch = broadcast_static_shape(batch, matrix.shape[:-2])
    if batch.is_fully_defined():
        return [
            matrix
            if matrix.shape[:-2] == batch
            else _with_batch(matrix, batch.as_list())
            for matrix in matrices
        ]
    sizes: Any = array.shape(matrices[0])[:-2]
    for matrix in matrices[1:]:
        sizes = broadcast_dynamic_shape(sizes, array.shape(matrix)[:-2])
    return [_with_batch(matrix, sizes) for matrix in matrices]


def _with_batch(matrix: Tensor, batch: Any) -> Tensor:
    sizes = array.concat([batch, array.shape(matrix)[-2:]], axis=0)
    return broadcast_to(matrix, sizes)


def solve_with_broadcast(
    matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """Solve systems of matrices and right-hand sides whose batches broadcast."""
    with name_scope(name, "MatrixSolveWithBroadcast", [matrix, rhs]):
        matrix = convert_to_tensor(matrix, name="matrix")
        rhs = convert_to_tensor(rhs, name="rhs", dtype=matrix.dtype)
        unfolded: Callable[[Tensor], Tensor] | None = None
        if _is_better_folded(matrix, rhs, adjoint):
            if adjoint:
                matrix = array.matrix_transpose(matrix, conjugate=True)
            rhs, unfolded = _folded(rhs, rhs.shape.ndims - matrix.shape.ndims)
            adjoint = False
        matrix, rhs = broadcast_batches([matrix, rhs])
        solution = matrix_solve(matrix, rhs, adjoint=adjoint)
        return solution if unfolded is None else unfolded(solution)


def _is_better_folded(matrix: Tensor, rhs: Tensor, adjoint: bool) -> bool:
    """Whether batch dimensions of `rhs` alone are better taken as its columns.

    This adds the nodes that TensorFlow adds before it decides.
    """
    rank, rhs_rank = matrix.shape.ndims, rhs.shape.ndims
    if rank is None or rhs_rank is None or rank >= rhs_rank:
        return False
    extra = rhs_rank - rank
    array.shape(rhs)[:extra]
    array.shape(rhs)[extra:]
    size = matrix.shape[-2 if adjoint else -1]
    columns, batch = rhs.shape[-1], rhs.shape[:extra]
    if not batch.is_fully_defined():
        return True
    # TF: an unknown size compares as neither smaller nor greater.
    return not (math.prod(batch.as_list()) < 2 or size <= columns)


def _folded(rhs: Tensor, extra: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Move the first `extra` dimensions into the columns, and the way back."""
    extra_sizes = array.shape(rhs)[:extra]
    main_sizes = array.shape(rhs)[extra:]
    rank = rhs.shape.ndims or 0
    order = np.concatenate((np.arange(extra, rank), np.arange(extra)), 0)
    moved = array.transpose(rhs, perm=order)
    folded = array.reshape(moved, array.concat((main_sizes[:-1], [-1]), 0))

    def unfolded(solution: Tensor) -> Tensor:
        sizes = array.concat(
            (array.shape(solution)[:-1], [main_sizes[-1]], extra_sizes), 0
        )
        moved_back = array.reshape(solution, sizes)
        return array.transpose(moved_back, perm=np.argsort(order))

    return folded, unfolded
