"""The walk of `tf.GradientTape`: gradients of operations that were recorded.

A tape differentiates the operations that were added while it recorded and that depend
on what it watches; all other tensors count as constants. Its walk visits them in
another order than `gradients` does, and without a name scope of its own.

Source: tensorflow c/eager/tape.h ComputeGradient, python/eager/backprop.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from metagraft.gradients.aggregation import AggregationMethod, Gradient, aggregated
from metagraft.gradients.closures import outermost
from metagraft.gradients.differentiable import is_differentiable
from metagraft.gradients.hash_order import hash_table_order
from metagraft.gradients.rules import rule_of
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.accumulation import add_n
from metagraft.graph.build.array import ones, ones_like, zeros, zeros_like
from metagraft.graph.build.broadcast_gradient import (
    has_equal_static_shapes,
    reduce_gradient_args,
)
from metagraft.graph.build.math import conj, scalar_mul
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["Tape", "origin"]

_FRAME_OPS: Final = frozenset(
    f"{ref}{kind}"
    for ref in ("", "Ref")
    for kind in ("Exit", "Merge", "NextIteration", "Switch")
)
_ENTER_OPS: Final = frozenset({"Enter", "RefEnter"})
# Outputs whose missing gradients stay missing.
# Source: tensorflow c/eager/tape.h, FunctionsAcceptingNoneForIndicesMap.
_MAY_LACK: Final = {
    "SoftmaxCrossEntropyWithLogits": {1},
    "SparseSoftmaxCrossEntropyWithLogits": {1},
    "FusedBatchNorm": {1, 2, 3, 4},
}
_HAND_ON: Final = frozenset({"Add", "AddV2", "Sub"})
_LEAVE_OUT: Final = frozenset({*_HAND_ON, "Mul", "SquaredDifference"})


@dataclass(slots=True)
class Tape:
    """What is watched and since when, and which operations were recorded.

    Attributes:
        graph: The graph on which operations are recorded.
        watched: Since which position in the order of creation a tensor is watched.
        spans: From which position to which operations were recorded; the last one may
            be open.
    """

    graph: Graph
    watched: dict[Tensor, int] = field(default_factory=dict)
    spans: list[tuple[int, int | None]] = field(default_factory=list)

    def start(self) -> None:
        """Record the operations that are added from now on."""
        self.spans.append((self.graph.node_count, None))

    def stop(self) -> None:
        """Record no more."""
        first, _ = self.spans[-1]
        self.spans[-1] = first, self.graph.node_count

    def watch(self, tensor: Tensor) -> None:
        """Count a tensor as no constant in what is added from now on."""
        self.watched.setdefault(origin(tensor), self.graph.node_count)

    def operations(self) -> Iterator[tuple[int, Operation]]:
        """Return all operations recorded, with their positions."""
        for first, last in self.spans:
            end = self.graph.node_count if last is None else last
            for position in range(first, end):
                yield position, self.graph.operation_at(position)

    def gradient(
        self,
        targets: Sequence[Tensor],
        sources: Sequence[Tensor],
        output_gradients: Sequence[Gradient | None],
    ) -> list[Gradient | None]:
        """Add nodes that compute the gradients of targets.

        Args:
            targets: What is differentiated; the sum of all counts.
            sources: With respect to what.
            output_gradients: The gradient of each target, ones where None.

        Returns:
            For every source a gradient, or None if no target depends on it.

        Raises:
            LookupError: An operation in between has no gradient rule.
            NotImplementedError: A branch or a loop is in between.
        """
        sources = [origin(source) for source in sources]
        targets = [origin(target) for target in targets]
        return _Walk(self, set(sources)).run(targets, sources, output_gradients)


def origin(tensor: Tensor) -> Tensor:
    """Return the tensor outside of loops and functions that is used inside as it is."""
    tensor = outermost(tensor)
    while tensor.op.type in _ENTER_OPS:
        tensor = outermost(tensor.op.inputs[0])
    return tensor


class _Walk:
    """The state of one call."""

    def __init__(self, tape: Tape, sources: set[Tensor]) -> None:
        self._sources = sources
        self._received: dict[Tensor, list[Gradient]] = {}
        # The tensors that are no constants, and the operations that made them.
        self._makers: dict[Tensor, Operation | None] = dict.fromkeys(tape.watched)
        self._numbers: dict[Operation, int] = {}
        for position, op in tape.operations():
            if op.type == "StopGradient":
                continue
            inputs = map(origin, op.inputs)
            if any(self._is_recorded(x, position, tape) for x in inputs):
                self._makers.update(dict.fromkeys(op.outputs, op))
                self._numbers[op] = len(self._numbers)

    def _is_recorded(self, tensor: Tensor, position: int, tape: Tape) -> bool:
        if tensor not in self._makers or not is_differentiable(tensor):
            return False
        made_it = self._makers[tensor] is not None
        return made_it or tape.watched[tensor] <= position

    def run(
        self,
        targets: Sequence[Tensor],
        sources: Sequence[Tensor],
        output_gradients: Sequence[Gradient | None],
    ) -> list[Gradient | None]:
        for target, given in zip(targets, output_gradients, strict=True):
            grad = self._starting_gradient(target) if given is None else given
            if grad is not None:
                self._received.setdefault(target, []).append(grad)
        between = self._between(targets)
        uses: dict[Tensor, int] = {}
        for op in between:
            for x in map(origin, op.inputs):
                uses[x] = uses.get(x, 0) + 1
        waits = {op: sum(output in uses for output in op.outputs) for op in between}
        queue = deque(op for op in between if not waits[op])
        while queue:
            op = queue.popleft()
            for x, grad in self._differentiated(op):
                if grad is not None:
                    self._received.setdefault(x, []).append(grad)
                uses[x] -= 1
                maker = self._makers.get(x)
                if uses[x] == 0 and maker in waits:
                    waits[maker] -= 1
                    if waits[maker] == 0:
                        queue.append(maker)
        return [self._sum(source, keep=True) for source in sources]

    def _starting_gradient(self, target: Tensor) -> Tensor | None:
        """Return ones, or None for a target that is a constant."""
        if self._makers.get(target) is None and target not in self._sources:
            return None
        return _ones(target)

    def _between(self, targets: Iterable[Tensor]) -> list[Operation]:
        """The recorded operations that the targets depend on, in TensorFlow's order."""
        found: dict[int, Operation] = {}
        used: set[Tensor] = set()
        stack = list(targets)
        while stack:
            op = self._makers.get(stack.pop())
            if op is None or self._numbers[op] in found:
                continue
            found[self._numbers[op]] = op
            for x in map(origin, op.inputs):
                if x not in used:
                    used.add(x)
                    stack.append(x)
        return [found[number] for number in reversed(hash_table_order(found))]

    def _sum(self, tensor: Tensor, *, keep: bool) -> Gradient | None:
        grads = self._received.get(tensor)
        if not grads:
            return None
        if len(grads) > 1:
            if all(isinstance(grad, Tensor) for grad in grads):
                total: Any = add_n(grads)
            else:
                total = aggregated(tensor.op, grads, AggregationMethod.ADD_N)
            grads = [total]
        if keep or tensor in self._sources:
            self._received[tensor] = grads
        else:
            del self._received[tensor]
        return grads[0]

    def _differentiated(self, op: Operation) -> list[tuple[Tensor, Gradient | None]]:
        """Return the inputs of an operation with their gradients."""
        inputs = [origin(x) for x in op.inputs]
        grads: list[Any] = [self._sum(output, keep=False) for output in op.outputs]
        if all(grad is None for grad in grads):
            return [(x, None) for x in inputs]
        if op.type in _FRAME_OPS:
            raise NotImplementedError(
                "tf.GradientTape.gradients() does not support graph control flow"
                " operations like tf.cond or tf.while at this time. Use tf.gradients()"
                " instead."
            )
        for i, grad in enumerate(grads):
            if grad is None and i not in _MAY_LACK.get(op.type, ()):
                grads[i] = _zeros(op.outputs[i])
        needed = [x in self._makers for x in inputs]
        found = _skipping(op, needed, grads)
        if found is None:
            rule = rule_of(op)
            # TF: some rules leave out what is not needed of the gradients.
            found = [None] * len(inputs) if rule is None else rule(op, *grads)
        if not isinstance(found, list | tuple):
            found = [found]
        kept = zip(inputs, found, needed, strict=True)
        return [(x, grad if wanted else None) for x, grad, wanted in kept]


