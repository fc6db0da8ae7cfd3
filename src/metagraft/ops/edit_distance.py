"""Levenshtein distances of sequences; twin of `kernels/edit_distance.py`.

Source: tensorflow core/ops/array_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import rank_of_sparse_parts
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_LEAST_RANK: Final = 2


def edit_distance_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One distance for each pair of sequences; the larger size of each axis."""
    for place in (0, 3):
        rank_of_sparse_parts(*(inputs[place + i] for i in range(3)))
    hypothesis, truth = inputs.value(2), inputs.value(5)
    if hypothesis is None or truth is None:
        return (None,)
    if hypothesis.size != truth.size:
        raise ValueError(
            "Num elements of hypothesis_shape does not match truth_shape:"
            f" {hypothesis.size} vs. {truth.size}"
        )
    if hypothesis.size < _LEAST_RANK:
        raise ValueError(
            f"Input Hypothesis SparseTensors must have rank at least {_LEAST_RANK}, but"
            f" hypothesis_shape rank is: {hypothesis.size}"
        )
    pairs = zip(hypothesis[:-1], truth[:-1], strict=True)
    return (tuple(max(int(a), int(b)) for a, b in pairs),)


OPS = (
    OpSpec(
        name="EditDistance",
        shape=edit_distance_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/array_ops.cc",
    ),
)
