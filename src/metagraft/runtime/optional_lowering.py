"""Optionals as the values that they hold; see `function_lowering.py`.

Gradients of branches take optionals out of the branch that was taken and nothing out of
the others. When branches are plain nodes, a value of the branch that is not taken is
dead, so an optional is the value itself, and where there is none, there is no edge.
"""

from __future__ import annotations

from typing import Final

from metagraft.proto import DataType, NodeDef

HANDLED: Final = ("OptionalFromValue", "OptionalGetValue", "OptionalNone")


def holds_one(node: NodeDef) -> bool:
    """Whether a node is about optionals of one tensor."""
    attr = node.attr
    if node.op == "OptionalFromValue":
        return len(attr["Toutput_types"].list.type) == 1
    if node.op == "OptionalGetValue":
        return len(attr["output_types"].list.type) == 1
    return node.op == "OptionalNone"


class Optionals:
    """Which edges of the new graph stand for optionals."""

    __slots__ = ("_absent", "_held")

    def __init__(self) -> None:
        """Start with none."""
        self._held: dict[str, DataType] = {}
        self._absent: set[str] = set()

    def hold(self, name: str, dtype: DataType) -> None:
        """Note that a node stands for an optional of a type."""
        self._held[name] = dtype

    def leave_out(self, name: str) -> None:
        """Note that a node stands for an optional without a value."""
        self._absent.update((name, f"{name}:1"))

    def is_absent(self, edge: str) -> bool:
        """Whether an edge stands for an optional without a value."""
        return edge in self._absent

    def is_held(self, edge: str) -> bool:
        """Whether an edge stands for an optional."""
        return edge in self._held or edge in self._absent

    def pass_on(self, edge: str, node: NodeDef) -> None:
        """Give a node that hands on an edge the type of what that holds."""
        dtype = self._held.get(edge)
        if dtype is None:
            return
        node.attr["T"].type = dtype
        self._held[node.name] = dtype
        self._held[f"{node.name}:1"] = dtype
