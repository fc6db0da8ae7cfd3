"""Programs with metrics: means, confusion, areas; with weights and collections."""

from __future__ import annotations

from types import ModuleType


def metrics_of_means(tf: ModuleType) -> None:
    """Means of values and errors, of every rank of weights."""
    m = tf.metrics
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    w = tf.placeholder(tf.float32, [None], name="w")
    unknown = tf.placeholder(tf.float32, name="unknown")
    m.mean(x)
    m.mean(x, weights=w[:, tf.newaxis], name="weighted")
    m.mean(tf.placeholder(tf.int32, [2]), metrics_collections="kept")
    m.mean(unknown, weights=unknown, updates_collections=["updates", "more"])
    m.mean(x, weights=2.0)
    m.mean_tensor(tf.zeros([2, 3]))
    m.mean_tensor(tf.zeros([2, 3]), weights=tf.ones([2, 1]))
    m.mean_absolute_error(x, y, w[:, tf.newaxis])
    m.mean_squared_error(x, y)
    m.root_mean_squared_error(x, y, metrics_collections=["kept"])
    m.mean_relative_error(x, y, normalizer=x)
    m.mean_cosine_distance(x, y, dim=1, updates_collections=["updates"])
    m.percentage_below(x, 0.5)


def metrics_of_classes(tf: ModuleType) -> None:
    """Accuracies and intersections by unions."""
    m = tf.metrics
    labels = tf.placeholder(tf.int64, [None], name="labels")
    found = tf.placeholder(tf.int32, [None], name="found")
    column = tf.placeholder(tf.int64, [None, 1], name="column")
    w = tf.placeholder(tf.float32, [None], name="w")
    m.accuracy(labels, found)
    m.accuracy(column, labels, weights=w, name="weighted")
    m.mean_per_class_accuracy(labels, found, 4, metrics_collections=["kept"])
    m.mean_per_class_accuracy(column, column, 4, weights=w)
    m.mean_iou(labels, found, 3)
    m.mean_iou(column, column, 3, weights=w, updates_collections=["updates"])


def metrics_of_decisions(tf: ModuleType) -> None:
    """Right and wrong, and their shares."""
    m = tf.metrics
    labels = tf.placeholder(tf.bool, [None], name="labels")
    found = tf.placeholder(tf.float32, [None], name="found")
    w = tf.placeholder(tf.float32, [None], name="w")
    for count in (
        m.true_positives,
        m.false_negatives,
        m.true_negatives,
        m.false_positives,
    ):
        count(labels, found)
        count(labels, found, weights=w, metrics_collections=["kept"])
    m.precision(labels, found, weights=w)
    m.recall(labels, found, updates_collections=["updates"])
    for count in (
        m.true_positives_at_thresholds,
        m.false_negatives_at_thresholds,
        m.true_negatives_at_thresholds,
        m.false_positives_at_thresholds,
    ):
        count(labels, found, [0.25, 0.75])
    m.precision_at_thresholds(labels, found, [0.5], weights=w)
    m.recall_at_thresholds(labels, found, [0.1, 0.9])


def metrics_of_curves(tf: ModuleType) -> None:
    """Areas under curves and points on them."""
    m = tf.metrics
    labels = tf.placeholder(tf.int32, [None, 1], name="labels")
    found = tf.placeholder(tf.float32, [None], name="found")
    fixed = tf.constant([0.1, 0.8, 0.4], name="fixed")
    m.auc(labels, found)
    m.auc([1, 0, 1], fixed, weights=[1.0, 2.0, 0.5], num_thresholds=5, curve="PR")
    for method in ("careful_interpolation", "minoring", "majoring"):
        m.auc([1, 0, 1], fixed, thresholds=[0.9, 0.2], summation_method=method)
    m.auc([1, 0, 1], fixed, curve="PR", summation_method="careful_interpolation")
    m.sensitivity_at_specificity(labels, found, 0.7)
    m.specificity_at_sensitivity([1, 0, 1], fixed, 0.7, num_thresholds=10)


PROGRAMS = (
    metrics_of_means,
    metrics_of_classes,
    metrics_of_decisions,
    metrics_of_curves,
)
