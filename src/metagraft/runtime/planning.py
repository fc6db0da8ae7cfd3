"""From fetches and feeds to a plan: which operations run, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metagraft.kernels import kernel_for
from metagraft.runtime.function_lowering import calls_functions, lowered
from metagraft.runtime.lock_order import ordered_locks
from metagraft.runtime.loop_waits import without_own_waits
from metagraft.runtime.loops import (
    FoundLoop,
    FrameName,
    Needed,
    condensed,
    find_frames,
    has_loops,
    passes_through,
)
from metagraft.runtime.node_errors import missing_kernels, not_ordered
from metagraft.runtime.order import needed_operations, ordered
from metagraft.runtime.plan import Plan
from metagraft.runtime.plan_builder import PlanBuilder, Planner
from metagraft.runtime.plan_tensors import ConstantReader
from metagraft.runtime.selected_reference import plan_one

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor


def build_plan(
    fetches: Sequence[Tensor],
    targets: Sequence[Operation],
    feeds: Sequence[Tensor],
    constant_value: ConstantReader,
    planners: dict[str, Planner],
) -> Plan:
    """Plan a run.

    Args:
        fetches: Tensors to return.
        targets: Operations to run besides.
        feeds: Tensors whose values are given.
        constant_value: Returns the value of a `Const` operation.
        planners: How the ops that act on the run (variables, ...) become part of it.

    Raises:
        UnimplementedError: Operations are needed that nothing can run.
    """
    fed = frozenset(feeds)
    sources = [tensor.op for tensor in fetches if tensor not in fed]
    needed = needed_operations([*sources, *targets], fed)
    if calls_functions(needed):
        run = lowered(needed, fetches, targets, feeds)
        return build_plan(run.fetches, run.targets, run.feeds, constant_value, planners)
    builder = PlanBuilder(constant_value, fed)
    feed_slots = [builder.set_slot(tensor) for tensor in feeds]
    lacking = [
        op for op in needed if op.type not in planners and kernel_for(op.type) is None
    ]
    if lacking:
        raise missing_kernels(lacking)
    frames: Mapping[Operation, FrameName] = {}
    if has_loops(needed):
        needed = without_own_waits(needed)
        frames = find_frames(needed)
    else:
        needed = ordered_locks(needed)
    _Walk(planners, frames).plan(builder, needed, 0, targets)
    return builder.finished(feed_slots, fetches)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Plans operations in order.

    Attributes:
        planners: How the ops that act on the run become part of it.
        frames: Per operation the loops around it; empty if there are no loops.
    """

    planners: dict[str, Planner]
    frames: Mapping[Operation, FrameName]

    def plan(
        self,
        builder: PlanBuilder,
        needed: Needed,
        depth: int,
        targets: Collection[Operation],
        loop: FoundLoop | None = None,
    ) -> None:
        """Plan the operations of the run, or of a part of `loop`, in order.

        `targets` are those that are asked for themselves.
        """
        loops: Mapping[Operation, FoundLoop] = {}
        if self.frames:
            needed, loops = condensed(needed, self.frames, depth, targets)

        def is_update(op: Operation) -> bool:
            inner = loops.get(op)
            if inner is not None:
                return any(_is_update(o) for o in inner.operations)
            return _is_update(op)

        order, stuck = ordered(needed, is_update)
        if stuck:
            raise not_ordered(stuck)
        for op in order:
            inner = loops.get(op)
            if inner is not None:
                self._plan_loop(builder, inner, depth + 1)
            else:
                self._plan_operation(builder, op, loop)

    def _plan_operation(
        self, builder: PlanBuilder, op: Operation, loop: FoundLoop | None
    ) -> None:
        builder.start_operation(op)
        if passes_through(op) or (loop is not None and _is_switch_of(loop, op)):
            builder.pass_on(op)
            builder.finish_operation(op)
            return
        plan_one(builder, op, self.planners.get(op.type, _plan_kernel))
        builder.finish_operation(op)

    def _plan_loop(self, builder: PlanBuilder, loop: FoundLoop, depth: int) -> None:
        """Plan the two parts of a loop and append it as one node."""
        inside = builder.inside(loop)
        part = _part(loop, [loop.pivot], ())
        del part[loop.pivot]
        self.plan(inside, part, depth, (), loop)
        inside.end_condition(loop.pivot.inputs[0], loop.pivot)
        body = _part(loop, [*loop.nexts, *loop.effects], part)
        self.plan(inside, body, depth, loop.effects, loop)
        builder.add_loop(loop, inside)


def _plan_kernel(builder: PlanBuilder, op: Operation) -> None:
    kernel = kernel_for(op.type)
    assert kernel is not None
    builder.add_kernel(op, kernel)


def _is_switch_of(loop: FoundLoop, op: Operation) -> bool:
    """Whether a Switch leads out of the loop or into its body."""
    is_switch = op.type in ("Switch", "RefSwitch")
    return is_switch and op.inputs[1].op is loop.pivot


def _part(
    loop: FoundLoop, targets: Sequence[Operation], done: Collection[Operation]
) -> Needed:
    """Return what one iteration runs for `targets` but has not run before."""
    known = {*loop.enters, *loop.merges, *done}
    if loop.pivot not in targets:
        known.add(loop.pivot)
    found: Needed = {}
    waiting = list(targets)
    while waiting:
        op = waiting.pop()
        if op in found or op in known:
            continue
        before = [*(tensor.op for tensor in op.inputs), *op.control_inputs]
        found[op] = [o for o in before if o in loop.operations and o not in known]
        waiting.extend(found[op])
    for target in targets:
        if target.type in ("NextIteration", "RefNextIteration"):
            del found[target]
    return found


_ASSIGNMENTS = frozenset({"Assign", "AssignVariableOp", "DestroyResourceOp"})


def _is_update(op: Operation) -> bool:
    if op.type in _ASSIGNMENTS:
        return True
    kernel = kernel_for(op.type)
    return kernel is not None and bool(kernel.updates)
