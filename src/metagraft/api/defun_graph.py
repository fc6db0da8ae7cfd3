"""Calling a Python function to build the body of a `Defun`.

Source: tensorflow python/framework/function.py func_graph_from_py_func.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any

from metagraft.api.resource_variable import ResourceVariable
from metagraft.api.variable_scope import (
    VARIABLE_STORE,
    default_variable_store,
    get_variable_scope,
    variable_scope,
)
from metagraft.graph.apply_op import op
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.graph import Graph
from metagraft.graph.graph_collections import Collections
from metagraft.graph.keys import GraphKeys
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import device as device_scope
from metagraft.graph.tensor import Tensor


def graph_of_function(
    func: Callable[..., Any],
    arg_names: Sequence[str],
    arg_types: Sequence[Any],
    *,
    name: str | None,
    device: Any,
    by_value: bool,
    copied_stateful: Collection[Operation],
    reads_outside: bool,
) -> FunctionGraph:
    """Return the body that a Python function builds.

    Args:
        func: The function.
        arg_names: The names of its arguments.
        arg_types: Their types.
        name: The function's name; by default that of `func`.
        device: Device, or function that gives devices, of the nodes.
        by_value: Whether nodes from outside are copied instead of handed in.
        copied_stateful: Operations with state that may be copied.
        reads_outside: Whether resource variables are read outside.

    Raises:
        ValueError: It returns None among several results.
    """
    outer = get_default_graph()
    # Variables, and their names, belong to both graphs.
    of_variables = GraphKeys._VARIABLE_COLLECTIONS  # noqa: SLF001 - TensorFlow's name
    keys = (*of_variables, VARIABLE_STORE)
    shared = Collections()
    shared.share({key: outer.get_collection_ref(key) for key in keys})
    body = FunctionGraph(
        name or python_name(func), has_named_captures=False, collections=shared
    )
    body.seed = None  # the graph's seed says nothing of what functions draw
    if by_value:
        body.captured.copy_nodes(frozenset(copied_stateful))
    getter = _Variables(outer, reads_outside=reads_outside)
    body.extra_variables = getter.found
    with body.as_default(), device_scope(device):
        for arg_name, arg_type in zip(arg_names, arg_types, strict=True):
            body.inputs.append(
                op("Placeholder", dtype=as_dtype(arg_type), shape=None, name=arg_name)
            )
        with variable_scope("", custom_getter=getter.get):
            results = func(*body.inputs)
        body.outputs = [body.capture(t) for t in _tensors(results, body.name)]
    return body


class _Variables:
    """Asks the graph around a function for variables."""

    __slots__ = ("_outer", "_reads_outside", "_scope", "found")

    def __init__(self, outer: Graph, *, reads_outside: bool) -> None:
        self._outer = outer
        self._scope = get_variable_scope()
        self._reads_outside = reads_outside
        self.found: list[Any] = []

    def get(self, getter: Any, name: str, **arguments: Any) -> Any:
        """Return a variable of the outer graph, or its value."""
        del getter
        taken = {key: arguments[key] for key in _TAKEN if key in arguments}
        with self._outer.as_default():
            store = default_variable_store()
            variable = self._scope.get_variable(store, name, **taken)
        self.found.append(variable)
        if isinstance(variable, ResourceVariable) and self._reads_outside:
            with self._outer.as_default():
                return variable.value()
        return variable


_TAKEN = (
    "shape",
    "dtype",
    "initializer",
    "reuse",
    "trainable",
    "collections",
    "use_resource",
)


def _tensors(results: Any, name: str) -> list[Tensor]:
    if results is None:
        return []
    listed = results if isinstance(results, list | tuple) else (results,)
    if any(value is None for value in listed):
        raise ValueError(f"Function {name} can not return None.")
    return [convert_to_tensor(value) for value in listed]


def python_name(func: Any) -> str:
    """Return the name of a Python function, as TensorFlow words it."""
    if inspect.isfunction(func):
        return func.__name__
    if inspect.ismethod(func):
        return f"{type(func.__self__).__name__}.{func.__func__.__name__}"
    return str(type(func))
