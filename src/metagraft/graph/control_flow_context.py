"""Control-flow contexts: which branch or loop an operation belongs to.

While a branch or loop is being built, its context is current on the graph. Every new
operation is shown to it (`add_op`), and it replaces inputs from outside by nodes that
let the value in: a `Switch` for a branch, an `Enter` for a loop. `cond_context.py` and
`while_context.py` are the two kinds.

Source: tensorflow python/ops/control_flow_ops.py ControlFlowContext,
python/ops/control_flow_util.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from metagraft.graph.defaults import get_default_graph
from metagraft.graph.frames import ENTERS
from metagraft.graph.scope_names import prepend_name_scope, strip_name_scope
from metagraft.proto import ControlFlowContextDef, ValuesDef
from metagraft.proto.unknown_fields import unknown_fields

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor
    from metagraft.graph.while_context import WhileContext

_SWITCH: Final = ("Switch", "RefSwitch")
_EXIT: Final = ("Exit", "RefExit")


class ControlFlowContext(ABC):
    """What is known of one branch or loop of a graph.

    Attributes:
        name: Its unique name; also the name of a loop's frame.
        outer_context: The context it was made in.
        nested_contexts: The contexts made in it.
        values: Names of the tensors that may be used inside as they are.
        external_values: By name of a tensor from outside, what stands for it inside.
    """

    def __init__(self, name: str) -> None:
        """Start inside the current context of the default graph."""
        self.name = name
        self.outer_context = get_default_graph().scopes.context
        self.nested_contexts: list[ControlFlowContext] = []
        if self.outer_context is not None:
            self.outer_context.nested_contexts.append(self)
        self._entered_from: list[ControlFlowContext | None] = []
        self.values: set[str] = set()
        self.external_values: dict[str, Tensor] = {}
        # Fields of later releases: of the message that it was read from, of the values
        # in it, and of the message around it.
        self._unknown_fields = b""
        self._unknown_fields_of_values = b""
        self.unknown_fields_around = b""

    # -- being current ---------------------------------------------------------------

    def enter(self) -> None:
        """Make this the current context of the default graph."""
        graph = get_default_graph()
        self._entered_from.append(graph.scopes.context)
        graph._set_control_flow_context(self)  # noqa: SLF001 - TensorFlow's name

    def exit(self) -> None:
        """Return to the context that was current before the last `enter`."""
        graph = get_default_graph()
        graph.scopes.context = self._entered_from.pop()

    def exit_result(self, tensors: Iterable[Tensor]) -> None:
        """Make results usable in the context around this one."""
        if self.outer_context is not None:
            self.outer_context.values.update(tensor.name for tensor in tensors)

    # -- what the two kinds do -------------------------------------------------------

    @property
    @abstractmethod
    def is_while_context(self) -> bool:
        """Whether this is a loop."""

    @property
    def is_cond_context(self) -> bool:
        """Whether this is a branch."""
        return not self.is_while_context

    @abstractmethod
    def control_pivot(self) -> Tensor | None:
        """Return the tensor that is there when the inside runs."""

    @abstractmethod
    def add_op(self, op: Operation) -> None:
        """Take a new operation in, with its inputs."""

    @abstractmethod
    def add_op_here(self, op: Operation) -> None:
        """Take an operation in, even one that had better be computed elsewhere."""

    @abstractmethod
    def add_value(self, tensor: Tensor) -> Tensor:
        """Return what stands for a tensor inside, adding nodes if need be."""

    @abstractmethod
    def to_proto(self, export_scope: str | None = None) -> Any:
        """Return the message of this kind, or None if it is not in `export_scope`."""

    @abstractmethod
    def to_control_flow_context_def(
        self, export_scope: str | None = None
    ) -> ControlFlowContextDef:
        """Return the message of any kind."""

    @property
    @abstractmethod
    def grad_state(self) -> Any:
        """What ties the loop around to the loop of its gradient, if anything does."""

    # -- shared by the kinds ---------------------------------------------------------

    def while_context(self) -> WhileContext | None:
        """Return the innermost loop that this is or is inside of."""
        outer = self.outer_context
        return None if outer is None else outer.while_context()

    @property
    def back_prop(self) -> bool:
        """Whether that loop has gradients."""
        loop = self.while_context()
        return loop is not None and loop.back_prop

    def add_inner_op(self, op: Operation) -> None:
        """Hear of an operation that was added to a context inside of this one."""
        if self.outer_context is not None:
            self.outer_context.add_inner_op(op)

    def remove_external_control_inputs(
        self, op: Operation
    ) -> tuple[list[Operation], list[Operation]]:
        """Drop control inputs from outside of the loop that `op` is in.

        Returns:
            The control inputs that stay and those that went.
        """
        loop = self.while_context()
        if loop is None:
            return op.control_inputs, []
        inside: list[Operation] = []
        outside: list[Operation] = []
        for other in op.control_inputs:
            context = output_context(other)
            is_inside = context is not None and context.while_context() is loop
            (inside if is_inside else outside).append(other)
        if outside:
            op._remove_all_control_inputs()  # noqa: SLF001
            op._add_control_inputs(inside)  # noqa: SLF001
        return inside, outside

    def values_def(self, export_scope: str | None) -> ValuesDef:
        """Return `values` and `external_values` as a message."""
        message = ValuesDef()
        message.values.extend(
            strip_name_scope(name, export_scope) for name in sorted(self.values)
        )
        for name, tensor in self.external_values.items():
            key = strip_name_scope(name, export_scope)
            message.external_values[key] = strip_name_scope(tensor.name, export_scope)
        message.MergeFromString(self._unknown_fields_of_values)
        return message

    # TF: contexts inside keep the scope, so that a part with one cannot be imported.
    def nested_defs(self, export_scope: str | None) -> list[ControlFlowContextDef]:
        """Return the contexts inside as messages, but for those outside the scope."""
        messages = [
            nested.to_control_flow_context_def(export_scope)
            for nested in self.nested_contexts
        ]
        return [message for message in messages if message.WhichOneof("ctxt")]

    def read_values_def(self, message: ValuesDef, import_scope: str | None) -> None:
        """Fill `values` and `external_values`; claim the operations inside."""
        graph = get_default_graph()
        self._unknown_fields_of_values = unknown_fields(message)
        self.values = {prepend_name_scope(v, import_scope) for v in message.values}
        for name, inner in message.external_values.items():
            element: Any = graph.as_graph_element(
                prepend_name_scope(inner, import_scope)
            )
            self.external_values[prepend_name_scope(name, import_scope)] = element
        inside = self.values - set(self.external_values)
        for name in {value.partition(":")[0] for value in inside}:
            set_context(graph.get_operation_by_name(name), self)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


# -- kinds of operations -------------------------------------------------------------


def is_switch(op: Operation) -> bool:
    """Whether this is a `Switch`."""
    return op.type in _SWITCH


def is_loop_enter(op: Operation) -> bool:
    """Whether this is an `Enter`."""
    return op.type in ENTERS


def is_loop_exit(op: Operation) -> bool:
    """Whether this is an `Exit`."""
    return op.type in _EXIT


def is_loop_constant_enter(op: Operation) -> bool:
    """Whether this lets a value into a loop that stays the same in every iteration."""
    return is_loop_enter(op) and bool(op.attrs["is_constant"])


def is_cond_switch(op: Operation) -> bool:
    """Whether a `Switch` belongs to a branch: all that use it are in branches."""
    if not is_switch(op):
        return False
    for output in op.outputs:
        for consumer in output.consumers():
            context = context_of(consumer)
            if is_loop_enter(consumer) and context is not None:
                context = context.outer_context
            if context is None or not context.is_cond_context:
                return False
    return True


def is_loop_switch(op: Operation) -> bool:
    """Whether a `Switch` belongs to a loop."""
    context = context_of(op)
    return (
        is_switch(op)
        and context is not None
        and context.is_while_context
        and not is_cond_switch(op)
    )


def loop_constant_enter(tensor: Tensor) -> Operation | None:
    """Return the `Enter` of the loop invariant that a tensor is, or None."""
    op = tensor.op
    while op.type in ("Switch", "RefSwitch", "Identity", "RefIdentity"):
        op = op.inputs[0].op
    return op if is_loop_constant_enter(op) else None


# -- contexts of operations ----------------------------------------------------------


def context_of(op: Operation) -> ControlFlowContext | None:
    """Return the context that an operation belongs to."""
    return op._get_control_flow_context()  # noqa: SLF001 - TensorFlow's name


def set_context(op: Operation, context: ControlFlowContext | None) -> None:
    """Say which context an operation belongs to."""
    op._set_control_flow_context(context)  # noqa: SLF001 - TensorFlow's name


def output_context(op: Operation) -> ControlFlowContext | None:
    """Return the context that the outputs of an operation belong to.

    That of the operation, but for an `Exit` the one outside of its loop.
    """
    context = context_of(op)
    if context is not None and is_loop_exit(op):
        return context.outer_context
    return context


def while_context_of(op: Operation) -> WhileContext | None:
    """Return the innermost loop that an operation is in."""
    context = context_of(op)
    return None if context is None else context.while_context()


def is_in_context(
    context: ControlFlowContext | None, container: ControlFlowContext | None
) -> bool:
    """Whether a context is, or lies inside of, `container`."""
    while context is not container:
        if context is None:
            return False
        context = context.outer_context
    return True


def check_input(op: Operation, source: Operation) -> None:
    """Check that `op` may use an output of `source`: no value leaves a loop so.

    Raises:
        ValueError: `source` is in a loop that `op` is not in.
    """
    found = output_context(source)
    here = context_of(op)
    if found is None or found is here:
        return
    source_loop = found.while_context()
    loop = None if here is None else here.while_context()
    if loop is None:
        # The contexts of `Enter` and `Switch` are set after they are made.
        if source_loop is None or is_loop_enter(op) or is_switch(op):
            return
        raise ValueError(
            f"Cannot use '{source.name}' as input to '{op.name}' because "
            f"'{source.name}' is in a while loop. See info log for more details."
        )
    if not _may_reach(loop, source_loop):
        raise ValueError(
            f"Cannot use '{source.name}' as input to '{op.name}' because they "
            "are in different while loops. See info log for more details."
        )


def _may_reach(loop: WhileContext, source_loop: WhileContext | None) -> bool:
    """Whether values of `source_loop` may be used in `loop`.

    They may if it is around `loop`, or if one of the two computes the gradient of the
    other, which is then given to the history of the values.
    """
    if is_in_context(loop, source_loop):
        return True
    state = loop.grad_state
    if state is not None:
        forward = state.forward_context
        if is_in_context(forward, source_loop):
            return True
        if source_loop is not None and forward is source_loop.outer_context:
            return True
    back = None if source_loop is None else source_loop.grad_state
    return back is not None and back.forward_context is loop
