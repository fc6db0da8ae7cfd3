"""Qr; twin of `ops/qr.py`.

The signs of rows of R and columns of Q depend on the library; their product does not.
"""

from __future__ import annotations

from typing import Any

from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

__all__ = ["KERNELS"]


def qr(attrs: Any, matrix: Array) -> tuple[Array, Array]:
    mode = "complete" if attrs["full_matrices"] else "reduced"
    q, r = namespace(matrix).linalg.qr(matrix, mode=mode)
    return q, r


KERNELS = {"Qr": Kernel(qr)}
