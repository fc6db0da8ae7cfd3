"""`tf.metrics`: areas under curves of decisions at many thresholds, points on them.

The common arguments are those of `metrics_means`; predictions are numbers in [0, 1].

Source: tensorflow python/ops/metrics_impl.py.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from metagraft.api.arithmetic import multiply
from metagraft.api.comparison import logical_and, where
from metagraft.api.math import log
from metagraft.api.metrics_confusion import counts_at_thresholds
from metagraft.api.metrics_state import Metric, collected
from metagraft.api.reductions import argmax, argmin
from metagraft.api.variable_scope import variable_scope
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
from metagraft.graph.tensor import Tensor

__all__ = ["auc", "sensitivity_at_specificity", "specificity_at_sensitivity"]

_LOG: Final = logging.getLogger("metagraft")
_BEYOND: Final = 1e-7  # how far the outer thresholds lie outside [0, 1]
_METHODS: Final = ("trapezoidal", "careful_interpolation", "minoring", "majoring")


def _even_thresholds(count: int) -> list[float]:
    inner = [(index + 1) * 1.0 / (count - 1) for index in range(count - 2)]
    return [0.0 - _BEYOND, *inner, 1.0 + _BEYOND]


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
        counts, updates = counts_at_thresholds(
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
        counts, updates = counts_at_thresholds(labels, predictions, thresholds, weights)

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
        counts, updates = counts_at_thresholds(labels, predictions, limits, weights)

        def area(of: Mapping[str, Any], name: str) -> Tensor:
            if curve == "PR" and summation_method == "careful_interpolation":
                return _interpolated_area(of, len(limits))
            return _area(of, len(limits), curve, summation_method, name)

        value = collected(metrics_collections, area(counts, "value"))
        return value, collected(updates_collections, area(updates, "update_op"))


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
