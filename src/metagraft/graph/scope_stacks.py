"""What is open on a graph while a program builds it: scopes of every kind.

Each thread that builds has stacks of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metagraft.proto import AttrValue

if TYPE_CHECKING:
    from metagraft.graph.control_flow_context import ControlFlowContext
    from metagraft.graph.operation import Operation

DeviceFunction = Callable[[Any], Any]


@dataclass(slots=True, eq=False)
class ControlDependencies:
    """One open `control_dependencies` block.

    Attributes:
        control_inputs: The operations that come first.
        clears: Whether the block hides those around it (`control_dependencies(None)`).
        seen: Operations made inside; what depends on them needs no further edge.
    """

    control_inputs: tuple[Operation, ...]
    clears: bool
    seen: set[Operation] = field(default_factory=set)


class ScopeStacks(threading.local):
    """The open scopes of one graph in one thread."""

    def __init__(self) -> None:
        """Start with nothing open."""
        self.name_stack = ""
        self.control: list[ControlDependencies] = []
        self.devices: list[DeviceFunction | None] = []
        self.colocation: list[Operation] = []
        self.container = ""
        self.attributes: dict[str, AttrValue | Callable[[Any], Any] | None] = {}
        self.gradient_overrides: dict[str, str] = {}
        # The branch or loop that is being built.
        self.context: ControlFlowContext | None = None

    @property
    def changes_imports(self) -> bool:
        """Whether imported operations are changed by what is open, devices apart."""
        return bool(
            self.control
            or self.context is not None
            or self.colocation
            or self.container
            or self.attributes
            or self.gradient_overrides
        )

    def control_inputs_for(self, inputs: tuple[Operation, ...]) -> list[Operation]:
        """Control inputs of an operation with the given data inputs.

        A block is skipped if a data input was made inside it: the edge is implied.
        """
        found: list[Operation] = []
        for block in self.control:
            if any(op in block.seen for op in inputs):
                continue
            found.extend(op for op in block.control_inputs if op not in inputs)
        return found

    def record(self, op: Operation) -> None:
        """Note that `op` was made inside every open block."""
        for block in self.control:
            block.seen.add(op)
