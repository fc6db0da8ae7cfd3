"""The loops between ys and xs, while their gradients are being built.

All exits of a loop are differentiated together: when the gradients of those that have
any are known, the others get zeros.

Source: tensorflow python/ops/control_flow_state.py _ControlFlowState,
python/ops/gradients_util.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager

from metagraft.graph import dtypes
from metagraft.graph.build.array import shape, zeros, zeros_like
from metagraft.graph.build.frames import close_cycle, next_iteration
from metagraft.graph.build.resource_variable import variable_shape
from metagraft.graph.build.switches import switch_in_place
from metagraft.graph.cond_context import CondContext
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.control_flow_context import (
    ControlFlowContext,
    context_of,
    is_loop_exit,
    is_loop_switch,
    is_switch,
    set_context,
    while_context_of,
)
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.derived_contexts import derive_contexts
from metagraft.graph.loop_accumulators import inside, outside
from metagraft.graph.loop_gradient import LoopGradient
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import is_static
from metagraft.graph.tensor import Tensor
from metagraft.graph.while_context import WhileContext

PlaceWith = Callable[[Operation], AbstractContextManager[object]]


def _loop_around(context: ControlFlowContext | None) -> WhileContext | None:
    outer = None if context is None else context.outer_context
    return None if outer is None else outer.while_context()


class LoopGradients:
    """The loops that one call of `gradients` goes through."""

    def __init__(self) -> None:
        """Start without loops."""
        self._states: dict[WhileContext, LoopGradient] = {}

    def find(self, between: list[Operation], place_with: PlaceWith) -> None:
        """Add the loops of all exits in `between`, and the other exits of these to it.

        Raises:
            ValueError: The context of an exit is not known.
        """
        known = set(between)
        for op in between:  # grows
            if not is_loop_exit(op):
                continue
            with place_with(op):
                # TF: fails without the collections that a MetaGraph has.
                if while_context_of(op) is None:
                    derive_contexts(op.graph)
                loop = while_context_of(op)
                if loop is None:
                    raise ValueError(
                        f"Failed to call gradients on a while loop without properly "
                        f"serializing graph via MetaGraphDef: '{op.name}' belongs to "
                        "no known loop."
                    )
                if loop in self._states:
                    continue
                around = _loop_around(loop)
                outer = None if around is None else self._states.get(around)
                state = self._states[loop] = LoopGradient(loop, outer)
            for other in state.forward_loop_exits:
                if other.op not in known:
                    known.add(other.op)
                    between.append(other.op)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._states)

    # -- being inside ----------------------------------------------------------------

    def inside_of(
        self, op: Operation, *, before: bool
    ) -> AbstractContextManager[object]:
        """Open a block in the loop of the gradient that `op` belongs to.

        Args:
            op: An operation that is being differentiated.
            before: Whether an exit counts as outside of its loop.
        """
        state = self._state_of(op, before=before)
        return inside(None if state is None else state.grad_context)

    def _state_of(self, op: Operation, *, before: bool) -> LoopGradient | None:
        if before and is_loop_exit(op):
            loop = _loop_around(context_of(op))
        else:
            loop = while_context_of(op)
        return None if loop is None else self._states.get(loop)

    # -- exits -----------------------------------------------------------------------

    def unused_exits(
        self, pending: dict[Operation, int], targets: Collection[Operation]
    ) -> list[Tensor]:
        """Return the exits that can be differentiated though nothing uses them."""
        found: list[Tensor] = []
        for state in self._states.values():
            for exited in state.forward_loop_exits:
                if pending.get(exited.op, 0) == 0:
                    state.pending_exits_count -= 1
                    if exited.op not in targets:
                        state.unused_exits.append(exited)
                    if state.pending_exits_count == 0:
                        found.extend(state.unused_exits)
            for entered in state.forward_context.loop_enters:
                if pending.get(entered.op, 0) == 0:
                    pending[entered.op] = 1
        return found

    def is_ready(self, op: Operation, count: int) -> bool:
        """Whether an operation that waits for `count` gradients is visited now.

        The Switch of a loop is visited for the exit and once more for the body.
        """
        return count == 0 or (count > 0 and is_loop_switch(op))

    def released_by_exit(
        self, exited: Tensor, has_gradient: Callable[[Operation], bool]
    ) -> Iterator[tuple[Tensor, bool]]:
        """Yield exits to visit, once all exits of the loop have been seen.

        Each comes with whether it needs zeros as its gradient.
        """
        state = self._state_of(exited.op, before=False)
        assert state is not None, exited.name
        state.deferred_exits.append(exited)
        state.pending_exits_count -= 1
        if state.pending_exits_count:
            return
        any_gradient = False
        for other in state.deferred_exits:
            if has_gradient(other.op):
                any_gradient = True
                yield other, False
            else:
                state.unused_exits.append(other)
        for other in state.unused_exits:
            yield other, any_gradient

    def zeros_for_exit(self, exited: Tensor) -> Tensor:
        """Return zeros as the gradient of an unused exit."""
        dims = exited.dims
        forward = context_of(exited.op)
        around = _loop_around(forward)
        state = None if around is None else self._states.get(around)
        if state is None:
            if is_static(dims):
                return zeros(exited.shape, exited.dtype)
            like: Tensor = zeros_like(exited, optimize=False)
            return like
        if is_static(dims):
            with inside(state.grad_context):
                return zeros(exited.shape, exited.dtype)
        assert forward is not None
        with inside(forward.outer_context):
            sizes = shape(exited, optimize=False)
        stack = state.keep(sizes)
        with inside(state.grad_context):
            return zeros(state.take(stack, sizes), exited.dtype)

    # -- zeros -----------------------------------------------------------------------

    def has_state(self, op: Operation) -> bool:
        """Whether `op` is in a loop that is differentiated."""
        loop = while_context_of(op)
        return loop is not None and loop in self._states

    def zeros_like_output(self, op: Operation, index: int) -> Tensor | None:
        """Return zeros like an output in a loop, in the loop of the gradient."""
        if is_loop_switch(op):
            return None
        state = self._state_of(op, before=False)
        assert state is not None, op.name
        value = convert_to_tensor(op.outputs[index], name="tensor")
        if is_static(value.dims):
            return self._known_zeros(state, op, value)
        context = context_of(op)
        assert context is not None, op.name
        dead_branch = is_switch(op)
        if dead_branch:
            sizes = self._sizes_on_other_side(op, context)
        else:
            with inside(context):
                sizes = shape(value, optimize=False)
        with outside(state.grad_context):
            stack = state.keep(sizes, dead_branch=dead_branch)
        taken = state.take(stack, sizes, dead_branch=dead_branch)
        return zeros(taken, value.dtype)

    @staticmethod
    def _known_zeros(state: LoopGradient, op: Operation, value: Tensor) -> Tensor:
        if value.dtype == dtypes.resource:
            behind = variable_behind(value)
            assert behind is not None, value.name
            result = zeros(variable_shape(value), dtype=behind[1])
        else:
            result = constant(0, shape=value.dims, dtype=value.dtype)
        context = context_of(op)
        if is_switch(op) and isinstance(context, CondContext):
            pred = state.known_history(context.pred)
            guarded: Tensor = switch_in_place(result, pred)[1 - context.branch]
            return guarded
        return result

    @staticmethod
    def _sizes_on_other_side(op: Operation, context: ControlFlowContext) -> Tensor:
        """Return the shape of what a Switch sends to the branch not differentiated."""
        assert isinstance(context, CondContext), op.name
        with inside(context.outer_context):
            sides = switch_in_place(op.inputs[0], context.pred)
            value = sides[1 - context.branch]
            sizes = shape(value, optimize=False)
        set_context(value.op, context)
        set_context(sizes.op, context)
        return sizes

    # -- the end ---------------------------------------------------------------------

    def finish(self) -> None:
        """Close the cycles of loop variables that do not depend on themselves."""
        for state in self._states.values():
            for merged in state.switch_map.values():
                first, following = merged.op.inputs
                if first is following:
                    self._close_with_zeros(state, merged, first)

    @staticmethod
    def _close_with_zeros(state: LoopGradient, merged: Tensor, first: Tensor) -> None:
        loop = state.grad_context
        if is_static(first.dims):
            with inside(loop):
                value = constant(0, dtype=first.dtype, shape=first.dims)
                following = next_iteration(value)
        else:
            with inside(loop.outer_context):
                value = zeros(shape(first.op.inputs[0], optimize=False))
            with inside(loop):
                following = next_iteration(value)
        close_cycle(merged, following)


def check_not_through_loop_variable(
    op: Operation, sources: Sequence[Operation]
) -> None:
    """Refuse to leave the loop in which gradients were asked for.

    Raises:
        ValueError: `op` is the Switch of a variable of that loop.
    """
    context = context_of(op)
    if (
        not is_switch(op)
        or context is None
        or not context.is_while_context
        or context is not get_default_graph().scopes.context
    ):
        return
    queue, seen = deque([op]), {op}
    while queue and queue[0] not in sources:
        for tensor in queue.popleft().inputs:
            if tensor.op not in seen:
                seen.add(tensor.op)
                queue.append(tensor.op)
    name = queue[0].name if queue else op.name
    raise ValueError(
        f"Cannot compute gradient inside while loop with respect to op '{name}'. We do "
        "not support taking the gradient wrt or through the initial value of a loop "
        "variable. Gradients can be computed through loop invariants or wrt the input "
        "parameters to the loop body."
    )
