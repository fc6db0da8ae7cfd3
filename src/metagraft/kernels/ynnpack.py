"""What goes to YNNPACK, by which XLA's CPU backend computes sums.

The options are in `runtime/compile.py`; what an operation is beside decides, too.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import is_traced, lax

__all__ = ["kept_apart"]

# Bits of the exponent and the mantissa of types that YNNPACK convolves.
_PRECISIONS: Final = {"float32": (8, 23), "float64": (11, 52)}


def kept_apart(result: Array) -> Array:
    """Keep a convolution out of what is made of the sums after it.

    Sums go to YNNPACK with all that leads to them, and it convolves more slowly. An
    operation that it lacks, and that changes nothing, ends what goes there (a ResNet
    of 18 layers, which ends in a mean, one image: 94 ms of CPU time, so 46).
    """
    if not is_traced(result) or np.dtype(result.dtype).name not in _PRECISIONS:
        return result
    exponent, mantissa = _PRECISIONS[np.dtype(result.dtype).name]
    return lax().platform_dependent(
        result,
        cpu=lambda x: lax().reduce_precision(x, exponent, mantissa),
        default=lambda x: x,
    )
