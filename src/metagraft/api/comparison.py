"""Comparison, logic, bits and selection (`tf.math`, `tf.bitwise`, `tf.where`).

Source: tensorflow python/ops/math_ops.py, python/ops/array_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import equal, logical_xor, select, select_v2
from metagraft.graph.tensor import Tensor

__all__ = [
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "equal",
    "greater",
    "greater_equal",
    "invert",
    "left_shift",
    "less",
    "less_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "not_equal",
    "right_shift",
    "where",
    "where_v2",
]


def greater(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x > y`."""
    return op("Greater", x=x, y=y, name=name)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x >= y`."""
    return op("GreaterEqual", x=x, y=y, name=name)


def less(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x < y`."""
    return op("Less", x=x, y=y, name=name)


def less_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x <= y`."""
    return op("LessEqual", x=x, y=y, name=name)


def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether both are true."""
    return op("LogicalAnd", x=x, y=y, name=name)


def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether either is true."""
    return op("LogicalOr", x=x, y=y, name=name)


def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x != y`, element by element."""
    return op("NotEqual", x=x, y=y, name=name)


def bitwise_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits set in both."""
    return op("BitwiseAnd", x=x, y=y, name=name)


def bitwise_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits set in either."""
    return op("BitwiseOr", x=x, y=y, name=name)


def bitwise_xor(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits set in one of both."""
    return op("BitwiseXor", x=x, y=y, name=name)


def left_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits moved up by `y` places."""
    return op("LeftShift", x=x, y=y, name=name)


def right_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits moved down by `y` places; the sign stays."""
    return op("RightShift", x=x, y=y, name=name)


def invert(x: Any, name: str | None = None) -> Tensor:
    """Every bit flipped."""
    return op("Invert", x=x, name=name)


def where(
    condition: Any, x: Any = None, y: Any = None, name: str | None = None
) -> Tensor:
    """Choose from `x` where `condition` is true, from `y` elsewhere.

    Args:
        condition: A scalar, a vector that chooses rows, or truth values of the shape
            of `x` and `y`.
        x: A tensor.
        y: A tensor of the same shape. Without both, the indices of the true elements
            are returned, `[count, rank]` of int64.
        name: Name of the operation.

    Raises:
        ValueError: Only one of `x` and `y` is given.
    """
    if x is None and y is None:
        return array.where(condition, name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return select(condition, x, y, name=name)


def where_v2(
    condition: Any, x: Any = None, y: Any = None, name: str | None = None
) -> Tensor:
    """As `where`, but the three operands broadcast.

    Raises:
        ValueError: Only one of `x` and `y` is given.
    """
    if x is None and y is None:
        return array.where(condition, name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return select_v2(condition, x, y, name=name)
