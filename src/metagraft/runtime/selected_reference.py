"""`RefSelect`: one of several variables, by an index.

A constant index names a variable, which may be changed. An index that is known only in
the run gives a value to read.

Source: tensorflow core/kernels/control_flow_ops.cc RefSelectOp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metagraft.errors import InvalidArgumentError
from metagraft.graph.folding import folded_value
from metagraft.kernels import Kernel
from metagraft.kernels.kernel import Array

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.runtime.plan_builder import PlanBuilder

__all__ = ["plan_ref_select"]


def _check(index: int, count: int, op: Operation | None) -> None:
    if not 0 <= index < count:
        raise InvalidArgumentError(
            None if op is None else op.node_def,
            op,
            f"Index must be in the range [0, {count}) but got {index}",
        )


def _selected(_attrs: Any, index: Array, *values: Array) -> tuple[Array]:
    place = int(index)
    _check(place, len(values), None)
    return (values[place],)


_SELECTED = Kernel(_selected, host=True)


def plan_ref_select(plan: PlanBuilder, op: Operation) -> None:
    """Let the output stand for a variable, or hold the value of one.

    # TF: a variable that an index names only in the run may be changed there, and only
    that one has to have a value; here all of them, and what changes it is refused.

    Raises:
        InvalidArgumentError: There is no such variable.
    """
    references = op.inputs[1:]
    index = folded_value(op.inputs[0])
    if index is not None:
        _check(int(index), len(references), op)
        plan.stand_for(op.outputs[0], plan.variable(references[int(index)], op))
        return
    values = [plan.read(plan.variable(one, op), op) for one in references]
    slots = [plan.value(op.inputs[0], op), *values]
    output = plan.set_slot(op.outputs[0])
    plan.add_node(op, _SELECTED, op.record, slots, [output])
