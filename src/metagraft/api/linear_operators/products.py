"""What operators make of other operators: products, solutions, adjoints, inverses.

The rules for pairs of kinds are here, so that no kind knows the others.

Source: the methods `_linop_*` of tensorflow python/ops/linalg/linear_operator*.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.linear_algebra import cholesky
from metagraft.api.linear_operators.block_diag import LinearOperatorBlockDiag
from metagraft.api.linear_operators.circulant import (
    CirculantOperator,
    LinearOperatorCirculant,
    LinearOperatorCirculant2D,
    LinearOperatorCirculant3D,
)
from metagraft.api.linear_operators.composition import LinearOperatorComposition
from metagraft.api.linear_operators.diag import LinearOperatorDiag
from metagraft.api.linear_operators.hints import (
    commuting_self_adjoint,
    hints_of,
    hints_of_commuting_product,
    hints_of_product,
    non_singular,
)
from metagraft.api.linear_operators.identity import (
    LinearOperatorIdentity,
    LinearOperatorScaledIdentity,
)
from metagraft.api.linear_operators.lower_triangular import (
    LinearOperatorLowerTriangular,
)
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.linear_operators.wrapped import (
    LinearOperatorAdjoint,
    LinearOperatorInversion,
)
from metagraft.api.linear_operators.zeros import LinearOperatorZeros

__all__ = [
    "adjoint_operator",
    "dense_cholesky",
    "inverse_operator",
    "product",
    "solution",
]

Rule = Callable[[Any, Any], LinearOperator]
Rules = tuple[tuple[type[Any], type[Any], Rule], ...]


def adjoint_operator(operator: LinearOperator) -> LinearOperator:
    """The adjoint of an operator of any kind."""
    return LinearOperatorAdjoint(operator, **hints_of(operator))


def inverse_operator(operator: LinearOperator) -> LinearOperator:
    """The inverse of an operator of any kind."""
    return LinearOperatorInversion(operator, **hints_of(operator))


def dense_cholesky(operator: LinearOperator) -> LinearOperator:
    """The Cholesky factor of an operator of any kind."""
    return LinearOperatorLowerTriangular(
        cholesky(operator.to_dense()),
        is_non_singular=True,
        is_self_adjoint=False,
        is_square=True,
    )


def _left(left: LinearOperator, _: LinearOperator) -> LinearOperator:
    return left


def _right(_: LinearOperator, right: LinearOperator) -> LinearOperator:
    return right


def _zeros(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    if not left.is_square or not right.is_square:
        raise ValueError(
            "Matmul with non-square `LinearOperator`s or non-square"
            " `LinearOperatorZeros` not supported at this time."
        )
    return left if isinstance(left, LinearOperatorZeros) else right


def _scaled(
    multiply: Callable[[Any, Any], Any], left: Any, right: LinearOperator
) -> LinearOperator:
    hints = hints_of_commuting_product(left, right)
    rows = left.domain_dimension_tensor()
    return LinearOperatorScaledIdentity(rows, multiply(left, right), **hints)


def _diag(diag: Any, left: LinearOperator, right: LinearOperator) -> LinearOperator:
    return LinearOperatorDiag(diag, **hints_of_commuting_product(left, right))


def _triangular(
    tril: Any, left: LinearOperator, right: LinearOperator
) -> LinearOperator:
    return LinearOperatorLowerTriangular(
        tril,
        is_non_singular=non_singular(left, right),
        is_self_adjoint=commuting_self_adjoint(left, right),
        is_square=True,
    )


def _check_blocks(left: Any, right: Any, message: str) -> None:
    if len(left.operators) != len(right.operators):
        raise ValueError(message)
    for a, b in zip(left.operators, right.operators, strict=True):
        if (b.range_dimension != a.domain_dimension) is True:
            raise ValueError(
                "Blocks are incompatible. Expected `x` to have dimension"
                f" {a.domain_dimension} but got {b.range_dimension}."
            )


def _blocks(method: str, message: str) -> Rule:
    """The rule that multiplies, or solves, block by block."""

    def rule(left: Any, right: Any) -> LinearOperator:
        _check_blocks(left, right, message)
        pairs = zip(left.operators, right.operators, strict=True)
        parts = [getattr(a, method)(b) for a, b in pairs]
        return LinearOperatorBlockDiag(parts, is_non_singular=non_singular(left, right))

    return rule


def _circulant(spectrum: Any, left: Any, right: Any) -> LinearOperator:
    # TF: the product takes and gives complex64, whatever the factors do.
    kind: type[CirculantOperator] = type(right)
    return kind(spectrum, **hints_of_commuting_product(left, right))


def _circulants(combine: Callable[[Any, Any], Any]) -> Rules:
    """A rule for each number of levels."""
    kinds = (
        LinearOperatorCirculant,
        LinearOperatorCirculant2D,
        LinearOperatorCirculant3D,
    )
    return tuple(
        (kind, kind, lambda a, b: _circulant(combine(a.spectrum, b.spectrum), a, b))
        for kind in kinds
    )


_PRODUCTS: Rules = (
    *_circulants(lambda x, y: x * y),
    (
        LinearOperatorBlockDiag,
        LinearOperatorBlockDiag,
        _blocks(
            "matmul",
            "Can not efficiently multiply two `LinearOperatorBlockDiag`s together when"
            " number of blocks differ.",
        ),
    ),
    (LinearOperatorIdentity, LinearOperator, _right),
    (LinearOperatorZeros, LinearOperator, _zeros),
    (
        LinearOperatorScaledIdentity,
        LinearOperatorScaledIdentity,
        lambda a, b: _scaled(lambda x, y: x.multiplier * y.multiplier, a, b),
    ),
    (
        LinearOperatorScaledIdentity,
        LinearOperatorDiag,
        lambda a, b: _diag(b.diag * a.multiplier, a, b),
    ),
    (
        LinearOperatorDiag,
        LinearOperatorDiag,
        lambda a, b: _diag(a.diag * b.diag, a, b),
    ),
    (
        LinearOperatorDiag,
        LinearOperatorScaledIdentity,
        lambda a, b: _diag(a.diag * b.multiplier, a, b),
    ),
    (
        LinearOperatorDiag,
        LinearOperatorLowerTriangular,
        lambda a, b: _triangular(a.diag[..., None] * b.to_dense(), a, b),
    ),
    (
        LinearOperatorLowerTriangular,
        LinearOperatorDiag,
        lambda a, b: _triangular(a.to_dense() * b.diag, b, a),
    ),
    (LinearOperator, LinearOperatorIdentity, _left),
    (LinearOperator, LinearOperatorZeros, _zeros),
)
_SOLUTIONS: Rules = (
    *_circulants(lambda x, y: y / x),
    (
        LinearOperatorBlockDiag,
        LinearOperatorBlockDiag,
        _blocks(
            "solve",
            "Can not efficiently solve `LinearOperatorBlockDiag` when number of blocks"
            " differ.",
        ),
    ),
    (LinearOperatorIdentity, LinearOperator, _right),
    (LinearOperatorInversion, LinearOperator, lambda a, b: a.operator.matmul(b)),
    (
        LinearOperatorScaledIdentity,
        LinearOperatorScaledIdentity,
        lambda a, b: _scaled(lambda x, y: y.multiplier / x.multiplier, a, b),
    ),
    (
        LinearOperatorScaledIdentity,
        LinearOperatorDiag,
        lambda a, b: _diag(b.diag / a.multiplier, a, b),
    ),
    (
        LinearOperatorDiag,
        LinearOperatorDiag,
        lambda a, b: _diag(b.diag / a.diag, a, b),
    ),
    (
        LinearOperatorDiag,
        LinearOperatorScaledIdentity,
        lambda a, b: _diag(b.multiplier / a.diag, a, b),
    ),
    (
        LinearOperatorDiag,
        LinearOperatorLowerTriangular,
        lambda a, b: _triangular(b.to_dense() / a.diag[..., None], a, b),
    ),
    (LinearOperator, LinearOperatorIdentity, lambda a, _: a.inverse()),
)


def _by_rule(
    rules: Rules, left: LinearOperator, right: LinearOperator
) -> LinearOperator | None:
    for left_kind, right_kind, rule in rules:
        if isinstance(left, left_kind) and isinstance(right, right_kind):
            return rule(left, right)
    return None


def product(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    """The product of two operators, of the plainest kind that it can be."""
    # TF: the rules are looked up for the operator whose method was called, also where
    # the left factor is its adjoint; for triangular ones that gives wrong values.
    found = _by_rule(_PRODUCTS, left, right)
    if found is not None:
        return found
    hints = hints_of_product(left, right)
    return LinearOperatorComposition([left, right], **hints)


def solution(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    """The product of the inverse of `left` with `right`."""
    found = _by_rule(_SOLUTIONS, left, right)
    if found is not None:
        return found
    hints = hints_of_product(left, right)
    return LinearOperatorComposition([LinearOperatorInversion(left), right], **hints)
