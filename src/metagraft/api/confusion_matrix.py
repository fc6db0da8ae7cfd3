"""Counting pairs of label and prediction (`tf.confusion_matrix`).

Source: tensorflow python/ops/confusion_matrix.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.checks import assert_less, assert_non_negative
from metagraft.api.squeezable_dimensions import remove_squeezable_dimensions
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["confusion_matrix"]


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = dtypes.int32,
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """Return how often each label went with each prediction: `[labels, predictions]`.

    Args:
        labels: Numbers of classes, a vector.
        predictions: Likewise.
        num_classes: The number of classes; by default the largest number plus 1.
        dtype: The type of the counts.
        name: Name of the scope.
        weights: What each pair counts, instead of 1.

    Raises:
        ValueError: The shapes do not go together.
    """
    with name_scope(
        name, "confusion_matrix", [predictions, labels, num_classes, weights]
    ):
        labels, predictions = remove_squeezable_dimensions(
            convert_to_tensor(labels, name="labels"),
            convert_to_tensor(predictions, name="predictions"),
        )
        predictions = cast(predictions, dtypes.int64)
        labels = cast(labels, dtypes.int64)
        labels = _not_negative(labels, "labels")
        predictions = _not_negative(predictions, "predictions")
        if num_classes is None:
            largest = reduce_tensor("Max", predictions), reduce_tensor("Max", labels)
            num_classes = op("Maximum", x=largest[0], y=largest[1]) + 1
        else:
            limit = cast(num_classes, dtypes.int64)
            labels = _below(labels, limit, "labels")
            predictions = _below(predictions, limit, "predictions")
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            predictions.shape.assert_is_compatible_with(weights.shape)
            weights = cast(weights, dtype)
        shape = array.stack([num_classes, num_classes])
        indices = array.stack([labels, predictions], axis=1)
        counts = array.ones_like(predictions, dtype) if weights is None else weights
        return op(
            "ScatterNd",
            indices=indices,
            updates=counts,
            shape=cast(shape, dtypes.int64),
        )


def _not_negative(numbers: Tensor, what: str) -> Tensor:
    check = assert_non_negative(numbers, message=f"`{what}` contains negative values")
    checked: Tensor = with_dependencies([check], numbers)
    return checked


def _below(numbers: Tensor, limit: Any, what: str) -> Tensor:
    check = assert_less(numbers, limit, message=f"`{what}` out of bound")
    checked: Tensor = with_dependencies([check], numbers)
    return checked
