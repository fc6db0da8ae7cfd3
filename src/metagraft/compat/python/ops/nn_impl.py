"""`tensorflow.python.ops.nn_impl`: networks."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1.linalg", "normalize"),
    **from_module(
        "metagraft.compat.v1.nn",
        "batch_norm_with_global_normalization batch_normalization "
        "compute_average_loss depthwise_conv2d fused_batch_norm l2_normalize "
        "log_poisson_loss moments nce_loss normalize_moments relu_layer "
        "sampled_softmax_loss scale_regularization_loss separable_conv2d "
        "sigmoid_cross_entropy_with_logits sufficient_statistics swish "
        "weighted_cross_entropy_with_logits weighted_moments zero_fraction",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
