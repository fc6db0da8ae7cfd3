"""`tf.metrics`: measures over many batches, kept in local variables."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.metrics_means",
        "accuracy mean mean_absolute_error mean_cosine_distance mean_iou "
        "mean_per_class_accuracy mean_relative_error mean_squared_error mean_tensor "
        "percentage_below root_mean_squared_error",
    ),
    **from_module(
        "metagraft.api.metrics_confusion",
        "false_negatives false_negatives_at_thresholds false_positives "
        "false_positives_at_thresholds precision precision_at_thresholds recall "
        "recall_at_thresholds true_negatives true_negatives_at_thresholds "
        "true_positives true_positives_at_thresholds",
    ),
    **from_module(
        "metagraft.api.metrics_at_k",
        "precision_at_k precision_at_top_k recall_at_k recall_at_top_k "
        "sparse_precision_at_k",
    ),
    **from_module(
        "metagraft.api.metrics_average_precision",
        "average_precision_at_k sparse_average_precision_at_k",
    ),
    **from_module(
        "metagraft.api.metrics_curves",
        "auc sensitivity_at_specificity specificity_at_sensitivity",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
