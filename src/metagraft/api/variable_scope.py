"""`tf.variable_scope`: defaults and name prefixes for `tf.get_variable`.

The variables themselves are kept in `variable_store.py`.

Source: tensorflow python/ops/variable_scope.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Any, Final

from metagraft.api.scope_defaults import (
    AUTO_REUSE,
    Reuse,
    ScopeSettings,
    VariableScope,
)
from metagraft.api.variable_store import VariableStore
from metagraft.api.variables import VariableAggregation, VariableSynchronization
from metagraft.graph.defaults import get_default_graph, graph_of
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import name_scope

__all__ = [
    "AUTO_REUSE",
    "VARIABLE_STORE",
    "Reuse",
    "VariableScope",
    "default_variable_store",
    "enter_unique_scope",
    "get_local_variable",
    "get_variable",
    "get_variable_scope",
    "no_regularizer",
    "variable_op_scope",
    "variable_scope",
]


def no_regularizer(_: Any) -> None:
    """Regularize nothing; hides the regularizer of the scope."""


# -- what a graph knows of its scopes --------------------------------------------------


class _ScopeStore(threading.local):
    """The current scope of a graph, and how often each scope was opened."""

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.opened: dict[str, int] = {}
        # The names opened inside a name, directly: finding them does not need a look
        # at all others.
        self._inside: dict[str, set[str]] = {}

    def count(self, name: str) -> None:
        self.opened[name] = self.opened.get(name, 0) + 1
        outer = name.rpartition("/")[0]
        while outer and name not in self._inside.setdefault(outer, set()):
            self._inside[outer].add(name)
            name, outer = outer, outer.rpartition("/")[0]

    def forget_inside(self, name: str) -> None:
        """Let the scopes inside `name` begin again at their plain names."""
        waiting = [name]
        while waiting:
            for opened in self._inside.pop(waiting.pop(), ()):
                self.opened.pop(opened, None)
                waiting.append(opened)


# TensorFlow's keys: not strings, so they stay out of exported files.
_SCOPES: Final = ("__varscope",)
VARIABLE_STORE: Final = ("__variable_store",)


def _of_graph(key: Any, make: Callable[[], Any]) -> Any:
    found = get_default_graph().get_collection_ref(key)
    if not found:
        found.append(make())
    return found[0]


def _scope_store() -> _ScopeStore:
    store: _ScopeStore = _of_graph(_SCOPES, _ScopeStore)
    return store


def default_variable_store() -> VariableStore:
    """Return the store of the default graph."""
    store: VariableStore = _of_graph(VARIABLE_STORE, VariableStore)
    return store


def get_variable_scope() -> VariableScope:
    """Return the current variable scope."""
    return _scope_store().current


def _unique_scope(prefix: str) -> str:
    store = _scope_store()
    outer = store.current.name
    name = f"{outer}/{prefix}" if outer else prefix
    if not store.opened.get(name):
        return prefix
    number = 1
    while store.opened.get(f"{name}_{number}"):
        number += 1
    return f"{prefix}_{number}"


class variable_scope:  # noqa: N801 - used as a function
    """Open a variable scope, and with it a name scope.

    Args:
        name_or_scope: Name of a scope inside the current one, or a `VariableScope` to
            open again.
        default_name: Made unique and used if `name_or_scope` is None.
        values: Tensors whose graph is used.
        initializer: Default initializer inside.
        regularizer: Default regularizer inside.
        caching_device: Default caching device inside.
        partitioner: Default partitioner inside.
        custom_getter: Default custom getter inside; it is called around that of the
            outer scope.
        reuse: True demands that variables exist, `AUTO_REUSE` makes them if need be,
            None or False inherits.
        dtype: Default element type inside.
        use_resource: Whether resource variables are the default inside.
        constraint: Default constraint inside.
        auxiliary_name_scope: Whether a name scope is opened, too.

    Raises:
        TypeError, ValueError: An argument does not fit.
    """

    def __init__(
        self,
        name_or_scope: str | VariableScope | None,
        default_name: str | None = None,
        values: Sequence[Any] | None = None,
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        reuse: Reuse = None,
        dtype: Any = None,
        use_resource: bool | None = None,
        constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        """Check the arguments; the scope opens on entry."""
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse not in (True, False, None, AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                "The auxiliary_name_scope must be `True` or `False`, while get "
                f"{auxiliary_name_scope}"
            )
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._reuse = reuse or None
        self._settings = ScopeSettings(
            initializer,
            regularizer,
            caching_device,
            partitioner,
            custom_getter,
            dtype,
            use_resource,
        )
        self._constraint = constraint
        self._auxiliary = auxiliary_name_scope
        self._graph = graph_of(values or [])
        self._again: tuple[str | None, _PureScope] | None = None
        self._stacks: list[ExitStack] = []

    def __enter__(self) -> VariableScope:
        """Open the scope; a second time, with the names of the first."""
        with ExitStack() as stack:
            stack.enter_context(self._graph.as_default())
            if self._again is None:
                scope = self._open(stack)
            else:
                names, pure = self._again
                if names is not None:
                    stack.enter_context(name_scope(names))
                scope = stack.enter_context(pure)
            self._stacks.append(stack.pop_all())
        return scope

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the scope.

        Raises:
            RuntimeError: A scope that was opened inside of it is still open.
        """
        if self._again is not None:
            self._again[1].check_innermost()
        self._stacks.pop().__exit__(kind, error, trace)

    def _open(self, stack: ExitStack) -> VariableScope:
        given = self._name_or_scope
        if given is None:
            assert self._default_name is not None
            if self._reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            names = self._names(self._default_name)
            full = stack.enter_context(name_scope(names))
            given = _unique_scope(self._default_name)
            return self._enter(stack, names, given, full)
        if not isinstance(given, VariableScope | str):
            raise TypeError(
                "VariableScope: name_or_scope must be a string or VariableScope."
            )
        text = given if isinstance(given, str) else given.name.rpartition("/")[2]
        if not text and self._auxiliary:
            return self._enter(stack, None, given, None)
        names = self._names(text)
        full = stack.enter_context(name_scope(names))
        if isinstance(given, VariableScope):
            full = given.original_name_scope
        return self._enter(stack, names, given, full)

    def _names(self, name: str) -> str:
        """The name scope to open: a new one, or the current one again."""
        if self._auxiliary:
            return name
        current = self._graph.get_name_scope()
        return f"{current}/" if current else ""

    def _enter(
        self,
        stack: ExitStack,
        names: str | None,
        given: str | VariableScope,
        original: str | None,
    ) -> VariableScope:
        pure = _PureScope(
            given, self._reuse, original, self._settings, self._constraint
        )
        self._again = (names, pure)
        return stack.enter_context(pure)


class _PureScope:
    """A variable scope without its name scope."""

    def __init__(
        self,
        name_or_scope: str | VariableScope,
        reuse: Reuse,
        original_name_scope: str | None,
        settings: ScopeSettings,
        constraint: Any,
    ) -> None:
        self._given = name_or_scope
        self._reuse = reuse
        self._original = original_name_scope
        self._settings = settings
        self._constraint = constraint
        self._store = _scope_store()
        self._entered: list[tuple[VariableScope, dict[str, int], VariableScope]] = []
        self._again: VariableScope | None = None
        if isinstance(name_or_scope, VariableScope):
            self._again = name_or_scope.opened(
                name_or_scope.name,
                reuse or name_or_scope.reuse,
                name_or_scope.original_name_scope,
                settings,
                constraint,
            )

    def __enter__(self) -> VariableScope:
        store = self._store
        outer = store.current
        if self._again is not None:
            scope = self._again
            store.count(scope.name)
            before = dict(store.opened)
        else:
            scope = self._inside(outer)
            store.count(scope.name)
            before = {}
        self._entered.append((outer, before, scope))
        store.current = scope
        return scope

    def _inside(self, outer: VariableScope) -> VariableScope:
        given = self._given
        assert isinstance(given, str)
        # A scope that was once opened for reuse stays so when it is opened again.
        self._reuse = self._reuse or outer.reuse
        return outer.opened(
            f"{outer.name}/{given}" if outer.name else given,
            self._reuse,
            given if self._original is None else self._original,
            self._settings,
            self._constraint,
        )

    def check_innermost(self) -> None:
        """Refuse to close the scope while one inside of it is open."""
        if self._store.current is not self._entered[-1][2]:
            raise RuntimeError("Improper nesting of variable_scope.")

    def __exit__(self, *_: object) -> None:
        self.check_innermost()
        outer, before, scope = self._entered.pop()
        store = self._store
        if self._again is not None:
            store.opened = before
        else:
            store.forget_inside(scope.name)
        store.current = outer


def enter_unique_scope(
    unique_name: str | None, name: str, custom_getter: Any
) -> AbstractContextManager[VariableScope]:
    """Open a variable scope without a name scope; `name` is made unique."""
    given = unique_name or _unique_scope(name)
    return _PureScope(
        given, None, None, ScopeSettings(custom_getter=custom_getter, dtype=None), None
    )


@contextmanager
def variable_op_scope(
    values: Sequence[Any],
    name_or_scope: str | VariableScope | None,
    default_name: str | None = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: Any = None,
) -> Iterator[VariableScope]:
    """Open a variable scope; the older order of the arguments of `variable_scope`."""
    with variable_scope(
        name_or_scope,
        default_name,
        values,
        initializer=initializer,
        regularizer=regularizer,
        caching_device=caching_device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        reuse=reuse,
        dtype=dtype,
        use_resource=use_resource,
        constraint=constraint,
    ) as scope:
        yield scope


# -- getting variables -----------------------------------------------------------------


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Sequence[Any] | None = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:  # Variable or PartitionedVariable
    """Return a variable of the current scope, made if need be.

    Args:
        name: The name inside the scope.
        shape: Its shape; not given if the initializer has one.
        dtype: Its element type; None takes that of the scope.
        initializer: A function of shape and type, such as those of `tf.initializers`,
            or a value; None takes that of the scope, else `glorot_uniform` for
            floating-point numbers and zeros for other types.
        regularizer: A function from the value to a loss, which is added to the
            collection of regularization losses.
        trainable: Whether optimizers change it by default.
        collections: Collections to add it to; global variables for None.
        caching_device: Where its value is read to.
        partitioner: A function from shape and type to the number of pieces along every
            axis; the result is then a `PartitionedVariable`.
        validate_shape: Whether every value must have the shape of the first.
        use_resource: Whether to make a resource variable.
        custom_getter: Called instead, with the true getter as its first argument.
        constraint: Function of the value that an optimizer applies after an update.
        synchronization: When copies are brought together.
        aggregation: How copies are brought together.

    Raises:
        ValueError: It exists and must not, does not exist and must, or an argument
            does not fit.
    """
    return get_variable_scope().get_variable(
        default_variable_store(),
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def get_local_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = False,
    collections: Sequence[Any] | None = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:  # Variable or PartitionedVariable
    """Return a local variable: like `get_variable`, but never saved nor trained."""
    del trainable  # as in TensorFlow: a local variable is not trainable
    return get_variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=False,
        collections=[*(collections or ()), GraphKeys.LOCAL_VARIABLES],
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )
