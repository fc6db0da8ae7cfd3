"""The walk from ys back to xs that adds the nodes of the gradient.

An operation is visited when the gradients of all its outputs are known. Its outputs'
gradients are summed, its rule adds nodes for the gradients of its inputs, and these
are handed to the operations that made the inputs. Order, scopes and names are those of
TensorFlow, so that the same program gives the same graph.

Source: tensorflow python/ops/gradients_util.py _GradientsHelper.
"""

from __future__ import annotations

import contextlib
import enum
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from metagraft.gradients.aggregation import (
    Gradient,
    aggregated,
    check_aggregation_method,
)
from metagraft.gradients.branches import zeros_of_switch
from metagraft.gradients.closures import (
    bodies_around,
    consumers_across,
    inputs_across,
)
from metagraft.gradients.differentiable import is_differentiable
from metagraft.gradients.function_calls import called_function, zeros_for_output
from metagraft.gradients.loop_functions import LOOPS
from metagraft.gradients.loops import LoopGradients, check_not_through_loop_variable
from metagraft.gradients.rules import rule_of
from metagraft.graph import dtypes
from metagraft.graph.attrs import decode
from metagraft.graph.build.array import identity, ones, shape, zeros, zeros_like
from metagraft.graph.build.control_flow import tuple_ as gate_together
from metagraft.graph.build.resource_variable import variable_shape
from metagraft.graph.composite import CompositeTensor, IndexedSlices
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.control_flow_context import is_loop_exit, is_switch
from metagraft.graph.conversion import (
    convert_to_tensor,
    internal_convert_to_tensor_or_indexed_slices,
)
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import colocate_with, device, name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable
from metagraft.proto import AttrValue


class UnconnectedGradients(enum.Enum):
    """What `gradients` returns for an x that no y depends on."""

    NONE = "none"
    ZERO = "zero"


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str | None = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: Any = None,
    unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
) -> list[Any]:
    """Add nodes that compute `sum(dy/dx for y in ys)` for every x.

    Args:
        ys: Tensors to differentiate.
        xs: Tensors or variables to differentiate with respect to.
        grad_ys: Gradients of the ys; ones where None.
        name: Name scope of the nodes.
        colocate_gradients_with_ops: Place the nodes with the operation they
            differentiate.
        gate_gradients: Tie the gradients of the inputs of one operation together, so
            that none is used before all are computed.
        aggregation_method: How gradients along several paths are summed, one of
            `AggregationMethod`.
        stop_gradients: Tensors that count as constants.
        unconnected_gradients: None or zeros for an x that no y depends on.

    Returns:
        For every x a tensor, `IndexedSlices` or None; for a ragged tensor or a linear
        operator another one.

    Raises:
        LookupError: An operation in between has no gradient rule.
        ValueError, TypeError: An argument does not fit.
    """
    sources = _as_list(xs)
    ys, xs = _parts(ys), _parts(xs)
    grad_ys = None if grad_ys is None else _parts(grad_ys)
    settings = _Settings(
        graph=get_default_graph(),
        colocate=colocate_gradients_with_ops,
        gate=gate_gradients,
        aggregation_method=check_aggregation_method(aggregation_method),
        unconnected=_as_unconnected(unconnected_gradients),
    )
    given_ys = [_value_of_resource(y) for y in _as_list(ys)]
    given_xs = [_source(x) for x in _as_list(xs)]
    given_grads = [None] * len(given_ys) if grad_ys is None else _as_list(grad_ys)
    stops = [] if stop_gradients is None else _as_list(stop_gradients)
    values = [*given_ys, *given_xs, *stops, *given_grads]
    with name_scope(name, "gradients", values) as scope:
        # TensorFlow takes this name as well, for grouping; nodes may not have it.
        settings.graph.unique_name("uid")
        y_tensors = _convert_all(given_ys, "y", as_ref=False)
        x_tensors = _convert_all(given_xs, "x", as_ref=True)
        y_grads = _starting_gradients(given_grads, y_tensors, settings)
        walk = _Walk(settings, y_tensors, x_tensors, [t.op for t in stops], scope)
        walk.run(y_grads)
    return _of_wholes(sources, walk.results())


