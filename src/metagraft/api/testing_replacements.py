"""`tf.test.StubOutForTesting`: attributes replaced for the time of a test.

Source: tensorflow python/platform/googletest.py.
"""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["StubOutForTesting"]


class StubOutForTesting:
    """Replaces attributes, and puts the old ones back."""

    def __init__(self) -> None:
        """Start with nothing replaced."""
        self._set: list[tuple[Any, str, Any]] = []
        self._set_smartly: list[tuple[Any, str, Any]] = []

    def __del__(self) -> None:
        """Put everything back."""
        self.CleanUp()

    def __enter__(self) -> StubOutForTesting:
        """Return this object."""
        return self

    def __exit__(self, *error: object) -> None:
        """Put everything back."""
        self.CleanUp()

    def CleanUp(self) -> None:  # noqa: N802
        """Put everything back."""
        self.SmartUnsetAll()
        self.UnsetAll()

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:  # noqa: N802
        """Replace an attribute of exactly this object.

        Args:
            parent: A module, class or other object.
            child_name: The name of the attribute.
            new_child: Its new value.

        Raises:
            AttributeError: There is no such attribute.
        """
        self._set.append((parent, child_name, _kept(parent, child_name)))
        setattr(parent, child_name, new_child)

    def UnsetAll(self) -> None:  # noqa: N802
        """Undo every `Set`."""
        _put_back(self._set)

    def SmartSet(self, obj: Any, attr_name: str, new_attr: Any) -> None:  # noqa: N802
        """Replace an attribute where it is defined: an object's in its class.

        Args:
            obj: A module, class or other object.
            attr_name: The name of the attribute.
            new_attr: Its new value.

        Raises:
            AttributeError: There is no such attribute.
        """
        old = _kept(obj, attr_name)
        owner = _owner(obj, attr_name)
        self._set_smartly.append((owner, attr_name, old))
        setattr(owner, attr_name, new_attr)

    def SmartUnsetAll(self) -> None:  # noqa: N802
        """Undo every `SmartSet`."""
        _put_back(self._set_smartly)


def _kept(owner: Any, name: str) -> Any:
    """Return an attribute in the form that `setattr` needs to restore it."""
    value = getattr(owner, name)
    return staticmethod(value) if _is_static(owner, name) else value


def _is_static(owner: Any, name: str) -> bool:
    return isinstance(vars(owner).get(name), staticmethod)


def _owner(obj: Any, name: str) -> Any:
    if inspect.ismodule(obj) or (not inspect.isclass(obj) and name in vars(obj)):
        return obj
    return obj if inspect.isclass(obj) else type(obj)


def _put_back(replaced: list[tuple[Any, str, Any]]) -> None:
    while replaced:
        setattr(*replaced.pop())
