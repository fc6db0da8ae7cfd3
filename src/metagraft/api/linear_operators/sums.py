"""Sums of operators, of the plainest kind that they can be.

Source: tensorflow python/ops/linalg/linear_operator_addition.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from metagraft.api.linear_operators.diag import LinearOperatorDiag
from metagraft.api.linear_operators.full_matrix import LinearOperatorFullMatrix
from metagraft.api.linear_operators.identity import (
    LinearOperatorIdentity,
    LinearOperatorScaledIdentity,
)
from metagraft.api.linear_operators.lower_triangular import (
    LinearOperatorLowerTriangular,
)
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.graph.build import array
from metagraft.graph.scopes import name_scope

__all__ = ["add_operators", "as_summand"]

Kinds = tuple[type[LinearOperator], ...]
_IDENTITIES: Kinds = (LinearOperatorIdentity, LinearOperatorScaledIdentity)
_DIAGONAL: Kinds = (*_IDENTITIES, LinearOperatorDiag)
_TRIANGULAR: Kinds = (*_DIAGONAL, LinearOperatorLowerTriangular)
_SUMMANDS: Kinds = (*_TRIANGULAR, LinearOperatorFullMatrix)


class _Tier(NamedTuple):
    """What operators of some kinds add up to."""

    scope: str
    kinds: Kinds
    add: Callable[..., LinearOperator]


def as_summand(operator: LinearOperator) -> LinearOperator:
    """An operator of a kind that can be added."""
    if isinstance(operator, _SUMMANDS):
        return operator
    return LinearOperatorFullMatrix(operator.to_dense())


def add_operators(operators: Sequence[LinearOperator]) -> LinearOperator:
    """The sum of operators, each of a kind that can be added."""
    with name_scope("add_operators"):
        left = list(reversed(operators))
        for tier in _TIERS:
            tried, left = left, []
            while tried:
                first = tried.pop()
                second = _taken(tried, tier) if isinstance(first, tier.kinds) else None
                if second is None:
                    left.append(first)
                else:
                    tried.append(_added(tier, first, second))
        (total,) = left
        return total


def _taken(operators: list[LinearOperator], tier: _Tier) -> LinearOperator | None:
    """Take the last operator out that can be added in a tier."""
    for index in range(len(operators) - 1, -1, -1):
        if isinstance(operators[index], tier.kinds):
            return operators.pop(index)
    return None


def _added(tier: _Tier, a: LinearOperator, b: LinearOperator) -> LinearOperator:
    is_positive = a.is_positive_definite and b.is_positive_definite
    hints = {
        "is_non_singular": True if is_positive else None,
        "is_self_adjoint": a.is_self_adjoint and b.is_self_adjoint,
        "is_positive_definite": is_positive,
        "name": f"Add/{a.name}__{b.name}/",
    }
    with name_scope(tier.scope):
        return tier.add(a, b, hints)


def _multiplier(operator: LinearOperator) -> Any:
    if isinstance(operator, LinearOperatorScaledIdentity):
        return operator.multiplier
    return array.ones(operator.batch_shape_tensor(), dtype=operator.dtype)


def _as_identity(
    a: LinearOperator, b: LinearOperator, hints: dict[str, Any]
) -> LinearOperator:
    first, second = _multiplier(a), _multiplier(b)
    rows = a.range_dimension_tensor()
    return LinearOperatorScaledIdentity(rows, first + second, **hints)


def _as_diag(
    a: LinearOperator, b: LinearOperator, hints: dict[str, Any]
) -> LinearOperator:
    first = a.diag_part()
    return LinearOperatorDiag(first + b.diag_part(), **hints)


def _dense_sum(a: LinearOperator, b: LinearOperator) -> Any:
    if not isinstance(a, _DIAGONAL):
        a, b = b, a
    return a.add_to_tensor(b.to_dense())


def _as_triangular(
    a: LinearOperator, b: LinearOperator, hints: dict[str, Any]
) -> LinearOperator:
    return LinearOperatorLowerTriangular(_dense_sum(a, b), **hints)


def _as_matrix(
    a: LinearOperator, b: LinearOperator, hints: dict[str, Any]
) -> LinearOperator:
    return LinearOperatorFullMatrix(_dense_sum(a, b), **hints)


_TIERS = (
    _Tier("AddAndReturnScaledIdentity", _IDENTITIES, _as_identity),
    _Tier("AddAndReturnDiag", _DIAGONAL, _as_diag),
    _Tier("AddAndReturnTriL", _TRIANGULAR, _as_triangular),
    _Tier("AddAndReturnMatrix", _SUMMANDS, _as_matrix),
)