def _parts(tensors: Any) -> Any:
    """Replace values made of tensors by those of them that have gradients."""
    given = _as_list(tensors)
    if not any(isinstance(one, CompositeTensor) for one in given):
        return tensors
    return [
        part
        for one in given
        for part in (
            one.gradient_parts() if isinstance(one, CompositeTensor) else [one]
        )
    ]


def _of_wholes(sources: list[Any], grads: list[Any]) -> list[Any]:
    """Put the gradients of parts together."""
    if not any(isinstance(one, CompositeTensor) for one in sources):
        return grads
    left = iter(grads)
    return [
        x.with_gradients([next(left) for _ in x.gradient_parts()])
        if isinstance(x, CompositeTensor)
        else next(left)
        for x in sources
    ]


@dataclass(frozen=True, slots=True)
class _Settings:
    """The arguments of `gradients` that say how."""

    graph: Graph
    colocate: bool
    gate: bool
    aggregation_method: int
    unconnected: UnconnectedGradients

    def place_with(self, op: Operation) -> contextlib.AbstractContextManager[Any]:
        """Where nodes that differentiate `op` are placed."""
        return colocate_with(op) if self.colocate else contextlib.nullcontext()


def _as_unconnected(value: UnconnectedGradients | str) -> UnconnectedGradients:
    try:
        return UnconnectedGradients(value)
    except ValueError:
        raise ValueError(
            f"Unknown value for unconnected_gradients: '{value}'"
        ) from None


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _value_of_resource(y: Any) -> Any:
    if isinstance(y, GraphVariable) and y.is_resource:
        return convert_to_tensor(y)
    return y


def _source(x: Any) -> Any:
    if isinstance(x, GraphVariable) and x.is_resource:
        return x.gradient_source
    return x


def _convert_all(values: Sequence[Any], name: str, *, as_ref: bool) -> list[Any]:
    return [
        None
        if value is None
        else internal_convert_to_tensor_or_indexed_slices(
            value, name=f"{name}_{i}", as_ref=as_ref
        )
        for i, value in enumerate(values)
    ]


# -- gradients of the ys -------------------------------------------------------------


def _starting_gradients(
    grad_ys: Sequence[Any], ys: Sequence[Any], settings: _Settings
) -> list[Gradient]:
    if len(grad_ys) != len(ys):
        raise ValueError(
            f"Length mismatch. Passed {len(grad_ys)} grad_ys for {len(ys)} ys"
        )
    given = _convert_all(grad_ys, "grad_y", as_ref=False)
    result: list[Gradient] = []
    for i, (y, grad) in enumerate(zip(ys, given, strict=True)):
        with settings.place_with(y.op):
            if grad is not None:
                _check_starting_type(y, grad)
                result.append(_named(grad, f"grad_ys_{i}"))
                continue
            if y.dtype.is_complex:
                raise TypeError(
                    f"Gradients of complex tensors ({y}) must set grad_ys "
                    f"(y.dtype = {y.dtype.name})"
                )
            result.append(ones(shape(y), dtype=y.dtype, name=f"grad_ys_{i}"))
    return result


def _named(grad: Gradient, name: str) -> Gradient:
    if isinstance(grad, Tensor):
        tensor: Tensor = identity(grad, name=name)
        return tensor
    dense_shape = grad.dense_shape
    indices = identity(grad.indices, name=f"{name}_indices")
    values = identity(grad.values, name=f"{name}_values")
    if dense_shape is not None:
        dense_shape = identity(dense_shape, name=f"{name}_shape")
    return IndexedSlices(values=values, indices=indices, dense_shape=dense_shape)


