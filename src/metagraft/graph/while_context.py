"""The context of a loop, and how loops are built.

A loop is a frame. Its variables enter it, and each has this cycle:

    Enter -> Merge -> Switch -(true)-> Identity -> body -> NextIteration -> Merge
                         `---(false)-> Exit

What the loop uses from outside enters it as a constant.

Source: tensorflow python/ops/control_flow_ops.py WhileContext.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from metagraft.graph.build.array import identity
from metagraft.graph.build.frames import (
    body_value,
    close_cycle,
    enter,
    exit_frame,
    loop_cond,
    next_iteration,
)
from metagraft.graph.build.switches import (
    as_indexed_slices,
    merge,
    switch_in_place,
)
from metagraft.graph.compiled_context import compiled_context
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.control_flow_context import (
    ControlFlowContext,
    context_of,
    is_loop_constant_enter,
    is_loop_enter,
    is_loop_exit,
    output_context,
    set_context,
    while_context_of,
)
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.flow import FlowCarrier, from_flow, to_flow
from metagraft.graph.import_frames import frames_of
from metagraft.graph.operation import Operation
from metagraft.graph.scope_names import prepend_name_scope, strip_name_scope
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shapes import Dims, TensorShape, is_refinement
from metagraft.graph.structure import (
    check_same_structure,
    flatten,
    is_nested,
    map_structure,
    pack_like,
)
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import with_values
from metagraft.proto import AttrValue, ControlFlowContextDef, WhileContextDef
from metagraft.proto.unknown_fields import unknown_fields

if TYPE_CHECKING:
    from metagraft.graph.loop_gradient import LoopGradient

_SUMMARIES: Final = "_SUMMARY_V2"
_CALLS: Final = ("PartitionedCall", "StatefulPartitionedCall")
# Their outputs are much smaller than what they take, so loops keep these instead.
_REDUCING: Final = ("Shape", "Size", "Rank")


class WhileContext(ControlFlowContext):
    """One loop.

    Attributes:
        maximum_iterations: A bound of the number of iterations, if given.
        parallel_iterations: How many iterations may run at a time.
        back_prop: Whether the loop has gradients.
        swap_memory: Whether what gradients need may be kept on the host.
        pivot_for_pred: What nodes of the condition wait for.
        pivot_for_body: What nodes of the body wait for.
        pivot: Whether the loop goes on.
        loop_enters: Where loop variables enter.
        loop_exits: Where they leave.
    """

    def __init__(
        self,
        maximum_iterations: Tensor | None = None,
        parallel_iterations: int = 10,
        back_prop: bool = True,
        swap_memory: bool = False,
        name: str = "while_context",
        grad_state: LoopGradient | None = None,
    ) -> None:
        """Start a loop inside the current context.

        Raises:
            ValueError: `parallel_iterations` is no positive number.
        """
        if not isinstance(parallel_iterations, int) or parallel_iterations <= 0:
            raise ValueError(
                "'parallel_iterations' must be a positive integer: "
                f"{parallel_iterations}"
            )
        self.graph = get_default_graph()
        super().__init__(self._unique_frame(name))
        self.maximum_iterations = maximum_iterations
        self.parallel_iterations = parallel_iterations
        self._back_prop = back_prop
        self.swap_memory = swap_memory
        self._grad_state = grad_state
        self.pivot_for_pred: Tensor | None = None
        self.pivot_for_body: Tensor | None = None
        self.pivot: Tensor | None = None
        self.loop_exits: list[Tensor] = []
        self.loop_enters: list[Tensor] = []

    # TF: does not know the frames of imported loops and takes one of these again; a run
    # of both loops fails.
    def _unique_frame(self, name: str) -> str:
        found = self.graph.unique_name(name)
        if self.graph.has_imported_frames:
            taken = frames_of(self.graph.stored_nodes)
            while found in taken:
                found = self.graph.unique_name(name)
        return found

    # -- messages --------------------------------------------------------------------

    def to_proto(self, export_scope: str | None = None) -> WhileContextDef | None:
        """Return the message, or None if the name does not start with the scope."""
        if export_scope is not None and not self.name.startswith(export_scope):
            return None

        def name_of(tensor: Tensor | None) -> str:
            assert tensor is not None, self.name
            return strip_name_scope(tensor.name, export_scope)

        message = WhileContextDef(
            context_name=strip_name_scope(self.name, export_scope),
            parallel_iterations=self.parallel_iterations,
            back_prop=self.back_prop,
            swap_memory=self.swap_memory,
            pivot_for_pred_name=name_of(self.pivot_for_pred),
            pivot_for_body_name=name_of(self.pivot_for_body),
            pivot_name=name_of(self.pivot),
            loop_exit_names=[name_of(tensor) for tensor in self.loop_exits],
            loop_enter_names=[name_of(tensor) for tensor in self.loop_enters],
            values_def=self.values_def(export_scope),
        )
        if self.maximum_iterations is not None:
            message.maximum_iterations_name = name_of(self.maximum_iterations)
        message.nested_contexts.extend(self.nested_defs(export_scope))
        message.MergeFromString(self._unknown_fields)
        return message

    def to_control_flow_context_def(
        self, export_scope: str | None = None
    ) -> ControlFlowContextDef:
        """Return the message of any kind."""
        message = ControlFlowContextDef(while_ctxt=self.to_proto(export_scope))
        message.MergeFromString(self.unknown_fields_around)
        return message

    @classmethod
    def from_proto(
        cls, context_def: WhileContextDef, import_scope: str | None = None
    ) -> WhileContext:
        """Return the context of a loop whose nodes are in the default graph."""
        from metagraft.graph.context_messages import named_tensor, read_nested

        graph = get_default_graph()

        def tensor(name: str) -> Tensor:
            return named_tensor(name, import_scope)

        context = cls.__new__(cls)
        name = prepend_name_scope(context_def.context_name, import_scope)
        ControlFlowContext.__init__(context, name)
        context._unknown_fields = unknown_fields(context_def)  # noqa: SLF001
        context.graph = graph
        limit = context_def.maximum_iterations_name
        context.maximum_iterations = tensor(limit) if limit else None
        context.parallel_iterations = context_def.parallel_iterations
        context._back_prop = context_def.back_prop  # noqa: SLF001
        context.swap_memory = context_def.swap_memory
        context._grad_state = None  # noqa: SLF001
        context.pivot_for_pred = tensor(context_def.pivot_for_pred_name)
        context.pivot_for_body = tensor(context_def.pivot_for_body_name)
        context.pivot = tensor(context_def.pivot_name)
        context.loop_exits = [tensor(n) for n in context_def.loop_exit_names]
        context.loop_enters = [tensor(n) for n in context_def.loop_enter_names]
        context.read_values_def(context_def.values_def, import_scope)
        if import_scope:
            context._rename_frame()  # noqa: SLF001
        read_nested(context, context_def.nested_contexts, import_scope)
        return context

    def _rename_frame(self) -> None:
        """Give the loop's Enter operations the new name of the frame."""
        frame_name = AttrValue(s=self.name.encode())
        for value in self.values:
            op = self.graph.get_tensor_by_name(value).op
            if is_loop_enter(op):
                op._set_attr("frame_name", frame_name)  # noqa: SLF001

    # -- what it is ------------------------------------------------------------------

    @property
    def is_while_context(self) -> bool:
        """A loop."""
        return True

    @property
    def grad_state(self) -> LoopGradient | None:
        """What ties the loop of a gradient to the loop that it differentiates."""
        return self._grad_state

    @property
    def back_prop(self) -> bool:
        """Whether the loop has gradients."""
        return self._back_prop

    def while_context(self) -> WhileContext | None:
        """Return this."""
        return self

    def control_pivot(self) -> Tensor | None:
        """Return the pivot of the part that is being built."""
        return (
            self.pivot_for_pred
            if self.pivot_for_body is None
            else (self.pivot_for_body)
        )

    # -- taking in -------------------------------------------------------------------

    def add_value(self, tensor: Tensor) -> Tensor:
        """Return an `Enter` output for a tensor from outside.

        In the loop of a gradient a value of the loop it differentiates comes from that
        loop's history.
        """
        name = tensor.name
        if name in self.values or context_of(tensor.op) is self:
            return self.external_values.get(name, tensor)
        self.values.add(name)
        history = self._from_history(tensor)
        if history is not None:
            self.external_values[name] = history
            return history
        result = tensor
        if self.outer_context is not None:
            result = self.outer_context.add_value(tensor)
        with control_dependencies(None):
            entered: Tensor = enter(
                result,
                self.name,
                is_constant=True,
                parallel_iterations=self.parallel_iterations,
            )
            entered.graph.prevent_feeding(entered)
            if self.outer_context is not None:
                self.outer_context.add_inner_op(entered.op)
        self._fix_enters([entered])
        self.values.add(entered.name)
        self.external_values[name] = entered
        return entered

    def _from_history(self, tensor: Tensor) -> Tensor | None:
        context = get_default_graph().scopes.context
        if context is None:
            return None
        loop = context.while_context()
        state = None if loop is None else loop.grad_state
        if state is None:
            return None
        forward: ControlFlowContext | None = while_context_of(tensor.op)
        if forward is not None and is_loop_exit(tensor.op):
            forward = forward.outer_context
            forward = None if forward is None else forward.while_context()
        if forward is not state.forward_context:
            return None
        return state.history_of(tensor)

    def add_op(self, op: Operation) -> None:
        """Take an operation in.

        In the loop of a gradient the shape of a value of the other loop is computed
        there, so that shapes are kept instead of values.
        """
        if op.type in _REDUCING and compiled_context(context_of(op)) is None:
            context = get_default_graph().scopes.context
            loop = None if context is None else context.while_context()
            state = None if loop is None else loop.grad_state
            source = op.inputs[0].op
            if state is not None and while_context_of(source) is state.forward_context:
                forward = context_of(source)
                assert forward is not None, op.name
                set_context(op, forward)
                forward.add_op_here(op)
                return
        self.add_op_here(op)

    def add_op_here(self, op: Operation) -> None:
        """Take an operation in, its inputs and control inputs with it."""
        pivot = self.control_pivot()
        if op.type in _CALLS and pivot is not None:
            op._add_control_input(pivot.op)  # noqa: SLF001
        for index, tensor in enumerate(op.inputs):
            inner = self.add_value(tensor)
            if inner is not tensor:
                op._update_input(index, inner)  # noqa: SLF001
        inside, outside = self.remove_external_control_inputs(op)
        if op.inputs:
            self._tie_to_pivot(op)
        elif not inside and pivot is not None:
            op._add_control_input(pivot.op)  # noqa: SLF001
        self.values.update(output.name for output in op.outputs)
        if outside:
            self._add_outer_control_inputs(op, outside)
        if self.outer_context is not None or not is_loop_exit(op):
            op.graph.prevent_fetching(op)
            for output in op.outputs:
                op.graph.prevent_feeding(output)
        if self.outer_context is not None:
            self.outer_context.add_inner_op(op)

    def _tie_to_pivot(self, op: Operation) -> None:
        """Keep an operation on loop invariants alone from running too often."""
        if op.control_inputs:
            return
        is_call = op.type in op.graph.functions or op.type == "SymbolicGradient"
        if is_call or all(is_loop_constant_enter(t.op) for t in op.inputs):
            pivot = self.control_pivot()
            assert pivot is not None, op.name
            op._add_control_input(pivot.op)  # noqa: SLF001

    def _add_outer_control_inputs(
        self, op: Operation, outside: Sequence[Operation]
    ) -> None:
        """Let control inputs from outside in, as an Identity of a value of theirs."""
        with control_dependencies(None):
            self.enter()
            # TF: operations without outputs are left out.
            entered = [identity(o.outputs[0]).op for o in outside if o.outputs]
            self.exit()
        op._add_control_inputs(entered)  # noqa: SLF001

    def _fix_enters(self, enters: Sequence[Tensor]) -> None:
        """Give Enter operations this context and the control inputs that they keep."""
        scopes = self.graph.scopes
        for entered in enters:
            op = entered.op
            waiting = scopes.control_inputs_for((op.inputs[0].op,))
            set_context(op, self)
            kept = [other for other in waiting if self._may_wait_outside(other)]
            op._add_control_inputs(kept)  # noqa: SLF001
            scopes.record(op)

    def _may_wait_outside(self, op: Operation) -> bool:
        """Whether `op` is around this loop and inside of the next loop around."""
        wanted = output_context(op)
        context = self.outer_context
        limit = None if context is None else context.while_context()
        while context is not wanted:
            if context is None or context is limit:
                return False
            context = context.outer_context
        return True

    # -- building a loop -------------------------------------------------------------

    def build_loop(
        self,
        pred: Callable[..., Any],
        body: Callable[..., Any],
        loop_vars: Sequence[Any],
        invariants_of: Callable[[Sequence[Tensor]], list[Dims]],
        return_same_structure: bool,
    ) -> Any:
        """Add the nodes of the loop and return the final values of its variables.

        Args:
            pred: Takes the loop variables and tells whether the loop goes on.
            body: Takes the loop variables and returns their next values.
            loop_vars: What the loop variables are at the start.
            invariants_of: Takes the tensors of the loop variables and returns the shape
                that each has in all iterations.
            return_same_structure: Whether a single variable is returned in a list.
        """
        originals = flatten(loop_vars)
        tensors = [convert_to_tensor(to_flow(value)) for value in originals]
        structure = pack_like(loop_vars, tensors)
        invariants = invariants_of(tensors)
        self.enter()
        try:
            returned, exits = self._build(
                pred, body, originals, tensors, structure, invariants
            )
        finally:
            self.exit()
        leaves = [
            from_flow(v, e) for v, e in zip(flatten(returned), exits, strict=True)
        ]
        packed = pack_like(returned, leaves)
        if return_same_structure:
            return packed
        return packed[0] if len(exits) == 1 else packed

    def _build(
        self,
        pred: Callable[..., Any],
        body: Callable[..., Any],
        originals: Sequence[Any],
        tensors: Sequence[Tensor],
        structure: Any,
        invariants: Sequence[Dims],
    ) -> tuple[Any, list[Tensor]]:
        enters = self._enter_variables(tensors, invariants)
        merges = [merge([entered, entered])[0] for entered in enters]
        self.pivot_for_pred = merges[0]
        arguments = _arguments(structure, originals, merges)
        self.pivot = loop_cond(convert_to_tensor(pred(*arguments)), name="LoopCond")
        switches = [switch_in_place(merged, self.pivot) for merged in merges]
        inner = [body_value(on_true) for _, on_true in switches]
        self.pivot_for_body = inner[0]
        arguments = _arguments(structure, originals, inner)
        returned = _body_result(body, arguments)
        check_same_structure(list(arguments), list(returned))
        results = [convert_to_tensor(to_flow(value)) for value in flatten(returned)]
        if len(merges) != len(results):
            raise ValueError(
                "Number of inputs and outputs of 'body' must match 'loop_vars'. Got "
                f"{len(merges)} for the number of inputs/outputs, and {len(results)} "
                "for 'loop_vars'."
            )
        for merged, result in zip(merges, results, strict=True):
            add_back_edge(merged, result)
        exits = [exit_frame(on_false) for on_false, _ in switches]
        self.loop_exits = exits
        self.exit_result(exits)
        return returned, exits

    def _enter_variables(
        self, tensors: Sequence[Tensor], invariants: Sequence[Dims]
    ) -> list[Tensor]:
        self.values = {tensor.name for tensor in tensors}
        outer = self.outer_context
        real = [t if outer is None else outer.add_value(t) for t in tensors]
        enters: list[Tensor] = []
        with control_dependencies(None):
            for tensor, dims in zip(real, invariants, strict=True):
                entered: Tensor = enter(
                    tensor,
                    self.name,
                    parallel_iterations=self.parallel_iterations,
                    keeps_shape=False,
                )
                if not is_refinement(tensor.dims, dims):
                    raise ValueError(
                        f"The shape invariant specified for {tensor.name} is not "
                        "compatible with the initial shape of the loop variable. It "
                        f"enters the loop with shape {tensor.shape}, but the "
                        f"specified shape invariant is {TensorShape(dims)}."
                    )
                entered.set_shape(dims)
                entered.graph.prevent_feeding(entered)
                if outer is not None:
                    outer.add_inner_op(entered.op)
                enters.append(entered)
        self._tie_enters_to_outer_pivot(enters)
        self._fix_enters(enters)
        self.values = {tensor.name for tensor in enters}
        self.loop_enters = enters
        return enters

    def _tie_enters_to_outer_pivot(self, enters: Sequence[Tensor]) -> None:
        context = self.outer_context
        pivot = None
        while context is not None and pivot is None:
            pivot = context.control_pivot()
            context = context.outer_context
        if pivot is None:
            return
        for entered in enters:
            if is_loop_constant_enter(entered.op.inputs[0].op):
                entered.op._add_control_input(pivot.op)  # noqa: SLF001


