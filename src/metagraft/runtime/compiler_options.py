"""What XLA is told for each platform."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["COMPILER_OPTIONS"]

# Options per platform; each needs a measurement that justifies it. Tried on the
# CPU (jaxlib 0.10, 2 cores), a step of an MLP / a ConvNet in ms, compiling in s:
#   defaults                                        1.5 / 41   0.37 / 0.55
#   xla_cpu_use_fusion_emitters=False               1.7 / 46   0.28 / 0.38
#   xla_llvm_disable_expensive_passes=True          1.3 / 41   0.37 / 0.60
#   xla_backend_optimization_level=1                1.5 / 41   0.64 / 0.57
#   xla_cpu_prefer_vector_width=512                 1.3 / 46   0.39 / 0.66
#   xla_cpu_use_onednn=True                         1.3 / 44   0.38 / 0.50
#   xla_cpu_use_xnnpack=True                        1.6 / 41   0.55 / 0.60
#   xla_cpu_enable_concurrency_optimized_scheduler  1.6 / 47   0.61 / 0.78
# All are within the noise of the machine, so those defaults stay. One does not: which
# operations go to YNNPACK. Its convolutions are slower than Eigen's (64x16x16x32 -> 64,
# 3x3: 3.8 and 2.2 ms; the gradient of the filter: 34 and 5.0 ms), its sums are not (8
# MB over all but the last axis: 0.6 ms, without it 6), its products are the same, but
# only one at a time: with what is between two of them it takes five times as long
# (512x512 by 512x2048, a bias, `Relu`, by 2048x512: 34 and 8.0 ms).
COMPILER_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "cpu": {
        "xla_cpu_experimental_ynn_fusion_type": (
            "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"
        )
    },
    "gpu": {},
    "tpu": {},
}
