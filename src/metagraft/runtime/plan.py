"""A plan: what a run does, as kernel calls over numbered slots.

A plan is pure data flow: every value has a slot of its own, also every value that a
variable takes during the run. At run time nothing is left but reading initial values,
calling kernels, and storing final values. `plan_builder.py` makes plans.

Slot 0 holds the frame of the run (`evaluate.Frame`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metagraft.kernels import Kernel
from metagraft.runtime.resources import VariableDeclaration

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

FRAME_SLOT = 0
Slots = int | tuple[int, ...]
# (slot of a predicate, the value under which something runs), outer predicates first.
Guards = tuple[tuple[int, bool], ...]


@dataclass(slots=True, eq=False)
class Node:
    """One kernel call.

    Attributes:
        op: The operation, for errors and for the cost of the call.
        kernel: How it runs.
        attrs: What the kernel gets as attributes.
        inputs: Per argument its slot, or the slots of a list argument.
        outputs: Slots of what the kernel returns.
        static: Positions in `inputs` whose value must be known in a traced program.
        random: Index of its random stream in `Plan.randoms`; None without one.
        needs_frame: Whether the kernel acts on the run (`fn(frame, attrs, *inputs)`).
        after: Events (`Plan.events`) that control edges put before it.
        guards: It runs only if they hold.
        choices: For a node that merges branches: the guards of each input. It gives
            out the first input whose guards hold, and its position.
        checked: Inputs that are variables which need a value only if the node runs.
    """

    op: Operation
    kernel: Kernel
    attrs: Any
    inputs: tuple[Slots, ...]
    outputs: tuple[int, ...]
    static: tuple[int, ...] = ()
    random: int | None = None
    needs_frame: bool = False
    after: tuple[int, ...] = ()
    guards: Guards = ()
    choices: tuple[Guards, ...] = ()
    checked: tuple[tuple[int, VariableDeclaration], ...] = ()

    def predicates(self) -> list[int]:
        """Return the slots of the predicates that decide what it does."""
        found = {slot for slot, _ in self.guards}
        for guards in self.choices:
            found.update(slot for slot, _ in guards)
        return sorted(found)

    def dependencies(self) -> list[int]:
        """Return the slots of inputs and predicates."""
        flat = self.flat_inputs()
        return flat + self.predicates() if self.guards or self.choices else flat

    def flat_inputs(self) -> list[int]:
        """Return the slots of all inputs, list arguments spread out."""
        flat: list[int] = []
        for slots in self.inputs:
            if isinstance(slots, int):
                flat.append(slots)
            else:
                flat.extend(slots)
        return flat


@dataclass(frozen=True, slots=True)
class Read:
    """The value that a variable has when the run starts goes to `slot`.

    Attributes:
        slot: Where it goes.
        declaration: Which variable.
        reader: The first operation that uses the value.
        optional: Whether the slot gets None, not an error, if there is no value.
        initialized: Whether the slot gets, instead of the value, whether there is one.
    """

    slot: int
    declaration: VariableDeclaration
    reader: Operation
    optional: bool = False
    initialized: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """The value in `slot` becomes the value of a variable; None removes it."""

    declaration: VariableDeclaration
    slot: int | None


@dataclass(frozen=True, slots=True)
class RandomOp:
    """A random operation: the owner of a stream."""

    name: str
    seed: int
    seed2: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything needed to run one combination of fetches and feeds.

    Attributes:
        nodes: Kernel calls, in order.
        n_slots: Number of slots, the frame's included.
        feeds: Slots of the fed values, in the order of the feeds.
        constants: (slot, NumPy array).
        reads: Initial values of variables.
        writes: Final values of variables.
        randoms: Random streams.
        events: Ends of what control edges wait for: the index of a node, or the
            events that an operation without a node stands for.
        fetches: Slots of the fetched values.
        fetch_guards: Per fetch the guards under which it has a value.
        repeated: Positions of fetches whose slot an earlier fetch has.
    """

    nodes: tuple[Node, ...]
    n_slots: int
    feeds: tuple[int, ...]
    constants: tuple[tuple[int, Any], ...]
    reads: tuple[Read, ...]
    writes: tuple[Write, ...]
    randoms: tuple[RandomOp, ...]
    events: tuple[int | tuple[int, ...], ...]
    fetches: tuple[int, ...]
    fetch_guards: tuple[Guards, ...]
    repeated: tuple[int, ...]


def repetitions(slots: Sequence[int]) -> tuple[int, ...]:
    """Return the positions of slots that are in the sequence before."""
    first = {slot: position for position, slot in reversed([*enumerate(slots)])}
    return tuple(p for p, slot in enumerate(slots) if first[slot] < p)
