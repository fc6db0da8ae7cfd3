"""`tf.edit_distance`.

Source: tensorflow python/ops/array_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build.sparse import is_sparse
from metagraft.graph.tensor import Tensor

__all__ = ["edit_distance"]


def edit_distance(
    hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance"
) -> Tensor:
    """Return the Levenshtein distance of sequences, pair by pair.

    Args:
        hypothesis: A sparse tensor with a sequence along its last axis.
        truth: Likewise.
        normalize: Whether to divide by the length of the truth.
        name: Name of the operation.

    Raises:
        TypeError: One of them is not sparse.
    """
    if not is_sparse(hypothesis):
        raise TypeError("Hypothesis must be a SparseTensor.")
    if not is_sparse(truth):
        raise TypeError("Truth must be a SparseTensor.")
    distances: Tensor = op(
        "EditDistance",
        hypothesis_indices=hypothesis.indices,
        hypothesis_values=hypothesis.values,
        hypothesis_shape=hypothesis.dense_shape,
        truth_indices=truth.indices,
        truth_values=truth.values,
        truth_shape=truth.dense_shape,
        normalize=normalize,
        name=name,
    )
    return distances
