"""Python functions that nodes call: kept by this process, named by tokens in the graph.

A function lives as long as a graph that calls it. Another process, which imports such a
graph, does not have it.

Source: tensorflow python/ops/script_ops.py FuncRegistry.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any, Final, Protocol

from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph

__all__ = ["PYTHON_FUNCTIONS", "PythonFunction"]


class PythonFunction(Protocol):
    """What a node calls."""

    def call(self, arguments: Sequence[Any]) -> Any:
        """Return the outputs for NumPy arrays: one value, or a list of them."""

    def gradient(self) -> PythonFunction | None:
        """Return what turns gradients of the outputs to those of the inputs, if any."""


class _Registry:
    """The functions of this process, by token."""

    def __init__(self) -> None:
        """Start without functions."""
        self._lock = threading.Lock()
        self._count = 0
        self._functions: weakref.WeakValueDictionary[str, PythonFunction]
        self._functions = weakref.WeakValueDictionary()
        self._kept: weakref.WeakKeyDictionary[Graph, list[PythonFunction]]
        self._kept = weakref.WeakKeyDictionary()

    def add(self, function: PythonFunction) -> str:
        """Keep a function as long as the graph that is built now; return its token."""
        graph = _outermost(get_default_graph())
        with self._lock:
            token = f"pyfunc_{self._count}"
            self._count += 1
            self._functions[token] = function
            self._kept.setdefault(graph, []).append(function)
        return token

    def get(self, token: str) -> PythonFunction | None:
        """Return the function of a token, if this process has it."""
        return self._functions.get(token)


def _outermost(graph: Graph) -> Graph:
    """Return the graph around functions and branches."""
    while True:
        outer = getattr(graph, "outer_graph", None)
        if outer is None:
            return graph
        graph = outer


PYTHON_FUNCTIONS: Final = _Registry()
