"""Runs that save or restore.

The parts of a checkpoint that a run writes are its own, and what it reads stays open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.formats.open_checkpoints import kept_open
from metagraft.formats.staging import staged
from metagraft.runtime.plan import Plan
from metagraft.runtime.program import Program
from metagraft.runtime.resources import Store

_SAVING: Final = frozenset(("Save", "SaveSlices", "SaveV2"))
_RESTORING: Final = frozenset(("Restore", "RestoreSlice", "RestoreV2"))


class SavingProgram(Program):
    """Runs a plan that saves."""

    def run(self, feeds: Sequence[Any]) -> list[Any]:
        """Run with the given feeds and return the fetched values."""
        with staged():
            return super().run(feeds)


class RestoringProgram(Program):
    """Runs a plan that restores and does not save."""

    def run(self, feeds: Sequence[Any]) -> list[Any]:
        """Run with the given feeds and return the fetched values."""
        with kept_open():
            return super().run(feeds)


def new_program(plan: Plan, store: Store) -> Program:
    """Return what runs a plan that waits for no other run."""
    types = {node.op.type for node in plan.nodes}
    if types & _SAVING:
        return SavingProgram(plan, store)
    return (RestoringProgram if types & _RESTORING else Program)(plan, store)
