"""Optionals as the values that they hold; see `function_lowering.py`.

Gradients of branches take optionals out of the branch that was taken and nothing out of
the others. When branches are plain nodes, a value of the branch that is not taken is
dead, so an optional is the value itself, and where there is none, there is no edge.

Where the branches return optionals of values of different types, an edge stands for
several others, one for each type. Which one is meant is clear where the value is taken
out.

Where something else takes an optional, such as the list that a loop keeps for its
gradient, the nodes that lead to it are added once more, with optionals as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from metagraft.proto import DataType, GraphDef, NodeDef

# Adds a node: name, op type, inputs, type.
Add = Callable[[str, str, Sequence[str], DataType | None], NodeDef]

_VARIANT: Final = DataType.DT_VARIANT
HANDLED: Final = ("OptionalFromValue", "OptionalGetValue", "OptionalNone")

# What they do to optionals they do to the values.
HANDED_ON: Final = frozenset({"AddN", "Identity", "ZerosLike"})


def holds_one(node: NodeDef) -> bool:
    """Whether a node is about optionals of one tensor."""
    attr = node.attr
    if node.op == "OptionalFromValue":
        return len(attr["Toutput_types"].list.type) == 1
    if node.op == "OptionalGetValue":
        return len(attr["output_types"].list.type) == 1
    return node.op == "OptionalNone"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A node that stands for an optional, as it would be with optionals.

    Attributes:
        op_type: Its op type.
        inputs: Its inputs, control inputs last.
        node: A node with its attributes.
    """

    op_type: str
    inputs: Sequence[str]
    node: NodeDef


@dataclass(frozen=True, slots=True)
class _Held:
    """What an edge that stands for an optional carries.

    Attributes:
        dtype: The type of the value.
        depth: How many optionals are around it.
    """

    dtype: DataType
    depth: int


