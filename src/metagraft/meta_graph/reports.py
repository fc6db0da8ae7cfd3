"""What an export or import of the native functions left out, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "collection",
    "collection entry",
    "colocation",
    "context value",
    "input mapping",
    "saver",
]
"""What was left out."""

_SHOWN_OMISSIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Omission:
    """One thing that was left out.

    Attributes:
        kind: What it is.
        name: The collection, node or name that it belongs to.
        reason: Why it was left out, in a sentence for people.
    """

    kind: Kind
    name: str
    reason: str

    def __str__(self) -> str:
        """Format as a line."""
        return f"{self.kind} '{self.name}': {self.reason}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was left out; false if nothing was.

    Attributes:
        omissions: In the order in which they were met.
    """

    omissions: tuple[Omission, ...] = ()

    def of(self, kind: Kind) -> tuple[Omission, ...]:
        """Return the omissions of one kind."""
        return tuple(entry for entry in self.omissions if entry.kind == kind)

    def __len__(self) -> int:
        """How many things were left out."""
        return len(self.omissions)

    def __iter__(self) -> Iterator[Omission]:
        """Iterate over the omissions."""
        return iter(self.omissions)

    def __str__(self) -> str:
        """Format as lines, at most 20 of them."""
        if not self.omissions:
            return "nothing was left out"
        lines = [str(entry) for entry in self.omissions[:_SHOWN_OMISSIONS]]
        more = len(self.omissions) - len(lines)
        return "\n".join([*lines, f"... and {more} more"] if more else lines)
