"""Tables that change in place in a run on the host.

An update of some rows of a variable copies the variable, because others may hold its
value: later nodes, fetches, another session's thread. If the only ones that hold it are
the store and one slot that nothing uses after the update, the rows are changed in the
array itself. A run that fails takes the changes back (`kernels.rows.take_back`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from metagraft.runtime.evaluate import Environment, Step
from metagraft.runtime.plan import FRAME_SLOT, Node, Plan
from metagraft.runtime.resources import VariableDeclaration


def row_update_steps(plan: Plan, steps: Sequence[Step]) -> list[Step]:
    """Return the steps of a plan, with updates of rows in place where they may be."""
    result = list(steps)
    if not any(node.kernel.in_place for node in plan.nodes):
        return result
    declarations = {
        read.slot: read.declaration for read in plan.reads if not read.initialized
    }
    used = {*plan.fetches, *(write.slot for write in plan.writes)}
    for guards in plan.fetch_guards:
        used.update(slot for slot, _ in guards)
    for position in range(len(plan.nodes) - 1, -1, -1):
        node = plan.nodes[position]
        slots = node.flat_inputs()
        tables = slots[: len(node.kernel.updates)]
        last_use = used.isdisjoint(tables) and all(slots.count(t) == 1 for t in tables)
        if last_use and _may_be_in_place(node, tables, declarations):
            result[position] = _in_place_step(node, steps[position], declarations)
        used.update(node.dependencies())
        used.update(slot for slot, _ in node.checked)
    return result


def _may_be_in_place(
    node: Node,
    tables: Sequence[int],
    declarations: Mapping[int, VariableDeclaration],
) -> bool:
    is_plain = not (node.guards or node.choices or node.checked or node.needs_frame)
    return (
        node.kernel.in_place is not None
        and is_plain
        and all(table in declarations for table in tables)
    )


def _in_place_step(
    node: Node, copying: Step, declarations: Mapping[int, VariableDeclaration]
) -> Step:
    """Return the step that changes tables themselves if nobody else holds them."""
    update = node.kernel.in_place
    assert update is not None
    attrs, operands, outputs = node.attrs, node.flat_inputs(), node.outputs
    tables = [
        (slot, declarations[slot]) for slot in operands[: len(node.kernel.updates)]
    ]

    def step(environment: Environment) -> None:
        frame = environment[FRAME_SLOT]
        get = frame.store.get
        for slot, declaration in tables:
            # The store and the slot hold it: two, as in `_HOLDERS`.
            if (
                _holders(environment, slot) != _HOLDERS
                or environment[slot] is not get(declaration)
                or not environment[slot].flags.owndata
            ):
                copying(environment)
                return
        values = update(frame.undo, attrs, *[environment[slot] for slot in operands])
        for slot, value in zip(outputs, values, strict=True):
            environment[slot] = value

    return step


def _holders(environment: Environment, slot: int) -> int:
    """Return how many references there are to a value, those of this call included."""
    return sys.getrefcount(environment[slot])


def _holders_of_two() -> int:
    environment: Environment = [np.empty(1)]
    store = {"": environment[0]}
    return _holders(environment, 0) if store else 0


_HOLDERS: Final = _holders_of_two()