def _check_starting_type(y: Tensor, grad: Gradient) -> None:
    """Demand a gradient of the kind of numbers that y is made of."""
    given, kind = grad.dtype, y.dtype
    text = f"Gradient type {given.name} generated for "
    if kind.is_floating or kind.is_integer:
        if not given.is_floating and not given.is_integer:
            raise TypeError(
                f"{text}real or integer-valued tensor {y} with type {kind.name} must "
                "be real or integer"
            )
    elif kind.is_complex:
        if not given.is_complex:
            raise TypeError(
                f"{text}complex-valued tensor {y} with type {kind.name} must be real"
            )
    elif kind == dtypes.variant:
        if given != dtypes.variant:
            raise TypeError(
                f"{text}variant tensor {y} with type {kind.name} must be variant"
            )
    elif kind == dtypes.resource:
        if given == dtypes.resource:
            raise TypeError(
                f"Input gradient {grad} for resource tensor {y} should not be a "
                "resource"
            )
    else:
        raise TypeError(
            f"Tensor {y} with type {kind.name} must be numeric to obtain a default "
            "gradient"
        )


# -- which operations lie between ----------------------------------------------------


def _reached_from(
    sources: Iterable[Operation], bodies: Sequence[Graph]
) -> set[Operation]:
    reached: set[Operation] = set()
    queue = deque(sources)
    while queue:
        op = queue.popleft()
        if op in reached:
            continue
        reached.add(op)
        for output in op.outputs:
            if is_differentiable(output):
                queue.extend(consumers_across(output, bodies))
    return reached


def _between(
    targets: Iterable[Operation], reached: set[Operation], xs: Collection[Tensor]
) -> list[Operation]:
    """The reached operations that the targets depend on, in order of discovery."""
    found: dict[Operation, None] = {}
    queue = deque(targets)
    while queue:
        op = queue.popleft()
        if op in reached and op not in found:
            found[op] = None
            queue.extend(t.op for t in inputs_across(op, xs))
    return list(found)


# -- the walk ------------------------------------------------------------------------


