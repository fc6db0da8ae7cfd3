"""Loops that wait for what comes after them.

Gradients that are made under control dependencies put a counter into the loop that
went before, and the counter waits for what they depend on: perhaps the loss, which
that loop computes. Loops run as a whole here, so they leave such waits out.

# TF: only the counter waits there, while the rest of the loop goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from metagraft.graph.frames import ENTERS
from metagraft.runtime.loops import Needed

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_NEXT: Final = frozenset({"NextIteration", "RefNextIteration"})


def without_own_waits(needed: Needed) -> Needed:
    """Return the operations without what hands nothing but such a wait to a loop."""
    constants: set[Operation] = set()
    waits: set[Operation] = set()
    for op in needed:
        if op.type not in ENTERS:
            continue
        source = op.inputs[0].op
        is_constant = source.type == "Const" and bool(source.control_inputs)
        if is_constant and _only_enters(source) and _follows_its_loop(op, needed):
            constants.add(source)
        elif _hands_on_no_value(op) and _follows_its_loop(op, needed):
            waits.update([op, *_identities(op)])
    if not constants and not waits:
        return needed
    return {
        op: [] if op in constants else [other for other in before if other not in waits]
        for op, before in needed.items()
        if op not in waits
    }


def _identities(enter: Operation) -> Iterator[Operation]:
    yield from enter.outputs[0].consumers()


def _only_enters(op: Operation) -> bool:
    """Whether the value of a constant does nothing but enter loops."""
    return all(consumer.type in ENTERS for consumer in op.outputs[0].consumers())


def _hands_on_no_value(enter: Operation) -> bool:
    """Whether others only wait for what enters."""
    return all(
        op.type == "Identity" and not op.outputs[0].consumers()
        for op in _identities(enter)
    )


def _follows_its_loop(enter: Operation, needed: Needed) -> bool:
    """Whether what enters a frame depends on what left that frame."""
    frame = enter.attrs["frame_name"]
    seen = {enter}
    waiting = [enter]
    while waiting:
        for other in needed.get(waiting.pop(), ()):
            if other in seen or other.type in _NEXT:
                continue
            if other.type in ("Exit", "RefExit") and _frame(other) == frame:
                return True
            seen.add(other)
            waiting.append(other)
    return False


def _frame(exit_op: Operation) -> bytes | None:
    """Return the name of the frame that a loop variable leaves, if it can be told."""
    switch = exit_op.inputs[0].op
    merge = switch.inputs[0].op if switch.inputs else switch
    enter = merge.inputs[0].op if merge.inputs else merge
    return enter.attrs["frame_name"] if enter.type in ENTERS else None
