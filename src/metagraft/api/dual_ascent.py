"""`tf.train.sdca_*`: the ops of stochastic dual coordinate ascent as functions.

Source: tensorflow core/ops/sdca_ops.cc.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.op_functions import positional_function

__all__ = ["sdca_fprint", "sdca_optimizer", "sdca_shrink_l1"]

sdca_fprint: Any = positional_function("SdcaFprint")
sdca_optimizer: Any = positional_function("SdcaOptimizer")
sdca_shrink_l1: Any = positional_function("SdcaShrinkL1")
