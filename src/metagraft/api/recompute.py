"""Functions with gradients other than their own (`tf.recompute_grad`).

Source: tensorflow python/ops/custom_gradient.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api.custom_gradient import custom_gradient
from metagraft.api.variable_scope import get_variable_scope, variable_scope
from metagraft.gradients.backward import UnconnectedGradients, gradients
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, equal, select_v2
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.tensor import Tensor

__all__ = ["grad_pass_through", "recompute_grad"]


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f` with the gradient of the identity: `dy` for every argument.

    Variables that `f` uses get no gradient.
    """

    @custom_gradient
    def passed(*args: Any, **kwargs: Any) -> Any:
        def grad(*d_args: Any, variables: Sequence[Any] | None = None) -> Any:
            given = d_args[0] if len(d_args) == 1 else d_args
            if variables is not None:
                return given, [None] * len(variables)
            return given

        return f(*args, **kwargs), grad

    return functools.wraps(f)(passed)


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f`, computed again for its gradient: what it computes need not be kept.

    TF: builds the gradient with a tape, so that its nodes have other names.
    """

    @custom_gradient
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        scope = get_variable_scope()
        result = f(*args, **kwargs)

        def grad(*d_results: Any, variables: Sequence[Any] | None = None) -> Any:
            again = _after(args, d_results[0])
            with variable_scope(scope, reuse=True):
                results = f(*again, **kwargs)
            own = list(variables or ())
            found = gradients(
                results,
                [*again, *own],
                grad_ys=list(d_results),
                unconnected_gradients=UnconnectedGradients.ZERO,
            )
            d_args, d_variables = found[: len(again)], found[len(again) :]
            return (d_args, d_variables) if variables is not None else d_args

        return result, grad

    return functools.wraps(f)(recomputed)


def _after(args: Sequence[Any], d_result: Tensor) -> list[Any]:
    """Copy the arguments, so that nothing is computed again before it is needed."""
    copies = [array.identity(arg) for arg in args]
    first = reduce_tensor("Max", array.reshape(d_result, [-1])[:1])
    truth = cast(first, dtypes.bool)
    zero = select_v2(equal(truth, truth), 0.0, float("nan"))
    return [copy + cast(zero, copy.dtype) for copy in copies]
