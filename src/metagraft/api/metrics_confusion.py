"""`tf.metrics`: right and wrong decisions, and what follows from their numbers.

Each function returns the metric so far and an operation that adds a batch to it. The
common arguments are those of `metrics_means`; labels and predictions are read as truth
values, or, at thresholds, predictions as numbers in [0, 1].

Source: tensorflow python/ops/metrics_impl.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from metagraft.api.arithmetic import multiply
from metagraft.api.checks import assert_greater_equal, assert_less_equal
from metagraft.api.comparison import greater, logical_and, where
from metagraft.api.math import log, logical_not
from metagraft.api.metrics_state import aligned, collected, metric_variable
from metagraft.api.reductions import argmax, argmin
from metagraft.api.shape_checks import assert_rank_in, assert_type
from metagraft.api.state import assign_add
from metagraft.api.variable_scope import variable_scope
from metagraft.api.weights_broadcast import broadcast_weights
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import (
    absolute,
    cast,
    cumsum,
    div_no_nan,
    divide,
    equal,
)
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import constant
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.tensor import Tensor

__all__ = [
    "auc",
    "false_negatives",
    "false_negatives_at_thresholds",
    "false_positives",
    "false_positives_at_thresholds",
    "precision",
    "precision_at_thresholds",
    "recall",
    "recall_at_thresholds",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
    "true_negatives",
    "true_negatives_at_thresholds",
    "true_positives",
    "true_positives_at_thresholds",
]

Metric = tuple[Tensor, Tensor]
_LOG: Final = logging.getLogger("metagraft")
_BEYOND: Final = 1e-7  # how far the outer thresholds lie outside [0, 1]
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
        counts, updates = _at_thresholds(
            labels, predictions, thresholds, weights, (outcome,)
        )
        value = collected(collections[0], array.identity(counts[outcome]))
        return value, collected(collections[1], updates[outcome])


def _at_thresholds(
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


def _even_thresholds(count: int) -> list[float]:
    inner = [(index + 1) * 1.0 / (count - 1) for index in range(count - 2)]
    return [0.0 - _BEYOND, *inner, 1.0 + _BEYOND]


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
        counts, updates = _at_thresholds(
            labels, predictions, thresholds, weights, ("tp", misses)
        )

        def share(counts: Mapping[str, Any], name: str) -> Tensor:
            total = 1e-7 + counts["tp"] + counts[misses]
            return divide(counts["tp"], total, name=f"{word}_{name}")

        value = collected(collections[0], share(counts, "value"))
        return value, collected(collections[1], share(updates, "update_op"))


def sensitivity_at_specificity(
    labels: Any,
    predictions: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the share of true labels found where the specificity is nearest to a goal.

    Raises:
        ValueError: The goal lies outside [0, 1].
    """
    _check_share("specificity", specificity)
    with variable_scope(
        name, "sensitivity_at_specificity", (predictions, labels, weights)
    ):
        counts, updates = _at_thresholds(
            labels, predictions, _even_thresholds(num_thresholds), weights
        )

        def sensitivity(of: Mapping[str, Any], name: str) -> Tensor:
            specificities = divide(of["tn"], of["tn"] + of["fp"] + _BEYOND)
            best = argmin(absolute(specificities - specificity), 0)
            best = cast(best, dtypes.int32)
            return divide(
                of["tp"][best], of["tp"][best] + of["fn"][best] + _BEYOND, name
            )

        value = collected(metrics_collections, sensitivity(counts, "value"))
        update = sensitivity(updates, "update_op")
        return value, collected(updates_collections, update)


def specificity_at_sensitivity(
    labels: Any,
    predictions: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Return the share of false labels left out where the sensitivity is near a goal.

    Raises:
        ValueError: The goal lies outside [0, 1].
    """
    _check_share("sensitivity", sensitivity)
    with variable_scope(
        name, "specificity_at_sensitivity", (predictions, labels, weights)
    ):
        thresholds = _even_thresholds(num_thresholds)
        thresholds[-1] = 1.0 - _BEYOND
        counts, updates = _at_thresholds(labels, predictions, thresholds, weights)

        def specificity(of: Mapping[str, Any], name: str) -> Tensor:
            sensitivities = divide(of["tp"], of["tp"] + of["fn"] + _BEYOND)
            nearest = reduce_tensor("Min", absolute(sensitivities - sensitivity))
            is_nearest = equal(absolute(sensitivities - sensitivity), nearest)
            # Their running count is largest from the last of them on.
            best = argmax(cumsum(cast(is_nearest, dtypes.int64)), 0)
            best = cast(best, dtypes.int32)
            return divide(
                of["tn"][best], of["tn"][best] + of["fp"][best] + _BEYOND, name
            )

        value = collected(metrics_collections, specificity(counts, "value"))
        update = specificity(updates, "update_op")
        return value, collected(updates_collections, update)


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(
            f"`{name}` must be in the range [0, 1]. Currently, `{name}` got {value}."
        )


# -- area under a curve ------------------------------------------------------------


def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """Return the area under a curve of decisions at many thresholds.

    Args:
        labels: Truth values.
        predictions: Numbers in [0, 1].
        weights: As of all metrics.
        num_thresholds: How many thresholds, spread evenly.
        metrics_collections: As of all metrics.
        updates_collections: As of all metrics.
        curve: "ROC" or "PR".
        name: Variable scope.
        summation_method: "trapezoidal", "careful_interpolation" (for "PR"), "minoring"
            or "majoring".
        thresholds: The thresholds themselves, in place of `num_thresholds`.

    Raises:
        ValueError: The curve or the method is none of these.
    """
    if summation_method not in _METHODS:
        raise ValueError(
            f"Invalid summation_method: {summation_method} summation_method should be "
            "'trapezoidal', 'careful_interpolation', 'minoring', or 'majoring'."
        )
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(
                f"Curve must be either ROC or PR. Curve {curve} is unknown."
            )
        limits = _even_thresholds(num_thresholds)
        if thresholds is not None:
            limits[1:-1] = sorted(thresholds)
        counts, updates = _at_thresholds(labels, predictions, limits, weights)

        def area(of: Mapping[str, Any], name: str) -> Tensor:
            if curve == "PR" and summation_method == "careful_interpolation":
                return _interpolated_area(of, len(limits))
            return _area(of, len(limits), curve, summation_method, name)

        value = collected(metrics_collections, area(counts, "value"))
        return value, collected(updates_collections, area(updates, "update_op"))


_METHODS: Final = ("trapezoidal", "careful_interpolation", "minoring", "majoring")


def _area(
    of: Mapping[str, Any], count: int, curve: str, method: str, name: str
) -> Tensor:
    tp, fn, tn, fp = (of[outcome] for outcome in ("tp", "fn", "tn", "fp"))
    if curve == "PR" and method == "trapezoidal":
        _LOG.warning(
            "The trapezoidal rule gives wrong areas under PR curves; use "
            "summation_method='careful_interpolation'."
        )
    tiny = 1e-6
    found = divide(tp + tiny, tp + fn + tiny)
    if curve == "ROC":
        x, y = divide(fp, fp + tn + tiny), found
    else:
        x, y = found, divide(tp + tiny, tp + fp + tiny)
    last = count - 1
    widths = x[:last] - x[1:]
    if method == "minoring":
        heights = op("Minimum", x=y[:last], y=y[1:])
    elif method == "majoring":
        heights = op("Maximum", x=y[:last], y=y[1:])
    else:
        heights = (y[:last] + y[1:]) / 2.0
    return reduce_tensor("Sum", multiply(widths, heights), name=name)


def _interpolated_area(of: Mapping[str, Any], count: int) -> Tensor:
    """The area under the PR curve with precision interpolated between thresholds."""
    tp, fp, fn = of["tp"], of["fp"], of["fn"]
    last = count - 1
    new_tp = tp[:last] - tp[1:]
    p = tp + fp
    slope = div_no_nan(
        new_tp, op("Maximum", x=p[:last] - p[1:], y=0), name="prec_slope"
    )
    intercept = tp[1:] - multiply(slope, p[1:])
    ratio = where(
        logical_and(p[:last] > 0, p[1:] > 0),
        div_no_nan(p[:last], op("Maximum", x=p[1:], y=0), name="recall_relative_ratio"),
        array.ones_like(p[1:]),
    )
    steps = div_no_nan(
        slope * (new_tp + intercept * log(ratio)),
        op("Maximum", x=tp[1:] + fn[1:], y=0),
        name="pr_auc_increment",
    )
    return reduce_tensor("Sum", steps, name="interpolate_pr_auc")
