"""Functions of single ops take TensorFlow's arguments, with its defaults."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any


def _arguments(function: Any) -> list[tuple[str, Any]]:
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, _plain(p.default)) for p in parameters]


def _plain(default: Any) -> Any:
    """Return types by their names, messages as texts: those of two are not equal."""
    if isinstance(default, (list, tuple)):
        return [_plain(item) for item in default]
    is_plain = isinstance(default, (bool, int, float, str, type, type(None)))
    return default if is_plain else getattr(default, "name", str(default))


def test_arguments(tf: ModuleType, mg: ModuleType) -> None:
    """All ops of TensorFlow are here, their arguments in its order."""
    names = [name for name in dir(tf.raw_ops) if not name.startswith("_")]
    assert len(names) > 1000
    differing = [
        (name, theirs, ours)
        for name in names
        if (theirs := _arguments(getattr(tf.raw_ops, name)))
        != (ours := _arguments(getattr(mg.raw_ops, name)))
    ]
    assert not differing
