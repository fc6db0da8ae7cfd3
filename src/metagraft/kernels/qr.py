"""Qr; twin of `ops/qr.py`.

The signs of rows of R and columns of Q depend on the library; their product does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

__all__ = ["KERNELS"]


def qr(attrs: Any, matrix: Array) -> tuple[Array, Array]:
    mode = "complete" if attrs["full_matrices"] else "reduced"
    is_half = matrix.dtype == np.float16
    whole = matrix.astype(np.float32) if is_half else matrix
    q, r = namespace(matrix).linalg.qr(whole, mode=mode)
    return q.astype(matrix.dtype), r.astype(matrix.dtype)


KERNELS = {"Qr": Kernel(qr)}
