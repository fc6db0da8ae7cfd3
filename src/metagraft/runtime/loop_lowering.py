"""Loops over functions as frames of version 1; see `function_lowering.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from metagraft.graph.function_body import Body
from metagraft.proto import DataType, NodeDef

Made = tuple[list[str], list[str]]
"""Results of a body, and control edges of what it does besides."""
Maker = Callable[[Sequence[str], str | None], Made]
"""Puts a body into the graph, given its arguments and what it runs after."""


class AddNode(Protocol):
    """Adds a node and returns it."""

    def __call__(
        self,
        name: str,
        op_type: str,
        inputs: Sequence[str],
        dtype: DataType | None = None,
    ) -> NodeDef:
        """Append a node; control edges come last."""


def unchanged(body: Body, first: int = 0) -> list[bool]:
    """Return which values a loop body hands on as they are.

    Args:
        body: It.
        first: How many arguments, which it does not return, come before the values.
    """
    through = {
        node.name: node.input[0]
        for node in body.nodes
        if node.op == "Identity" and len(node.input) == 1
    }
    found = []
    for name, edge in zip(body.arguments[first:], body.results, strict=True):
        while edge in through:
            edge = through[edge]  # noqa: PLW2901 - followed back
        found.append(edge == name)
    return found


def checked_start(add: AddNode, name: str, start: str, limit: str, delta: str) -> str:
    """Return the first number of a count, after a check that it comes to an end.

    Source: tensorflow core/kernels/functional_ops.cc ForOp.
    """
    kind, here = DataType.DT_INT32, f"{name}/__count"
    add(f"{here}/sign", "Sign", [delta], kind)
    add(f"{here}/from", "Mul", [start, f"{here}/sign"], kind)
    add(f"{here}/to", "Mul", [limit, f"{here}/sign"], kind)
    add(f"{here}/is_ahead", "LessEqual", [f"{here}/from", f"{here}/to"], kind)
    add(f"{here}/zero", "Sub", [delta, delta], kind)
    add(f"{here}/moves", "NotEqual", [delta, f"{here}/zero"], kind)
    add(f"{here}/is_there", "Equal", [start, limit], kind)
    add(f"{here}/ends", "LogicalOr", [f"{here}/moves", f"{here}/is_there"])
    add(f"{here}/counts", "LogicalAnd", [f"{here}/is_ahead", f"{here}/ends"])
    # A check takes one truth in a vector, too.
    for i, edge in enumerate((start, limit, delta)):
        add(f"{here}/rank_{i}", "Rank", [edge], kind)
    ranks = add(f"{here}/ranks", "AddN", [f"{here}/rank_{i}" for i in range(3)], kind)
    ranks.attr["N"].i = 3
    add(f"{here}/none", "Sub", [f"{here}/ranks", f"{here}/ranks"], kind)
    add(f"{here}/are_numbers", "Equal", [f"{here}/ranks", f"{here}/none"], kind)
    add(f"{here}/is_good", "LogicalAnd", [f"{here}/counts", f"{here}/are_numbers"])
    check = add(f"{here}/check", "Assert", [f"{here}/is_good", start, limit, delta])
    check.attr["T"].list.type.extend([kind] * 3)
    add(f"{here}/start", "Identity", [start, f"^{here}/check"], kind)
    return f"{here}/start"


@dataclass(slots=True)
class Loop:
    """A frame of version 1 that is being built.

    Attributes:
        add: Adds a node.
        name: The name of the node that it replaces.
        inputs: The first values.
        types: Their types.
        unchanged: Which of them stay the same.
    """

    add: AddNode
    name: str
    inputs: Sequence[str]
    types: Sequence[DataType]
    unchanged: list[bool]

    def build(
        self,
        condition: Callable[[Sequence[str], str | None], str],
        iteration: Maker,
        pivot: str | None,
    ) -> list[str]:
        """Add the loop and return the last values."""
        if all(self.unchanged) and self.unchanged:
            self.unchanged[0] = False  # a frame needs something that goes round
        values = self._enter(pivot)
        turning = [i for i, same in enumerate(self.unchanged) if not same]
        add, name = self.add, self.name
        first = f"^{name}/__merge_{turning[0]}"
        add(f"{name}/__cond", "LoopCond", [condition(values, first)])
        inside = list(values)
        for i in turning:
            dtype = self.types[i]
            add(f"{name}/__switch_{i}", "Switch", [values[i], f"{name}/__cond"], dtype)
            add(f"{name}/__exit_{i}", "Exit", [f"{name}/__switch_{i}"], dtype)
            inside[i] = f"{name}/__value_{i}"
            add(inside[i], "Identity", [f"{name}/__switch_{i}:1"], dtype)
        results, effects = iteration(inside, f"^{inside[turning[0]]}")
        for i in turning:
            add(
                f"{name}/__next_{i}",
                "NextIteration",
                [results[i], *effects],
                self.types[i],
            )
        return [
            self.inputs[i] if same else f"{name}/__exit_{i}"
            for i, same in enumerate(self.unchanged)
        ]

    def _enter(self, pivot: str | None) -> list[str]:
        add, name = self.add, self.name
        before = [] if pivot is None else [pivot]
        values = []
        for i, (edge, same) in enumerate(zip(self.inputs, self.unchanged, strict=True)):
            dtype = self.types[i]
            values.append(f"{name}/__enter_{i}")
            enter = add(values[i], "Enter", [edge, *before], dtype)
            enter.attr["frame_name"].s = f"{name}/__frame".encode()
            enter.attr["is_constant"].b = same
            enter.attr["parallel_iterations"].i = 10
            if not same:
                merge = f"{name}/__merge_{i}"
                edges = [values[i], f"{name}/__next_{i}"]
                add(merge, "Merge", edges, dtype).attr["N"].i = 2
                values[i] = merge
        return values