@dataclass(slots=True)
class _Walk:
    """The state of one call of `gradients`.

    Attributes:
        settings: The arguments that say how.
        ys: Where it starts.
        xs: Where it leads.
        stop_ops: Operations that are not differentiated, besides the first of the xs.
        scope: The name scope of the call, with a slash at its end.
        received: For every output of an operation the gradients that reached it.
        summed: Their sums, for the operations that were visited.
        pending: How many gradients an operation waits for.
        loops: The loops in between.
        x_set: The xs.
    """

    settings: _Settings
    ys: list[Any]
    xs: list[Any]
    stop_ops: list[Operation]
    scope: str
    received: dict[Operation, list[list[Gradient]]] = field(default_factory=dict)
    summed: dict[Operation, list[Gradient | None]] = field(default_factory=dict)
    pending: dict[Operation, int] = field(default_factory=dict)
    loops: LoopGradients = field(default_factory=LoopGradients)
    x_set: frozenset[Any] = field(init=False)

    def __post_init__(self) -> None:
        """Note the xs for looking them up."""
        self.x_set = frozenset(self.xs)

    def run(self, y_grads: Sequence[Gradient]) -> None:
        """Visit everything between the ys and the xs."""
        targets = [y.op for y in self.ys]
        sources = [x.op for x in self.xs]
        reached = _reached_from(sources, bodies_around(targets))
        between = _between(targets, reached, self.x_set)
        self.loops.find(between, self.settings.place_with)
        self._count_pending(between)
        for y, grad in zip(self.ys, y_grads, strict=True):
            self._receive(y, grad)
        ready = {
            op: None for op in targets if op in reached and not self.pending.get(op, 0)
        }
        queue = deque(ready)
        for exited in self.loops.unused_exits(self.pending, ready):
            if is_differentiable(exited):
                queue.append(self._with_zeros(exited))
        stop_ops = self._stop_ops(sources)
        while queue:
            op = queue.popleft()
            with self.settings.place_with(op):
                self._visit(op, stop=op in stop_ops)
            queue.extend(self._released_by(op))

    def results(self) -> list[Gradient | None]:
        """Return the gradients of the xs."""
        # TF: this is done outside of the name scope of the call.
        self.loops.finish()
        return [self._result(x) for x in self.xs]

    def _count_pending(self, between: list[Operation]) -> None:
        inside = set(between)
        for op in between:
            for tensor in inputs_across(op, self.x_set):
                if tensor.op in inside:
                    self.pending[tensor.op] = self.pending.get(tensor.op, 0) + 1

    def _stop_ops(self, sources: Sequence[Operation]) -> set[Operation]:
        """The sources that depend on no other source, and what the caller named."""
        first = {
            op
            for op in sources
            if not any(
                self.pending.get(t.op, 0) > 0 for t in inputs_across(op, self.x_set)
            )
        }
        return first | set(self.stop_ops)

    def _receive(self, tensor: Tensor, grad: Gradient) -> None:
        op = tensor.op
        if op not in self.received:
            self.received[op] = [[] for _ in op.outputs]
        self.received[op][tensor.value_index].append(grad)

    def _released_by(self, op: Operation) -> Iterator[Operation]:
        for tensor in inputs_across(op, self.x_set):
            count = self.pending.get(tensor.op, 0) - 1
            self.pending[tensor.op] = count
            if not self.loops.is_ready(tensor.op, count):
                continue
            if is_loop_exit(tensor.op):
                yield from self._released_exits(tensor)
            else:
                yield tensor.op

    def _released_exits(self, tensor: Tensor) -> Iterator[Operation]:
        released = self.loops.released_by_exit(tensor, self._has_gradient)
        for exited, needs_zeros in list(released):
            if needs_zeros and is_differentiable(exited):
                yield self._with_zeros(exited)
            else:
                yield exited.op

    def _with_zeros(self, exited: Tensor) -> Operation:
        """Give an exit that nothing uses zeros as its gradient."""
        self._receive(exited, self.loops.zeros_for_exit(exited))
        return exited.op

    def _has_gradient(self, op: Operation) -> bool:
        return any(self.received.get(op, ()))

    def _visit(self, op: Operation, *, stop: bool) -> None:
        with self.loops.inside_of(op, before=True):
            out_grads = self._sum(op)
        if stop or all(grad is None for grad in out_grads):
            return
        rule = self._rule_of(op)
        with self.loops.inside_of(op, before=False):
            check_not_through_loop_variable(op, [x.op for x in self.xs])
            if rule is None:
                return
            for i, grad in enumerate(out_grads):
                if grad is None and is_differentiable(op.outputs[i]):
                    out_grads[i] = self._zeros(op, i)
            with name_scope(op.name + "_grad"):
                in_grads = self._apply(op, rule, out_grads)
            self._hand_on(op, in_grads)

    def _zeros(self, op: Operation, index: int) -> Tensor | None:
        """The gradient of an output that nothing depends on."""
        if self.loops.has_state(op):
            return self.loops.zeros_like_output(op, index)
        if is_switch(op):
            return zeros_of_switch(op, index)
        return zeros_for_output(op.outputs[index])

    def _sum(self, op: Operation) -> list[Gradient | None]:
        sums: list[Gradient | None] = [
            aggregated(op, grads, self.settings.aggregation_method) if grads else None
            for grads in self.received.get(op, [[] for _ in op.outputs])
        ]
        # The walk fills in zeros in this very list, so an x may get them, too.
        self.summed[op] = sums
        return sums

    def _rule_of(self, op: Operation) -> Callable[..., Any] | None:
        try:
            return rule_of(op)
        except LookupError:
            if _has_rule_in_tensorflow(op):
                raise LookupError(
                    f"The gradient of operation '{op.name}' (op type: {op.type}) is "
                    "not built yet; `@tf.RegisterGradient` can supply it."
                ) from None
            raise LookupError(
                f"No gradient defined for operation'{op.name}' (op type: {op.type}). "
                "In general every operation must have an associated "
                "`@tf.RegisterGradient` for correct autodiff, which this op is "
                "lacking. If you want to pretend this operation is a constant in your "
                "program, you may insert `tf.stop_gradient`. This can be useful to "
                "silence the error in cases where you know gradients are not needed, "
                "e.g. the forward pass of tf.custom_gradient. Please see more details "
                "in https://www.tensorflow.org/api_docs/python/tf/custom_gradient."
            ) from None

    def _apply(
        self, op: Operation, rule: Callable[..., Any], out_grads: Sequence[Any]
    ) -> list[Any]:
        with _compiled_like(op, self.scope):
            in_grads = _as_list(rule(op, *out_grads))
        # The gradient of a loop gives it more inputs, which have none.
        if len(in_grads) != len(op.inputs) and op.type not in LOOPS:
            raise ValueError(
                f"Num gradients {len(in_grads)} generated for op {op.node_def} do not "
                f"match num inputs {len(op.inputs)}"
            )
        if self.settings.gate and sum(g is not None for g in in_grads) > 1:
            with device(None), colocate_with(None, ignore_existing=True):
                return gate_together(in_grads)
        return in_grads

    def _hand_on(self, op: Operation, in_grads: Sequence[Any]) -> None:
        inputs = inputs_across(op, self.x_set)
        for i, (tensor, grad) in enumerate(zip(inputs, in_grads, strict=False)):
            if grad is None:
                continue
            if not isinstance(grad, Tensor | IndexedSlices):
                raise TypeError(
                    f"Invalid gradient {grad} [index = {i}] of '{op.name}'. Gradients "
                    "have to be either all Tensors or all IndexedSlices"
                )
            if isinstance(grad, Tensor) and tensor.dtype != dtypes.resource:
                _take_shape(op, i, tensor, grad)
            self._receive(tensor, grad)

    def _result(self, x: Tensor) -> Gradient | None:
        sums = self.summed.get(x.op)
        grad = None if sums is None else sums[x.value_index]
        if grad is None and self.settings.unconnected is UnconnectedGradients.ZERO:
            return _zeros_for_unconnected(x)
        return grad


