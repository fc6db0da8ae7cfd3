"""`tf.custom_gradient`: a function that says itself what its gradient is.

Its results pass through an IdentityN whose gradient rule is the given one.

Source: tensorflow python/ops/custom_gradient.py.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

from metagraft.api.variable_scope import get_variable_scope
from metagraft.api.variables import Variable
from metagraft.gradients.registry import RegisterGradient, get_gradient_function
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.keys import GraphKeys
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import get_collection
from metagraft.graph.structure import flatten, is_nested, map_structure, pack_like
from metagraft.graph.tensor import Tensor

_VARIABLE_OPS: Final = ("VariableV2", "VarHandleOp")
# Numbers the names under which the rules are registered.
_numbers: Final = itertools.count()


def custom_gradient(f: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Let a function give its own gradient; used as a decorator.

    Args:
        f: Takes tensors and returns `(results, grad_fn)`. `grad_fn` takes the gradients
            of the results and returns those of the arguments. If `f` uses variables,
            `grad_fn` also takes `variables=` and returns a pair: gradients of the
            arguments and a list of gradients of the variables.
    """
    if f is None:
        return custom_gradient
    return _Decorated(f)


class _Decorated:
    """A function with a gradient of its own; in a class, a method."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if instance is None:
            return self
        return _Decorated(self._function.__get__(instance, owner))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise ValueError(
                "The custom_gradient decorator currently supports keywords arguments "
                f"only when eager execution is enabled, got {sorted(kwargs)}."
            )
        return _call(self._function, args)


def _call(f: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    tensors = map_structure(convert_to_tensor, list(args))
    before = set(_scope_variables())
    results, grad_fn = f(*tensors)
    _check_new_variables([v for v in _scope_variables() if v not in before])
    flat_args, flat_results = flatten(tensors), flatten(results)
    flat_results = [convert_to_tensor(result) for result in flat_results]
    variables = _variables_between(flat_args, flat_results)
    _check_signature(grad_fn, variables)
    name = f"CustomGradient-{next(_numbers)}"
    RegisterGradient(name)(_rule(grad_fn, len(flat_results), variables))
    inputs = [*flat_results, *flat_args, *variables]
    with get_default_graph().gradient_override_map({"IdentityN": name}):
        outputs = apply_op("IdentityN", input=inputs)
    for variable in variables:
        # TF: the variables are read once more, to record the call.
        convert_to_tensor(variable)
    return pack_like(results, outputs[: len(flat_results)])


def _scope_variables() -> list[Any]:
    scope = get_variable_scope()
    return scope.global_variables() + scope.local_variables()


def _check_new_variables(made: Sequence[Any]) -> None:
    for variable in made:
        if isinstance(variable, Variable) and not variable.is_resource:
            raise TypeError(
                "All variables used by a function wrapped with @custom_gradient must "
                "be `ResourceVariable`s. Ensure that no `variable_scope` is created "
                f"with `use_resource=False`: {variable.name}."
            )


def _check_signature(grad_fn: Callable[..., Any], variables: Sequence[Any]) -> None:
    parameters = inspect.signature(grad_fn).parameters
    takes_variables = "variables" in parameters or any(
        p.kind is p.VAR_KEYWORD for p in parameters.values()
    )
    if variables and not takes_variables:
        raise TypeError(
            "@tf.custom_gradient grad_fn must accept keyword argument 'variables', "
            f"since function uses variables: {list(variables)}"
        )


def _rule(
    grad_fn: Callable[..., Any],
    result_count: int,
    variables: Sequence[Variable],
) -> Callable[..., list[Any]]:
    """Return the gradient rule of the IdentityN."""

    def rule(op: Operation, *out_grads: Any) -> list[Any]:
        del op  # all that is needed was known when it was made
        grads = out_grads[:result_count]
        none: list[Any] = [None] * result_count
        if not variables:
            return [*none, *_leaves(grad_fn(*grads))]
        in_grads, variable_grads = grad_fn(*grads, variables=list(variables))
        if len(variable_grads) != len(variables):
            raise ValueError(
                "Must return gradient for each variable from @custom_gradient grad_fn: "
                f"{len(variables)} variables, {len(variable_grads)} gradients."
            )
        return [*none, *_leaves(in_grads), *variable_grads]

    return rule


def _leaves(grads: Any) -> list[Any]:
    """Return gradients in order; slices stay whole."""
    if not isinstance(grads, list | tuple):
        return [grads] if not is_nested(grads) else flatten(grads)
    return [leaf for part in grads for leaf in _leaves(part)]


def _variables_between(
    inputs: Sequence[Tensor], outputs: Sequence[Tensor]
) -> list[Variable]:
    """The trainable variables that the outputs depend on, not by way of the inputs."""
    # TF: the walk begins at copies of the outputs, which stay in the graph.
    starts = [apply_op("Identity", input=output) for output in outputs]
    stops = set(inputs)
    seen = {start.op for start in starts}
    waiting = list(seen)
    names = set()
    while waiting:
        op = waiting.pop()
        if op.type in _VARIABLE_OPS:
            names.add(op.name)
        if not _has_gradient(op):
            continue
        for tensor in op.inputs:
            if tensor not in stops and tensor.op not in seen:
                seen.add(tensor.op)
                waiting.append(tensor.op)
    found = [
        variable
        for variable in get_collection(GraphKeys.GLOBAL_VARIABLES)
        if variable.op.name in names and variable.trainable
    ]
    return sorted(found, key=lambda variable: variable.name)


def _has_gradient(op: Operation) -> bool:
    try:
        return get_gradient_function(op) is not None
    except LookupError:
        return False
