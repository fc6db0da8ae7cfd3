"""What is known of a matrix without its values: square, singular, self-adjoint.

A hint is True, False or None, which means that nothing is known.

Source: tensorflow python/ops/linalg/property_hint_util.py, linear_operator_util.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "HINTS",
    "commuting_self_adjoint",
    "described",
    "given",
    "has_adjoint_form",
    "hint_of_inner",
    "hints_of",
    "hints_of_commuting_product",
    "hints_of_product",
    "non_singular",
]

HINTS = ("is_non_singular", "is_self_adjoint", "is_positive_definite", "is_square")
Hint = bool | None


def given(local_names: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor, from its `locals()` at the start."""
    return {
        name: value
        for name, value in local_names.items()
        if name != "self" and not name.startswith("__")
    }


def described(parameters: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """What the base class is told: hints and name as given, or as changed."""
    told = {name: parameters[name] for name in (*HINTS, "name")}
    return {**told, "parameters": dict(parameters), **changed}


def hints_of(operator: Any) -> dict[str, Any]:
    """All hints of an operator."""
    return {name: getattr(operator, name) for name in HINTS}


def non_singular(a: Any, b: Any) -> Hint:
    """Whether the product of two square matrices has an inverse."""
    if a.is_non_singular is False or b.is_non_singular is False:
        return False
    hint: Hint = a.is_non_singular and b.is_non_singular
    return hint


def commuting_self_adjoint(a: Any, b: Any) -> Hint:
    """Whether the product of two matrices that commute is self-adjoint."""
    if a.is_self_adjoint and b.is_self_adjoint:
        return True
    if {a.is_self_adjoint, b.is_self_adjoint} == {True, False}:
        return False
    return None


def _commuting_positive_definite(a: Any, b: Any) -> Hint:
    hints = [
        hint for x in (a, b) for hint in (x.is_positive_definite, x.is_self_adjoint)
    ]
    return True if all(hint is True for hint in hints) else None


def hints_of_commuting_product(a: Any, b: Any) -> dict[str, Any]:
    """What is known of the product of two square matrices that commute."""
    return {
        "is_non_singular": non_singular(a, b),
        "is_self_adjoint": commuting_self_adjoint(a, b),
        "is_positive_definite": _commuting_positive_definite(a, b),
        "is_square": True,
    }


def _is_square_product(a: Any, b: Any) -> Hint:
    if a.is_square and b.is_square:
        return True
    if a.is_square is False and b.is_square is False:
        rows, columns = a.range_dimension, b.domain_dimension
        is_square: Hint = rows == columns
        return is_square
    if None not in (a.is_square, b.is_square) and a.is_square != b.is_square:
        return False
    return None


def hints_of_product(a: Any, b: Any) -> dict[str, Any]:
    """What is known of the product of any two matrices."""
    is_square = _is_square_product(a, b)
    if is_square is False:
        return dict.fromkeys(HINTS, False)
    return {
        "is_non_singular": non_singular(a, b) if is_square else None,
        "is_self_adjoint": None,
        "is_positive_definite": None,
        "is_square": is_square,
    }


def hint_of_inner(operator: Any, name: str, hint: Hint, message: str) -> Hint:
    """Combine a hint with that of an operator for which the same must hold.

    Raises:
        ValueError: One says yes, the other no.
    """
    inner = getattr(operator, name)
    if {inner, hint} == {True, False} or (inner is False and hint):
        raise ValueError(message)
    if inner or hint:
        return True
    if inner is False or hint is False:
        return False
    return None


def _are_adjoint(x: Any, y: Any) -> bool:
    if x is y and x.is_self_adjoint is not None:
        return bool(x.is_self_adjoint)
    return x.H is y or y.H is x


def has_adjoint_form(operators: Sequence[Any]) -> bool:
    """Whether a product is that of some matrices with their adjoints.

    Raises:
        ValueError: There are no matrices.
    """
    count = len(operators)
    if not count:
        raise ValueError("AAT form is undefined for empty operators")
    if count % 2:
        return False
    return all(_are_adjoint(operators[i], operators[-1 - i]) for i in range(count // 2))
