"""By which rule an operation is differentiated: its type's, or what it calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from metagraft.gradients.branch_functions import BRANCHES, branch_gradient
from metagraft.gradients.function_calls import called_function, symbolic_gradient
from metagraft.gradients.loop_functions import LOOPS, loop_gradient
from metagraft.gradients.registry import get_gradient_function
from metagraft.gradients.traced_calls import traced_call_gradient
from metagraft.graph.built_function import BuiltFunction
from metagraft.graph.operation import Operation

__all__ = ["rule_of"]


def rule_of(op: Operation) -> Callable[..., Any] | None:
    """Return the gradient rule of an operation, None if it has no gradient.

    Raises:
        LookupError: Its type has no rule, and it calls no function.
    """
    try:
        return get_gradient_function(op)
    except LookupError:
        if op.type in BRANCHES:
            return branch_gradient
        if op.type in LOOPS:
            return loop_gradient
        called = called_function(op)
        if isinstance(called, BuiltFunction):
            return partial(traced_call_gradient, called)
        if called is not None:
            given = getattr(called, "python_grad_func", None)
            return given or symbolic_gradient
        raise