def _arguments(structure: Any, originals: Sequence[Any], tensors: Sequence[Any]) -> Any:
    """Return what the condition or body is called with."""
    leaves = [from_flow(like, t) for like, t in zip(originals, tensors, strict=True)]
    return pack_like(structure, leaves)


def _body_result(body: Callable[..., Any], arguments: Any) -> Any:
    """Call the body; summaries that it makes stay inside of the loop."""
    graph = get_default_graph()
    before = graph.get_collection(_SUMMARIES)
    returned = body(*arguments)
    if not is_nested(returned):
        returned = [returned]
    new = graph.get_collection(_SUMMARIES)[len(before) :]
    if new:
        graph.get_collection_ref(_SUMMARIES)[:] = before
        with control_dependencies(new):
            returned = map_structure(
                lambda v: v if isinstance(v, FlowCarrier) else identity(v), returned
            )
    return with_values(returned)


def add_back_edge(
    merged: Any, value: Any, *, enforce_shape_invariant: bool = True
) -> None:
    """Hand a value, or the parts of `IndexedSlices`, to the next iteration.

    Raises:
        ValueError: Its shape does not keep to that of the first iteration.
    """
    if isinstance(merged, IndexedSlices):
        parts = flatten(next_iteration(as_indexed_slices(value)))
        for merge_part, part in zip(flatten(merged), parts, strict=True):
            close_cycle(merge_part, part)
        return
    following: Tensor = next_iteration(convert_to_tensor(value))
    if enforce_shape_invariant and not is_refinement(following.dims, merged.dims):
        entered = merged.op.inputs[0].op.inputs[0]
        raise ValueError(
            f"Input tensor '{entered.name}' enters the loop with shape "
            f"{entered.shape}, but has shape {following.shape} after one iteration. "
            "To allow the shape to vary across iterations, use the "
            "`shape_invariants` argument of tf.while_loop to specify a less-specific "
            "shape."
        )
    close_cycle(merged, following)
