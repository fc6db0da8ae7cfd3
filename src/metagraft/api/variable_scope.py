"""`tf.variable_scope`: defaults and name prefixes for `tf.get_variable`.

The variables themselves are kept in `variable_store.py`.

Source: tensorflow python/ops/variable_scope.py.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from types import TracebackType
from typing import Any, Final

from metagraft.api.variable_store import VariableRequest, VariableStore
from metagraft.api.variables import VariableAggregation, VariableSynchronization
from metagraft.graph import dtypes
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph, graph_of
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import get_collection, name_scope
from metagraft.graph.tensor import Tensor


class _ReuseMode(enum.Enum):
    """More than yes and no."""

    AUTO_REUSE = 1


AUTO_REUSE: Final = _ReuseMode.AUTO_REUSE
Reuse = bool | None | _ReuseMode


def no_regularizer(_: Any) -> None:
    """Regularize nothing; hides the regularizer of the scope."""


@dataclass(slots=True)
class _Settings:
    """What a scope gives to the variables in it, where they say nothing themselves."""

    initializer: Any = None
    regularizer: Callable[[Tensor], Tensor | None] | None = None
    caching_device: Any = None
    partitioner: Callable[..., Any] | None = None
    custom_getter: Callable[..., Any] | None = None
    dtype: Any = dtypes.float32
    use_resource: bool | None = None

    def overridden(self, given: _Settings) -> _Settings:
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
        self._settings = _Settings(
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
        self, var_store: VariableStore, name: str, **request: Any
    ) -> Any:  # Variable or PartitionedVariable
        """Return a variable of this scope, made if need be.

        The other arguments are those of `get_variable`; None takes the scope's default.
        """
        asked = VariableRequest(name=name, **request)
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

    def _opened(
        self,
        name: str,
        reuse: Reuse,
        name_scope: str,
        given: _Settings,
        constraint: Any,
    ) -> VariableScope:
        """Return a scope inside this one, or this one opened again."""
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


# -- what a graph knows of its scopes --------------------------------------------------


class _ScopeStore(threading.local):
    """The current scope of a graph, and how often each scope was opened."""

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.opened: dict[str, int] = {}

    def count(self, name: str) -> None:
        self.opened[name] = self.opened.get(name, 0) + 1

    def forget_inside(self, name: str) -> None:
        """Let the scopes inside `name` begin again at their plain names."""
        for opened in self.opened:
            if opened.startswith(f"{name}/"):
                self.opened[opened] = 0


# TensorFlow's keys: not strings, so they stay out of exported files.
_SCOPES: Final = ("__varscope",)
_STORE: Final = ("__variable_store",)


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
    store: VariableStore = _of_graph(_STORE, VariableStore)
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
        self._settings = _Settings(
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
        """Close the scope."""
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
        settings: _Settings,
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
            self._again = name_or_scope._opened(  # noqa: SLF001 - same module
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
        return outer._opened(  # noqa: SLF001 - same module
            f"{outer.name}/{given}" if outer.name else given,
            self._reuse,
            given if self._original is None else self._original,
            self._settings,
            self._constraint,
        )

    def __exit__(self, *_: object) -> None:
        outer, before, scope = self._entered.pop()
        store = self._store
        if store.current is not scope:
            raise RuntimeError("Improper nesting of variable_scope.")
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
        given, None, None, _Settings(custom_getter=custom_getter, dtype=None), None
    )


@contextmanager
def variable_op_scope(
    values: Sequence[Any],
    name_or_scope: str | VariableScope | None,
    default_name: str | None = None,
    **settings: Any,
) -> Iterator[VariableScope]:
    """Open a variable scope; the older order of arguments."""
    with variable_scope(name_or_scope, default_name, values, **settings) as scope:
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
