"""Levenshtein distances of sequences; twin of `ops/edit_distance.py`.

Source: tensorflow core/kernels/edit_distance_op.cc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InternalError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.sparse_indices import (
    broken_rule,
    row_major_places,
    shown_dims,
)

__all__ = ["KERNELS"]


def _distance(hypothesis: Array, truth: Array) -> int:
    """Return how many insertions, deletions and replacements are needed."""
    steps = np.arange(len(truth) + 1)
    row = steps
    for place, item in enumerate(hypothesis):
        replaced = row[:-1] + (truth != item)
        best = np.minimum(replaced, row[1:] + 1)
        # A step to the right costs 1, so what is smallest may come from further left.
        row = np.minimum.accumulate(np.append(place + 1, best) - steps) + steps
    return int(row[-1])


def edit_distance(
    attrs: Any,
    hypothesis_indices: Array,
    hypothesis_values: Array,
    hypothesis_shape: Array,
    truth_indices: Array,
    truth_values: Array,
    truth_shape: Array,
) -> tuple[Array]:
    _check("hypothesis", hypothesis_indices, hypothesis_values, hypothesis_shape)
    _check("truth", truth_indices, truth_values, truth_shape)
    if hypothesis_shape.shape != truth_shape.shape:
        raise broken_rule(
            "Expected truth and hypothesis to have matching ranks, but their shapes"
            f" are: {shown_dims(truth_shape.shape)} and"
            f" {shown_dims(hypothesis_shape.shape)}"
        )
    dims = [int(size) for size in np.maximum(hypothesis_shape, truth_shape)[:-1]]
    count = math.prod(dims)
    groups_of = [
        row_major_places(indices[:, :-1], dims)
        for indices in (hypothesis_indices, truth_indices)
    ]
    result = np.zeros(count, np.float32)
    for group in np.union1d(*groups_of):
        hypothesis = hypothesis_values[groups_of[0] == group]
        truth = truth_values[groups_of[1] == group]
        if not 0 <= group < count:
            raise InternalError(
                None,
                None,
                f"Got an inner product {group} which would require writing to outside"
                f" of the buffer for the output tensor (max elements {count})",
            )
        result[group] = _scaled(hypothesis, truth, is_scaled=attrs["normalize"])
    return (result.reshape(dims),)


def _scaled(hypothesis: Array, truth: Array, *, is_scaled: bool) -> float:
    distance = _distance(hypothesis, truth)
    if not is_scaled:
        return distance
    if not len(truth):
        return math.inf if distance else 0.0
    return distance / len(truth)


def _check(what: str, indices: Array, values: Array, shape: Array) -> None:
    for part, name, rank in (
        (indices, "indices", 2),
        (values, "values", 1),
        (shape, "shape", 1),
    ):
        if part.ndim != rank:
            kind = "matrix" if rank == 2 else "vector"
            raise broken_rule(
                f"{what}_{name} should be a {kind}, but got shape:"
                f" {shown_dims(part.shape)}"
            )
    for part, name, axis in ((shape, "shape", "cols"), (values, "values", "rows")):
        if part.shape[0] != indices.shape[axis == "cols"]:
            raise broken_rule(
                f"Expected {what}_{name}.NumElements == #{axis}({what}_indices), their"
                f" shapes are: {shown_dims(part.shape)} and {shown_dims(indices.shape)}"
            )


KERNELS = {"EditDistance": Kernel(edit_distance, host=True)}