def _skipping(op: Operation, needed: Sequence[bool], grads: Sequence[Any]) -> Any:
    """Return the gradients of an operation without what nobody needs; else None.

    Source: tensorflow python/ops/math_grad.py, what its rules do with
    `skip_input_indices`.
    """
    if len(needed) != 2 or all(needed) or op.type not in _LEAVE_OUT:
        return None
    (x, y), dy = op.inputs, grads[0]
    if op.type == "SquaredDifference":
        return None if has_equal_static_shapes(x, y, dy) else _square(x, y, dy, needed)
    if not needed[1] and y.shape.ndims == 0:
        if op.type in _HAND_ON:
            return [dy, None]
        return [apply_op("Mul", x=dy, y=conj(y)), None]
    is_plain = op.type in _HAND_ON or dy.dtype in (dtypes.int32, dtypes.float32)
    if is_plain and has_equal_static_shapes(x, y, dy):
        return None
    if op.type == "Mul":
        wanted = (
            apply_op("Mul", x=dy, y=conj(y)) if needed[0] else None,
            apply_op("Mul", x=conj(x), y=dy) if needed[1] else None,
        )
    else:
        other = dy if op.type != "Sub" or not needed[1] else -dy
        wanted = dy if needed[0] else None, other if needed[1] else None
    return reduce_gradient_args(x, y, *wanted)


def _square(x: Tensor, y: Tensor, dy: Any, needed: Sequence[bool]) -> Any:
    """Return the gradients of `(x - y)^2`."""
    with control_dependencies([dy]):
        slope = scalar_mul(2.0, dy) * (x - y)
    wanted = slope if needed[0] else None, -slope if needed[1] else None
    return reduce_gradient_args(x, y, *wanted)


def _ones(tensor: Tensor) -> Tensor:
    behind = variable_behind(tensor) if tensor.dtype is dtypes.resource else None
    if behind is not None:
        return ones(TensorShape(behind[0]), behind[1])
    if tensor.shape.is_fully_defined():
        return ones(tensor.shape, tensor.dtype)
    found: Tensor = ones_like(tensor)
    return found


def _zeros(tensor: Tensor) -> Tensor | None:
    if tensor.dtype in (dtypes.string, dtypes.resource):
        return None
    if tensor.shape.is_fully_defined() and tensor.dtype != dtypes.variant:
        return zeros(tensor.shape, tensor.dtype)
    found: Tensor = zeros_like(tensor)
    return found
