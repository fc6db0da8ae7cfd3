"""The interpreter: walks the nodes of a plan and calls their kernels.

There is one engine. Given host arrays it is the host executor; called while JAX traces
a segment it builds the program. What differs is the frame in slot 0: where random
streams come from, and what becomes of a kernel's output.

Nodes are turned into closures once (`Step`), so that a walk is a list of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, RandomStream
from metagraft.runtime.assignment import Assignment
from metagraft.runtime.control_flow import Loop, make_loop_step
from metagraft.runtime.node_errors import placed
from metagraft.runtime.plan import FRAME_SLOT, Guards, Node

# Outputs of a merge; a third one, first, says whether any of its inputs has a value.
_VALUE_AND_POSITION: Final = 2
Environment = list[Any]
Step = Callable[[Environment], None]


class Frame(Protocol):
    """What kernels need from the run besides their operands."""

    def stream(self, index: int) -> RandomStream:
        """Return the random stream number `index` of the plan."""

    def truth(self, predicate: Array) -> bool | None:
        """Return what a predicate is, None if a traced one is not known."""

    def adopt(self, value: Array) -> Array:
        """Return an output that is no NumPy array in the form that this run keeps."""

    def host_value(self, slot: int) -> Any:
        """Return the value of a traced slot if it is known after all, else None."""


class NeedsHostValueError(Exception):
    """A traced program needs the value of an operand; the plan has to be cut there."""

    def __init__(self, node: Node, slot: int) -> None:
        """Say whose operand it is."""
        super().__init__(f"{node.op.name}: value of slot {slot} is needed")
        self.node = node
        self.slot = slot


def evaluate(
    nodes: Sequence[Node], steps: Sequence[Step], environment: Environment
) -> None:
    """Run steps in order.

    Raises:
        OpError: A kernel failed; the error names the operation and its place.
    """
    # Infinities and NaNs are values, not events.
    with np.errstate(all="ignore"):
        evaluate_inner(nodes, steps, environment)


def evaluate_inner(
    nodes: Sequence[Node], steps: Sequence[Step], environment: Environment
) -> None:
    """Do the same within what is being evaluated, as loops do over and over."""
    position = 0
    try:
        for step in steps:
            step(environment)
            position += 1
    except NeedsHostValueError:
        raise
    except Exception as error:
        node = nodes[position]
        if wants_concrete_value(error):
            raise NeedsHostValueError(node, -1) from error
        values = [environment[slot] for slot in node.flat_inputs()]
        raise placed(error, node.op, values) from error


def wants_concrete_value(error: Exception) -> bool:
    """Whether JAX refused because a traced value was used as a Python value."""
    import sys

    jax = sys.modules.get("jax")
    return jax is not None and isinstance(
        error,
        (
            jax.errors.ConcretizationTypeError,
            jax.errors.TracerArrayConversionError,
            jax.errors.TracerIntegerConversionError,
            jax.errors.NonConcreteBooleanIndexError,
        ),
    )


def make_step(node: Node) -> Step:
    """Return the closure that runs one node, if its guards hold."""
    if isinstance(node.attrs, Loop):
        return _loop_step(node)
    step = _merge_step(node) if node.choices else _kernel_step(node)
    checked = () if node.choices else node.checked
    if not node.guards and not checked:
        return step

    decides, operands = _must_be_decided(node), node.flat_inputs()

    def guarded(environment: Environment) -> None:
        found = holds(node.guards, environment)
        if found is False:
            return
        if found is None and (
            decides or any(environment[slot] is None for slot in operands)
        ):
            # Where an operand has no value, the branch was not taken on the host.
            raise NeedsHostValueError(node, node.predicates()[0])
        for slot, declaration in checked:
            if environment[slot] is None:
                raise declaration.uninitialized()
        step(environment)

    return guarded


def _must_be_decided(node: Node) -> bool:
    """Whether a node may not run in a branch that is perhaps not taken.

    It changes an object behind a handle, or fails where there is no such element. Of
    stacks both branches may push and pop.
    """
    return node.op.type.startswith(("TensorArray", "TensorList", "TensorMap"))


def _loop_step(node: Node) -> Step:
    step = make_loop_step(node)

    def guarded(environment: Environment) -> None:
        found = holds(node.guards, environment)
        if found is None:
            # Without its values a loop that is not to run might never end.
            raise NeedsHostValueError(node, node.predicates()[0])
        if found:
            step(environment)

    return guarded


def holds(guards: Guards, environment: Environment) -> bool | None:
    """Whether all guards hold; None if that depends on traced predicates.

    An inner predicate has a value only if the outer ones hold, so the first that does
    not hold ends the search. One that several branches share may be no scalar where
    it does not matter.

    Raises:
        InvalidArgumentError: A predicate that matters is no scalar.
    """
    frame: Frame = environment[FRAME_SLOT]
    found: bool | None = True
    several: InvalidArgumentError | None = None
    for slot, wanted in guards:
        try:
            truth = frame.truth(environment[slot])
        except InvalidArgumentError as error:
            several = error
            continue
        if truth is None:
            found = None
        elif truth is not wanted:
            return False
    if several is not None:
        if found:
            raise several
        return False
    return found


def _merge_step(node: Node) -> Step:
    inputs: tuple[Any, ...] = node.inputs
    choices = tuple(zip(inputs, node.choices, strict=True))
    outputs = node.outputs[-_VALUE_AND_POSITION:]

    def step(environment: Environment) -> None:
        possible: list[int] = []
        for position, (_, guards) in enumerate(choices):
            found = holds(guards, environment)
            if found is not False:
                possible.append(position)
            if found is True:
                break
        if len(node.outputs) > _VALUE_AND_POSITION:
            environment[node.outputs[0]] = _any_truth(node, possible, environment)
        if not possible:
            return
        _check_read(node, possible, environment)
        position = possible[-1]
        values: list[Any] = [environment[inputs[position]], np.int32(position)]
        for position in reversed(possible[:-1]):
            chosen = traced_truth(node.choices[position], environment)
            ours = [environment[inputs[position]], np.int32(position)]
            values = [
                _selected(node, chosen, a, b) for a, b in zip(ours, values, strict=True)
            ]
        for slot, value in zip(outputs, values, strict=False):
            environment[slot] = value

    return step


def _check_read(node: Node, possible: Sequence[int], environment: Environment) -> None:
    """Check that variables among the inputs that may be taken have values."""
    read = dict(node.checked)
    slots: tuple[Any, ...] = node.inputs
    for position in possible if read else ():
        slot = slots[position]
        if slot in read and environment[slot] is None:
            raise read[slot].uninitialized()


def _any_truth(node: Node, possible: Sequence[int], environment: Environment) -> Array:
    """Return whether any of the choices that may hold does hold."""
    result: Array = np.bool_(False)
    for position in possible:
        guards = node.choices[position]
        if holds(guards, environment) is True:
            return np.bool_(True)
        result = result | traced_truth(guards, environment)
    return result


def traced_truth(guards: Guards, environment: Environment) -> Array:
    """Return, as a traced value, whether guards hold that may hold."""
    frame: Frame = environment[FRAME_SLOT]
    result: Array = np.bool_(True)
    for slot, wanted in guards:
        predicate = environment[slot]
        if frame.truth(predicate) is None:
            result = result & (predicate if wanted else ~predicate)
    return result


def _selected(node: Node, chosen: Array, first: Array, second: Array) -> Array:
    """Return `first` where `chosen`, else `second`."""
    if first is second:
        return first
    differ = first is None or second is None or np.shape(first) != np.shape(second)
    if differ or _is_handle(first) or _is_handle(second):
        # Which branch is taken must be known to trace this.
        raise NeedsHostValueError(node, node.predicates()[0])
    from metagraft.kernels.namespace import jax_numpy

    return jax_numpy().where(chosen, first, second)


def _is_handle(value: Array) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _kernel_step(node: Node) -> Step:
    simple = all(isinstance(slot, int) for slot in node.inputs)
    if node.needs_frame or node.random is not None or not simple:
        return _general_step(node)
    if node.static:
        return _static_step(node)
    if len(node.outputs) == 1:
        if len(node.inputs) == 1:
            is_assignment = isinstance(node.attrs, Assignment)
            return _assignment_step(node) if is_assignment else _unary_step(node)
        if len(node.inputs) == 2:
            return _binary_step(node)
    return _simple_step(node)


def _is_host(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic))


def _unary_step(node: Node) -> Step:
    fn, attrs = node.kernel.fn, node.attrs
    (operand,), (output,) = node.inputs, node.outputs

    def step(environment: Environment) -> None:
        (value,) = fn(attrs, environment[operand])  # type: ignore[index]
        if not isinstance(value, (np.ndarray, np.generic)):
            value = environment[FRAME_SLOT].adopt(value)
        environment[output] = value

    return step


def _assignment_step(node: Node) -> Step:
    """Return the step of what a restore has most of, with its usual case first."""
    usual = _unary_step(node)
    dims = node.attrs.dims if node.attrs.validates else None
    (operand,), (output,) = node.inputs, node.outputs

    def step(environment: Environment) -> None:
        value = environment[operand]  # type: ignore[index]
        if type(value) is np.ndarray and value.shape == dims:
            environment[output] = value
        else:
            usual(environment)

    return step


def _binary_step(node: Node) -> Step:
    fn, attrs = node.kernel.fn, node.attrs
    (first, second), (output,) = node.inputs, node.outputs

    def step(environment: Environment) -> None:
        (value,) = fn(
            attrs,
            environment[first],  # type: ignore[index]
            environment[second],  # type: ignore[index]
        )
        if not isinstance(value, (np.ndarray, np.generic)):
            value = environment[FRAME_SLOT].adopt(value)
        environment[output] = value

    return step


def _simple_step(node: Node) -> Step:
    fn, attrs, outputs = node.kernel.fn, node.attrs, node.outputs
    operands: tuple[Any, ...] = node.inputs

    def step(environment: Environment) -> None:
        values = fn(attrs, *[environment[slot] for slot in operands])
        _keep(node, values, outputs, environment)

    return step


def _static_step(node: Node) -> Step:
    fn, attrs, outputs = node.kernel.fn, node.attrs, node.outputs
    operands: tuple[Any, ...] = node.inputs
    static = tuple(node.static)

    def step(environment: Environment) -> None:
        arguments = [environment[slot] for slot in operands]
        for position in static:
            value = arguments[position]
            if type(value) is not np.ndarray:
                frame = environment[FRAME_SLOT]
                arguments[position] = _concrete(node, operands[position], value, frame)
        values = fn(attrs, *arguments)
        if len(outputs) == 1 and len(values) == 1 and type(values[0]) is np.ndarray:
            environment[outputs[0]] = values[0]
        else:
            _keep(node, values, outputs, environment)

    return step


def _general_step(node: Node) -> Step:
    fn, attrs, outputs = node.kernel.fn, node.attrs, node.outputs
    static = frozenset(node.static)

    def argument(position: int, environment: Environment) -> Any:
        slots = node.inputs[position]
        if isinstance(slots, tuple):
            values = tuple(environment[slot] for slot in slots)
            if position in static:
                frame = environment[FRAME_SLOT]
                pairs = zip(slots, values, strict=True)
                return tuple(_concrete(node, s, v, frame) for s, v in pairs)
            return values
        value = environment[slots]
        if position not in static:
            return value
        return _concrete(node, slots, value, environment[FRAME_SLOT])

    def step(environment: Environment) -> None:
        arguments = [argument(i, environment) for i in range(len(node.inputs))]
        frame = environment[FRAME_SLOT]
        if node.random is not None:
            values = fn(frame.stream(node.random), attrs, *arguments)
        elif node.needs_frame:
            values = fn(frame, attrs, *arguments)
        else:
            values = fn(attrs, *arguments)
        _keep(node, values, outputs, environment)

    return step


def _concrete(node: Node, slot: int, value: Any, frame: Frame) -> Any:
    """Return the value of a static operand as a NumPy array."""
    if isinstance(value, np.ndarray):
        return value
    if _is_host(value) or isinstance(value, (bool, int, float, bytes)):
        return np.asarray(value)
    from metagraft.kernels.namespace import is_traced

    if is_traced(value):
        known = frame.host_value(slot)
        if known is None:
            raise NeedsHostValueError(node, slot)
        return known
    return np.asarray(value)


def _keep(
    node: Node, values: tuple[Any, ...], outputs: Sequence[int], env: Environment
) -> None:
    if len(values) != len(outputs):
        raise AssertionError(
            f"The kernel of {node.op.type} returned {len(values)} values, "
            f"not {len(outputs)}."
        )
    # A restore has an output for each variable.
    if {np.ndarray}.issuperset(map(type, values)):
        for slot, value in zip(outputs, values, strict=True):
            env[slot] = value
        return
    for slot, value in zip(outputs, values, strict=True):
        env[slot] = value if _is_host(value) else env[FRAME_SLOT].adopt(value)
