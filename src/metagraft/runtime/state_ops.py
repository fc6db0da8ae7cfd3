"""Ops that act on the run itself: variables, placeholders, constants, no-ops.

Each is a planner: it tells the plan what the operation means instead of calling a
kernel. Ops on the value of one variable (`AssignAdd`, `ReadVariableOp`, the optimizers)
are ordinary kernels, see `kernels/state.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metagraft.errors import InvalidArgumentError
from metagraft.formats.names import decode_name
from metagraft.graph.dtypes import resource
from metagraft.graph.shapes import is_static
from metagraft.runtime.assignment import ASSIGN, Assignment
from metagraft.runtime.loops import LOOP_OPS
from metagraft.runtime.node_errors import shown_type
from metagraft.runtime.plan import Guards
from metagraft.runtime.plan_builder import PlanBuilder, Planner
from metagraft.runtime.resources import DEFAULT_CONTAINER, VariableDeclaration
from metagraft.runtime.selected_reference import plan_ref_select, select
from metagraft.runtime.temporary_variables import plan_destroy_temporary, plan_temporary

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor


def declaration_of(op: Operation) -> VariableDeclaration:
    """Return the variable that a `VariableV2`, `Variable` or `VarHandleOp` declares."""
    attrs = op.attrs
    container = decode_name(attrs.get("container", b"")) or DEFAULT_CONTAINER
    name = decode_name(attrs.get("shared_name", b"")) or op.name
    return VariableDeclaration(
        container=container,
        name=name,
        dtype=attrs["dtype"],
        dims=attrs["shape"],
        is_resource=op.type == "VarHandleOp",
    )


def plan_variable(plan: PlanBuilder, op: Operation) -> None:
    """The output refers to the variable; nothing is run."""
    plan.stand_for(op.outputs[0], declaration_of(op))


def plan_no_op(plan: PlanBuilder, op: Operation) -> None:
    """Nothing is run; control edges pass through."""


def plan_control_trigger(plan: PlanBuilder, op: Operation) -> None:
    """Pass on control edges, also those of branches that are not taken."""
    plan.set_current_guards(op, ())


def plan_constant(plan: PlanBuilder, op: Operation) -> None:
    """The value is known before the run."""
    plan.constant(op.outputs[0], plan.constant_value(op))


def plan_identity(plan: PlanBuilder, op: Operation) -> None:
    """Of a variable: another name for it. Of a value: the same slot."""
    tensor = op.inputs[0]
    declaration = plan.variable_behind(tensor)
    if declaration is not None:
        plan.stand_for(op.outputs[0], declaration)
    else:
        plan.set_slot(op.outputs[0], plan.value(tensor, op))


def plan_guarantee(plan: PlanBuilder, op: Operation) -> None:
    """The same slot; a variable may change, so it is refused.

    Raises:
        InvalidArgumentError: The operand is a handle of a variable.
    """
    if op.inputs[0].dtype == resource:
        text = "Input tensor cannot be a resource variable handle."
        raise InvalidArgumentError(
            op.node_def, op, f"{text}\n\t [[{{{{node {op.name}}}}}]]"
        )
    plan_identity(plan, op)


def plan_identity_n(plan: PlanBuilder, op: Operation) -> None:
    """Each output is the same slot as its input."""
    for tensor, output in zip(op.inputs, op.outputs, strict=True):
        plan.set_slot(output, plan.value(tensor, op))


def plan_placeholder(plan: PlanBuilder, op: Operation) -> None:
    """Refuse to run: a placeholder has no value of its own.

    A fed one is not reached, unless it is itself a target, which TensorFlow refuses.

    Raises:
        InvalidArgumentError: Always.
    """
    tensor = op.outputs[0]
    dims = op.attrs.get("shape")
    if dims == () and op.graph.graph_def_versions.producer < 24:  # [] meant unknown
        dims = None
    shape = ""
    if dims:
        sizes = ",".join("?" if size is None else str(size) for size in dims)
        shape = f" and shape [{sizes}]"
    dtype = shown_type(tensor.dtype)
    message = (
        f"You must feed a value for placeholder tensor '{op.name}' with dtype "
        f"{dtype}{shape}\n\t [[{{{{node {op.name}}}}}]]"
    )
    place = op.graph.creation_stack(op.op_id).place()
    if place:
        message += f"\nMade at {place}"
    raise InvalidArgumentError(op.node_def, op, message)


def plan_argument(plan: PlanBuilder, op: Operation) -> None:
    """Refuse to run: an argument outside of a function has to be fed.

    Raises:
        InvalidArgumentError: Always.
    """
    raise InvalidArgumentError(
        op.node_def,
        op,
        f"You must feed a value for '{op.outputs[0].name}', argument "
        f"{op.attrs['index']} of a function.",
    )


# -- assignments -----------------------------------------------------------------------


def plan_assign(plan: PlanBuilder, op: Operation) -> None:
    """Give a reference variable a value, which its output then refers to."""
    declaration = plan.variable(op.inputs[0], op)
    validates = bool(op.attrs.get("validate_shape", True))
    inputs = [plan.value(op.inputs[1], op)]
    if validates and not is_static(declaration.dims):
        inputs.append(plan.read(declaration, op, optional=True))
    slot = plan.new_slot()
    rule = Assignment(declaration.dims, validates)
    plan.add_node(op, ASSIGN, rule, inputs, [slot])
    plan.write(declaration, slot, op)
    plan.stand_for(op.outputs[0], declaration)


def plan_assign_variable(plan: PlanBuilder, op: Operation) -> None:
    """Give a resource variable a value."""
    declaration = plan.variable(op.inputs[0], op)
    if op.attrs["dtype"].base_dtype != declaration.dtype.base_dtype:
        raise InvalidArgumentError(
            op.node_def,
            op,
            "Variable and value dtypes don't match; respectively, "
            f"{shown_type(declaration.dtype)} and "
            f"{shown_type(op.attrs['dtype'])}",
        )
    source = op.inputs[1]
    inputs = [plan.value(source, op)]
    # TF: a variable takes a value of any shape from a checkpoint, silently (MG-285).
    validates = _is_restored(source) and is_static(declaration.dims)
    if not validates and op.attrs.get("validate_shape", False):
        # What it holds decides, of any shape: only values known to fit need no look.
        validates = True
        if source.dims != declaration.dims or not is_static(declaration.dims):
            inputs.append(plan.read(declaration, op, optional=True))
    slot = plan.new_slot()
    rule = Assignment(declaration.dims, validates, is_of_resource=True)
    plan.add_node(op, ASSIGN, rule, inputs, [slot])
    plan.write(declaration, slot, op)


def _is_restored(value: Tensor) -> bool:
    """Return whether a value is what a checkpoint holds, unchanged."""
    op = value.op
    while op.type == "Identity":
        op = op.inputs[0].op
    return op.type in ("RestoreV2", "RestoreSlice", "Restore")


def plan_is_initialized(plan: PlanBuilder, op: Operation) -> None:
    """Ask the store, or the plan if the variable got its value in this run."""
    declaration = plan.variable(op.inputs[0], op)
    plan.set_slot(op.outputs[0], plan.is_initialized(declaration, op))


def plan_destroy(plan: PlanBuilder, op: Operation) -> None:
    """Take the value of a resource variable away."""
    plan.write(plan.variable(op.inputs[0], op), None, op)


# -- branches --------------------------------------------------------------------------


def plan_switch(plan: PlanBuilder, op: Operation) -> None:
    """Both outputs are the data; each has a value only under its predicate."""
    data, predicate = op.inputs
    slot = plan.value(predicate, op)
    guards = plan.guards(op.inputs[0]) + plan.guards(op.inputs[1])
    for output, taken in zip(op.outputs, (False, True), strict=True):
        declaration = plan.variable_behind(data)
        if declaration is not None:
            plan.stand_for(output, declaration)
        else:
            plan.set_slot(output, plan.value(data, op))
        plan.set_guards(output, (*guards, *plan.control_guards(op), (slot, taken)))


def plan_merge(plan: PlanBuilder, op: Operation) -> None:
    """Give out the input that has a value, and its position.

    The two branches of a condition together have a value whenever the condition is
    evaluated. Other merges get a predicate of their own: whether any input has one.
    Of references it gives out that to the variable of the branch that was taken.
    """
    choices = [plan.guards(tensor) for tensor in op.inputs]
    shared = set(choices[0]).intersection(*choices[1:])
    rest = [sorted(set(guards) - shared) for guards in choices]
    common: Guards = tuple(sorted(shared))
    always = any(not guards for guards in rest) or (
        len(rest) == 2
        and all(len(guards) == 1 for guards in rest)
        and rest[0][0][0] == rest[1][0][0]
    )
    dtype = op.outputs[0].dtype
    refers = dtype.is_ref or dtype == resource
    behind = [plan.variable_behind(t) for t in op.inputs] if refers else []
    is_reference = refers and None not in behind
    inputs = []
    for tensor, guards in zip(op.inputs, choices, strict=True):
        # A variable is read only if its branch is taken.
        plan.set_current_guards(op, guards)
        inputs.append(plan.new_slot() if is_reference else plan.value(tensor, op))
    plan.set_current_guards(op, common)
    if is_reference:
        named = [one for one in behind if one is not None]
        select(plan, op.outputs[0], list(zip(choices, named, strict=True)))
        outputs = [plan.new_slot(), plan.set_slot(op.outputs[1])]
    else:
        outputs = [plan.set_slot(tensor) for tensor in op.outputs]
    if always:
        plan.add_merge(op, inputs, choices, outputs)
        return
    found = plan.new_slot()
    plan.add_merge(op, inputs, choices, [found, *outputs])
    plan.set_current_guards(op, (*common, (found, True)))


# -- files -----------------------------------------------------------------------------


def plan_file_op(plan: PlanBuilder, op: Operation) -> None:
    """Call a kernel that reads or writes files."""
    from metagraft.runtime.checkpoint_ops import CHECKPOINT_KERNELS

    plan.add_kernel(op, CHECKPOINT_KERNELS[op.type])


def plan_loop_op(plan: PlanBuilder, op: Operation) -> None:
    """Nothing: loops are planned as a whole, see `plan_builder.py`."""


STATE_OPS: Final[dict[str, Planner]] = {
    **dict.fromkeys(LOOP_OPS, plan_loop_op),
    "NoOp": plan_no_op,
    "ControlTrigger": plan_control_trigger,
    "Const": plan_constant,
    "HostConst": plan_constant,
    "Placeholder": plan_placeholder,
    "PlaceholderV2": plan_placeholder,
    "PlaceholderWithDefault": plan_identity,
    "Identity": plan_identity,
    "RefIdentity": plan_identity,
    "StopGradient": plan_identity,
    "PreventGradient": plan_identity,
    "Snapshot": plan_identity,
    "GuaranteeConst": plan_guarantee,
    "IdentityN": plan_identity_n,
    "Variable": plan_variable,
    "VariableV2": plan_variable,
    "VarHandleOp": plan_variable,
    "Assign": plan_assign,
    "AssignVariableOp": plan_assign_variable,
    "IsVariableInitialized": plan_is_initialized,
    "VarIsInitializedOp": plan_is_initialized,
    "DestroyResourceOp": plan_destroy,
    "DisableCopyOnRead": plan_no_op,  # reads copy nothing anyway
    "Switch": plan_switch,
    "RefSwitch": plan_switch,
    "Merge": plan_merge,
    "SaveV2": plan_file_op,
    "RestoreV2": plan_file_op,
    "Save": plan_file_op,
    "SaveSlices": plan_file_op,
    "Restore": plan_file_op,
    "RestoreSlice": plan_file_op,
    "MergeV2Checkpoints": plan_file_op,
    "ShardedFilename": plan_file_op,
    "ShardedFilespec": plan_file_op,
    "GenerateVocabRemapping": plan_file_op,
    "LoadAndRemapMatrix": plan_file_op,
    "RefMerge": plan_merge,
    "RefSelect": plan_ref_select,
    "TemporaryVariable": plan_temporary,
    "DestroyTemporaryVariable": plan_destroy_temporary,
    "_Arg": plan_argument,
    "_Retval": plan_no_op,
    "_ArrayToList": plan_identity_n,
    "_ListToArray": plan_identity_n,
}
