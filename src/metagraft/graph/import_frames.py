"""Frames of imported loops: two loops of a graph never share one.

All `Enter` nodes of a loop carry the name of its frame. An import of a loop that is in
the graph already would make the two one loop that cannot run.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import count

from metagraft.graph.frames import ENTERS, frame_of, set_frame
from metagraft.proto import NodeDef


def has_loops(op_types: Iterable[str]) -> bool:
    """Whether any of the op types begins a loop."""
    return not ENTERS.isdisjoint(op_types)


def frames_of(nodes: Iterable[NodeDef]) -> set[str]:
    """Return the frames of all loops."""
    frames = (frame_of(node) for node in nodes)
    return {frame for frame in frames if frame is not None}


def free_frame(name: str, taken: Container[str]) -> str:
    """Return `name`, or the first free of `name_1`, `name_2`, ..."""
    if name not in taken:
        return name
    candidates = (f"{name}_{number}" for number in count(1))
    return next(c for c in candidates if c not in taken)


# TF: keeps the names; a run of two loops with one frame fails.
def make_frames_unique(
    nodes: Sequence[NodeDef], existing: Sequence[NodeDef]
) -> dict[str, str]:
    """Give loops frames that the graph does not have.

    Args:
        nodes: The nodes of a file; changed in place.
        existing: The nodes of the graph that they go into.

    Returns:
        The new names of the frames that had to change.
    """
    entered = [node for node in nodes if node.op in ENTERS]
    taken = frames_of(existing)
    own = frames_of(entered)
    changed: dict[str, str] = {}
    for frame in sorted(own & taken):
        changed[frame] = free_frame(frame, taken | own)
        own.add(changed[frame])
    if changed:
        for node in entered:
            found = changed.get(frame_of(node) or "", "")
            if found:
                set_frame(node, found)
    return changed
