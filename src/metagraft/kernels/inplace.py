"""Rows of a tensor changed in its own memory; twin of `ops/inplace.py`.

TF: the operand changes, too, and who reads it later sees that. Here the result is
another tensor.

Source: tensorflow core/kernels/inplace_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

__all__ = ["KERNELS"]


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


def _rows(x: Array, i: Array, v: Array) -> Array:
    """Check the operands; return row numbers, counted around."""
    _require(i.ndim == 1, f"i must be a vector. {show(i.shape)}")
    _require(
        x.ndim == v.ndim,
        f"x and v shape doesn't match (ranks differ): {show(x.shape)} vs."
        f" {show(v.shape)}",
    )
    _require(
        x.shape[1:] == v.shape[1:],
        f"x and v shape doesn't match at index 1 or later: {show(x.shape)} vs."
        f" {show(v.shape)}",
    )
    _require(
        v.ndim > 0 and i.shape[0] == v.shape[0],
        f"i and x shape doesn't match at index 0: {show(i.shape)} vs. {show(v.shape)}",
    )
    return i % np.int32(max(x.shape[0], 1))


def _kernel(change: Callable[..., None], method: str) -> Kernel:
    """Return the kernel that changes rows, by NumPy on the host, else by JAX."""

    def call(_attrs: Any, x: Array, i: Array, v: Array) -> tuple[Array]:
        rows = _rows(x, i, v)
        if not x.size or not v.size:
            return (x,)  # no number of a row is looked at
        xp = namespace(x, i, v)
        if xp is np:
            result = np.array(x)
            change(result, rows, v)
            return (result,)
        return (getattr(xp.asarray(x).at[rows], method)(v),)

    return Kernel(call)


KERNELS = {
    "InplaceAdd": _kernel(np.add.at, "add"),
    "InplaceSub": _kernel(np.subtract.at, "subtract"),
    "InplaceUpdate": _kernel(np.ndarray.__setitem__, "set"),
}
