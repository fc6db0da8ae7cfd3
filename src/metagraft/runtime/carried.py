"""What loops of a plan carry from one iteration to the next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Carried:
    """What changes from one iteration of a loop to the next.

    Attributes:
        slot: Inside, at the start of an iteration.
        following: Inside, after it.
        final: Inside, at the end of the loop.
        start: Outside, before the loop.
    """

    slot: int
    following: int
    final: int
    start: int
