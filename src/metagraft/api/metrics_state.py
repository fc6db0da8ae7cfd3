"""What all of `tf.metrics` share: counters, weights, collections.

Source: tensorflow python/ops/metrics_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.cond import cond
from metagraft.api.squeezable_dimensions import remove_squeezable_dimensions
from metagraft.api.variables import (
    Variable,
    VariableAggregation,
    VariableSynchronization,
)
from metagraft.graph.build import array
from metagraft.graph.build.math import equal
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import executing_eagerly
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import add_to_collections
from metagraft.graph.tensor import Tensor

__all__ = ["Metric", "aligned", "collected", "metric_variable"]

Metric = tuple[Tensor, Tensor]
"""A metric so far, and the operation that adds a batch to it."""


def metric_variable(shape: Any, dtype: Any, name: str) -> Any:
    """Make a local variable of zeros that a metric counts in.

    Raises:
        RuntimeError: Eager execution is on.
    """
    if executing_eagerly():
        raise RuntimeError(
            "tf.metrics is not supported when eager execution is enabled."
        )
    make: Any = Variable  # the class chooses the kind
    return make(
        lambda: array.zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=True,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
        name=name,
    )


def collected(collections: Any, value: Tensor) -> Tensor:
    """Add a tensor to the collections named, if any are, and return it."""
    if collections:
        add_to_collections(collections, value)
    return value


def aligned(
    predictions: Any, labels: Any, weights: Any
) -> tuple[Tensor, Any, Tensor | None]:
    """Give predictions, labels and weights the same rank where 1 axis is too many.

    Args:
        predictions: A tensor.
        labels: A tensor or None.
        weights: A tensor, which may be a scalar, or None.

    Returns:
        The three, None where None was given.

    Raises:
        ValueError: The shapes of labels and predictions do not fit.
    """
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is None:
        return predictions, labels, None
    weights = convert_to_tensor(weights)
    ranks = weights.shape.ndims, predictions.shape.ndims
    if ranks[0] == 0:
        return predictions, labels, weights
    if ranks[0] is None or ranks[1] is None:
        return predictions, labels, _aligned_at_run_time(predictions, weights)
    if ranks[0] - ranks[1] == 1:
        weights = array.squeeze(weights, [-1])
    elif ranks[1] - ranks[0] == 1:
        weights = array.expand_dims(weights, [-1])
    return predictions, labels, weights


def _aligned_at_run_time(predictions: Tensor, weights: Tensor) -> Tensor:
    rank = array.rank(weights)
    difference = rank - array.rank(predictions)
    ends_in_one = weights.dims is None or weights.dims[-1] in (None, 1)

    def squeezed() -> Tensor:
        return array.squeeze(weights, [-1]) if ends_in_one else weights

    def expanded() -> Any:
        return cond(
            equal(difference, -1),
            lambda: array.expand_dims(weights, [-1]),
            lambda: weights,
        )

    found: Tensor = cond(
        equal(rank, 0),
        lambda: weights,
        lambda: cond(equal(difference, 1), squeezed, expanded),
    )
    return found
