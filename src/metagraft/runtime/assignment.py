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
    """What an assignment checks: the declared shape, if it is to be kept."""

    dims: Dims
    validates: bool


def _assign(rule: Assignment, value: Array, *current: Array | None) -> tuple[Array]:
    if not rule.validates:
        return (value,)
    expected: Any = rule.dims
    if current:
        # Declared with an unknown shape: what it holds now decides, [] before that.
        expected = () if current[0] is None else np.shape(current[0])
    found = value.shape if type(value) is np.ndarray else np.shape(value)
    if found != expected and tuple(found) != tuple(expected):
        raise InvalidArgumentError(
            None,
            None,
            "Assign requires shapes of both tensors to match. lhs shape= "
            f"{show(tuple(expected))} rhs shape= {show(np.shape(value))}",
        )
    return (value,)


ASSIGN = Kernel(_assign)
