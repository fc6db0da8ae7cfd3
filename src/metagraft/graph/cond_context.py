"""The context of one branch of a conditional.

What an operation of the branch takes from outside passes a `Switch`, which lets it
through only if the branch is taken; what takes nothing waits for the branch's pivot.

Source: tensorflow python/ops/control_flow_ops.py CondContext.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from metagraft.graph.build.array import identity
from metagraft.graph.build.control_flow import no_op, with_dependencies
from metagraft.graph.build.switches import switch_in_place
from metagraft.graph.control_flow_context import (
    ControlFlowContext,
    context_of,
    is_in_context,
    is_loop_exit,
    set_context,
)
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.flow import to_flow
from metagraft.graph.operation import Operation
from metagraft.graph.scope_names import prepend_name_scope, strip_name_scope
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.structure import map_structure
from metagraft.graph.variable import with_values
from metagraft.proto import CondContextDef, ControlFlowContextDef
from metagraft.proto.unknown_fields import unknown_fields

if TYPE_CHECKING:
    from metagraft.graph.tensor import Tensor

# Where summaries made with TensorFlow 2's functions wait; a branch keeps its own.
_SUMMARIES = "_SUMMARY_V2"


class CondContext(ControlFlowContext):
    """One branch: the operations that run if `pred` has the value `branch`.

    Attributes:
        pred: The predicate, a `bool` scalar from outside.
        pivot: A tensor that is there only if the branch is taken.
        branch: 1 if it is taken when `pred` is true, else 0.
    """

    def __init__(
        self, pred: Tensor, pivot: Tensor, branch: int, name: str = "cond_text"
    ) -> None:
        """Start a branch inside the current context."""
        super().__init__(get_default_graph().unique_name(name))
        self.pred = pred
        self.pivot = pivot
        self.branch = branch
        self.values.update((pred.name, pivot.name))
        self.external_values[pred.name] = pred
        set_context(pivot.op, self)

    # -- messages --------------------------------------------------------------------

    def to_proto(self, export_scope: str | None = None) -> CondContextDef | None:
        """Return the message, or None if the name does not start with the scope."""
        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        message = CondContextDef(
            context_name=strip_name_scope(self.name, export_scope),
            pred_name=strip_name_scope(self.pred.name, export_scope),
            pivot_name=strip_name_scope(self.pivot.name, export_scope),
            branch=self.branch,
            values_def=self.values_def(export_scope),
        )
        message.nested_contexts.extend(self.nested_defs(export_scope))
        message.MergeFromString(self._unknown_fields)
        return message

    def to_control_flow_context_def(
        self, export_scope: str | None = None
    ) -> ControlFlowContextDef:
        """Return the message of any kind."""
        message = ControlFlowContextDef(cond_ctxt=self.to_proto(export_scope))
        message.MergeFromString(self.unknown_fields_around)
        return message

    @classmethod
    def from_proto(
        cls, context_def: CondContextDef, import_scope: str | None = None
    ) -> CondContext:
        """Return the context of a branch whose nodes are in the default graph."""
        from metagraft.graph.context_messages import named_tensor, read_nested

        graph = get_default_graph()
        # A name is used up, as in TensorFlow, which makes one before reading this.
        graph.unique_name("cond_text")
        context = cls.__new__(cls)
        name = prepend_name_scope(context_def.context_name, import_scope)
        ControlFlowContext.__init__(context, name)
        context._unknown_fields = unknown_fields(context_def)  # noqa: SLF001
        context.pred = named_tensor(context_def.pred_name, import_scope)
        context.pivot = named_tensor(context_def.pivot_name, import_scope)
        context.branch = context_def.branch
        context.read_values_def(context_def.values_def, import_scope)
        read_nested(context, context_def.nested_contexts, import_scope)
        return context

    # -- what it is ------------------------------------------------------------------

    @property
    def is_while_context(self) -> bool:
        """No loop."""
        return False

    @property
    def grad_state(self) -> Any:
        """That of the loop around, if there is one."""
        loop = self.while_context()
        return None if loop is None else loop.grad_state

    def control_pivot(self) -> Tensor | None:
        """Return the pivot."""
        return self.pivot

    # -- taking in -------------------------------------------------------------------

    def add_value(self, tensor: Tensor) -> Tensor:
        """Return a `Switch` output for a tensor from outside."""
        name = tensor.name
        if name in self.values:
            return self.external_values.get(name, tensor)
        result = self._from_outer(tensor)
        with control_dependencies(None):
            result = switch_in_place(result, self.pred)[self.branch]
            if self.outer_context is not None:
                self.outer_context.add_inner_op(result.op)
        result.graph.prevent_fetching(result.op)
        set_context(result.op, self)
        self._mark_seen([result])
        self.external_values[name] = result
        return result

    def _from_outer(self, tensor: Tensor) -> Tensor:
        """Note a new tensor and return what it is in the context around."""
        self.values.add(tensor.name)
        if self.outer_context is None:
            return tensor
        outer = self.outer_context.add_value(tensor)
        self.values.add(outer.name)
        self.external_values[outer.name] = outer
        return outer

    def _mark_seen(self, tensors: list[Tensor]) -> None:
        """Make tensors known here and in the contexts around."""
        names = [tensor.name for tensor in tensors]
        context: ControlFlowContext | None = self
        while context is not None:
            context.values.update(names)
            context = context.outer_context

    def add_op(self, op: Operation) -> None:
        """Take an operation in: its inputs pass switches."""
        self.add_op_here(op)

    def add_op_here(self, op: Operation) -> None:
        """Take an operation in: its inputs pass switches."""
        if op.inputs:
            self._take_inputs(op)
            self.remove_external_control_inputs(op)
            if op.type in op.graph.functions or op.type == "SymbolicGradient":
                op._add_control_input(self.pivot.op)  # noqa: SLF001
        else:
            self.remove_external_control_inputs(op)
            if not any(is_in_context(context_of(c), self) for c in op.control_inputs):
                op._add_control_input(self.pivot.op)  # noqa: SLF001
        self._mark_seen(op.outputs)
        if self.outer_context is not None or not is_loop_exit(op):
            op.graph.prevent_fetching(op)
        if self.outer_context is not None:
            self.outer_context.add_inner_op(op)

    def _take_inputs(self, op: Operation) -> None:
        for index, tensor in enumerate(op.inputs):
            if op.type == "Merge" and tensor.op.type == "NextIteration":
                # The back edge of a loop that is being imported into this branch.
                continue
            inner = self.add_value(tensor)
            if inner is not tensor:
                op._update_input(index, inner)  # noqa: SLF001

    # -- building a branch -----------------------------------------------------------

    def build_branch(self, function: Callable[[], Any]) -> tuple[Any, Any]:
        """Run the function that adds the branch's nodes.

        Returns:
            What the function returned, variables read, and the same as tensors of this
            branch; (None, None) if it returned None.
        """
        graph = get_default_graph()
        before = graph.get_collection(_SUMMARIES)
        returned = function()
        new = graph.get_collection(_SUMMARIES)[len(before) :]
        if new:
            graph.get_collection_ref(_SUMMARIES)[:] = before
            with control_dependencies(new):
                if returned is None:
                    return no_op(), None
                if not isinstance(returned, Operation):
                    returned = map_structure(identity, with_values(returned))
        if returned is None:
            return None, None
        returned = with_values(returned)
        results = map_structure(self._result, returned)
        if not isinstance(results, (list, tuple)):
            results = [results]
        return returned, results

    def _result(self, value: Any) -> Tensor:
        if isinstance(value, Operation):
            gated: Tensor = with_dependencies([value], self.pivot)
            return gated
        return self._result_tensor(convert_to_tensor(to_flow(value)))

    def _result_tensor(self, tensor: Tensor) -> Tensor:
        """Return what stands for a result; one from outside passes a switch."""
        name = tensor.name
        if name in self.values:
            return self.external_values.get(name, tensor)
        outer = self._from_outer(tensor)
        result: Tensor = switch_in_place(outer, self.pred)[self.branch]
        self.external_values[name] = result
        return result
