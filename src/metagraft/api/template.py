"""`tf.make_template`: a function whose variables are made in its first call.

Source: tensorflow python/ops/template.py.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from metagraft.api.variable_scope import (
    VariableScope,
    enter_unique_scope,
    variable_scope,
)
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import get_collection, get_collection_ref

_log: Final = logging.getLogger(__name__)


def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Callable[..., Any] | None = None,
    **kwargs: Any,
) -> Template:
    """Return a function that makes its variables once and reuses them afterwards.

    Args:
        name_: Name of the variable scope, made unique.
        func_: The function; it gets its variables with `get_variable`.
        create_scope_now_: Whether the scope is made now; else in the first call.
        unique_name_: Name of the scope, taken as it is, instead of `name_`.
        custom_getter_: Custom getter of the scope.
        **kwargs: Arguments that `func_` gets in every call.

    Raises:
        ValueError: There is no name.
    """
    if kwargs:
        func_ = functools.partial(func_, **kwargs)
    return Template(name_, func_, create_scope_now_, unique_name_, custom_getter_)


class _Calling(threading.local):
    """The templates that are called now for the first time, outermost first."""

    def __init__(self) -> None:
        self.templates: list[Template] = []


_calling: Final = _Calling()


class Template:
    """A function with variables of its own."""

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        create_scope_now: bool = False,
        unique_name: str | None = None,
        custom_getter: Callable[..., Any] | None = None,
    ) -> None:
        """Wrap a function; the arguments are those of `make_template`."""
        if name is None:
            raise ValueError("name cannot be None.")
        self._func = func
        self._name = name
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._variable_scope: VariableScope | None = None
        self._inner: list[Template] = []
        self._variables_created = False
        self._first_call = True
        if create_scope_now:
            with enter_unique_scope(unique_name, name, custom_getter) as scope:
                self._variable_scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function in its scope."""
        if self._variable_scope is not None:
            with variable_scope(self._variable_scope, reuse=not self._first_call):
                return self._call(args, kwargs)
        with variable_scope(
            self._unique_name, self._name, custom_getter=self._custom_getter
        ) as scope:
            self._variable_scope = scope
            return self._call(args, kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._first_call:
            return self._call_again(args, kwargs)
        self._first_call = False
        around = _calling.templates[-1:]
        _calling.templates.append(self)
        try:
            result = self._func(*args, **kwargs)
        except Exception:
            self._first_call = True
            raise
        finally:
            _calling.templates.pop()
        for template in around:
            template._inner.append(self)  # noqa: SLF001 - own class
        self._variables_created = True
        return result

    def _call_again(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        trainable = get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
        all_variables = get_collection_ref(GraphKeys.GLOBAL_VARIABLES)
        trainable_count, count = len(trainable), len(all_variables)
        result = self._func(*args, **kwargs)
        if not self._variables_created:
            return result  # a call inside of the first call
        if len(trainable) != trainable_count:
            raise ValueError(
                "Trainable variable created when calling a template after the first "
                "time, perhaps you used tf.Variable when you meant tf.get_variable: "
                f"{trainable[trainable_count:]}"
            )
        if len(all_variables) != count:
            _log.info(
                "New variables created when calling a template after the first time, "
                "perhaps you used tf.Variable when you meant tf.get_variable: %s",
                all_variables[count:],
            )
        return result

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        """The function."""
        return self._func

    @property
    def variable_scope(self) -> VariableScope | None:
        """The variable scope, if it was made."""
        return self._variable_scope

    var_scope = variable_scope

    @property
    def variable_scope_name(self) -> str | None:
        """The name of the variable scope with a slash at the end."""
        if self._variable_scope is None:
            return None
        name = self._variable_scope.name
        return name if not name or name[-1] == "/" else f"{name}/"

    def _in_scope(self, key: str) -> list[Any]:
        if not self._variables_created:
            return []
        return get_collection(key, self.variable_scope_name)

    @property
    def global_variables(self) -> list[Any]:
        """Its global variables."""
        return self._in_scope(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list[Any]:
        """Its local variables."""
        return self._in_scope(GraphKeys.LOCAL_VARIABLES)

    @property
    def trainable_variables(self) -> list[Any]:
        """Its trainable variables."""
        return self._in_scope(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Its other global variables."""
        trainable = set(self.trainable_variables)
        return [v for v in self.global_variables if v not in trainable]

    @property
    def variables(self) -> list[Any]:
        """Its global and local variables."""
        return self.global_variables + self.local_variables

    def tracked(self) -> Mapping[str, Any]:
        """Return its variables and the templates inside of it, by name."""
        found: dict[str, Any] = {}
        start = self.variable_scope_name or ""
        for variable in sorted(self.variables, key=lambda v: v.op.op_id):
            name = variable.op.name
            inside = (t for t in self._inner if t._has(name))  # noqa: SLF001
            inner = next(inside, None)
            if inner is None:
                found[name.removeprefix(start)] = variable
            else:
                scope = inner.variable_scope_name or ""
                found[scope.removeprefix(start).removesuffix("/")] = inner
        return found

    def _has(self, name: str) -> bool:
        """Whether a variable is its own, or that of a template inside of it."""
        return name.startswith(self.variable_scope_name or "/")

    weights = variables
    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables
