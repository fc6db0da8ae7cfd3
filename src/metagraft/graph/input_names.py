"""The texts by which nodes name their inputs: `x`, `x:1` and, to run after it, `^x`."""

from __future__ import annotations


def split_input(text: str) -> tuple[str, str, str]:
    """Return the marker (`^` or nothing), the node, and the port with its colon."""
    marker = "^" if text.startswith("^") else ""
    name, colon, port = text[len(marker) :].partition(":")
    return marker, name, colon + port


def node_of_input(text: str) -> str:
    """Return the node that an input names."""
    return split_input(text)[1]
