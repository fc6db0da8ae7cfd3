"""The frame of a loop of version 1, which each of its `Enter` nodes names."""

from __future__ import annotations

from typing import Final

from metagraft.formats.names import decode_name, encode_name
from metagraft.proto import NodeDef

ENTERS: Final = frozenset({"Enter", "RefEnter"})
_FRAME: Final = "frame_name"


def frame_of(node: NodeDef) -> str | None:
    """Return the frame that a node enters, None if it enters none."""
    if node.op in ENTERS and _FRAME in node.attr:
        return decode_name(node.attr[_FRAME].s)
    return None


def set_frame(node: NodeDef, frame: str) -> None:
    """Make a node enter another frame."""
    node.attr[_FRAME].s = encode_name(frame)
