"""Shapes that all ops have in common which take examples apart.

Source: tensorflow core/ops/parsing_ops.cc.
"""

from __future__ import annotations

from metagraft.graph.shapes import Dims


def sparse_shapes(count: int, rank: int | None) -> list[Dims]:
    """Indices, values and shapes of sparse tensors."""
    return [(None, rank)] * count + [(None,)] * count + [(rank,)] * count


def bounds_of(examples: Dims) -> int | None:
    """Return how many bounds the rows of a batch have."""
    size = examples[0] if examples else None
    return None if size is None else size + 1
