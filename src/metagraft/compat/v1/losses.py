"""`tf.losses`: losses."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.api.losses",
    "Reduction absolute_difference add_loss compute_weighted_loss cosine_distance "
    "get_losses get_regularization_loss get_regularization_losses get_total_loss "
    "hinge_loss huber_loss log_loss mean_pairwise_squared_error mean_squared_error "
    "sigmoid_cross_entropy softmax_cross_entropy sparse_softmax_cross_entropy",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
