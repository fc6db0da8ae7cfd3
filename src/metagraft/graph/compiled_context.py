"""The context of operations that TensorFlow's compiler is to compile together.

Nothing passes a node on its way in; operations are marked with the name of the context,
and what takes nothing waits for its pivot.

Source: tensorflow python/compiler/xla/xla.py XLACompileContext,
python/ops/control_flow_util.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from metagraft.graph import dtypes
from metagraft.graph.build.array import identity
from metagraft.graph.constant_value import constant_value
from metagraft.graph.control_flow_context import (
    ControlFlowContext,
    context_of,
    is_in_context,
)
from metagraft.graph.conversion import constant
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.proto import AttrValue, ControlFlowContextDef

if TYPE_CHECKING:
    from metagraft.graph.tensor import Tensor
    from metagraft.graph.while_context import WhileContext

_MARK: Final = "_xla_compile_id"


class CompiledContext(ControlFlowContext):
    """Operations that are compiled together.

    Attributes:
        pivot: What operations that take nothing wait for.
        operations: The operations.
    """

    def __init__(self, name: str, pivot: Operation) -> None:
        """Start inside the current context."""
        super().__init__(name)
        self.pivot = pivot
        self.operations: list[Operation] = []

    # -- what it is ------------------------------------------------------------------

    @property
    def is_while_context(self) -> bool:
        """No loop."""
        return False

    @property
    def is_cond_context(self) -> bool:
        """No branch."""
        return False

    @property
    def grad_state(self) -> Any:
        """None: gradients are asked for inside."""
        return None

    def control_pivot(self) -> Tensor | None:
        """None: no tensor says that the inside runs."""
        return None

    def to_proto(self, export_scope: str | None = None) -> Any:
        """None: there is no message of this kind."""
        del export_scope

    def to_control_flow_context_def(
        self, export_scope: str | None = None
    ) -> ControlFlowContextDef:
        """Return a message that says nothing."""
        del export_scope
        return ControlFlowContextDef()

    # -- taking in -------------------------------------------------------------------

    def add_op_here(self, op: Operation) -> None:
        """Take an operation in."""
        self.add_op(op)

    def add_op(self, op: Operation) -> None:
        """Take an operation in: it is marked.

        Raises:
            NotImplementedError: It takes a variable by reference.
            ValueError: It is in another context of this kind.
        """
        if any(tensor.dtype.is_ref for tensor in op.inputs):
            raise NotImplementedError(
                "Non-resource Variables are not supported inside XLA computations "
                f"(operator name: {op.name})"
            )
        if _MARK in op.attrs:
            raise ValueError(
                "XLA compiled computations cannot be nested, (operator name: "
                f"{op.name})"
            )
        self.operations.append(op)
        op._set_attr(_MARK, AttrValue(s=self.name.encode()))  # noqa: SLF001
        op.graph.prevent_fetching(op)
        inside, outside = self._control_inputs(op)
        if op.inputs:
            self._take_inputs(op)
        elif not inside:
            op._add_control_input(self.pivot)  # noqa: SLF001
        self._take_control_inputs(op, outside)
        names = [tensor.name for tensor in op.outputs]
        context: ControlFlowContext | None = self
        while context is not None:
            context.values.update(names)
            context = context.outer_context
        if self.outer_context is not None:
            self.outer_context.add_inner_op(op)

    def add_inner_op(self, op: Operation) -> None:
        """Take in an operation that was added to a context inside of this one."""
        self.add_op(op)
        super().add_inner_op(op)

    def _control_inputs(self, op: Operation) -> tuple[list[Operation], list[Operation]]:
        """Drop control inputs from outside; return those that stay and that went."""
        given = op.control_inputs
        inside = [one for one in given if is_in_context(context_of(one), self)]
        outside = [one for one in given if one not in inside]
        if outside:
            op._remove_all_control_inputs()  # noqa: SLF001
            op._add_control_inputs(inside)  # noqa: SLF001
        return inside, outside

    def _take_control_inputs(self, op: Operation, outside: list[Operation]) -> None:
        """Wait for operations outside by taking their first outputs."""
        if not outside:
            return
        with control_dependencies(None):
            self.enter()
            taken = [identity(one.outputs[0]).op for one in outside if one.outputs]
            self.exit()
        op._add_control_inputs(taken)  # noqa: SLF001

    def _take_inputs(self, op: Operation) -> None:
        for index, tensor in enumerate(op.inputs):
            inner = self.add_value(tensor)
            if inner is not tensor:
                op._update_input(index, inner)  # noqa: SLF001

    def add_value(self, tensor: Tensor) -> Tensor:
        """Return what stands for a tensor in the context around."""
        name = tensor.name
        if name in self.values:
            return self.external_values.get(name, tensor)
        result = tensor
        self.values.add(name)
        if self.outer_context is not None:
            result = self.outer_context.add_value(tensor)
            self.values.add(result.name)
        self.external_values[name] = result
        return result


def compiled_context(
    context: ControlFlowContext | None,
) -> CompiledContext | None:
    """Return the context of operations compiled together that a context is in."""
    while context is not None and not isinstance(context, CompiledContext):
        context = context.outer_context
    return context


def stack_size(
    value: Tensor, loop: WhileContext, current: ControlFlowContext | None
) -> Tensor:
    """Return how many values of a loop a stack has to hold; -1 for any number.

    What is compiled needs a bound: the product of the bounds of all loops between the
    value and the place where its gradient is asked for.

    Args:
        value: The value.
        loop: The loop that it is in.
        current: The context in which the gradient is asked for.

    Raises:
        ValueError: A loop has no bound, or one that is not known there.
    """
    if compiled_context(context_of(value.op)) is None:
        return constant(-1, dtypes.int32)
    size = constant(1)
    around: ControlFlowContext | None = loop
    while around is not None and around is not current:
        if around.is_while_context:
            size = size * _bound(value, around, current)
        around = around.outer_context
    return size


def _bound(value: Tensor, loop: Any, current: ControlFlowContext | None) -> Any:
    bound = loop.maximum_iterations
    if bound is None:
        raise ValueError(
            f"Cannot create a gradient accumulator for tensor '{value.name}' inside "
            "XLA while_loop because maximum_iterations was not passed to the "
            f"tf.while_loop call ('{loop.name}')."
        )
    context = context_of(bound.op)
    if is_in_context(current, context):
        return bound
    known = constant_value(bound)
    if known is None:
        raise ValueError(
            f"Cannot create a gradient accumulator for tensor '{value.name}' inside "
            f"XLA while_loop. maximum_iterations tensor '{bound.name}' for while_loop "
            f"context '{loop.name}' must be statically known (e.g. a constant value or "
            "known shape dimension), or be defined at or outside the while loop "
            f"context '{current or ''}' (currently defined in '{context}')."
        )
    return known


def is_being_compiled() -> bool:
    """Whether new operations of the default graph are compiled together with others."""
    return compiled_context(get_default_graph().scopes.context) is not None
