"""Edges across the bounds of functions: a body uses tensors from around it.

Whoever differentiates inside of a body with respect to a tensor outside follows these.

Source: tensorflow python/ops/gradients_util.py _Inputs, _Consumers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor


def bodies_around(operations: Iterable[Operation]) -> list[Graph]:
    """Return the bodies of functions that operations are in, and those around them."""
    found: dict[Graph, None] = {}
    for op in operations:
        graph: Graph = op.graph
        while graph.outside is not None:
            found[graph] = None
            graph = graph.outside.outer_graph
    return list(found)


def inputs_across(op: Operation, xs: Collection[Tensor]) -> tuple[Tensor, ...]:
    """Return the inputs of an operation; for captured ones, what was captured.

    Args:
        op: The operation.
        xs: Tensors that are not followed outside.
    """
    if op.graph.outside is None:
        return op.inputs
    return tuple(t if t in xs else outermost(t) for t in op.inputs)


def outermost(tensor: Tensor) -> Tensor:
    """Return what was captured, if a tensor of a body stands for one from outside."""
    while tensor.graph.outside is not None:
        source = tensor.graph.outside.outside(tensor)
        if source is tensor:
            return tensor
        tensor = source
    return tensor


def consumers_across(tensor: Tensor, bodies: Iterable[Graph]) -> list[Operation]:
    """Return the operations that take a tensor, also inside of given bodies."""
    found = tensor.consumers()
    for body in bodies:
        inside = None if body.outside is None else body.outside.inside(tensor)
        if inside is not None:
            found.extend(consumers_across(inside, bodies))
    return found
