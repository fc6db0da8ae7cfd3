"""Frames of imported loops: two loops of a graph never share one.

All `Enter` nodes of a loop carry the name of its frame. An import of a loop that is in
the graph already would make the two one loop that cannot run.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import count
from typing import Final

from metagraft.proto import NodeDef

_ENTERS: Final = frozenset({"Enter", "RefEnter"})
_FRAME: Final = "frame_name"


def has_loops(op_types: Iterable[str]) -> bool:
    """Whether any of the op types begins a loop."""
    return not _ENTERS.isdisjoint(op_types)


def frames_of(nodes: Iterable[NodeDef]) -> set[str]:
    """Return the frames of all loops."""
    return {
        _text(node.attr[_FRAME].s)
        for node in nodes
        if node.op in _ENTERS and _FRAME in node.attr
    }


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
    entered = [node for node in nodes if node.op in _ENTERS]
    taken = frames_of(existing)
    own = frames_of(entered)
    changed: dict[str, str] = {}
    for frame in sorted(own & taken):
        changed[frame] = found = free_frame(frame, taken | own)
        own.add(found)
    if changed:
        for node in entered:
            frame = _text(node.attr[_FRAME].s)
            if frame in changed:
                node.attr[_FRAME].s = _bytes(changed[frame])
    return changed


# Bytes that are no text come back as they were.
def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
