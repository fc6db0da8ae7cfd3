"""Names of a module that are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def from_module(module: str, names: str) -> dict[str, str]:
    """Return rows of a name table for names that one module defines.

    Args:
        module: The module.
        names: The names, with spaces between them.
    """
    return {name: f"{module}:{name}" for name in names.split()}


def lazy_names(
    module_name: str,
    table: Mapping[str, str],
    through: Callable[[str, Any], Any] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a module.

    Args:
        module_name: The module's `__name__`.
        table: Where each public name is found, as `module` or `module:attribute`.
        through: Is given each place and what was found there, and returns what the name
            stands for.
    """

    def get(name: str) -> Any:
        place = table.get(name)
        if place is None:
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        module, _, attribute = place.partition(":")
        value: Any = import_module(module)
        if attribute:
            for part in attribute.split("."):
                value = getattr(value, part)
            if through is not None:
                value = through(place, value)
        setattr(sys.modules[module_name], name, value)
        return value

    def listed() -> list[str]:
        return sorted(table)

    return get, listed