def _has_rule_in_tensorflow(op: Operation) -> bool:
    definition = op.definition
    return definition is not None and definition.gradient == "function"


def _take_shape(op: Operation, index: int, tensor: Tensor, grad: Tensor) -> None:
    try:
        grad.set_shape(tensor.shape)
    except ValueError:
        raise ValueError(
            "Incompatible shapes between op input and calculated input gradient. "
            f"Forward operation: {op.name}. Input index: {index}. Original input "
            f"shape: {tensor.shape}. Calculated input gradient shape: {grad.shape}"
        ) from None


def _zeros_for_unconnected(x: Tensor) -> Tensor:
    if x.dtype != dtypes.resource:
        return zeros_like(x, dtype=x.dtype)
    behind = variable_behind(x)
    if behind is None:
        raise ValueError(
            f"Cannot make zeros for {x}: the shape and type of the variable behind "
            "this handle are not known."
        )
    return zeros(variable_shape(x), dtype=behind[1])


@contextlib.contextmanager
def _compiled_like(op: Operation, scope: str) -> Iterator[None]:
    """Mark nodes for the compiler if the operation they differentiate is marked."""
    called = called_function(op)
    attrs = op.attrs
    if called is not None:
        attrs = {key: decode(v) for key, v in called.definition.attr.items()}
    if not attrs.get("_XlaCompile"):
        yield
        return
    xla_scope = attrs["_XlaScope"].decode()
    if attrs["_XlaSeparateCompiledGradients"]:
        xla_scope += "_grad_" + scope.rstrip("/").replace("/", "_")
    marks = {
        "_XlaCompile": AttrValue(b=True),
        "_XlaScope": AttrValue(s=xla_scope.encode()),
    }
    with op.graph._attr_scope(marks):  # noqa: SLF001 - TensorFlow's name for it
        yield
