"""Which rule computes the gradient of an operation.

The rules of `metagraft.ops` are read-only; what a program registers lies on top.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from metagraft.graph import catalogue, registered_ops
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.op_spec import NO_RULE_YET, NoGradient, OpSpec, spec_for
from metagraft.graph.operation import Operation

GradientFunction = Callable[..., Any]
_F = TypeVar("_F", bound=GradientFunction)


@dataclass(frozen=True, slots=True)
class _Registration:
    function: GradientFunction | None
    place: str


# What the catalogue calls an op type that TensorFlow has an entry for.
_TENSORFLOW_HAS: Final = frozenset({"function", "not_differentiable"})

# What the running program registered, by op type.
_registered: Final[dict[str, _Registration]] = {}


class _Builder:
    """The `GradientBuilder` that rules of `metagraft.ops` get."""

    __slots__ = ()

    def op(self, op_type: str, /, *, name: str | None = None, **arguments: Any) -> Any:
        return apply_op(op_type, name=name, **arguments)


BUILDER: Final = _Builder()


class RegisterGradient:
    """Register a function as the gradient of an op type; used as a decorator.

    The function gets the operation and the gradients of its outputs and returns one
    gradient (a tensor, `IndexedSlices` or None) for every input.
    """

    __slots__ = ("_op_type",)

    def __init__(self, op_type: str) -> None:
        """Name the op type, or any name used in `Graph.gradient_override_map`."""
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f: _F) -> _F:
        """Register `f` and return it.

        Raises:
            KeyError: The op type has a gradient.
        """
        _register(self._op_type, f)
        return f


def no_gradient(op_type: str) -> None:
    """Say that an op type has no gradient: its inputs get None.

    Raises:
        KeyError: The op type has a gradient.
    """
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register(op_type, None)


def _register(op_type: str, function: GradientFunction | None) -> None:
    place = place_of_gradient(op_type)
    if place is not None:
        raise KeyError(
            f"Registering two gradient with name '{op_type}'! "
            f"(Previous registration was in {place})"
        )
    frame = traceback.extract_stack(limit=3)[0]
    place = f"{frame.name} {frame.filename}:{frame.lineno}"
    _registered[op_type] = _Registration(function, place)


def place_of_gradient(op_type: str) -> str | None:
    """Return where the gradient of an op type was registered; None if there is none."""
    earlier = _registered.get(op_type)
    if earlier is not None:
        return earlier.place
    own = registered_ops.registered(op_type)
    if own is not None:
        return None if _spec_with_answer(op_type) is None else own.place
    definition = catalogue.get(op_type)
    # What contrib registered is free: programs bring rules of their own.
    if definition is None or definition.gradient not in _TENSORFLOW_HAS:
        return None
    return "metagraft.ops"


def get_gradient_function(op: Operation) -> GradientFunction | None:
    """Return the function that computes the gradient of an operation.

    Returns:
        A function of the operation and the gradients of its outputs; None if the
        operation has no inputs or its type is not differentiable.

    Raises:
        LookupError: There is no rule.
    """
    if not op.inputs:
        return None
    op_type = op.type
    if "_gradient_op_type" in op.attrs:
        op_type = op.attrs["_gradient_op_type"].decode()
    registered = _registered.get(op_type)
    if registered is not None:
        return registered.function
    spec = _spec_with_answer(op_type)
    if spec is None:
        definition = catalogue.get(op_type)
        if definition is not None and definition.gradient == "not_differentiable":
            return None
        raise LookupError(f"gradient registry has no entry for: {op_type}")
    if isinstance(spec.gradient, NoGradient):
        return None
    return _bound(spec)


def _spec_with_answer(op_type: str) -> OpSpec | None:
    """Return what is known of an op type; None where TensorFlow has no entry for it.

    It has entries for ops that it calls not differentiable, and none for many others
    that cannot be differentiated: through these there are no gradients.
    """
    spec = spec_for(op_type)
    if spec is None or spec.gradient is NO_RULE_YET:
        return None
    if isinstance(spec.gradient, NoGradient):
        definition = catalogue.get(op_type)
        if definition is not None and definition.gradient == "none_registered":
            return None
    return spec


def _bound(spec: OpSpec) -> GradientFunction:
    rule: Any = spec.gradient

    def gradient(op: Operation, *out_grads: Any) -> Any:
        return rule(BUILDER, op, *out_grads)

    return gradient
