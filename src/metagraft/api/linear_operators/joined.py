"""What operators share that are made of several others.

Source: tensorflow python/ops/linalg/linear_operator_block_diag.py,
linear_operator_composition.py, linear_operator_kronecker.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from metagraft.api.array import broadcast_dynamic_shape, broadcast_static_shape
from metagraft.api.linear_operators.hints import HINTS
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.shape_checks import assert_proper_iterable
from metagraft.graph.build import array
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "batch_sizes_by_adding",
    "batch_sizes_by_broadcasting",
    "hints_that_all_share",
    "joint_batch_shape",
    "operators_of_one_dtype",
]


def operators_of_one_dtype(operators: Any) -> list[LinearOperator]:
    """A list of operators.

    Raises:
        TypeError: They are no collection, or have several types.
        ValueError: There are none.
    """
    assert_proper_iterable(operators)
    listed = list(operators)
    if not listed:
        raise ValueError(f"Expected a non-empty list of operators. Found: {listed}")
    if any(operator.dtype != listed[0].dtype for operator in listed):
        found = "   ".join(str((o.name, o.dtype)) for o in listed)
        raise TypeError(
            f"Expected all operators to have the same dtype.  Found {found}"
        )
    return listed


def hints_that_all_share(
    operators: Sequence[LinearOperator],
    parameters: dict[str, Any],
    message: Callable[[str, str], str],
) -> dict[str, Any]:
    """Hints as given, and as True where it is that of all parts.

    Args:
        operators: The parts.
        parameters: The hints that were given.
        message: Makes the error of a hint and of the word for it.

    Raises:
        ValueError: A hint that all parts share was said not to be.
    """
    hints = {name: parameters[name] for name in HINTS}
    for name in ("is_non_singular", "is_self_adjoint", "is_positive_definite"):
        if all(getattr(operator, name) for operator in operators):
            if hints[name] is False:
                raise ValueError(message(name, name.removeprefix("is_")))
            hints[name] = True
    return hints


def joint_batch_shape(operators: Sequence[LinearOperator]) -> TensorShape:
    """The shape to which the batches broadcast, as far as known."""
    shapes = [operator.batch_shape for operator in operators]
    return reduce(broadcast_static_shape, shapes)


def batch_sizes_by_adding(operators: Sequence[LinearOperator]) -> Tensor:
    """The shape to which the batches broadcast, found by adding zeros."""
    first, *others = operators
    zeros = array.zeros(first.batch_shape_tensor())
    for operator in others:
        zeros += array.zeros(operator.batch_shape_tensor())
    return array.shape(zeros)


def batch_sizes_by_broadcasting(operators: Sequence[LinearOperator]) -> Tensor:
    """The shape to which the batches broadcast, found by broadcasting."""
    sizes = operators[0].batch_shape_tensor()
    for operator in operators[1:]:
        sizes = broadcast_dynamic_shape(sizes, operator.batch_shape_tensor())
    return sizes
