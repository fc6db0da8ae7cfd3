"""Running sums and products along an axis; twin of `ops/cumulative.py`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import jax_numpy, lax, namespace

__all__ = ["KERNELS"]

# How many bytes and numbers TensorFlow's CPU takes at once.
_VECTOR_BYTES, _VECTOR_MAX = 32, 8


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


def _last(x: Array, axis: int) -> Array:
    return x[(slice(None),) * axis + (slice(-1, None),)]


def sums(xp: Any, x: Array, axis: int) -> Array:
    result = xp.cumsum(x, axis=axis, dtype=x.dtype)
    if xp is np and x.dtype.kind in "fV" and np.signbit(x).any():
        result += x.dtype.type(0)  # sums start with 0.0, so none is -0.0
    return result


def products(xp: Any, x: Array, axis: int) -> Array:
    return xp.cumprod(x, axis=axis, dtype=x.dtype)


def log_sums(xp: Any, x: Array, axis: int) -> Array:
    if xp is np and x.dtype.kind == "f":
        result = np.logaddexp.accumulate(x, axis=axis, dtype=x.dtype)
        result += x.dtype.type(0)
        # Neither NaN nor infinity goes away again.
        if np.all(_last(result, axis) < np.inf):
            return result
        terms = np.moveaxis(x, axis, 0)
        total = np.full(terms.shape[1:], -np.inf, x.dtype)
        in_vectors = _in_vectors(x, axis)
        for place, term in enumerate(terms):
            total = _log_sum(np, total, term, in_vectors)
            np.moveaxis(result, axis, 0)[place] = total
        return result
    result = lax().cumlogsumexp(x, axis=axis)
    if not x.size:
        return result
    return lax().platform_dependent(
        x, result, cpu=partial(_checked_log_sums, axis), default=lambda _, sums: sums
    )


def _checked_log_sums(axis: int, x: Array, result: Array) -> Array:
    """Add up one by one if there is NaN or infinity (traced)."""
    xp = jax_numpy()
    in_vectors = _in_vectors(x, axis)

    def turn(total: Array, term: Array) -> tuple[Array, Array]:
        total = _log_sum(xp, total, term, in_vectors)
        return total, total

    def one_by_one() -> Array:
        terms = xp.moveaxis(x, axis, 0)
        start = xp.full(terms.shape[1:], -np.inf, x.dtype)
        return xp.moveaxis(lax().scan(turn, start, terms)[1], 0, axis)

    is_odd = ~xp.all(_last(result, axis) < np.inf)
    return lax().cond(is_odd, one_by_one, lambda: result)


def _in_vectors(x: Array, axis: int) -> Array:
    """Which elements beside each other TensorFlow adds up in vectors."""
    inner = x.shape[axis + 1 :]
    size = int(np.prod(inner, dtype=np.int64))
    lanes = min(_VECTOR_BYTES // x.dtype.itemsize, _VECTOR_MAX)
    return (np.arange(size) < size - size % lanes).reshape(inner)


def _log_sum(xp: Any, total: Array, term: Array, in_vectors: Array) -> Array:
    """Return `log(exp(total) + exp(term))` as TensorFlow does.

    Comparisons with NaN are false: which one is taken then depends on their order.
    """
    rises, falls = total < term, term < total
    least = xp.where(xp.where(in_vectors, rises, ~falls), total, term)
    most = xp.where(xp.where(in_vectors, falls, ~rises), total, term)
    summed = xp.log1p(xp.exp(least - most)) + most
    return xp.where(most == -np.inf, most, summed)


KERNELS = {
    "Cumprod": Kernel(_runs_along(products, 1), static=("axis",)),
    "Cumsum": Kernel(_runs_along(sums, 0), static=("axis",)),
    "CumulativeLogsumexp": Kernel(_runs_along(log_sums, -np.inf), static=("axis",)),
}
