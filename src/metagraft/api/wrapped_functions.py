"""`tf.wrap_function`: code of TensorFlow 1 as a function of the graph's library.

It is traced once, for the arguments that it is declared with. What it does runs as far
as its results need it, in no other order.

Source: tensorflow python/eager/wrap_function.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from metagraft.api import nest
from metagraft.api.function_tracing import add_placeholder, trace
from metagraft.api.traced_functions import ConcreteFunction
from metagraft.errors import UnimplementedError
from metagraft.graph.defaults import executing_eagerly
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.graph_collections import Collections
from metagraft.graph.import_graph_def import import_graph_def
from metagraft.graph.operation import Operation
from metagraft.graph.structure import map_structure
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.proto import GraphDef


def wrap_function(
    fn: Callable[..., Any], signature: Any, name: str | None = None
) -> WrappedFunction:
    """Return a function that adds a call of `fn` to the default graph.

    Args:
        fn: The function; variables that it makes belong to the graph around it.
        signature: Its arguments: a `TensorSpec` for each tensor, other values as they
            are. Calls take the tensors alone.
        name: Ends the name of the function.

    Raises:
        UnimplementedError: Eager execution is on.
        TypeError: A result has no tensor form.
    """
    if executing_eagerly():
        raise UnimplementedError(
            None, None, "tf.wrap_function: eager execution is not built; open a graph."
        )
    label = "wrapped_function" if name is None else f"wrapped_function_{name}"
    graph = FunctionGraph(label, collections=Collections())

    def argument(leaf: Any) -> Any:
        if not isinstance(leaf, TensorSpec):
            return leaf
        return add_placeholder(graph, leaf.dtype, leaf.shape.dims_tuple, leaf.name)

    arguments = map_structure(argument, list(signature))
    count = len(graph.inputs)
    trace(graph, fn, arguments, in_order=False)
    return WrappedFunction(graph, count)


class WrappedFunction(ConcreteFunction):
    """Code of TensorFlow 1, of which parts can be taken."""

    def prune(
        self, feeds: Any, fetches: Any, name: str | None = None
    ) -> WrappedFunction:
        """Return a function of a part of the graph.

        Args:
            feeds: Tensors of the graph, or their names: the arguments.
            fetches: Tensors and operations, or their names: the results, None for
                operations, which then run.
            name: Ends the name of the function.

        Raises:
            ValueError: A feed is no tensor, or something is of another graph.
        """
        own = self.graph
        captures = {id(inner) for inner in own.internal_captures}
        sources: list[Any] = [
            own.as_graph_element(feed) for feed in nest.flatten(feeds)
        ]
        for source in sources:
            if not isinstance(source, Tensor):
                raise ValueError(  # noqa: TRY004 - TensorFlow's class
                    "All members of argument `feeds` must be tensors. Got"
                    f" {source} with type {type(source)}."
                )
        sources = [source for source in sources if id(source) not in captures]
        wanted = nest.map_structure(partial(_element, own), fetches)
        _check_graph(own, [*sources, *nest.flatten(wanted)])
        with own.outer_graph.as_default():
            pruned = FunctionGraph(name or "pruned", collections=Collections())
        mapped = _copied(own, pruned, sources, nest.flatten(wanted))
        tensors = [one for one in nest.flatten(wanted) if isinstance(one, Tensor)]
        pruned.outputs.extend(mapped[one] for one in tensors)
        pruned.control_outputs.extend(
            mapped[one] for one in nest.flatten(wanted) if isinstance(one, Operation)
        )
        pruned.structured_outputs = nest.map_structure(
            lambda one: mapped[one] if isinstance(one, Tensor) else None, wanted
        )
        return WrappedFunction(pruned, len(sources))


def _element(graph: FunctionGraph, fetch: Any) -> Any:
    return graph.as_graph_element(fetch)


def _check_graph(graph: FunctionGraph, elements: Sequence[Any]) -> None:
    for element in elements:
        if element.graph is not graph:
            raise ValueError(
                "Can only prune function whose feeds and fetches from graph"
                f" {graph}. Input {element} is from a different graph"
                f" {element.graph}."
            )


def _copied(
    graph: FunctionGraph,
    pruned: FunctionGraph,
    sources: Sequence[Tensor],
    wanted: Sequence[Any],
) -> dict[Any, Any]:
    """Copy what fetches need to another graph.

    Args:
        graph: The graph.
        pruned: An empty one.
        sources: The tensors that become arguments.
        wanted: Tensors and operations.

    Returns:
        The copy of each source and of each fetch.
    """
    stops: dict[Tensor, Tensor] = {
        source: add_placeholder(pruned, source.dtype, source.dims, source.op.name)
        for source in sources
    }
    needed = _needed(wanted, {*sources, *graph.internal_captures})
    inner: dict[Tensor, Tensor] = {}
    for outside, inside in graph.captures:
        if inside.op in needed or inside in wanted:
            inner[inside] = stops[inside] = pruned.capture(outside, inside.op.name)
    whole = graph.as_graph_def()
    nodes = GraphDef(versions=whole.versions, library=whole.library)
    placed = {stop.op for stop in stops}
    names = {operation.name for operation in needed - placed}
    nodes.node.extend(node for node in whole.node if node.name in names)
    copied = [one for one in wanted if one not in stops]
    with pruned.as_default():
        found = import_graph_def(
            nodes,
            {stop.name: placeholder for stop, placeholder in stops.items()},
            [one.name for one in copied],
            name="",
        )
    return {**stops, **dict(zip(copied, found or [], strict=True))}


def _needed(wanted: Sequence[Any], stops: set[Tensor]) -> set[Operation]:
    """Return the operations that fetches need, down to where others begin."""
    found: set[Operation] = set()
    pending = [one for one in wanted if one not in stops]
    operations = [one.op if isinstance(one, Tensor) else one for one in pending]
    while operations:
        operation = operations.pop()
        if operation in found:
            continue
        found.add(operation)
        for tensor in operation.inputs:
            if tensor in stops:
                found.add(tensor.op)
            else:
                operations.append(tensor.op)
        operations.extend(operation.control_inputs)
    return found
