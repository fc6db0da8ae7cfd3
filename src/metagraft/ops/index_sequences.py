"""Sequences that only look random; twin of `kernels/index_sequences.py`.

Source: tensorflow core/ops/random_index_shuffle_ops.cc, math_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import (
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def shuffled_index_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A scalar if every operand has one index, else a vector."""
    index = with_rank_at_most(inputs[0], 1)
    seed = with_rank_at_most(with_rank_at_least(inputs[1], 1), 2)
    # TF: takes only those that are known to have three numbers.
    if seed is not None and seed[-1] != 3:
        found = [-1 if size is None else size for size in seed]
        raise ValueError(f"Seed must have shape [3] or [n, 3] but got {found}.")
    largest = with_rank_at_most(inputs[2], 1)
    vectors = [dims for dims in (index, seed and seed[:-1], largest) if dims]
    if vectors:
        sizes = [size for (size,) in vectors if size is not None]
        return ((sizes[0] if sizes else None,),)
    is_known = not (index is None or seed is None or largest is None)
    return (() if is_known else None,)


def sobol_sample_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[num_results, dim]`."""
    for index in range(3):
        with_rank(inputs[index], 0)
    dim, results = inputs.value(0), inputs.value(1)
    return (
        (None if results is None else int(results), None if dim is None else int(dim)),
    )


OPS = (
    OpSpec(
        name="RandomIndexShuffle",
        shape=shuffled_index_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/random_index_shuffle_ops.cc",
    ),
    OpSpec(
        name="SobolSample",
        shape=sobol_sample_shape,
        source="tensorflow core/ops/math_ops.cc",
    ),
)
