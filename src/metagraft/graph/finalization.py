"""Graphs that can be made read-only."""

from __future__ import annotations


class Finalizable:
    """The part of a graph that says whether it may change."""

    _finalized = False

    @property
    def finalized(self) -> bool:
        """Whether the graph can no longer change."""
        return self._finalized

    def finalize(self) -> None:
        """Make the graph read-only."""
        self._finalized = True

    def _unsafe_unfinalize(self) -> None:
        self._finalized = False

    def check_not_finalized(self) -> None:
        """Raise `RuntimeError` if the graph is read-only."""
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
