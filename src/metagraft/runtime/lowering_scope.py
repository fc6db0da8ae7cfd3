"""Where nodes go while functions are lowered; see `function_lowering.py`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from metagraft.graph.frames import ENTERS
from metagraft.proto import NodeDef

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_PASSES_MAX: Final = 10


@dataclass(slots=True)
class LoweringScope:
    """Where nodes are copied to.

    Attributes:
        prefix: What comes before their names.
        fixed: Edges that are given: arguments, fed tensors.
        replaced: The nodes here that are replaced by functions.
        pivot: What nodes without inputs run after: the branch, iteration or call.
        path: The functions that this is inside of.
        framed: The nodes here that are in the frame of a loop of version 1.
    """

    prefix: str
    fixed: dict[str, str] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    pivot: str | None = None
    path: tuple[str, ...] = ()
    framed: Collection[str] = ()

    def edge(self, text: str) -> str:
        """Return an edge of the nodes here as one of the new graph."""
        given = self.fixed.get(text)
        if given is not None:
            return given
        if text[0] == "^":
            given = self.fixed.get(text[1:])
            if given is not None:
                return f"^{given.partition(':')[0]}"
            done = "/__done" if text[1:] in self.replaced else ""
            return f"^{self.prefix}{text[1:]}{done}"
        name, _, port = text.partition(":")
        if name in self.replaced:
            return f"{self.prefix}{name}/__output_{port or 0}"
        return f"{self.prefix}{text}"


@dataclass(slots=True)
class FunctionCall:
    """A node that is being replaced.

    Attributes:
        node: The node.
        name: Its full name.
        inputs: Its data inputs in the new graph, after its control inputs.
        scope: Where it is.
        pivot: What runs before everything that replaces it.
    """

    node: NodeDef
    name: str
    inputs: list[str]
    scope: LoweringScope
    pivot: str | None


def in_frames(operations: Sequence[Operation]) -> set[str]:
    """Return the names of those that are in the frame of a loop.

    Args:
        operations: Best in the order in which they were made.
    """
    depths: dict[Operation, int] = {}
    if any(op.type in ENTERS for op in operations):
        for _ in range(_PASSES_MAX):
            known = len(depths)
            for op in operations:
                before = (*(tensor.op for tensor in op.inputs), *op.control_inputs)
                depth = max((depths.get(source, 0) for source in before), default=0)
                depth += (op.type in ENTERS) - (op.type in ("Exit", "RefExit"))
                if depth > 0:
                    depths[op] = depth
            if len(depths) == known:
                break
    return {op.name for op in depths}
