"""`tf.metrics`: average precision of the best `k` predictions, over many batches.

Source: tensorflow python/ops/metrics_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.cond import cond
from metagraft.api.metrics_at_k import (
    at_k_name,
    maybe_expanded_labels,
    true_positives_at_k,
)
from metagraft.api.metrics_state import Metric, collected, metric_variable
from metagraft.api.nn_classes import top_k
from metagraft.api.sets import set_size
from metagraft.api.sparse import convert_to_tensor_or_sparse_tensor, sparse_reshape
from metagraft.api.sparse_parts import sparse_concat
from metagraft.api.state import assign_add
from metagraft.api.weights_broadcast import broadcast_weights
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, cumsum, div_no_nan, divide, select_v2
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.build.sparse import is_sparse
from metagraft.graph.composite import SparseTensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["average_precision_at_k", "sparse_average_precision_at_k"]


def average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the mean of the average precisions of rows.

    Args:
        labels: The classes that are right, `int64[..., n]`, dense or sparse.
        predictions: Scores of all classes, `[..., classes]`.
        k: How many predictions count.
        weights: How much each row counts; None counts all the same.
        metrics_collections: Collections to add the metric to.
        updates_collections: Collections to add the operation to.
        name: Name of the scope.

    Raises:
        ValueError: `k` is less than 1.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}. `k` should be >= 1.")
    with name_scope(
        name, at_k_name("average_precision", k), (predictions, labels, weights)
    ) as scope:
        _, best = top_k(predictions, k)
        classes = cast(array.shape(predictions)[-1], dtypes.int64)
        labels = _without_unknown_classes(labels, classes)
        return _streamed(
            labels, best, weights, metrics_collections, updates_collections, scope
        )


def sparse_average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Do as `average_precision_at_k` does; this is its old name."""
    return average_precision_at_k(
        labels, predictions, k, weights, metrics_collections, updates_collections, name
    )


def _without_unknown_classes(labels: Any, classes: Tensor) -> Any:
    """Replace labels that are no class by -1."""

    def known(values: Any) -> Tensor:
        is_unknown = op("GreaterEqual", x=values, y=classes)
        return select_v2(is_unknown, -1 * array.ones_like(values), values)

    def replaced() -> Any:
        if not is_sparse(labels):
            return known(labels)
        return type(labels)(
            indices=labels.indices,
            values=known(labels.values),
            dense_shape=labels.dense_shape,
        )

    largest = reduce_tensor("Max", labels.values if is_sparse(labels) else labels)
    return cond(op("GreaterEqual", x=largest, y=classes), replaced, lambda: labels)


def _streamed(
    labels: Any,
    predictions_idx: Tensor,
    weights: Any,
    metrics_collections: Any,
    updates_collections: Any,
    name: str,
) -> Metric:
    with name_scope(
        name, "average_precision_at_top_k", (predictions_idx, labels, weights)
    ) as scope:
        average = _of_rows(labels, predictions_idx)
        if weights is not None:
            weights = broadcast_weights(cast(weights, dtypes.float64), average)
            average = op("Mul", x=average, y=weights)
        with name_scope(None, "max", (average,)) as max_scope:
            most = metric_variable([], dtypes.float64, name=max_scope)
            if weights is None:
                of_batch = cast(array.size(average, name="batch_max"), dtypes.float64)
            else:
                of_batch = reduce_tensor("Sum", weights, name="batch_max")
            most_update = assign_add(most, of_batch, name="update")
        with name_scope(None, "total", (average,)) as total_scope:
            total = metric_variable([], dtypes.float64, name=total_scope)
            summed = reduce_tensor("Sum", average, name="batch_total")
            total_update = assign_add(total, summed, name="update")
        mean = div_no_nan(total, most, name="mean")
        collected(metrics_collections, mean)
        update = div_no_nan(total_update, most_update, name=scope)
        return mean, collected(updates_collections, update)


def _of_rows(labels: Any, predictions_idx: Tensor) -> Tensor:
    """Return the average precision of each row."""
    with name_scope(None, "average_precision", (predictions_idx, labels)) as scope:
        chosen = cast(predictions_idx, dtypes.int64, name="predictions_idx")
        if chosen.shape.ndims == 0:
            raise ValueError("The rank of `predictions_idx` must be at least 1.")
        k = chosen.shape[-1].value
        if k is None:
            raise ValueError(
                "The last dimension of predictions_idx must be set. Currently, it is"
                " None."
            )
        labels = maybe_expanded_labels(labels, chosen)
        chosen_per_k = array.expand_dims(chosen, -1, name="predictions_idx_per_k")
        labels_per_k = _repeated(labels, k, "labels_per_k")
        relevant = true_positives_at_k(
            labels_per_k, chosen_per_k, name="relevant_per_k"
        )
        right = cumsum(relevant, axis=-1, name="tp_per_k")
        ones = array.ones_like(relevant)
        retrieved = cumsum(ones, axis=-1, name="retrieved_per_k")
        precision = divide(
            cast(right, dtypes.float64),
            cast(retrieved, dtypes.float64),
            name="precision_per_k",
        )
        of_relevant = op(
            "Mul",
            x=precision,
            y=cast(relevant, dtypes.float64),
            name="relevant_precision_per_k",
        )
        summed = reduce_tensor("Sum", of_relevant, axis=(-1,), name="precision_sum")
        count = cast(_relevant_count(labels, k), dtypes.float64)
        return divide(summed, count, name=scope)


def _repeated(tensor: Any, multiple: int, name: str) -> Any:
    """Repeat labels along a new axis before the last."""
    with name_scope(name, "expand_and_tile", (tensor, multiple, -1)) as scope:
        tensor = convert_to_tensor_or_sparse_tensor(tensor)
        if isinstance(tensor, SparseTensor):
            place = array.reshape(array.size(tensor.dense_shape) + -1, [1])
            before = array.slice_(tensor.dense_shape, [0], place)
            after = array.slice_(tensor.dense_shape, place, [-1])
            shape = array.concat((before, [1], after), 0, name="expanded_shape")
            expanded = sparse_reshape(tensor, shape=shape, name="expand")
            if multiple == 1:
                return expanded
            return sparse_concat(-2, [expanded] * multiple, name=scope)
        wider = array.expand_dims(tensor, -2, name="expand")
        if multiple == 1:
            return wider
        ones = array.ones_like(array.shape(tensor))
        multiples = array.concat(
            (ones[:-1], (multiple,), ones[-1:]), 0, name="multiples"
        )
        return op("Tile", input=wider, multiples=multiples, name=scope)


def _relevant_count(labels: Any, k: int) -> Tensor:
    """Return how many labels each row has, at most `k`."""
    with name_scope(None, "num_relevant", (labels,)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        least: Tensor
        if isinstance(labels, SparseTensor):
            least = op("Minimum", x=set_size(labels), y=k, name=scope)
            return least
        is_class = op("GreaterEqual", x=labels, y=0)
        flags = select_v2(is_class, array.ones_like(labels), array.zeros_like(labels))
        count = reduce_tensor("Sum", flags, axis=-1)
        least = op("Minimum", x=count, y=k, name=scope)
        return least
