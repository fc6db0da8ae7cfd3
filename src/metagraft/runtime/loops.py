"""Finding the loops of version 1 among the operations of a run.

A loop is a frame: what lies between its `Enter` and `Exit` operations. Frames nest.
Only edges and the name of the frame count, so imported graphs need no contexts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.frames import ENTERS

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

_EXIT: Final = frozenset({"Exit", "RefExit"})
_MERGE: Final = frozenset({"Merge", "RefMerge"})
_SWITCH: Final = frozenset({"Switch", "RefSwitch"})
_NEXT: Final = frozenset({"NextIteration", "RefNextIteration"})
LOOP_OPS: Final = (*sorted(ENTERS | _EXIT | _NEXT), "LoopCond")

FrameName = tuple[str, ...]
Needed = dict["Operation", list["Operation"]]


@dataclass(slots=True, eq=False)
class FoundLoop:
    """One loop, with the loops inside of it.

    Attributes:
        frame: Names of the frame and those around it, outermost first.
        operations: All of it.
        enters: Where values enter; constants and first values of variables.
        merges: The loop variables.
        nexts: Their next values.
        exits: Where final values leave.
        condition: The `LoopCond`.
        before: Operations outside that have to run before.
        effects: Operations inside that are asked for, or that others outside wait for.
    """

    frame: FrameName
    operations: dict[Operation, None] = field(default_factory=dict)
    enters: list[Operation] = field(default_factory=list)
    merges: list[Operation] = field(default_factory=list)
    nexts: list[Operation] = field(default_factory=list)
    exits: list[Operation] = field(default_factory=list)
    condition: Operation | None = None
    before: dict[Operation, None] = field(default_factory=dict)
    effects: dict[Operation, None] = field(default_factory=dict)

    @property
    def pivot(self) -> Operation:
        """The `LoopCond`, which stands for the whole loop in the order of a run."""
        assert self.condition is not None
        return self.condition


def has_loops(operations: Iterable[Operation]) -> bool:
    """Whether any of the operations belongs to a loop."""
    return any(op.type in ENTERS for op in operations)


def find_frames(needed: Needed) -> dict[Operation, FrameName]:
    """Return the frame of every operation; only frames that are loops count.

    Raises:
        InvalidArgumentError: There is a cycle that is no loop.
    """
    forward = {op: _without_back_edges(op, before) for op, before in needed.items()}
    after: dict[Operation, list[Operation]] = {op: [] for op in needed}
    missing = {}
    for op, before in forward.items():
        missing[op] = len(before)
        for predecessor in before:
            after[predecessor].append(op)
    frames: dict[Operation, FrameName] = {}
    ready = [op for op, count in missing.items() if not count]
    while ready:
        op = ready.pop()
        frames[op] = _frame_of(op, forward[op], frames)
        for successor in after[op]:
            missing[successor] -= 1
            if not missing[successor]:
                ready.append(successor)
    if len(frames) < len(needed):
        stuck = next(op for op in needed if op not in frames)
        raise InvalidArgumentError(
            stuck.node_def,
            stuck,
            f"The graph has a cycle that is no loop; '{stuck.name}' ({stuck.type}) "
            "waits for itself or for operations that do.",
        )
    loops_of = _only_loops(frames)
    _check_inputs(frames, loops_of)
    return {op: loops_of(frame) for op, frame in frames.items()}


def _only_loops(
    frames: Mapping[Operation, FrameName],
) -> Callable[[FrameName], FrameName]:
    """Return what leaves out frames in which nothing goes round.

    # TF: operations that mix values of such frames with others are refused.
    """
    turning = {
        frame
        for op, frame in frames.items()
        if op.type == "LoopCond" or op.type in _NEXT
    }
    if turning.issuperset(filter(None, frames.values())):
        return lambda frame: frame
    return lambda frame: tuple(
        name for i, name in enumerate(frame) if frame[: i + 1] in turning
    )


def _check_inputs(
    frames: Mapping[Operation, FrameName],
    loops_of: Callable[[FrameName], FrameName],
) -> None:
    """Check that no operation mixes values of several loops.

    Raises:
        InvalidArgumentError: One does.
    """

    def frame_of(tensor: Tensor) -> FrameName:
        frame = frames[tensor.op]
        return loops_of(frame[:-1] if tensor.op.type in _EXIT else frame)

    # What merges comes last: the mistake was made before it.
    for op in sorted(frames, key=lambda op: (op.type in _MERGE, op.op_id)):
        known = [tensor for tensor in op.inputs if tensor.op in frames]
        for tensor in known[1:]:
            if frame_of(tensor) == frame_of(known[0]):
                continue
            first, second = (
                f"The input {{{{node {t.op.name}}}}} is in frame "
                f"'{(frame_of(t) or ('',))[-1]}'."
                for t in (known[0], tensor)
            )
            raise InvalidArgumentError(
                op.node_def,
                op,
                f"{{{{node {op.name}}}}} has inputs from different frames. {first} "
                f"{second}",
            )


def passes_through(op: Operation) -> bool:
    """Whether an operation lets a value into a frame or out of one."""
    return op.type in ENTERS or op.type in _EXIT


def _without_back_edges(
    op: Operation, before: Iterable[Operation]
) -> dict[Operation, None]:
    if op.type in _MERGE:
        return {other: None for other in before if other.type not in _NEXT}
    return dict.fromkeys(before)


def _frame_of(
    op: Operation, before: Iterable[Operation], frames: Mapping[Operation, FrameName]
) -> FrameName:
    deepest: FrameName = ()
    for other in before:
        frame = frames[other]
        if other.type in _EXIT:
            frame = frame[:-1]
        if len(frame) > len(deepest):
            deepest = frame
    if op.type in ENTERS:
        return (*deepest, op.attrs["frame_name"].decode("utf-8", "replace"))
    return deepest


def condensed(
    needed: Needed,
    frames: Mapping[Operation, FrameName],
    depth: int,
    effects: Collection[Operation] = (),
) -> tuple[Needed, dict[Operation, FoundLoop]]:
    """Put one operation in the place of each outermost loop.

    Args:
        needed: Operations with their predecessors.
        frames: The frame of each.
        depth: How many frames are around `needed`.
        effects: Which of the operations are asked for themselves.

    Returns:
        The same with every loop replaced by its `LoopCond`, and the loops by that.
    """
    groups: dict[FrameName, list[Operation]] = {}
    for op in needed:
        if len(frames[op]) > depth:
            groups.setdefault(frames[op][: depth + 1], []).append(op)
    if not groups:
        return needed, {}
    loops: list[FoundLoop] = []
    for name, operations in groups.items():
        for part in _connected(operations, needed, frames, depth + 1):
            loop = FoundLoop(name, dict.fromkeys(part))
            for op in part:
                if len(frames[op]) == depth + 1:
                    _sort_in(loop, op)
            loops.append(loop)
    place = {op: loop for loop in loops for op in loop.operations}
    _note_effects(needed, place, effects)
    for loop in loops:
        _check(loop)
        outside = (
            o for op in loop.operations for o in needed[op] if place.get(o) is not loop
        )
        loop.before.update((_standing_for(o, place), None) for o in outside)
    result: Needed = {
        op: [_standing_for(other, place) for other in before]
        for op, before in needed.items()
        if op not in place
    }
    result.update((loop.pivot, list(loop.before)) for loop in loops)
    return result, {loop.pivot: loop for loop in loops}


def _note_effects(
    needed: Needed, place: Mapping[Operation, FoundLoop], effects: Collection[Operation]
) -> None:
    for op in effects:
        if op in place:
            place[op].effects[op] = None
    for op, before in needed.items():
        for other in before:
            loop = place.get(other)
            is_outside = loop is not None and loop is not place.get(op)
            if loop is not None and is_outside and other not in loop.exits:
                loop.effects[other] = None


def _connected(
    operations: list[Operation],
    needed: Needed,
    frames: Mapping[Operation, FrameName],
    depth: int,
) -> list[list[Operation]]:
    """Take the loops of one frame apart.

    # TF: two loops whose frames have one name, as when a graph is imported twice, fail.
    """
    conditions = [
        op for op in operations if op.type == "LoopCond" and len(frames[op]) == depth
    ]
    if len(conditions) < 2:
        return [operations]
    known = set(operations)
    neighbours: dict[Operation, list[Operation]] = {op: [] for op in operations}
    for op in operations:
        for other in needed[op]:
            leaves = other.type in _EXIT and len(frames[other]) == depth
            if other in known and not leaves:
                neighbours[op].append(other)
                neighbours[other].append(op)
    parts: list[list[Operation]] = []
    seen: set[Operation] = set()
    for condition in conditions:
        if condition in seen:
            continue
        part = {condition: None}
        waiting = [condition]
        while waiting:
            for other in neighbours[waiting.pop()]:
                if other not in part:
                    part[other] = None
                    waiting.append(other)
        seen.update(part)
        parts.append([op for op in operations if op in part])
    return parts


def let_out(exit_op: Operation) -> Tensor:
    """Return what an `Exit` takes, without identities that wait for switches only.

    Gradients that are gated put such identities behind the switches of a loop.
    """
    tensor = exit_op.inputs[0]
    while tensor.op.type == "Identity" and all(
        waited.type == "NoOp"
        and not waited.inputs
        and all(o.type in _SWITCH for o in waited.control_inputs)
        for waited in tensor.op.control_inputs
    ):
        tensor = tensor.op.inputs[0]
    return tensor


def keeps_reference(merge: Operation) -> bool:
    """Whether a loop variable is a reference that every iteration hands on.

    Operations that change a variable give out the reference that they got.
    """
    tensor = merge.inputs[1]
    while tensor.dtype.is_ref and tensor.op is not merge and tensor.op.inputs:
        tensor = tensor.op.inputs[0]
    return tensor.dtype.is_ref and tensor.op is merge


def _standing_for(op: Operation, place: Mapping[Operation, FoundLoop]) -> Operation:
    loop = place.get(op)
    return op if loop is None else loop.pivot


def _sort_in(loop: FoundLoop, op: Operation) -> None:
    if op.type in ENTERS:
        loop.enters.append(op)
    elif op.type in _NEXT:
        loop.nexts.append(op)
    elif op.type in _EXIT:
        loop.exits.append(op)
    elif op.type == "LoopCond":
        loop.condition = op
    elif op.type in _MERGE and any(t.op.type in _NEXT for t in op.inputs):
        loop.merges.append(op)


def _check(loop: FoundLoop) -> None:
    """Refuse frames that are not built as `while_loop` builds them."""
    some = next(iter(loop.operations))
    if loop.condition is None:
        raise UnimplementedError(
            some.node_def,
            some,
            f"Frame '{loop.frame[-1]}' has no LoopCond; frames that are no while loops "
            "are not built.",
        )
    for op in loop.exits:
        source = let_out(op)
        switch = source.op
        is_side = switch.type in _SWITCH and source.value_index == 0
        if not is_side or switch.inputs[1].op is not loop.condition:
            raise UnimplementedError(
                op.node_def,
                op,
                f"Exit '{op.name}' of frame '{loop.frame[-1]}' takes '{source.name}', "
                "not what the condition of the loop lets out; this is not built.",
            )
