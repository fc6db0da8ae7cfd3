"""What decides how often a loop turns, and which branches its turns take.

A loop with stacks or arrays of tensors becomes part of a program only if the number of
its turns is known when that is traced (`rolled_loops.py`). Mostly it follows from a few
integers: a constant, a size, the longest of the lengths that were fed.
"""

from __future__ import annotations

from collections.abc import Callable

from metagraft.runtime.control_flow import Loop
from metagraft.runtime.plan import FRAME_SLOT, Node


def deciding_inputs(
    node: Node, output: int | None, is_counter: Callable[[Node], bool]
) -> list[int] | None:
    """Return the slots from which the length of a loop follows.

    Args:
        node: The loop.
        output: Besides, from which this output of the loop follows.
        is_counter: Whether a node inside is a little work that always does the same.

    Returns:
        Inputs of `node`; None if the length follows from other work of the loop.
    """
    loop: Loop = node.attrs
    inputs = node.flat_inputs()
    n_constants = len(loop.constants)
    constants = dict(zip(loop.constants, inputs, strict=False))
    carried = {slot: i for i, slot in enumerate(loop.carried)}
    makers = {
        slot: inner for inner in (*loop.condition, *loop.body) for slot in inner.outputs
    }
    seen = {FRAME_SLOT, *(slot for slot, _ in loop.known)}
    found: dict[int, None] = {}
    waiting = [loop.predicate]
    if output in node.outputs[:-1]:
        waiting.append(loop.finals[node.outputs.index(output)])
    while waiting:
        slot = waiting.pop()
        if slot in seen:
            continue
        seen.add(slot)
        if slot in constants:
            found[constants[slot]] = None
        elif slot in carried:
            found[inputs[n_constants + carried[slot]]] = None
            waiting.append(loop.nexts[carried[slot]])
        else:
            maker = makers.get(slot)
            if maker is None or isinstance(maker.attrs, Loop) or not is_counter(maker):
                return None
            waiting.extend(maker.flat_inputs())
    return list(found)


def predicates_outside(node: Node) -> list[int]:
    """Return the inputs of a loop that decide which branches its turns take."""
    loop: Loop = node.attrs
    constants = dict(zip(loop.constants, node.flat_inputs(), strict=False))
    found: dict[int, None] = {}
    for inner in (*loop.condition, *loop.body):
        slots = inner.predicates()
        if isinstance(inner.attrs, Loop):
            slots += predicates_outside(inner)
        found.update((constants[slot], None) for slot in slots if slot in constants)
    return list(found)
