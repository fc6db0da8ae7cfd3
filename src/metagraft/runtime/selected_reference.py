"""References to one of several variables: which, is known in the run.

`RefSelect` names a variable by an index, `RefMerge` by the branch that was taken. What
reads such a reference gets the value of the variable it turns out to be; what changes
it is planned once for each variable, under the condition that this is the one.

Source: tensorflow core/kernels/control_flow_ops.cc RefSelectOp, MergeOp.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.folding import folded_value
from metagraft.kernels import Kernel
from metagraft.kernels.kernel import Array
from metagraft.runtime.plan import Guards
from metagraft.runtime.resources import VariableDeclaration

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor
    from metagraft.runtime.plan_builder import PlanBuilder

__all__ = [
    "SelectedError",
    "Selection",
    "plan_one",
    "plan_ref_select",
    "read_selected",
    "select",
]


@dataclass(frozen=True, slots=True)
class Selection:
    """One of several variables.

    Attributes:
        choices: The guards under which it is a variable, and the variable.
    """

    choices: tuple[tuple[Guards, VariableDeclaration], ...]


class SelectedError(Exception):
    """An operation asks for the variable behind a tensor that may be one of several."""

    def __init__(self, tensor: Tensor, selection: Selection) -> None:
        """Say which tensor, and what it may be."""
        super().__init__(tensor.name)
        self.tensor = tensor
        self.selection = selection


def select(
    plan: PlanBuilder,
    output: Tensor,
    inputs: Sequence[tuple[Guards, VariableDeclaration | Selection]],
) -> None:
    """Make an output stand for one of what its inputs stand for."""
    choices: list[tuple[Guards, VariableDeclaration]] = []
    for guards, behind in inputs:
        if isinstance(behind, Selection):
            choices += [(_both(guards, g), one) for g, one in behind.choices]
        else:
            choices.append((guards, behind))
    if len({one.key for _, one in choices}) == 1:
        plan.stand_for(output, choices[0][1])
    else:
        plan.stand_for(output, Selection(tuple(choices)))


def _both(first: Guards, second: Guards) -> Guards:
    return tuple(sorted({*first, *second}))


def read_selected(plan: PlanBuilder, selection: Selection, reader: Operation) -> int:
    """Return the slot with the value that the variable has now."""
    outer = plan.current_guards
    slots = []
    for guards, declaration in selection.choices:
        plan.set_current_guards(reader, _both(outer, guards))
        slots.append(plan.read(declaration, reader))
    plan.set_current_guards(reader, outer)
    found = plan.new_slot()
    plan.add_merge(reader, slots, [guards for guards, _ in selection.choices], [found])
    return found


def plan_one(
    plan: PlanBuilder, op: Operation, act: Callable[[PlanBuilder, Operation], None]
) -> None:
    """Plan an operation by `act`, for each of the variables it may act on."""
    try:
        act(plan, op)
    except SelectedError as found:
        _plan_each(plan, op, act, found)


def _plan_each(
    plan: PlanBuilder,
    op: Operation,
    act: Callable[[PlanBuilder, Operation], None],
    found: SelectedError,
) -> None:
    """Plan an operation once for each variable that an operand may be."""
    tensor, selection = found.tensor, found.selection
    outer = plan.current_guards
    guards = [guards for guards, _ in selection.choices]
    slots: list[list[int]] = []
    references: list[list[VariableDeclaration | Selection]] = []
    for one, declaration in selection.choices:
        plan.set_current_guards(op, _both(outer, one))
        plan.refer(tensor, declaration)
        plan_one(plan, op, act)
        for place, output in enumerate(op.outputs):
            if plan.is_fed(output):
                continue
            slot, behind = plan.forget(output)
            if len(slots) <= place:
                slots.append([])
                references.append([])
            slots[place] += [] if slot is None else [slot]
            references[place] += [] if behind is None else [behind]
    plan.refer(tensor, selection)
    plan.set_current_guards(op, outer)
    for output, given, behind_each in zip(op.outputs, slots, references, strict=False):
        if behind_each:
            select(plan, output, list(zip(guards, behind_each, strict=True)))
        elif given:
            plan.add_merge(op, given, guards, [plan.set_slot(output)])


def _check(index: int, count: int, op: Operation | None) -> None:
    if not 0 <= index < count:
        raise InvalidArgumentError(
            None if op is None else op.node_def,
            op,
            f"Index must be in the range [0, {count}) but got {index}",
        )


def _chosen(count: int, index: Array) -> tuple[Any, ...]:
    """Return for each variable whether it is the one."""
    if np.ndim(index):
        raise InvalidArgumentError(
            None,
            None,
            f"Index must be a scalar, but it has shape {list(np.shape(index))}",
        )
    _check(int(index), count, None)
    return tuple(np.bool_(place == index) for place in range(count))


_CHOSEN = Kernel(_chosen, host=True)


def plan_ref_select(plan: PlanBuilder, op: Operation) -> None:
    """Let the output stand for the variable that an index names.

    Raises:
        InvalidArgumentError: There is no such variable.
    """
    references = op.inputs[1:]
    behind = [plan.reference(tensor, op) for tensor in references]
    for one in behind:
        if isinstance(one, VariableDeclaration):
            plan.read(one, op)  # all have to have a value
    index = folded_value(op.inputs[0])
    if index is not None:
        _check(int(index), len(references), op)
        plan.stand_for(op.outputs[0], behind[int(index)])
        return
    slots = [plan.new_slot() for _ in references]
    plan.add_node(op, _CHOSEN, len(references), [plan.value(op.inputs[0], op)], slots)
    guards: list[Guards] = [((slot, True),) for slot in slots]
    select(plan, op.outputs[0], list(zip(guards, behind, strict=True)))
