"""The names in use in a graph, and how a new one is made unique."""

from __future__ import annotations

from collections.abc import Iterable


class UniqueNames:
    """Counts of names in use; comparison ignores case."""

    __slots__ = ("_counts", "_pending")

    def __init__(self) -> None:
        """Start with no names."""
        self._counts: dict[str, int] = {}
        self._pending: list[Iterable[str]] = []

    def add_later(self, names: Iterable[str]) -> None:
        """Mark names as used, when a name is next asked for."""
        self._pending.append(names)

    def _settle(self) -> None:
        pending, self._pending = self._pending, []
        for names in pending:
            for name in names:
                self._counts.setdefault(name.lower(), 1)

    def mark(self, name: str) -> None:
        """Mark one name as used if it is not."""
        self._counts.setdefault(name.lower(), 1)

    def is_used(self, name: str) -> bool:
        """Whether the name is taken."""
        if self._pending:
            self._settle()
        return name.lower() in self._counts

    def snapshot(self) -> tuple[dict[str, int], list[Iterable[str]]]:
        """Copy everything, for `restore`."""
        return dict(self._counts), list(self._pending)

    def restore(self, snapshot: tuple[dict[str, int], list[Iterable[str]]]) -> None:
        """Return to a snapshot."""
        self._counts, self._pending = snapshot

    def make(self, name: str, mark_as_used: bool = True) -> str:
        """Return `name`, or the first free of `name_1`, `name_2`, ...

        Source: tensorflow python/framework/ops.py Graph.unique_name.
        """
        if self._pending:
            self._settle()
        counts = self._counts
        base = name.lower()
        number = counts.get(base, 0)
        if mark_as_used:
            counts[base] = number + 1
        if number == 0:
            return name
        key = f"{base}_{number}"
        while key in counts:
            number += 1
            key = f"{base}_{number}"
        if mark_as_used:
            counts[key] = 1
        return f"{name}_{number}"
