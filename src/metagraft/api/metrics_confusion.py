"""`tf.metrics`: right and wrong decisions, and what follows from their numbers.

Each function returns the metric so far and an operation that adds a batch to it. The
common arguments are those of `metrics_means`; labels and predictions are read as truth
values, or, at thresholds, predictions as numbers in [0, 1].

Source: tensorflow python/ops/metrics_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from metagraft.api.arithmetic import multiply
from metagraft.api.checks import assert_greater_equal, assert_less_equal
from metagraft.api.comparison import greater, logical_and, where
from metagraft.api.math import logical_not
from metagraft.api.metrics_state import Metric, aligned, collected, metric_variable
from metagraft.api.shape_checks import assert_rank_in, assert_type
from metagraft.api.state import assign_add
from metagraft.api.variable_scope import variable_scope
from metagraft.api.weights_broadcast import broadcast_weights
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, divide, equal
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import constant
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.tensor import Tensor

__all__ = [
    "counts_at_thresholds",
    "false_negatives",
    "false_negatives_at_thresholds",
    "false_positives",
    "false_positives_at_thresholds",
    "precision",
    "precision_at_thresholds",
    "recall",
    "recall_at_thresholds",
    "true_negatives",
    "true_negatives_at_thresholds",
    "true_positives",
    "true_positives_at_thresholds",
]

_OUTCOMES: Final = {
    # Name, whether the label is true, whether the prediction is.
    "tp": ("true_positives", True, True),
    "fn": ("false_negatives", True, False),
    "tn": ("true_negatives", False, False),
    "fp": ("false_positives", False, True),
}


def true_positives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Count true labels that are predicted."""
    return _counted(
        "tp",
        (labels, predictions, weights),
        (metrics_collections, updates_collections),
        name,
    )


def true_positives_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Count true labels that are predicted at each of `thresholds`."""
    return _counted_at_thresholds(
        "tp",
        (labels, predictions, weights),
        thresholds,
        (metrics_collections, updates_collections),
        name,
    )


def false_negatives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Count true labels that are not predicted."""
    return _counted(
        "fn",
        (labels, predictions, weights),
        (metrics_collections, updates_collections),
        name,
    )


def false_negatives_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Count true labels that are not predicted at each of `thresholds`."""
    return _counted_at_thresholds(
        "fn",
        (labels, predictions, weights),
        thresholds,
        (metrics_collections, updates_collections),
        name,
    )


def true_negatives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Count false labels that are not predicted."""
    return _counted(
        "tn",
        (labels, predictions, weights),
        (metrics_collections, updates_collections),
        name,
    )


def true_negatives_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Count false labels that are not predicted at each of `thresholds`."""
    return _counted_at_thresholds(
        "tn",
        (labels, predictions, weights),
        thresholds,
        (metrics_collections, updates_collections),
        name,
    )


def false_positives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Count false labels that are predicted."""
    return _counted(
        "fp",
        (labels, predictions, weights),
        (metrics_collections, updates_collections),
        name,
    )


