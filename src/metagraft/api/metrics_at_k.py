"""`tf.metrics`: how good the best `k` predictions are, over many batches.

Each function returns the metric so far and an operation that adds a batch to it, and
takes the same arguments:

    labels: The classes that are right, `int64[..., n]`, dense or sparse; or `[...]`.
    predictions: Scores of all classes, `[..., classes]`.
    predictions_idx: The classes that are predicted, `[..., k]`.
    k: How many predictions count.
    class_id: The only class that counts; None for all.
    weights: How much each row counts; None counts all the same.
    metrics_collections: Collections to add the metric to.
    updates_collections: Collections to add the operation to.
    name: Name of the scope.

Source: tensorflow python/ops/metrics_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.cond import cond
from metagraft.api.metrics_state import Metric, collected, metric_variable
from metagraft.api.nn_classes import top_k
from metagraft.api.sets import set_difference, set_intersection, set_size
from metagraft.api.sparse import (
    convert_to_tensor_or_sparse_tensor,
    sparse_reshape,
    sparse_retain,
)
from metagraft.api.state import assign_add
from metagraft.api.weights_broadcast import assert_broadcastable
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import add, cast, divide, equal
from metagraft.graph.build.reductions import reduce_tensor, reduced_shape
from metagraft.graph.composite import SparseTensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "at_k_name",
    "maybe_expanded_labels",
    "precision_at_k",
    "precision_at_top_k",
    "recall_at_k",
    "recall_at_top_k",
    "sparse_precision_at_k",
    "true_positives_at_k",
]

# A count of each row: of labels, predictions, the class and weights.
_Count = Callable[[Any, Any, Any, Any], Tensor]


def at_k_name(name: str, k: int | None = None, class_id: int | None = None) -> str:
    """Return the name of the scope of a metric; numbers lose their fractions.

    Raises:
        TypeError: `k` or `class_id` is no number.
    """
    name += "_at_k" if k is None else "_at_%d" % k  # noqa: UP031 - takes any number
    return name if class_id is None else name + "_class%d" % class_id  # noqa: UP031


def maybe_expanded_labels(labels: Any, predictions: Tensor) -> Any:
    """Give labels a last axis if predictions have one more than they.

    Raises:
        ValueError: Their ranks differ otherwise.
    """
    with name_scope(None, "expand_labels", (labels, predictions)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            return _sparse_with_axis(labels, predictions, scope)
        labels_rank = labels.shape.ndims
        predictions_rank = predictions.shape.ndims
        if labels_rank is not None and predictions_rank is not None:
            if predictions_rank == labels_rank:
                return labels
            if predictions_rank == labels_rank + 1:
                return array.expand_dims(labels, -1, name=scope)
            raise ValueError(
                f"Unexpected labels shape {labels.shape} for predictions shape"
                f" {predictions.shape}. Predictions rank should be the same rank as"
                " labels rank or labels rank plus one ."
            )
        return cond(
            equal(array.rank(predictions), array.rank(labels) + 1),
            lambda: array.expand_dims(labels, -1, name=scope),
            lambda: labels,
        )


def _sparse_with_axis(labels: SparseTensor, predictions: Tensor, scope: str) -> Any:
    return cond(
        equal(array.rank(predictions), array.size(labels.dense_shape) + 1),
        lambda: sparse_reshape(
            labels, shape=array.concat((labels.dense_shape, (1,)), 0), name=scope
        ),
        lambda: labels,
    )


def _of_class(ids: Any, class_id: Any) -> SparseTensor:
    """Return the ids that are one class."""
    ids = convert_to_tensor_or_sparse_tensor(ids)
    if isinstance(ids, SparseTensor):
        return sparse_retain(ids, equal(ids.values, class_id))
    shape = array.shape(ids, out_type=dtypes.int64)
    last = array.size(shape) - 1
    single = reduced_shape(shape, array.reshape(last, [1]))
    filled = array.fill(single, cast(class_id, dtypes.int64))
    found = set_intersection(filled, ids)
    return SparseTensor(found.indices, found.values, shape)


def _selected(labels: Any, predictions: Any, class_id: Any) -> tuple[Any, Any]:
    if class_id is None:
        return labels, predictions
    return _of_class(labels, class_id), _of_class(predictions, class_id)


def _weighted(sizes: Tensor, weights: Any) -> Tensor:
    """Return sizes of sets as float64, times weights."""
    counts: Tensor = cast(sizes, dtypes.float64)
    if weights is None:
        return counts
    with control_dependencies((assert_broadcastable(weights, counts),)):
        weights = cast(weights, dtypes.float64)
        product: Tensor = op("Mul", x=counts, y=weights)
        return product


def true_positives_at_k(
    labels: Any,
    predictions_idx: Any,
    class_id: Any = None,
    weights: Any = None,
    name: str | None = None,
) -> Tensor:
    """Return how many predictions of each row are right, `float64[...]`."""
    with name_scope(name, "true_positives", (predictions_idx, labels, weights)):
        labels, predictions = _selected(labels, predictions_idx, class_id)
        return _weighted(set_size(set_intersection(predictions, labels)), weights)


def _false_negatives(
    labels: Any, predictions_idx: Any, class_id: Any, weights: Any
) -> Tensor:
    with name_scope(None, "false_negatives", (predictions_idx, labels, weights)):
        labels, predictions = _selected(labels, predictions_idx, class_id)
        missing = set_difference(predictions, labels, aminusb=False)
        return _weighted(set_size(missing), weights)


def _false_positives(
    labels: Any, predictions_idx: Any, class_id: Any, weights: Any
) -> Tensor:
    with name_scope(None, "false_positives", (predictions_idx, labels, weights)):
        labels, predictions = _selected(labels, predictions_idx, class_id)
        wrong = set_difference(predictions, labels, aminusb=True)
        return _weighted(set_size(wrong), weights)


def _counted(
    what: str,
    count: _Count,
    labels: Any,
    predictions_idx: Tensor,
    k: int | None,
    class_id: int | None,
    weights: Any,
) -> tuple[Any, Tensor]:
    """Add the counts of a batch to a variable."""
    with name_scope(
        None, at_k_name(what, k, class_id), (predictions_idx, labels, weights)
    ) as scope:
        counts = count(labels, predictions_idx, class_id, weights)
        total = cast(reduce_tensor("Sum", counts), dtypes.float64)
        variable = metric_variable([], dtypes.float64, name=scope)
        return variable, assign_add(variable, total, name="update")


def _share(
    what: tuple[str, str, _Count],
    labels: Any,
    predictions_idx: Any,
    k: int | None,
    class_id: int | None,
    weights: Any,
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    """Return the true positives as a share of them and what is counted beside."""
    metric_name, other_name, count_other = what
    with name_scope(
        name, at_k_name(metric_name, k, class_id), (predictions_idx, labels, weights)
    ) as scope:
        labels = maybe_expanded_labels(labels, predictions_idx)
        chosen = cast(predictions_idx, dtypes.int64)
        given = (labels, chosen, k, class_id, weights)
        right, right_update = _counted("true_positive", true_positives_at_k, *given)
        other, other_update = _counted(other_name, count_other, *given)
        metric = divide(right, add(right, other), name=scope)
        collected(collections[0], metric)
        update = divide(right_update, add(right_update, other_update), name="update")
        return metric, collected(collections[1], update)


def recall_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the share of labels that are among the predictions."""
    return _share(
        ("recall", "false_negative", _false_negatives),
        labels,
        predictions_idx,
        k,
        class_id,
        weights,
        (metrics_collections, updates_collections),
        name,
    )


def recall_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the share of labels that are among the `k` best predictions."""
    with name_scope(
        name, at_k_name("recall", k, class_id), (predictions, labels, weights)
    ) as scope:
        _, best = top_k(predictions, k)
        return recall_at_top_k(
            labels,
            best,
            k,
            class_id,
            weights,
            metrics_collections,
            updates_collections,
            scope,
        )


def precision_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the share of predictions that are labels."""
    return _share(
        ("precision", "false_positive", _false_positives),
        labels,
        predictions_idx,
        k,
        class_id,
        weights,
        (metrics_collections, updates_collections),
        name,
    )


def precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the share of the `k` best predictions that are labels."""
    with name_scope(
        name, at_k_name("precision", k, class_id), (predictions, labels, weights)
    ) as scope:
        _, best = top_k(predictions, k)
        return precision_at_top_k(
            labels,
            best,
            k,
            class_id,
            weights,
            metrics_collections,
            updates_collections,
            scope,
        )


def sparse_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Do as `precision_at_k` does; this is its old name."""
    return precision_at_k(
        labels,
        predictions,
        k,
        class_id,
        weights,
        metrics_collections,
        updates_collections,
        name,
    )
