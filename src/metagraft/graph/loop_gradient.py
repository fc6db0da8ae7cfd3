"""What ties a loop to the loop of its gradient.

The gradient of a loop is a loop that runs as often and visits the iterations in reverse
order. A value of an iteration that it needs is pushed onto a stack by the one loop and
popped from it by the other.

Source: tensorflow python/ops/control_flow_state.py _GradLoopState.
"""

from __future__ import annotations

from metagraft.graph.apply_op import apply_op as add_operation
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.switches import switch_in_place
from metagraft.graph.compiled_context import stack_size
from metagraft.graph.cond_context import CondContext
from metagraft.graph.constant_value import constant_value
from metagraft.graph.control_flow_context import (
    ControlFlowContext,
    context_of,
    loop_constant_enter,
    output_context,
    set_context,
)
from metagraft.graph.conversion import constant
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.loop_accumulators import (
    count_down,
    count_iterations,
    inside,
    outside,
)
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import colocate_with, control_dependencies
from metagraft.graph.tensor import Tensor
from metagraft.graph.while_context import WhileContext


class LoopGradient:
    """A loop, the loop of its gradient, and what passes between them.

    Attributes:
        forward_context: The loop.
        grad_context: The loop of the gradient.
        outer_state: The same for the loop around, if that is differentiated, too.
        forward_index: The count of iterations for the next one, inside the loop.
        grad_index: The same in the loop of the gradient.
        switch_map: For every Switch of the loop the Merge of its gradient.
        forward_loop_exits: Where variables leave the loop.
        unused_exits: Those of them without gradient.
        deferred_exits: Those that wait until all have been seen.
        pending_exits_count: How many have not been seen.
    """

    def __init__(self, forward: WhileContext, outer_state: LoopGradient | None) -> None:
        """Add the counters and start the loop of the gradient."""
        self.outer_state = outer_state
        self.forward_context = forward
        self.switch_map: dict[Operation, Tensor] = {}
        self.unused_exits: list[Tensor] = []
        self.deferred_exits: list[Tensor] = []
        self.forward_loop_exits = list(forward.loop_exits)
        self.pending_exits_count = len(forward.loop_exits)
        self._history: dict[str, Tensor] = {}
        self._forward_sync: Operation | None = None
        self._grad_sync: Operation | None = None
        outer = forward.outer_context
        if outer_state is not None:
            outer = outer_state.forward_context
        with inside(outer):
            count, self.forward_index = count_iterations(forward, outer_state)
        if outer_state is None:
            with inside(outer):
                self.grad_context = self._new_context()
                self.grad_index = count_down(self.grad_context, count, None)
            return
        assert outer is not None
        outer.values.add(count.name)
        # An inner loop: its number of iterations has a history.
        history = outer_state.keep(count)
        with inside(outer_state.grad_context):
            self.grad_context = self._new_context()
            taken = outer_state.take(history, count)
            self.grad_index = count_down(self.grad_context, taken, outer_state)

    def _new_context(self) -> WhileContext:
        forward = self.forward_context
        return WhileContext(
            maximum_iterations=forward.maximum_iterations,
            parallel_iterations=forward.parallel_iterations,
            back_prop=forward.back_prop,
            swap_memory=forward.swap_memory,
            name=forward.name,
            grad_state=self,
        )

    # -- order -----------------------------------------------------------------------

    @property
    def forward_sync(self) -> Operation:
        """What every iteration of the loop waits for."""
        if self._forward_sync is None:
            with control_dependencies(None):
                self._forward_sync = add_operation("ControlTrigger", name="f_sync")
            set_context(self._forward_sync, self.forward_context)
            self.forward_index.op._add_control_input(  # noqa: SLF001
                self._forward_sync
            )
        return self._forward_sync

    @property
    def grad_sync(self) -> Operation:
        """What every iteration of the loop of the gradient waits for."""
        if self._grad_sync is None:
            with control_dependencies(None):
                self._grad_sync = add_operation("ControlTrigger", name="b_sync")
            set_context(self._grad_sync, self.grad_context)
            self.grad_index.op._add_control_input(self._grad_sync)  # noqa: SLF001
            if self.grad_context.outer_context is not None:
                self.grad_context.outer_context.add_inner_op(self._grad_sync)
        return self._grad_sync

    # -- values from the loop --------------------------------------------------------

    def keep(self, value: Tensor, *, dead_branch: bool = False) -> Tensor:
        """Push a value of every iteration onto a stack, which is returned.

        Called in the context in which the gradients are asked for.

        Args:
            value: A tensor of the loop.
            dead_branch: Whether it is on the other side of a condition.
        """
        forward = self.forward_context
        current = get_default_graph().scopes.context
        with control_dependencies(None):
            with inside(current), colocate_with(value):
                stack: Tensor = apply_op(
                    "StackV2",
                    max_size=stack_size(value, forward, current),
                    elem_type=value.dtype.base_dtype,
                    name="f_acc",
                )
            entered = forward.add_value(stack)
            context = output_context(value.op)
            if context is forward:
                push = self._push(forward, entered, value)
                self.forward_index.op._add_control_input(push)  # noqa: SLF001
            else:
                push = self._push_in_branch(context, entered, value, dead_branch)
                self.forward_sync._add_control_input(push)  # noqa: SLF001
            # After the addition of the counter, so that pushes keep their order.
            counter = self.forward_index.op.inputs[0].op
            push._add_control_input(counter)  # noqa: SLF001
        return stack

    def _push(
        self, context: ControlFlowContext | None, stack: Tensor, value: Tensor
    ) -> Operation:
        with inside(context):
            return add_operation(
                "StackPushV2",
                handle=stack,
                elem=value,
                swap_memory=self.forward_context.swap_memory,
            )

    def _push_in_branch(
        self,
        context: ControlFlowContext | None,
        stack: Tensor,
        value: Tensor,
        dead_branch: bool,
    ) -> Operation:
        if not isinstance(context, CondContext):
            raise TypeError(f"value_ctxt is not a CondContext: {context}")
        if not dead_branch:
            return self._push(context, stack, value)
        push = self._push(context.outer_context, stack, value)
        set_context(push, context)
        return push

    def take(
        self, stack: Tensor, value: Tensor, *, dead_branch: bool = False
    ) -> Tensor:
        """Pop a value of every iteration from the stack that `keep` returned.

        Called in the loop of the gradient. A value from a branch is taken only if the
        branch was.
        """
        branch = self._branch_around(stack, value)
        with control_dependencies(None), inside(self.grad_context):
            if branch is not None:
                pred = self._known_predicate(branch)
                side = 1 - branch.branch if dead_branch else branch.branch
                stack = switch_in_place(stack, pred)[side]
            popped: Tensor = apply_op(
                "StackPopV2", handle=stack, elem_type=value.dtype.base_dtype
            )
            popped.set_shape(value.shape)
        if self.grad_context.parallel_iterations > 1:
            self.grad_sync._add_control_input(popped.op)  # noqa: SLF001
        return popped

    @staticmethod
    def _branch_around(stack: Tensor, value: Tensor) -> CondContext | None:
        """Return the innermost branch that holds the value but not the stack."""
        context, limit = context_of(value.op), context_of(stack.op)
        while context is not None and context is not limit:
            if isinstance(context, CondContext):
                return context
            context = context.outer_context
        return None

    def _known_predicate(self, branch: CondContext) -> Tensor:
        state: LoopGradient | None = self
        while state is not None:
            found = state.known_history(branch.pred)
            if found is not None:
                return found
            state = state.outer_state
        return branch.pred

    def known_history(self, value: Tensor) -> Tensor | None:
        """Return what stands for a value of the loop, if anything does yet."""
        return self._history.get(value.name)

    def history_of(self, value: Tensor) -> Tensor:
        """Return what stands for a value of the loop in the loop of its gradient.

        Called in the latter.
        """
        found = self._history.get(value.name)
        if found is None:
            found = self._history[value.name] = self._new_history(value)
        return found

    def _new_history(self, value: Tensor) -> Tensor:
        state: LoopGradient = self
        entering = loop_constant_enter(value)
        while entering is not None:
            # The same in all iterations: no history is needed.
            value = entering.inputs[0]
            if state.outer_state is None:
                return self.grad_context.add_value(value)
            state = state.outer_state
            entering = loop_constant_enter(value)
        if value.op.type == "Const":
            return constant(constant_value(value), dtype=value.dtype)
        with outside(self.grad_context):
            stack = state.keep(value)
        taken = state.take(stack, value)
        return taken if state is self else self.grad_context.add_value(taken)

    def predicate_history(self, pred: Tensor) -> Tensor:
        """Return the value that a predicate of the loop had in the iteration."""
        found = self._history.get(pred.name)
        if found is None:
            with outside(self.grad_context):
                stack = self.keep(pred)
            found = self._history[pred.name] = self.take(stack, pred)
        return found
