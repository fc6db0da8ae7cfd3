"""Seeds of random operations: the graph's and each operation's."""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph

DEFAULT_GRAPH_SEED: Final = 87654321
_MAXINT32: Final = 2**31 - 1

# How many operations took a seed of their own from the graph's, per graph.
_taken: WeakKeyDictionary[Graph, int] = WeakKeyDictionary()


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """Return the pair of seeds an operation stores.

    Args:
        op_seed: The seed given for the operation, or None.

    Returns:
        `(graph seed, operation seed)`, or `(None, None)` for numbers that differ in
        every session.

    Source: tensorflow python/framework/random_seed.py get_seed.
    """
    graph = get_default_graph()
    if graph.seed is None:
        if op_seed is None:
            return None, None
        return DEFAULT_GRAPH_SEED, op_seed % _MAXINT32
    if op_seed is None:
        op_seed = _taken.get(graph, 0)
        _taken[graph] = op_seed + 1
    seeds = (graph.seed % _MAXINT32, op_seed % _MAXINT32)
    # Two zeros would mean "differ in every session".
    return (0, _MAXINT32) if seeds == (0, 0) else seeds


def seed_attributes(op_seed: int | None) -> dict[str, Any]:
    """Return the seed attributes of an operation; see `get_seed`."""
    seed, seed2 = get_seed(op_seed)
    return {"seed": seed or 0, "seed2": seed2 or 0}


def set_random_seed(seed: int | None) -> None:
    """Set the seed of the default graph."""
    get_default_graph().seed = seed
