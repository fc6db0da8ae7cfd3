"""`tf.Module`: an object that finds the variables and modules among its attributes.

Source: tensorflow python/module/module.py.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from metagraft.api.nest import flatten
from metagraft.api.variables import Variable
from metagraft.graph.composite import CompositeTensor
from metagraft.graph.scopes import name_scope

__all__ = ["Module"]

_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?!^)(?=[A-Z][a-z])")
_Path = tuple[Any, ...]


class Module:
    """An object whose attributes may be variables and other such objects."""

    def __init__(self, name: str | None = None) -> None:
        """Take a name and, in the default graph, a scope of that name.

        Args:
            name: The name; by default that of the class.

        Raises:
            ValueError: It is no name of Python's.
        """
        if name is None:
            name = _WORD_START.sub("_", type(self).__name__).lower()
        elif not (name.isidentifier() and name.isascii()):
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid"
                " Python identifiers (e.g. a valid class name)."
            )
        self._name = name
        with name_scope(name) as scope:
            self._scope_name = scope

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def name_scope(self) -> AbstractContextManager[Any]:
        """The scope, to be entered again."""
        return name_scope(self._scope_name)

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables, by attribute name, then those of other modules."""
        return tuple(self._flatten(predicate=_is_variable, expand_composites=True))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """The variables that are to be trained."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Any, ...]:
        """The variables that are not to be trained."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All modules below this one."""
        return tuple(self._flatten(predicate=lambda leaf: isinstance(leaf, Module)))

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects: its attributes."""
        return dict(vars(self))

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], bool] | None = None,
        attribute_traversal_key: Callable[[str], Any] | None = None,
        with_path: bool = False,
        expand_composites: bool = False,
    ) -> Iterator[Any]:
        """Return what the attributes hold, in the order of their names.

        Args:
            recursive: Whether what other modules hold follows.
            predicate: Says what is wanted; all by default.
            attribute_traversal_key: By what attributes are sorted.
            with_path: Whether each value comes with its path; it may then come twice.
            expand_composites: Whether composite tensors are taken apart.
        """
        walk = _Walk(
            recursive=recursive,
            key=attribute_traversal_key,
            once=not with_path,
            expands=expand_composites,
        )
        for path, leaf in walk.below(self, ()):
            if predicate is None or predicate(leaf):
                yield (path, leaf) if with_path else leaf

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Let a method be called inside of the scope."""

        @functools.wraps(method)
        def scoped(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped


def _is_variable(value: Any) -> bool:
    return isinstance(value, Variable)


class _Walk:
    """How the attributes of modules are gone through.

    Attributes of one module come first, then those of the modules among them.
    """

    def __init__(self, *, recursive: bool, key: Any, once: bool, expands: bool) -> None:
        self._recursive = recursive
        self._key = key
        self._once = once
        self._expands = expands
        self._seen: set[int] = set()

    def below(self, module: Module, path: _Path) -> Iterator[tuple[_Path, Any]]:
        self._seen.add(id(module))
        inner = []
        for name in sorted(vars(module), key=self._key):
            for place, leaf in self._leaves(vars(module)[name], (*path, name)):
                if self._once:
                    if id(leaf) in self._seen:
                        continue
                    self._seen.add(id(leaf))
                yield place, leaf
                if self._recursive and isinstance(leaf, Module):
                    inner.append((place, leaf))
        for place, leaf in inner:
            yield from self.below(leaf, place)

    def _leaves(self, value: Any, path: _Path) -> Iterator[tuple[_Path, Any]]:
        """Return what lists, tuples and mappings hold, with the ways to it."""
        if isinstance(value, Mapping):
            for key in sorted(value):
                yield from self._leaves(value[key], (*path, key))
        elif isinstance(value, list | tuple):
            names = getattr(value, "_fields", range(len(value)))
            for key, part in zip(names, value, strict=True):
                yield from self._leaves(part, (*path, key))
        elif self._expands and isinstance(value, CompositeTensor):
            for number, part in enumerate(flatten(value, expand_composites=True)):
                yield (*path, number), part
        else:
            yield path, value
