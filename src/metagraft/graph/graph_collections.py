"""Named lists of objects that travel with a graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


class Collections:
    """The collections of one graph."""

    __slots__ = ("_lists",)

    def __init__(self) -> None:
        """Start with none."""
        self._lists: dict[Any, list[Any]] = {}

    def add(self, name: Any, value: Any) -> None:
        """Append `value` to the collection `name`."""
        self._lists.setdefault(name, []).append(value)

    def reference(self, name: Any) -> list[Any]:
        """Return the list itself, made empty if there is none."""
        return self._lists.setdefault(name, [])

    def select(self, name: Any, scope: str | None = None) -> list[Any]:
        """Return a copy of the collection.

        With a scope, only items whose `name` it matches as a regular expression from
        the start.
        """
        items = self._lists.get(name)
        if items is None:
            return []
        if scope is None:
            return list(items)
        pattern = re.compile(scope)
        return [
            item for item in items if hasattr(item, "name") and pattern.match(item.name)
        ]

    def keys(self) -> list[Any]:
        """The names of all collections, in order of creation."""
        return list(self._lists)

    def clear(self, name: Any) -> None:
        """Forget a collection."""
        self._lists.pop(name, None)

    def add_to_all(self, names: Any, value: Any) -> None:
        """Append `value` to several collections, each once."""
        listed: Iterable[Any] = (names,) if isinstance(names, str) else names
        for name in dict.fromkeys(listed):
            self.add(name, value)

    def share(self, lists: Mapping[Any, list[Any]]) -> None:
        """Use the given lists themselves, by name."""
        self._lists.update(lists)

    def snapshot(self) -> dict[Any, list[Any]]:
        """Copy everything, for `restore`."""
        return {key: list(items) for key, items in self._lists.items()}

    def restore(self, snapshot: dict[Any, list[Any]]) -> None:
        """Return to a snapshot, keeping the identity of the lists."""
        for key in [k for k in self._lists if k not in snapshot]:
            del self._lists[key]
        for key, items in snapshot.items():
            self._lists.setdefault(key, [])[:] = items
