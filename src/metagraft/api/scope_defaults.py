"""`VariableScope`: the defaults and the name prefix that a variable scope gives.

Source: tensorflow python/ops/variable_scope.py VariableScope.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Final

from metagraft.api.variable_store import VariableRequest, VariableStore
from metagraft.graph import dtypes
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import get_collection, name_scope
from metagraft.graph.tensor import Tensor


class _ReuseMode(enum.Enum):
    """More than yes and no."""

    AUTO_REUSE = 1


AUTO_REUSE: Final = _ReuseMode.AUTO_REUSE
Reuse = bool | None | _ReuseMode


@dataclass(slots=True)
class ScopeSettings:
    """What a scope gives to the variables in it, where they say nothing themselves."""

    initializer: Any = None
    regularizer: Callable[[Tensor], Tensor | None] | None = None
    caching_device: Any = None
    partitioner: Callable[..., Any] | None = None
    custom_getter: Callable[..., Any] | None = None
    dtype: Any = dtypes.float32
    use_resource: bool | None = None

    def overridden(self, given: ScopeSettings) -> ScopeSettings:
        """Return a copy that has what `given` has, where that is not None."""
        changes = {
            f.name: getattr(given, f.name)
            for f in fields(given)
            if getattr(given, f.name) is not None
        }
        if given.custom_getter is not None and self.custom_getter is not None:
            changes["custom_getter"] = _chained(given.custom_getter, self.custom_getter)
        return replace(self, **changes)


def _chained(inner: Callable[..., Any], outer: Callable[..., Any]) -> Any:
    """The getter of an inner scope; the getter it is given is that of the outer one."""

    def chained(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return inner(partial(outer, getter), *args, **kwargs)

    return chained


class VariableScope:
    """The defaults of `get_variable` inside a scope, and the prefix of the names."""

    def __init__(
        self,
        reuse: Reuse,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        name_scope: str = "",
        dtype: Any = dtypes.float32,
        use_resource: bool | None = None,
        constraint: Any = None,
    ) -> None:
        """Collect the defaults."""
        self._reuse = reuse
        self._name = name
        self._name_scope = name_scope
        self._constraint = constraint
        self._settings = ScopeSettings(
            initializer,
            regularizer,
            caching_device,
            partitioner,
            custom_getter,
            dtype,
            use_resource,
        )

    @property
    def name(self) -> str:
        """The prefix of the names of variables."""
        return self._name

    @property
    def original_name_scope(self) -> str:
        """The name scope that was opened with the variable scope."""
        return self._name_scope

    @property
    def reuse(self) -> Reuse:
        """Whether variables must exist (True), must not, or may (`AUTO_REUSE`)."""
        return self._reuse

    @property
    def initializer(self) -> Any:
        """The default initializer."""
        return self._settings.initializer

    @property
    def regularizer(self) -> Any:
        """The default regularizer."""
        return self._settings.regularizer

    @property
    def caching_device(self) -> Any:
        """The default caching device."""
        return self._settings.caching_device

    @property
    def partitioner(self) -> Any:
        """The default partitioner."""
        return self._settings.partitioner

    @property
    def custom_getter(self) -> Any:
        """The default custom getter."""
        return self._settings.custom_getter

    @property
    def dtype(self) -> Any:
        """The default element type."""
        return self._settings.dtype

    @property
    def use_resource(self) -> bool | None:
        """Whether resource variables are the default."""
        return self._settings.use_resource

    @property
    def constraint(self) -> Any:
        """The default constraint."""
        return self._constraint

    def reuse_variables(self) -> None:
        """Demand that variables exist."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Change the default initializer."""
        self._settings.initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """Change the default regularizer."""
        self._settings.regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        """Change the default caching device."""
        self._settings.caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        """Change the default partitioner."""
        self._settings.partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        """Change the default custom getter."""
        self._settings.custom_getter = custom_getter

    def set_dtype(self, dtype: Any) -> None:
        """Change the default element type."""
        self._settings.dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        """Change whether resource variables are the default."""
        self._settings.use_resource = use_resource

    def get_collection(self, name: str) -> list[Any]:
        """Return the items of a collection that are in this scope."""
        return get_collection(name, f"{self._name}/" if self._name else "")

    def trainable_variables(self) -> list[Any]:
        """Return the trainable variables of this scope."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        """Return the global variables of this scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        """Return the local variables of this scope."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(
        self, var_store: VariableStore, name: str, *args: Any, **kwargs: Any
    ) -> Any:  # Variable or PartitionedVariable
        """Return a variable of this scope, made if need be.

        The other arguments are those of `VariableRequest`, in its order; None takes the
        scope's default.
        """
        asked = VariableRequest(name, *args, **kwargs)
        settings = self._settings
        asked = replace(
            asked,
            name=f"{self.name}/{name}" if self.name else name,
            regularizer=_either(asked.regularizer, settings.regularizer),
            caching_device=_either(asked.caching_device, settings.caching_device),
            partitioner=_either(asked.partitioner, settings.partitioner),
            custom_getter=_either(asked.custom_getter, settings.custom_getter),
            use_resource=_either(asked.use_resource, settings.use_resource),
            reuse=_either(asked.reuse, self._reuse),
        )
        # Names of variables follow variable scopes alone, not name scopes.
        with name_scope(None):
            _check_initializer_dtype(asked.initializer, asked.dtype)
            asked = replace(
                asked,
                initializer=_either(asked.initializer, settings.initializer),
                constraint=_either(asked.constraint, self._constraint),
                dtype=_either(asked.dtype, settings.dtype),
            )
            return var_store.get_variable(asked)

    def opened(
        self,
        name: str,
        reuse: Reuse,
        name_scope: str,
        given: ScopeSettings,
        constraint: Any,
    ) -> VariableScope:
        """Return a scope inside this one, or this one opened again.

        Args:
            name: Its full name.
            reuse: Its reuse.
            name_scope: The name scope that was opened with it.
            given: What it overrides.
            constraint: Its default constraint, which is not inherited.
        """
        inner = VariableScope(reuse, name, name_scope=name_scope, constraint=constraint)
        inner._settings = self._settings.overridden(given)
        return inner


def _either(value: Any, default: Any) -> Any:
    return default if value is None else value


def _check_initializer_dtype(initializer: Any, dtype: Any) -> None:
    if dtype is None or initializer is None or callable(initializer):
        return
    found = convert_to_tensor(initializer).dtype.base_dtype
    if found != as_dtype(dtype):
        raise ValueError(
            f"Initializer type '{found}' and explicit dtype '{dtype}' don't match."
        )
