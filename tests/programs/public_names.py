"""What there is in `tf`: functions and classes by name, and how each is called."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

# Namespaces of other issues, of flags (absl's), and of `unittest.mock`.
SKIPPED = frozenset(
    {
        "app.flags",
        "autograph",
        "compat",
        "contrib",
        "data",
        "distribute",
        "estimator",
        "feature_column",
        "flags",
        "keras",
        "lite",
        "mlir",
        "profiler",
        "raw_ops",
        "test.mock",
        "tpu",
    }
)
# Methods that classes have beside their public ones.
_METHODS = ("__init__", "__call__")


def arguments(function: Any) -> list[str] | None:
    """Return the names of arguments: `=` after optional ones, `*` before the rest."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    found = []
    for parameter in parameters:
        name = parameter.name
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            name = f"*{name}"
        elif parameter.default is not parameter.empty:
            name = f"{name}="
        found.append(name)
    return found


def _methods(cls: type) -> dict[str, list[str] | None]:
    found: dict[str, list[str] | None] = {}
    for name in dir(cls):
        if name.startswith("_") and name not in _METHODS:
            continue
        value = inspect.getattr_static(cls, name, None)
        if isinstance(value, staticmethod | classmethod):
            value = value.__func__
        is_function = inspect.isfunction(value)
        found[name] = arguments(value) if is_function else None
    return found


def described(module: ModuleType) -> dict[str, Any]:
    """Return each public name: arguments of functions, methods of classes, or None."""
    found: dict[str, Any] = {}

    def walk(namespace: Any, path: str) -> None:
        for name in sorted(dir(namespace)):
            whole = f"{path}{name}"
            if name.startswith("_") or whole in SKIPPED:
                continue
            value = getattr(namespace, name, None)
            if inspect.ismodule(value):
                if value.__name__.startswith(("tensorflow._api", "tf_keras")):
                    walk(value, f"{whole}.")
            elif inspect.isclass(value) and not hasattr(value, "DESCRIPTOR"):
                found[whole] = _methods(value)
            else:
                is_function = callable(value) and not inspect.isclass(value)
                found[whole] = arguments(value) if is_function else None

    walk(module, "")
    return found
