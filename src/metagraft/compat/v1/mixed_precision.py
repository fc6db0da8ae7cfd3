"""`tf.mixed_precision`: scales of losses."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

LOSS_SCALES = from_module(
    "metagraft.training.loss_scale", "DynamicLossScale FixedLossScale LossScale"
)
OPTIMIZERS = from_module(
    "metagraft.training.loss_scale_optimizer",
    "MixedPrecisionLossScaleOptimizer disable_mixed_precision_graph_rewrite "
    "enable_mixed_precision_graph_rewrite",
)
_NAMES = {
    **LOSS_SCALES,
    **OPTIMIZERS,
    "experimental": "metagraft.compat.v1.mixed_precision_experimental",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
