"""Linear algebra (`tf.linalg`, `tf.norm`, `tf.cholesky` and their kin).

Source: tensorflow python/ops/linalg_ops.py, python/ops/linalg/linalg_impl.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.cond import cond
from metagraft.api.functional import map_fn
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.gramian import cholesky_solve
from metagraft.graph.build.math import absolute, cast, conj, number_range, power, real
from metagraft.graph.build.matrix_diag import matrix_diag_part
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "cholesky",
    "cholesky_solve",
    "logdet",
    "lu",
    "matrix_determinant",
    "matrix_inverse",
    "matrix_solve",
    "matrix_triangular_solve",
    "norm",
    "normalize",
    "qr",
    "self_adjoint_eig",
    "self_adjoint_eigvals",
    "slogdet",
    "svd",
]

_MATRIX_NORMS = ("euclidean", "fro", 1, 2, np.inf)
_VECTOR_NORMS = ("euclidean", 1, 2, np.inf)


def cholesky(input: Any, name: str | None = None) -> Tensor:
    """The lower triangular factor of symmetric positive matrices `[..., n, n]`."""
    return op("Cholesky", input=input, name=name)


def matrix_determinant(input: Any, name: str | None = None) -> Tensor:
    """The determinants of matrices `[..., n, n]`."""
    return op("MatrixDeterminant", input=input, name=name)


def slogdet(input: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The sign and the logarithm of the absolute value of determinants."""
    found: tuple[Tensor, Tensor] = op("LogMatrixDeterminant", input=input, name=name)
    return found


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinants of symmetric positive matrices."""
    with name_scope(name, "logdet", [matrix]):
        factor = op("Cholesky", input=matrix)
        logs = op("Log", x=real(matrix_diag_part(factor)))
        result: Tensor = 2.0 * reduce_tensor("Sum", logs, axis=[-1])
        return result


def matrix_inverse(
    input: Any, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The inverses of matrices `[..., n, n]`, or of their adjoints."""
    return op("MatrixInverse", input=input, adjoint=adjoint, name=name)


