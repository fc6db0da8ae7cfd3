"""Matrices of three diagonals (`tf.linalg.tridiagonal_solve`).

Source: tensorflow python/ops/linalg/linalg_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import conj
from metagraft.graph.build.matrix_diag import matrix_diag_part
from metagraft.graph.build.pad import pad
from metagraft.graph.shapes import dimension_value
from metagraft.graph.tensor import Tensor

__all__ = ["tridiagonal_matmul", "tridiagonal_solve"]

_DIAGONALS = 3


def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Tensor:
    """Solve systems of matrices of three diagonals.

    Args:
        diagonals: The diagonals above, on and below the main one: `[..., 3, m]`
            (`compact`), three tensors (`sequence`) or whole matrices (`matrix`).
        rhs: `[..., m]` or `[..., m, k]`.
        diagonals_format: How the diagonals are given.
        transpose_rhs: Whether `rhs` is `[..., k, m]`.
        conjugate_rhs: Whether `rhs` is conjugated.
        name: Name of the operation.
        partial_pivoting: Whether neighbouring rows are exchanged.
        perturb_singular: Whether singular systems are perturbed to solve them.

    Raises:
        ValueError: Shapes or arguments do not fit.
    """
    if perturb_singular and not partial_pivoting:
        raise ValueError("partial_pivoting must be True if perturb_singular is.")
    if diagonals_format == "sequence":
        diagonals = _stacked(diagonals)
    elif diagonals_format == "matrix":
        diagonals = _of_matrix(diagonals)
    elif diagonals_format != "compact":
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    _check_ranks(diagonals, rhs)
    options = {
        "partial_pivoting": partial_pivoting,
        "perturb_singular": perturb_singular,
    }
    rank, rhs_rank = diagonals.shape.rank, rhs.shape.rank
    if rhs_rank and rank and rhs_rank == rank - 1:
        if conjugate_rhs:
            rhs = conj(rhs)
        column = array.expand_dims(rhs, -1)
        return array.squeeze(_solved(diagonals, column, options, name), [-1])
    if transpose_rhs:
        rhs = array.matrix_transpose(rhs, conjugate=conjugate_rhs)
    elif conjugate_rhs:
        rhs = conj(rhs)
    return _solved(diagonals, rhs, options, name)


def _solved(
    diagonals: Tensor, rhs: Tensor, options: dict[str, bool], name: str | None
) -> Tensor:
    left, right = dimension_value(diagonals.shape[-1]), dimension_value(rhs.shape[-2])
    if left and right and left != right:
        raise ValueError(
            "Expected number of left-hand sided and right-hand sides to be equal, got"
            f" {left} and {right}"
        )
    solved: Tensor = op(
        "TridiagonalSolve", name=name, diagonals=diagonals, rhs=rhs, **options
    )
    return solved


def _check_ranks(diagonals: Tensor, rhs: Tensor) -> None:
    rank, rhs_rank = diagonals.shape.rank, rhs.shape.rank
    if rank:
        if rank < 2:
            raise ValueError(f"Expected diagonals to have rank at least 2, got {rank}")
        if rhs_rank and rhs_rank not in (rank, rank - 1):
            raise ValueError(
                f"Expected the rank of rhs to be {rank - 1} or {rank}, got {rhs_rank}"
            )
        batch, rhs_batch = diagonals.shape[:-2], rhs.shape[: rank - 2]
        if rhs_rank and not batch.is_compatible_with(rhs_batch):
            raise ValueError(f"Batch shapes {batch} and {rhs_batch} are incompatible")
    count = dimension_value(diagonals.shape[-2])
    if count and count != _DIAGONALS:
        raise ValueError(f"Expected 3 diagonals got {count}")


def _stacked(diagonals: Any) -> Tensor:
    if not isinstance(diagonals, (tuple, list)) or len(diagonals) != _DIAGONALS:
        raise ValueError("Expected diagonals to be a sequence of length 3.")
    above, middle, below = diagonals
    batch = middle.shape[:-1]
    fits = [x.shape[:-1].is_compatible_with(batch) for x in (below, above)]
    if not all(fits):
        raise ValueError(
            "Tensors representing the three diagonals must have the same shape,except"
            " for the last dimension, got"
            f" {below.shape}, {middle.shape}, {above.shape}"
        )
    size = dimension_value(middle.shape[-1])
    below = _padded(below, "subdiagonal", [1, 0], size)
    above = _padded(above, "superdiagonal", [0, 1], size)
    return array.stack((above, middle, below), axis=-2)


def _padded(diagonal: Tensor, label: str, padding: list[int], size: Any) -> Tensor:
    own = dimension_value(diagonal.shape[-1])
    if not own or own == size:
        return diagonal
    if own != size - 1:
        raise ValueError(
            f"Expected {label} to be have length {size} or {size - 1}, got {own}."
        )
    return pad(diagonal, [[0, 0]] * (len(diagonal.shape) - 1) + [padding])


def _of_matrix(matrix: Tensor) -> Tensor:
    columns, rows = (dimension_value(matrix.shape[axis]) for axis in (-1, -2))
    if columns and rows and columns != rows:
        raise ValueError(
            "Expected last two dimensions of diagonals to be same, got"
            f" {columns} and {rows}"
        )
    return matrix_diag_part(matrix, k=(-1, 1), padding_value=0.0, align="LEFT_RIGHT")


def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None
) -> Tensor:
    """Multiply matrices of three diagonals with matrices `[..., m, n]`.

    Args:
        diagonals: As in `tridiagonal_solve`; sequences are all `[..., m]`.
        rhs: The matrices on the right.
        diagonals_format: How the diagonals are given.
        name: Name of the operation.

    Raises:
        ValueError: Shapes or arguments do not fit.
    """
    if diagonals_format == "matrix":
        diagonals = _of_matrix(diagonals)
    if diagonals_format in ("compact", "matrix"):
        parts = [diagonals[..., i, :] for i in range(_DIAGONALS)]
    elif diagonals_format == "sequence":
        parts = list(diagonals)
    else:
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    above, middle, below = (array.expand_dims(part, -2) for part in parts)
    product: Tensor = op(
        "TridiagonalMatMul",
        superdiag=above,
        maindiag=middle,
        subdiag=below,
        rhs=rhs,
        name=name,
    )
    return product
