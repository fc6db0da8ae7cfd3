"""Giving a variable a value: what `Assign` and `AssignVariableOp` check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import Dims, show
from metagraft.kernels import Kernel
from metagraft.kernels.kernel import Array


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an assignment checks: the declared shape, if it is to be kept.

    Attributes:
        dims: The declared shape.
        validates: Whether to check at all.
        is_of_resource: Whether a variable without value takes one of any shape.
    """

    dims: Dims
    validates: bool
    is_of_resource: bool = False


def _assign(rule: Assignment, value: Array, *current: Array | None) -> tuple[Array]:
    if not rule.validates:
        return (value,)
    expected: Any = rule.dims
    if current:
        # What it holds now decides; before that [], or nothing for resources.
        if current[0] is None and rule.is_of_resource:
            return (value,)
        expected = () if current[0] is None else np.shape(current[0])
    found = value.shape if type(value) is np.ndarray else np.shape(value)
    if found != expected and tuple(found) != tuple(expected):
        held, given = show(tuple(expected)), show(np.shape(value))
        raise InvalidArgumentError(
            None,
            None,
            "Trying to assign to variable with tensor with wrong shape. Expected "
            f"{held} got {given}"
            if current and rule.is_of_resource
            else "Assign requires shapes of both tensors to match. lhs shape= "
            f"{held} rhs shape= {given}",
        )
    return (value,)


ASSIGN = Kernel(_assign)