def matrix_solve(
    matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """Solve `matrix x = rhs` for `[..., n, n]` and `[..., n, k]`."""
    return op("MatrixSolve", matrix=matrix, rhs=rhs, adjoint=adjoint, name=name)


def matrix_triangular_solve(
    matrix: Any,
    rhs: Any,
    lower: bool = True,
    adjoint: bool = False,
    name: str | None = None,
) -> Tensor:
    """Solve `matrix x = rhs` with triangular matrices."""
    with name_scope(name, "triangular_solve", [matrix, rhs]):
        return op(
            "MatrixTriangularSolve",
            matrix=matrix,
            rhs=rhs,
            lower=lower,
            adjoint=adjoint,
        )


def lu(
    input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Both triangular factors in one matrix, and the order of the rows."""
    factors: tuple[Tensor, Tensor] = op(
        "Lu", input=input, output_idx_type=output_idx_type, name=name
    )
    return factors


def qr(
    input: Any, full_matrices: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The orthogonal and the triangular factor of matrices `[..., m, n]`."""
    factors: tuple[Tensor, Tensor] = op(
        "Qr", input=input, full_matrices=full_matrices, name=name
    )
    return factors


def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The eigenvalues and eigenvectors of symmetric matrices."""
    values, vectors = op("SelfAdjointEigV2", input=tensor, compute_v=True, name=name)
    return values, vectors


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of symmetric matrices."""
    values: Tensor = op("SelfAdjointEigV2", input=tensor, compute_v=False, name=name)[0]
    return values


def svd(
    tensor: Any,
    full_matrices: bool = False,
    compute_uv: bool = True,
    name: str | None = None,
) -> Any:
    """The singular values and, with `compute_uv`, the vectors `u` and `v`."""
    s, u, v = op(
        "Svd",
        input=tensor,
        compute_uv=compute_uv,
        full_matrices=full_matrices,
        name=name,
    )
    return (real(s), u, v) if compute_uv else real(s)


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The norms of vectors or matrices.

    Args:
        tensor: A tensor.
        ord: `euclidean`, `fro`, a positive number, or infinity.
        axis: The axis of vectors, a pair of axes of matrices, or None for one vector
            of all elements.
        keepdims: Whether the axes stay, with size 1.
        name: Name of the scope.
        keep_dims: The old name of `keepdims`.

    Raises:
        ValueError: There is no such norm for such axes.
    """
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    is_matrix = isinstance(axis, tuple | list) and len(axis) == 2
    axes = _matrix_axes(ord, axis) if is_matrix else _vector_axes(ord, axis)
    with name_scope(name, "norm", [tensor]):
        x = convert_to_tensor(tensor)
        if ord in ("fro", "euclidean", 2, 2.0):
            if is_matrix and ord in (2, 2.0):
                result = _spectral_norm(x, axes)
                return result if keepdims else array.squeeze(result, axes)
            squares = reduce_tensor("Sum", x * conj(x), axes, keepdims=True)
            result = op("Sqrt", x=squares)
        else:
            result = _sum_norm(absolute(x), ord, axes, is_matrix=is_matrix)
        return result if keepdims else array.squeeze(result, axes)


def _spectral_norm(x: Tensor, axes: Any) -> Tensor:
    """The largest singular values over a pair of axes, which stay with size 1."""
    rank = array.rank(x)
    positive = map_fn(
        lambda i: cond(i >= 0, lambda: i, lambda: i + rank), convert_to_tensor(axes)
    )
    all_axes = number_range(rank)
    others = op("ListDiff", x=all_axes, y=positive, out_idx=dtypes.int32)[0]
    before = array.concat([others, positive], axis=0)

    def place(i: Tensor) -> Tensor:
        found = op("Where", input=op("Equal", x=before, y=i))
        moved: Tensor = cast(array.squeeze(found), dtypes.int32)
        return moved

    after = map_fn(place, all_axes)
    permuted = array.transpose(x, perm=before)
    values = absolute(op("Svd", input=permuted, compute_uv=False)[0])
    largest = array.expand_dims(reduce_tensor("Max", values, -1, keepdims=True), -1)
    return array.transpose(largest, perm=after)


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Divide vectors or matrices by their norms; return these, too."""
    with name_scope(name, "normalize", [tensor]):
        tensor = convert_to_tensor(tensor)
        lengths = norm(tensor, ord, axis, keepdims=True)
        lengths = cast(lengths, tensor.dtype)
        return tensor / lengths, lengths


def _matrix_axes(ord: Any, axis: Any) -> Any:
    axes = tuple(axis)
    if not all(isinstance(a, int) for a in axes) or axes[0] == axes[1]:
        raise ValueError(
            "'axis' must be None, an integer, or a tuple of 2 unique integers, got"
            f" {axes}"
        )
    if ord not in _MATRIX_NORMS:
        raise ValueError(
            f"'ord' must be a supported matrix norm in {list(_MATRIX_NORMS)}, got {ord}"
        )
    return axes


def _vector_axes(ord: Any, axis: Any) -> Any:
    if not (isinstance(axis, int) or axis is None):
        raise ValueError(
            "'axis' must be None, an integer, or a tuple of 2 unique integers, got"
            f" {axis}"
        )
    if ord not in _VECTOR_NORMS and (not np.isreal(ord) or ord <= 0):
        raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    return None if axis is None else (axis,)


def _sum_norm(x: Tensor, ord: Any, axes: Any, *, is_matrix: bool) -> Tensor:
    """The norms made of sums and maxima of absolute values."""
    first = None if axes is None else axes[0]
    if ord == 1:
        result = reduce_tensor("Sum", x, first, keepdims=True)
        if is_matrix:
            result = reduce_tensor("Max", result, axes[-1], keepdims=True)
        return result
    if ord == np.inf:
        if is_matrix:
            x = reduce_tensor("Sum", x, axes[1], keepdims=True)
        return reduce_tensor("Max", x, first, keepdims=True)
    summed = reduce_tensor("Sum", power(x, ord), axes, keepdims=True)
    return power(summed, 1.0 / ord)
