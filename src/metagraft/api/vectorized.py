"""`tf.vectorized_map`: a function of every row.

Source: tensorflow python/ops/parallel_for/control_flow_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.array import tile
from metagraft.api.constants import placeholder
from metagraft.api.functional import map_fn
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.structure import flatten, map_structure

__all__ = ["vectorized_map"]


def vectorized_map(
    fn: Callable[[Any], Any],
    elems: Any,
    fallback_to_while_loop: bool = True,
    warn: bool = True,
) -> Any:
    """Apply a function to every row and stack what it returns.

    Args:
        fn: Takes a row of each of the elements, and returns tensors.
        elems: Tensors of as many rows, nested as you like. A single row is used with
            every row of the others.
        fallback_to_while_loop: Whether a loop may be built. It is always built.
        warn: Not used: nothing falls back.

    Returns:
        What the function returns, with one more axis.

    Raises:
        ValueError: The numbers of rows differ.
    """
    # TF: makes the body of the loop work on all rows at once, in other nodes. Here the
    # loop stays in the graph, and its steps are independent.
    del fallback_to_while_loop, warn
    tensors = map_structure(convert_to_tensor, elems)
    rows = [tensor.shape[0].value for tensor in flatten(tensors)]
    count = max((n for n in rows if n is not None), default=None)
    if any(n not in (None, 1, count) for n in rows):
        raise ValueError(
            "All elements must have the same first dimension, or a first dimension of"
            f" 1. Received {rows}."
        )
    if count is not None and count > 1:
        tensors = map_structure(lambda tensor: _repeated(tensor, count), tensors)
    types = _types_of_results(fn, tensors)
    return map_fn(fn, tensors, dtype=types, parallel_iterations=count or 10)


def _repeated(tensor: Any, count: int) -> Any:
    """Repeat a single row."""
    if tensor.shape[0].value != 1:
        return tensor
    return tile(tensor, [count] + [1] * (len(tensor.shape) - 1))


def _types_of_results(fn: Callable[[Any], Any], tensors: Any) -> Any:
    """Return the types that a function returns, found in a graph of its own."""
    with FunctionGraph("vectorized_map").as_default():
        row = map_structure(lambda t: placeholder(t.dtype, t.shape[1:]), tensors)
        return map_structure(lambda one: convert_to_tensor(one).dtype, fn(row))
