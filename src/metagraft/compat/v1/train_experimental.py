"""`tf.train.experimental`: state of programs in checkpoints, and policies of files."""

from __future__ import annotations

from metagraft.compat.v1.mixed_precision import LOSS_SCALES, OPTIMIZERS
from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **LOSS_SCALES,
    **OPTIMIZERS,
    **from_module("metagraft.training.python_state", "PythonState"),
    **from_module(
        "metagraft.training.sharding_policies",
        "MaxShardSizePolicy ShardableTensor ShardByTaskPolicy ShardingCallback",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
