"""`tf.metrics`: means over many batches, of values, errors and classes.

Each function returns the metric so far and an operation that adds a batch to it, and
takes the same last arguments:

    weights: How much each value counts: of the values' shape, or of one that
        broadcasts to it; None counts all the same.
    metrics_collections: Collections to add the metric to.
    updates_collections: Collections to add the operation to.
    name: Variable scope.

Source: tensorflow python/ops/metrics_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.arithmetic import multiply, squared_difference
from metagraft.api.comparison import greater, less, not_equal, where
from metagraft.api.confusion_matrix import confusion_matrix
from metagraft.api.math import sqrt
from metagraft.api.matrix_diag import diag_part
from metagraft.api.metrics_state import Metric, aligned, collected, metric_variable
from metagraft.api.squeezable_dimensions import remove_squeezable_dimensions
from metagraft.api.state import assign_add, scatter_add
from metagraft.api.variable_scope import variable_scope
from metagraft.api.weights_broadcast import broadcast_weights
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import absolute, cast, div_no_nan, divide, equal
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.tensor import Tensor

__all__ = [
    "accuracy",
    "mean",
    "mean_absolute_error",
    "mean_cosine_distance",
    "mean_iou",
    "mean_per_class_accuracy",
    "mean_relative_error",
    "mean_squared_error",
    "mean_tensor",
    "percentage_below",
    "root_mean_squared_error",
]


def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the mean of all elements of all batches."""
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, dtypes.float32)
        total = metric_variable([], dtypes.float32, "total")
        count = metric_variable([], dtypes.float32, "count")
        if weights is None:
            added = cast(array.size(values), dtypes.float32)
        else:
            values, weights = _weighted(values, weights)
            added = reduce_tensor("Sum", weights)
        new_total = assign_add(total, reduce_tensor("Sum", values))
        with control_dependencies([values]):
            new_count = assign_add(count, added)
        return _quotients(
            (total, count),
            (new_total, new_count),
            metrics_collections,
            updates_collections,
        )


def mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the mean over batches, element by element; all have one shape."""
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, dtypes.float32)
        total = metric_variable(values.shape, dtypes.float32, "total_tensor")
        count = metric_variable(values.shape, dtypes.float32, "count_tensor")
        added = array.ones_like(values)
        if weights is not None:
            values, weights = _weighted(values, weights)
            added = multiply(added, weights)
        new_total = assign_add(total, values)
        with control_dependencies([values]):
            new_count = assign_add(count, added)
        return _quotients(
            (total, count),
            (new_total, new_count),
            metrics_collections,
            updates_collections,
        )


def _weighted(values: Any, weights: Any) -> tuple[Tensor, Tensor]:
    values, _, weights = aligned(values, None, weights)
    weights = broadcast_weights(cast(weights, dtypes.float32), values)
    return multiply(values, weights), weights


def _quotients(
    counted: tuple[Any, Any],
    updated: tuple[Any, Any],
    metrics_collections: Any,
    updates_collections: Any,
) -> Metric:
    value = _quotient(*counted, "value")
    collected(metrics_collections, value)
    update = _quotient(*updated, "update_op")
    return value, collected(updates_collections, update)


def _quotient(total: Any, count: Any, name: str | None) -> Tensor:
    return div_no_nan(total, op("Maximum", x=count, y=0), name=name)


def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return how many predictions equal their labels, as a share of all."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    if labels.dtype != predictions.dtype:
        predictions = cast(predictions, labels.dtype)
    is_correct = cast(equal(predictions, labels), dtypes.float32)
    return mean(
        is_correct,
        weights,
        metrics_collections,
        updates_collections,
        name or "accuracy",
    )


def mean_absolute_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the mean of |labels - predictions|."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    return mean(
        absolute(predictions - labels),
        weights,
        metrics_collections,
        updates_collections,
        name or "mean_absolute_error",
    )


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the mean of (labels - predictions)^2."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    return mean(
        squared_difference(labels, predictions),
        weights,
        metrics_collections,
        updates_collections,
        name or "mean_squared_error",
    )


def root_mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the square root of the mean of (labels - predictions)^2."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    value, update = mean_squared_error(
        labels, predictions, weights, None, None, name or "root_mean_squared_error"
    )
    root = collected(metrics_collections, sqrt(value))
    return root, collected(updates_collections, sqrt(update))


def mean_relative_error(
    labels: Any,
    predictions: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the mean of |labels - predictions| / normalizer, 0 where that is 0."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    predictions, normalizer = remove_squeezable_dimensions(predictions, normalizer)
    predictions.shape.assert_is_compatible_with(normalizer.shape)
    is_zero, zeros = equal(normalizer, 0.0), array.zeros_like(labels)
    errors = where(is_zero, zeros, divide(absolute(labels - predictions), normalizer))
    return mean(
        errors,
        weights,
        metrics_collections,
        updates_collections,
        name or "mean_relative_error",
    )


def mean_cosine_distance(
    labels: Any,
    predictions: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return 1 minus the mean of the products of unit vectors along axis `dim`."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    products = multiply(predictions, labels)
    products = reduce_tensor("Sum", products, axis=[dim], keepdims=True)
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    distance = op("Sub", x=1.0, y=value)
    new_distance = op("Sub", x=1.0, y=update)
    collected(metrics_collections, distance)
    return distance, collected(updates_collections, new_distance)


def percentage_below(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return how many values lie below a threshold, as a share of all."""
    return mean(
        cast(less(values, threshold), dtypes.float32),
        weights,
        metrics_collections,
        updates_collections,
        name or "percentage_below_threshold",
    )


