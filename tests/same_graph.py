"""Compares two graphs node for node and says readably where they part."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from metagraft.proto import graph_pb2

SHOWN_LINES = 40
SHOWN_ATTRS = 10
# Numbered by a counter of the process, so only its presence is compared.
COUNTED_ATTRS = frozenset({"_gradient_op_type", "token"})


def parsed(graph_def: Any) -> graph_pb2.GraphDef:
    """Return a graph definition of either library as one of Metagraft's."""
    return graph_pb2.GraphDef.FromString(graph_def.SerializeToString())


def differences(expected: graph_pb2.GraphDef, found: graph_pb2.GraphDef) -> str:
    """Return where the nodes differ: order, names, ops, inputs, devices, attributes.

    Returns:
        Lines for people, empty when the graphs are equal. Versions are not compared.
    """
    nodes = difflib.unified_diff(
        [_summary(node) for node in expected.node],
        [_summary(node) for node in found.node],
        "expected",
        "found",
        lineterm="",
        n=2,
    )
    lines = _shortened(list(nodes), SHOWN_LINES)
    lines += _shortened(list(_attr_differences(expected, found)), SHOWN_ATTRS)
    lines += _function_differences(expected, found)
    return "\n".join(lines)


def _summary(node: Any) -> str:
    """Return a node in one line, without its attributes."""
    device = f" on {node.device}" if node.device else ""
    return f"{node.name} = {node.op}({', '.join(node.input)}){device}"


def _shortened(lines: list[str], count: int) -> list[str]:
    """Return at most that many lines, and how many are left out."""
    left_out = len(lines) - count
    return lines if left_out <= 0 else [*lines[:count], f"... and {left_out} more"]


def _attr_differences(
    expected: graph_pb2.GraphDef, found: graph_pb2.GraphDef
) -> Iterator[str]:
    """Yield a line for each attribute or type that differs in nodes of one name."""
    by_name = {node.name: node for node in found.node}
    for node in expected.node:
        twin = by_name.get(node.name)
        if twin is None or twin.op != node.op:
            continue
        if node.experimental_type != twin.experimental_type:
            yield (
                f"{_summary(node)}: full type expected "
                f"{_one_line(str(node.experimental_type))}, found "
                f"{_one_line(str(twin.experimental_type))}"
            )
        for key in sorted(set(node.attr) | set(twin.attr)):
            ours = str(twin.attr[key]) if key in twin.attr else "absent"
            theirs = str(node.attr[key]) if key in node.attr else "absent"
            if key in COUNTED_ATTRS and key in node.attr and key in twin.attr:
                continue
            if ours != theirs:
                yield (
                    f"{_summary(node)}: attribute {key!r} expected "
                    f"{_one_line(theirs)}, found {_one_line(ours)}"
                )


def _one_line(text: str) -> str:
    """Return text without line breaks and not too long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 200 else flat[:200] + "..."


def _function_differences(
    expected: graph_pb2.GraphDef, found: graph_pb2.GraphDef
) -> list[str]:
    """Return a line when the libraries hold other functions; they have no order."""
    theirs = sorted(f.signature.name for f in expected.library.function)
    ours = sorted(f.signature.name for f in found.library.function)
    return [] if ours == theirs else [f"functions expected {theirs}, found {ours}"]
