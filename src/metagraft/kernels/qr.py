"""Qr; twin of `ops/qr.py`.

The signs of rows of R and columns of Q depend on the library; their product does not.

Source: Eigen HouseholderQR.h, Householder.h.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.kernels.elimination import corrected, has_odd
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

__all__ = ["KERNELS"]


def qr(attrs: Any, matrix: Array) -> tuple[Array, Array]:
    full: bool = attrs["full_matrices"]
    is_half = matrix.dtype == np.float16
    whole = matrix.astype(np.float32) if is_half else matrix
    regular = np.nan_to_num(whole, posinf=0, neginf=0) if has_odd(whole) else whole
    q, r = namespace(matrix).linalg.qr(regular, mode="complete" if full else "reduced")
    if regular is not whole:
        q, r = corrected([q, r], whole, lambda one: _reflected(one, full))
    return q.astype(matrix.dtype), r.astype(matrix.dtype)


def _reflected(matrix: Array, full: bool) -> tuple[Array, Array]:
    """Decompose a matrix with infinities or NaN, which spread as Eigen spreads them."""
    r = matrix.copy()
    rows, columns = r.shape
    mirrors = []
    for k in range(min(rows, columns)):
        head, tail = r[k, k], r[k + 1 :, k]
        rest = np.sum(abs(tail) ** 2)
        direction, share, beta = np.zeros_like(tail), r.dtype.type(0), head.real
        if rest > np.finfo(r.dtype).tiny or head.imag != 0 or np.isnan(rest):
            beta = np.sqrt(abs(head) ** 2 + rest)
            beta = -beta if head.real >= 0 else beta
            direction = tail / (head - beta)
            share = np.conj((beta - head) / beta)
        _mirror(r[k:, k + 1 :], direction, share)
        r[k, k], r[k + 1 :, k] = beta, 0
        mirrors.append((direction, np.conj(share)))
    q = np.eye(rows, dtype=r.dtype)
    for k, (direction, share) in reversed(list(enumerate(mirrors))):
        _mirror(q[k:, k:], direction, share)
    return (q, r) if full else (q[:, :columns], r[:columns])


def _mirror(block: Array, direction: Array, share: Array) -> None:
    """Reflect the columns of a block, in place."""
    if len(block) == 1:
        block *= 1 - share
    elif share != 0:
        step = share * (direction.conj() @ block[1:] + block[0])
        block[0] -= step
        block[1:] -= np.outer(direction, step)


KERNELS = {"Qr": Kernel(qr)}