# -- classes -----------------------------------------------------------------------


def mean_per_class_accuracy(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the mean over classes of the accuracy in each.

    Returns:
        The metric, and as second the accuracy of every class, `[num_classes]`.
    """
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = _flat(cast(labels, dtypes.int64))
        predictions = _flat(predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
        total = metric_variable([num_classes], dtypes.float32, "total")
        count = metric_variable([num_classes], dtypes.float32, "count")
        ones = array.ones([array.size(labels)], dtypes.float32)
        if labels.dtype != predictions.dtype:
            predictions = cast(predictions, labels.dtype)
        is_correct = cast(equal(predictions, labels), dtypes.float32)
        if weights is not None:
            weights = cast(_flat(weights), dtypes.float32)
            is_correct *= weights
            ones *= weights
        new_total = scatter_add(total, labels, ones)
        new_count = scatter_add(count, labels, is_correct)
        by_class = _quotient(count, total, None)
        value = reduce_tensor("Mean", by_class, name="mean_accuracy")
        collected(metrics_collections, value)
        update = _quotient(new_count, new_total, "update_op")
        return value, collected(updates_collections, update)


def mean_iou(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the mean over classes of intersection by union.

    Returns:
        The metric, and as second the confusion matrix, `[num_classes, num_classes]`.
    """
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        predictions.shape.assert_is_compatible_with(labels.shape)
        counts = metric_variable(
            [num_classes, num_classes], dtypes.float64, "total_confusion_matrix"
        )
        predictions = cast(predictions, dtypes.int64)
        labels = cast(labels, dtypes.int64)
        wanted = cast(num_classes, dtypes.int64)
        predictions, labels = _flat(predictions), _flat(labels)
        batch = confusion_matrix(
            labels,
            predictions,
            wanted,
            weights=None if weights is None else _flat(weights),
            dtype=dtypes.float64,
        )
        update = assign_add(counts, batch)
        value = collected(metrics_collections, _intersection_by_union(counts))
        return value, collected(updates_collections, update)


def _flat(x: Tensor) -> Tensor:
    ndims = x.shape.ndims
    return array.reshape(x, [-1]) if ndims is not None and ndims > 1 else x


def _intersection_by_union(counts: Any) -> Tensor:
    of_labels = cast(reduce_tensor("Sum", counts, axis=0), dtypes.float32)
    of_predictions = cast(reduce_tensor("Sum", counts, axis=1), dtypes.float32)
    shared = cast(diag_part(counts), dtypes.float32)
    union = of_labels + of_predictions - shared
    classes = reduce_tensor("Sum", cast(not_equal(union, 0), dtypes.float32))
    union = where(greater(union, 0), union, array.ones_like(union))
    share = divide(shared, union)
    has_classes = greater(classes, 0)
    return where(has_classes, reduce_tensor("Sum", share, name="mean_iou") / classes, 0)
