"""Functions of matrices that take linear operators, too.

As in TensorFlow a function is tried first, and only what it refuses is looked at for
operators; so plain tensors pay nothing, and scopes are named alike.

Source: tensorflow python/ops/linalg/linear_operator.py, python/util/dispatch.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from metagraft.api import array, linear_algebra
from metagraft.api import matrix as matrix_functions
from metagraft.api.linear_operators.parts import OperatorParts
from metagraft.api.math import log
from metagraft.graph.build import matmul as build_matmul
from metagraft.graph.build import matrix_diag
from metagraft.graph.build.array import expand_dims, squeeze
from metagraft.graph.build.math import real
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.scopes import name_scope

__all__ = [
    "adjoint",
    "cholesky",
    "logdet",
    "matmul",
    "matrix_determinant",
    "matrix_diag_part",
    "matrix_inverse",
    "matrix_solve",
    "matvec",
    "trace",
]


def _or_of_operators(
    function: Callable[..., Any], of_operators: Callable[..., Any]
) -> Callable[..., Any]:
    """A function that hands what it refuses to another if there is an operator."""

    @wraps(function)
    def either(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (TypeError, ValueError):
            values = (*args, *kwargs.values())
            if not any(isinstance(value, OperatorParts) for value in values):
                raise
        return of_operators(*args, **kwargs)

    return either


def _adjoint(matrix: Any, name: str | None = None) -> Any:
    return matrix.adjoint(name)


def _cholesky(input: Any, name: str | None = None) -> Any:
    return input.cholesky(name)


def _determinant(input: Any, name: str | None = None) -> Any:
    return input.determinant(name)


def _trace(x: Any, name: str | None = None) -> Any:
    return x.trace(name)


def _diag_part(
    input: Any,
    name: str | None = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    # TF: other diagonals than the main one are asked for in vain; here that is told.
    if k != 0 or padding_value != 0 or align != "RIGHT_LEFT":
        raise ValueError("Of a LinearOperator only the main diagonal can be taken.")
    return input.diag_part(name)


def _inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    inverse = input.inverse(name)
    return inverse.adjoint() if adjoint else inverse


def logdet(matrix: Any, name: str | None = None) -> Any:
    """The logarithm of the determinants of symmetric positive matrices.

    Raises:
        ValueError: It is not known of an operator that it is symmetric and positive.
    """
    if not isinstance(matrix, OperatorParts):
        return linear_algebra.logdet(matrix, name=name)
    operator: Any = matrix
    if not (operator.is_positive_definite and operator.is_self_adjoint):
        raise ValueError("Expected matrix to be self-adjoint positive definite.")
    with name_scope(name, "logdet"):
        diagonal = operator.cholesky(None).diag_part()
        logs = log(real(diagonal))
        return 2.0 * reduce_tensor("Sum", logs, axis=[-1])


def _matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Any:
    del output_type, grad_a, grad_b  # TF: of no effect on operators
    left: Any = a
    if transpose_a or transpose_b:
        raise ValueError("Transposing not supported at this time.")
    if a_is_sparse or b_is_sparse:
        raise ValueError("Sparse methods not supported at this time.")
    if isinstance(a, OperatorParts):
        return left.matmul(b, adjoint=adjoint_a, adjoint_arg=adjoint_b, name=name)
    flipped = b.matmul(a, adjoint=not adjoint_b, adjoint_arg=not adjoint_a, name=name)
    return array.adjoint(flipped)


def _solve(
    matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None
) -> Any:
    if not isinstance(matrix, OperatorParts):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            "Passing in `matrix` as a Tensor and `rhs` as a LinearOperator is not"
            " supported."
        )
    operator: Any = matrix
    return operator.solve(rhs, adjoint=adjoint, name=name)


adjoint = _or_of_operators(array.adjoint, _adjoint)
cholesky = _or_of_operators(linear_algebra.cholesky, _cholesky)
matmul = _or_of_operators(build_matmul.matmul, _matmul)
matrix_determinant = _or_of_operators(linear_algebra.matrix_determinant, _determinant)
matrix_diag_part = _or_of_operators(matrix_diag.matrix_diag_part, _diag_part)
matrix_inverse = _or_of_operators(linear_algebra.matrix_inverse, _inverse)
matrix_solve = _or_of_operators(linear_algebra.matrix_solve, _solve)


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Multiply matrices `[..., n, k]`, or an operator, with vectors `[..., k]`."""
    with name_scope(name, "MatVec", [b] if isinstance(a, OperatorParts) else [a, b]):
        product = matmul(
            a,
            expand_dims(b, axis=-1),
            transpose_a=transpose_a,
            adjoint_a=adjoint_a,
            a_is_sparse=a_is_sparse,
            b_is_sparse=b_is_sparse,
        )
        return squeeze(product, axis=-1)


trace = _or_of_operators(matrix_functions.trace, _trace)
