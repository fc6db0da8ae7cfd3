"""Scopes of the default graph, as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from metagraft.graph.defaults import (
    get_default_graph,
    graph_of,
    pop_default_graph,
    push_default_graph,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class name_scope:  # noqa: N801 - TensorFlow's public name
    """Open a name scope in the graph of `values`, made the default graph.

    Args:
        name: The scope's name; None takes `default_name`, and re-enters the scope when
            it ends with a slash.
        default_name: The name if `name` is None.
        values: Tensors whose graph is used.

    Raises:
        ValueError: Neither name is given although there are values.

    Source: tensorflow python/framework/ops.py name_scope_v1.
    """

    __slots__ = ("_default_name", "_graph", "_name", "_pushed", "_scope", "_values")

    def __init__(
        self,
        name: str | None,
        default_name: str | None = None,
        values: Sequence[Any] | None = None,
    ) -> None:
        """Check the names; the scope opens on entry."""
        if not (default_name is None or isinstance(default_name, str)):
            raise TypeError(
                "`default_name` type ("
                f"{type(default_name)}"
                ") is not a string type."
                " You likely meant to pass this into the `values` kwarg."
            )
        self._default_name = default_name
        self._name = default_name if name is None else name
        if self._name is None and values is not None:
            raise ValueError(
                f"At least one of name ({name}) and default_name ({default_name}) must"
                " be provided."
            )
        self._values = values
        self._graph = get_default_graph()
        self._pushed = False
        self._scope: AbstractContextManager[str] | None = None

    @property
    def name(self) -> str | None:
        """The name that was asked for."""
        return self._name

    def __enter__(self) -> str:
        """Open the scope and return its full name with a slash at the end."""
        default = get_default_graph()
        graph = graph_of(self._values) if self._values else default
        if graph is not default:
            push_default_graph(graph)
            self._pushed = True
        self._graph = graph
        self._scope = graph.name_scope(self._name)
        return self._scope.__enter__()

    def __exit__(self, *details: Any) -> None:
        """Close the scope."""
        assert self._scope is not None
        self._scope.__exit__(*details)
        if self._pushed:
            pop_default_graph(self._graph)
            self._pushed = False

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function to run in the scope."""
        from functools import wraps

        @wraps(function)
        def scoped(*args: Any, **kwargs: Any) -> Any:
            with name_scope(self._name, self._default_name, self._values):
                return function(*args, **kwargs)

        return scoped


@contextmanager
def op_scope(
    values: Sequence[Any], name: str | None, default_name: str | None = None
) -> Iterator[str]:
    """Open a name scope; the older order of arguments."""
    with name_scope(name, default_name=default_name, values=values) as scope:
        yield scope


def control_dependencies(control_inputs: Any) -> AbstractContextManager[None]:
    """Open a block of the default graph that runs after `control_inputs`."""
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function: Any) -> AbstractContextManager[None]:
    """Open a block of the default graph whose operations get a device."""
    return get_default_graph().device(device_name_or_function)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """Open a block of the default graph whose operations are placed with `op`."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> Any:
    """Open a block of the default graph that uses a resource container."""
    return get_default_graph().container(container_name)


def add_to_collection(name: Any, value: Any) -> None:
    """Append `value` to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Append `value` to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list[Any]:
    """Return a copy of a collection of the default graph."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list[Any]:
    """Return the list behind a collection of the default graph."""
    return get_default_graph().get_collection_ref(key)


def get_all_collection_keys() -> list[str]:
    """Return the names of the collections of the default graph."""
    return get_default_graph().get_all_collection_keys()