class Optionals:
    """Which edges of the new graph stand for optionals."""

    __slots__ = ("_absent", "_asked", "_held", "_kept", "_one_of")

    def __init__(self) -> None:
        """Start with none."""
        self._held: dict[str, _Held] = {}
        self._absent: set[str] = set()
        self._asked: dict[str, _Asked] = {}
        self._kept: set[str] = set()
        self._one_of: dict[str, list[str]] = {}

    def note(
        self, name: str, op_type: str, inputs: Sequence[str], node: NodeDef
    ) -> None:
        """Note what a node that stands for an optional would be with optionals."""
        self._asked[name] = _Asked(op_type, inputs, node)

    def kept(self, edge: str, graph_def: GraphDef) -> str:
        """Return the edge of the optional that an edge stands for.

        Args:
            edge: An edge that stands for an optional.
            graph_def: Where missing nodes are added.
        """
        name, colon, port = edge.partition(":")
        made = f"{name}/__kept"
        if made not in self._kept:
            self._kept.add(made)
            asked = self._asked[name]
            inputs = [
                self.kept(text, graph_def) if self.is_held(text) else text
                for text in asked.inputs
            ]
            node = graph_def.node.add(name=made, op=asked.op_type, input=inputs)
            for key, value in asked.node.attr.items():
                node.attr[key].CopyFrom(value)
            if "T" in node.attr or asked.op_type in ("Identity", "Merge", "Switch"):
                node.attr["T"].type = _VARIANT
            if asked.op_type == "Merge":
                node.attr["N"].i = 2
        return f"{made}{colon}{port}"

    def hold(self, node: NodeDef, inside: str) -> None:
        """Note that a node stands for an optional of what an edge stands for."""
        if self.is_unclear(node.name):
            for edge in self._one_of[node.name]:
                held = self._held[edge]
                self._held[edge] = _Held(held.dtype, held.depth + 1)
        elif not self.is_absent(node.name):
            self._held[node.name] = _Held(node.attr["T"].type, self._depth(inside) + 1)

    def take_out(self, node: NodeDef, edge: str) -> None:
        """Note that a node stands for what is in the optional of an edge."""
        self._held.pop(node.name, None)
        self._held.pop(f"{node.name}:1", None)
        depth = self._depth(edge) - 1
        if depth > 0:
            self._held[node.name] = _Held(node.attr["T"].type, depth)

    def _depth(self, edge: str) -> int:
        held = self._held.get(edge)
        return 0 if held is None else held.depth

    def leave_out(self, name: str) -> None:
        """Note that a node stands for an optional without a value."""
        self._absent.update((name, f"{name}:1"))

    def is_absent(self, edge: str) -> bool:
        """Whether an edge stands for an optional without a value."""
        return edge in self._absent

    def is_held(self, edge: str) -> bool:
        """Whether an edge stands for an optional."""
        return edge in self._held or edge in self._absent or edge in self._one_of

    def is_unclear(self, edge: str) -> bool:
        """Whether an edge stands for one of several."""
        return edge in self._one_of

    def add_each(
        self, add: Add, name: str, op_type: str, inputs: Sequence[str]
    ) -> NodeDef:
        """Add a node for each type of what optionals among its inputs hold.

        Args:
            add: What adds one.
            name: What stands for one of them.
            op_type: Their op type.
            inputs: Their inputs; what is no optional is an input of all.

        Returns:
            A node in the place of all, which is not in the graph.
        """
        groups = self._by_type(inputs)
        for each, edges in zip(self.names_of(name, groups), groups, strict=True):
            count = sum(edge[0] != "^" for edge in edges)
            one = op_type if op_type != "Merge" or count > 1 else "Identity"
            node = add(each, one, edges, _VARIANT)
            if one in ("AddN", "Merge"):
                node.attr["N"].i = count
        stand_in = NodeDef(name=name, op=op_type)
        stand_in.attr["T"].type = _VARIANT
        self.note(name, op_type, inputs, stand_in)
        return stand_in

    def names_of(self, name: str, choices: Sequence[Any]) -> list[str]:
        """Return names for the nodes that `name` stands for: itself if it is one."""
        if len(choices) == 1:
            return [name]
        names = [f"{name}/__or_{i}" for i in range(len(choices))]
        self._one_of[name] = names
        self._one_of[f"{name}:1"] = [f"{edge}:1" for edge in names]
        return names

    def clear(self, edge: str, graph_def: GraphDef) -> str:
        """Return an edge that stands for one of several as it is, others unchanged."""
        return self.kept(edge, graph_def) if self.is_unclear(edge) else edge

    def _by_type(self, edges: Sequence[str]) -> list[list[str]]:
        """Return the edges for each type of what they may hold."""
        spread = [self._choices(edge) for edge in edges]
        types = dict.fromkeys(held for choices in spread for held in choices)
        result = []
        for held in types:
            given = zip(edges, spread, strict=True)
            chosen = [c.get(held) if c else edge for edge, c in given]
            result.append([edge for edge in chosen if edge is not None])
        return result

    def _choices(self, edge: str) -> dict[_Held | None, str]:
        """Return what an edge stands for; None: it is a value by now."""
        if not self.is_held(edge):
            return {}
        return {self._held.get(one): one for one in self._one_of.get(edge, [edge])}

    def are_alike(self, edges: Sequence[str]) -> bool:
        """Whether all stand for optionals of values of one type."""
        held = {self._held.get(edge) for edge in edges}
        return None not in held and len(held) == 1

    def giving(self, edge: str, dtype: DataType) -> list[str]:
        """Return those an edge stands for that hold a value of a type."""
        if not self.is_unclear(edge):
            return [edge]
        return [
            one
            for one in self._one_of[edge]
            if dtype == (_VARIANT if self._depth(one) > 1 else self.type_of(one))
        ]

    def type_of(self, edge: str) -> DataType | None:
        """Return the type of what an optional holds; None if it holds nothing."""
        held = self._held.get(edge)
        return None if held is None else held.dtype

    def pass_on(self, edge: str, node: NodeDef) -> None:
        """Give a node that hands on an edge the type of what that holds."""
        held = self._held.get(edge)
        if held is None:
            return
        node.attr["T"].type = held.dtype
        self._held[node.name] = held
        self._held[f"{node.name}:1"] = held
