"""Dropping a last dimension of size 1 where labels and predictions differ by it.

Source: tensorflow python/ops/confusion_matrix.py remove_squeezable_dimensions.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.cond import cond
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["remove_squeezable_dimensions"]


def remove_squeezable_dimensions(
    labels: Any,
    predictions: Any,
    expected_rank_diff: int = 0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Squeeze the last dimension of one of two tensors if it has one too many.

    Args:
        labels: A tensor.
        predictions: A tensor.
        expected_rank_diff: How many dimensions more `predictions` should have.
        name: Name of the scope.

    Returns:
        Labels and predictions.
    """
    with name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions = convert_to_tensor(predictions)
        labels = convert_to_tensor(labels)
        ranks = predictions.shape.ndims, labels.shape.ndims
        if ranks[0] is not None and ranks[1] is not None:
            difference = ranks[0] - ranks[1]
            if difference == expected_rank_diff + 1 and _may_end_in_one(predictions):
                predictions = array.squeeze(predictions, [-1])
            elif difference == expected_rank_diff - 1 and _may_end_in_one(labels):
                labels = array.squeeze(labels, [-1])
            return labels, predictions
        rank_difference = array.rank(predictions) - array.rank(labels)
        if _may_end_in_one(predictions):
            predictions = _squeezed_if(
                expected_rank_diff + 1, rank_difference, predictions
            )
        if _may_end_in_one(labels):
            labels = _squeezed_if(expected_rank_diff - 1, rank_difference, labels)
        return labels, predictions


def _may_end_in_one(tensor: Tensor) -> bool:
    return tensor.dims is None or tensor.dims[-1] in (None, 1)


def _squeezed_if(difference: int, rank_difference: Tensor, tensor: Tensor) -> Tensor:
    result: Tensor = cond(
        op("Equal", x=difference, y=rank_difference),
        lambda: array.squeeze(tensor, [-1]),
        lambda: tensor,
    )
    return result
