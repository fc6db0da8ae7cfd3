"""L2Loss; twin of `ops/loss.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.narrow_reduction import MANY_STEPS, reduced

__all__ = ["KERNELS"]


def l2_loss(_attrs: Any, x: Array) -> tuple[Array]:
    if is_host(x) and x.dtype.itemsize == 2 and 0 < x.size <= MANY_STEPS:
        squares = x * x * x.dtype.type(0.5)
        return (reduced(np.add, squares, tuple(range(x.ndim))),)
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    half = wide.dtype.type(0.5)
    xp = namespace(x)
    return (xp.asarray(xp.sum(wide * wide, dtype=wide.dtype) * half, dtype=x.dtype),)


KERNELS = {"L2Loss": Kernel(l2_loss)}
