"""Running sums and products along an axis; twin of `ops/cumulative.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace

__all__ = ["KERNELS"]


def _shifted(xp: Any, x: Array, axis: int, first: Any) -> Array:
    """Move entries one further along `axis`, with `first` coming in."""
    kept = [slice(None)] * x.ndim
    kept[axis] = slice(0, -1)
    shape = list(x.shape)
    shape[axis] = min(1, shape[axis])
    entering = xp.full(shape, first, dtype=x.dtype)
    return xp.concatenate([entering, x[tuple(kept)]], axis=axis)


def _runs_along(
    accumulate: Callable[[Any, Array, int], Array], first: float
) -> Callable[..., tuple[Array]]:
    """Return the kernel around `accumulate(xp, x, axis)`.

    Args:
        accumulate: The inclusive, forward accumulation.
        first: What an exclusive accumulation starts with.
    """

    def run(attrs: Any, x: Array, axis: np.ndarray) -> tuple[Array]:
        if axis.ndim:
            raise InvalidArgumentError(
                None, None, f"ScanOp: axis must be a scalar, not {show(axis.shape)}"
            )
        index = int(axis)
        if not -x.ndim <= index < x.ndim:
            raise InvalidArgumentError(
                None,
                None,
                f"ScanOp: Expected scan axis in the range [{-x.ndim}, {x.ndim}), but"
                f" got {index}",
            )
        xp = namespace(x)
        index %= x.ndim
        if attrs["reverse"]:
            x = xp.flip(x, axis=index)
        if attrs["exclusive"]:
            x = _shifted(xp, x, index, first)
        x = accumulate(xp, x, index)
        return (xp.flip(x, axis=index) if attrs["reverse"] else x,)

    return run


def sums(xp: Any, x: Array, axis: int) -> Array:
    return xp.cumsum(x, axis=axis, dtype=x.dtype)


def products(xp: Any, x: Array, axis: int) -> Array:
    return xp.cumprod(x, axis=axis, dtype=x.dtype)


def log_sums(xp: Any, x: Array, axis: int) -> Array:
    if xp is np and x.dtype.kind == "f":
        return np.logaddexp.accumulate(x, axis=axis, dtype=x.dtype)
    return lax().cumlogsumexp(x, axis=axis)


KERNELS = {
    "Cumprod": Kernel(_runs_along(products, 1), static=("axis",)),
    "Cumsum": Kernel(_runs_along(sums, 0), static=("axis",)),
    "CumulativeLogsumexp": Kernel(_runs_along(log_sums, -np.inf), static=("axis",)),
}
