"""A body that has been built, as a function of a library.

Source: tensorflow python/eager/polymorphic_function/atomic_function.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from metagraft.graph.composite import IndexedSlices
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.function_definition import function_def_from_graph
from metagraft.graph.function_equality import do_the_same
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.functions import LibraryFunction
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue, FunctionDef

_numbers: Final = itertools.count()


def numbered_name(prefix: str) -> str:
    """Return a name with a number that no other function has.

    Functions of the default graph, and of those around it, may have come with a file.
    """
    # TF: takes the next number, and then a function of this name that there already is.
    while True:
        name = f"{prefix}_{next(_numbers)}"
        if find_function(get_default_graph(), name) is None:
            return name


def find_function(graph: Graph | None, name: str) -> LibraryFunction | None:
    """Return a function of a graph or of the graphs around it."""
    while graph is not None:
        found = graph.functions.function(name)
        if found is not None:
            return found
        graph = None if graph.outside is None else graph.outside.outer_graph
    return None


def add_rewritten(body: FunctionGraph, graph: Graph) -> BuiltFunction:
    """Define a function anew after its body got further arguments or results.

    Args:
        body: The body, which is renamed.
        graph: The graph whose operation is to take the function.
    """
    body.name += "_rewritten"
    function = BuiltFunction(body)
    known = find_function(graph, body.name)
    # TF: takes whatever has the name, say that of another operation with this function.
    if known is not None and not do_the_same(known.definition, function.definition):
        body.name = numbered_name(body.name)
        function = BuiltFunction(body)
    function.add_to_graph(graph)
    return function


class BuiltFunction:
    """A function whose body is at hand.

    Attributes:
        graph: The body.
        outputs: What the function returns; the body may be given more results later.
        definition: Its definition.
        children: The functions that it calls.
        shared_attrs: The attributes that the functions of its gradient have, too.
        pairs: By the number of results that are differentiated, the functions that
            compute its gradient.
    """

    __slots__ = ("children", "definition", "graph", "outputs", "pairs", "shared_attrs")

    def __init__(
        self,
        graph: FunctionGraph,
        attrs: Mapping[str, AttrValue] | None = None,
        *,
        name: str | None = None,
    ) -> None:
        """Define a function.

        Args:
            graph: The body, with inputs and outputs.
            attrs: Attributes of the function.
            name: Its name; by default that of the body.
        """
        self.graph = graph
        self.outputs = list(graph.outputs)
        self.pairs: dict[int, FunctionPair] = {}
        # What implements something has just its arguments and results.
        self.shared_attrs = {
            k: v for k, v in (attrs or {}).items() if k != "_implements"
        }
        self.definition: FunctionDef = function_def_from_graph(
            graph,
            graph.name if name is None else name,
            graph.inputs,
            graph.outputs,
            output_names=_kept_names(graph),
            control_outputs=graph.control_outputs,
        )
        # TensorFlow tells functions that it traced from those of version 1 by this.
        context = AttrValue(s=b"kEagerRuntime")
        self.definition.attr["_construction_context"].CopyFrom(context)
        for key, value in (attrs or {}).items():
            self.definition.attr[key].CopyFrom(value)
        self.children: list[LibraryFunction] = list(graph._functions.values())  # noqa: SLF001

    @property
    def name(self) -> str:
        """The name under which it is called."""
        return self.definition.signature.name

    @property
    def cached_definition(self) -> FunctionDef:
        """Its definition."""
        return self.definition

    def add_to_graph(self, graph: Graph) -> None:
        """Add the function, and those that it calls, where they are missing."""
        graph._add_function_recursive(self)  # noqa: SLF001 - TensorFlow's name for it


@dataclass(frozen=True, slots=True)
class FunctionPair:
    """The functions that compute a gradient.

    Attributes:
        forward: Returns also what the gradient needs from inside.
        backward: Takes that and the gradients of the results.
        results: Per input of the function its gradient in `backward`, if there is one.
    """

    forward: BuiltFunction
    backward: BuiltFunction
    results: list[Tensor | IndexedSlices | None]


def _kept_names(graph: FunctionGraph) -> list[str]:
    """Return the names that results had in another function; none if some had none."""
    names = [graph.output_names.get(tensor, "") for tensor in graph.outputs]
    return names if all(names) and len(set(names)) == len(names) else []


def is_stateful(graph: FunctionGraph) -> bool:
    """Whether any operation of a body has state."""
    return any(_has_state(op) for op in graph.get_operations())


def _has_state(op: Operation) -> bool:
    return op.is_stateful and op.type != "GlobalIterId"