def false_positives_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Count false labels that are predicted at each of `thresholds`."""
    return _counted_at_thresholds(
        "fp",
        (labels, predictions, weights),
        thresholds,
        (metrics_collections, updates_collections),
        name,
    )


# -- counting ----------------------------------------------------------------------


def _counted(
    outcome: str,
    given: tuple[Any, Any, Any],
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    scope, label_is, prediction_is = _OUTCOMES[outcome]
    labels, predictions, weights = given
    with variable_scope(name, scope, (predictions, labels, weights)):
        predictions, labels, weights = _truth_values(labels, predictions, weights)
        happened = logical_and(
            equal(labels, label_is), equal(predictions, prediction_is)
        )
        return _count(happened, weights, *collections)


def _truth_values(labels: Any, predictions: Any, weights: Any) -> tuple[Any, Any, Any]:
    predictions = cast(predictions, dtypes.bool)
    return aligned(predictions, cast(labels, dtypes.bool), weights)


def _count(
    happened: Tensor, weights: Any, metrics_collections: Any, updates_collections: Any
) -> Metric:
    assert_type(happened, dtypes.bool)
    count = metric_variable([], dtypes.float32, "count")
    values = cast(happened, dtypes.float32)
    if weights is not None:
        checked = assert_rank_in(weights, (0, array.rank(values)))
        with control_dependencies((checked,)):
            values = multiply(values, cast(weights, dtypes.float32))
    value = collected(metrics_collections, array.identity(count))
    update = assign_add(count, reduce_tensor("Sum", values))
    return value, collected(updates_collections, update)


def _counted_at_thresholds(
    outcome: str,
    given: tuple[Any, Any, Any],
    thresholds: Sequence[float],
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    labels, predictions, weights = given
    with variable_scope(name, _OUTCOMES[outcome][0], (predictions, labels, weights)):
        counts, updates = counts_at_thresholds(
            labels, predictions, thresholds, weights, (outcome,)
        )
        value = collected(collections[0], array.identity(counts[outcome]))
        return value, collected(collections[1], updates[outcome])


def counts_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any,
    outcomes: Sequence[str] = tuple(_OUTCOMES),
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return counters `[thresholds]` of outcomes, and what adds a batch to them."""
    zero = cast(0.0, predictions.dtype)
    at_least = assert_greater_equal(
        predictions, zero, message="predictions must be in [0, 1]"
    )
    one = cast(1.0, predictions.dtype)
    at_most = assert_less_equal(
        predictions, one, message="predictions must be in [0, 1]"
    )
    with control_dependencies([at_least, at_most]):
        predictions, labels, weights = aligned(
            cast(predictions, dtypes.float32), cast(labels, dtypes.bool), weights
        )
    count = len(thresholds)
    as_column = array.reshape(predictions, [-1, 1])
    as_row = array.reshape(cast(labels, dtypes.bool), [1, -1])
    size: Any = as_column.shape.as_list()[0]
    if size is None:
        size = array.shape(as_column)[0]
    limits = array.expand_dims(constant(thresholds), [1])
    limits = _tiled(limits, array.stack([1, size]))
    is_positive = greater(_tiled(array.transpose(as_column), [count, 1]), limits)
    predicted = {True: is_positive}
    if "fn" in outcomes or "tn" in outcomes:
        predicted[False] = logical_not(is_positive)
    labelled = {True: _tiled(as_row, [count, 1])}
    if "fp" in outcomes or "tn" in outcomes:
        labelled[False] = logical_not(labelled[True])
    if weights is not None:
        weights = broadcast_weights(cast(weights, dtypes.float32), predictions)
        weights = _tiled(array.reshape(weights, [1, -1]), [count, 1])
        limits.shape.assert_is_compatible_with(weights.shape)
    counts, updates = {}, {}
    for outcome, (name, label_is, prediction_is) in _OUTCOMES.items():
        if outcome not in outcomes:
            continue
        counts[outcome] = metric_variable([count], dtypes.float32, name)
        happened = logical_and(labelled[label_is], predicted[prediction_is])
        happened = cast(happened, dtypes.float32)
        if weights is not None:
            happened *= weights
        updates[outcome] = assign_add(
            counts[outcome], reduce_tensor("Sum", happened, axis=1)
        )
    return counts, updates


def _tiled(x: Tensor, multiples: Any) -> Tensor:
    tiled: Tensor = op("Tile", input=x, multiples=multiples)
    return tiled


# -- shares ------------------------------------------------------------------------


def precision(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return how many of what is predicted is true, as a share."""
    return _share(
        ("precision", false_positives),
        (labels, predictions, weights),
        (metrics_collections, updates_collections),
        name,
    )


def recall(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return how many of what is true is predicted, as a share."""
    return _share(
        ("recall", false_negatives),
        (labels, predictions, weights),
        (metrics_collections, updates_collections),
        name,
    )


def _share(
    kind: tuple[str, Callable[..., Metric]],
    given: tuple[Any, Any, Any],
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    scope, others = kind
    labels, predictions, weights = given
    with variable_scope(name, scope, (predictions, labels, weights)):
        predictions, labels, weights = _truth_values(labels, predictions, weights)
        hits, new_hits = true_positives(labels, predictions, weights)
        misses, new_misses = others(labels, predictions, weights)

        def share(hits: Tensor, misses: Tensor, name: str) -> Tensor:
            return where(
                greater(hits + misses, 0), divide(hits, hits + misses), 0, name
            )

        value = collected(collections[0], share(hits, misses, "value"))
        update = share(new_hits, new_misses, "update_op")
        return value, collected(collections[1], update)


def precision_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the precision at each of `thresholds`."""
    return _share_at_thresholds(
        ("precision", "fp"),
        (labels, predictions, weights),
        thresholds,
        (metrics_collections, updates_collections),
        name,
    )


def recall_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the recall at each of `thresholds`."""
    return _share_at_thresholds(
        ("recall", "fn"),
        (labels, predictions, weights),
        thresholds,
        (metrics_collections, updates_collections),
        name,
    )


def _share_at_thresholds(
    kind: tuple[str, str],
    given: tuple[Any, Any, Any],
    thresholds: Sequence[float],
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    word, misses = kind
    labels, predictions, weights = given
    with variable_scope(name, f"{word}_at_thresholds", (predictions, labels, weights)):
        counts, updates = counts_at_thresholds(
            labels, predictions, thresholds, weights, ("tp", misses)
        )

        def share(counts: Mapping[str, Any], name: str) -> Tensor:
            total = 1e-7 + counts["tp"] + counts[misses]
            return divide(counts["tp"], total, name=f"{word}_{name}")

        value = collected(collections[0], share(counts, "value"))
        return value, collected(collections[1], share(updates, "update_op"))
