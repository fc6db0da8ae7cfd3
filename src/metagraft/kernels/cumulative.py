"""Running sums and products along an axis; twin of `ops/cumulative.py`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import jax_numpy, lax, namespace
from metagraft.kernels.narrow_reduction import NARROW_FLOATS
from metagraft.kernels.native_loop import native, on_cpu

__all__ = ["KERNELS"]

# On the host so many turns take no longer than TensorFlow's run.
_FEW_TURNS = 32


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
    if xp is not np and x.shape[axis] == 1 and x.dtype.kind in "fV":
        return xp.where(x == x.dtype.type(0), x.dtype.type(0), x)  # 0 + -0 is 0
    if xp is not np:
        return _compiled(xp.cumsum, operator.add, 0, x, axis)
    result = xp.cumsum(x, axis=axis, dtype=x.dtype)
    # Sums start with 0.0, so none is -0.0.
    if x.dtype.kind == "c" or (x.dtype.kind in "fV" and np.signbit(x).any()):
        result += x.dtype.type(0)
    return result


def products(xp: Any, x: Array, axis: int) -> Array:
    if xp is not np:
        return _compiled(xp.cumprod, operator.mul, 1, x, axis)
    return xp.cumprod(x, axis=axis, dtype=x.dtype)


def _compiled(
    accumulate: Any, combine: Callable[..., Array], first: int, x: Array, axis: int
) -> Array:
    """Accumulate in a compiled program; numbers of two bytes one by one on the CPU.

    Each step rounds them, and what has become infinite stays so.
    """
    if x.dtype not in NARROW_FLOATS or x.shape[axis] <= 1 or not x.size:
        return accumulate(x, axis=axis, dtype=x.dtype)
    if x.dtype == np.float16:
        wide, rounded = x.dtype, _as_it_is
    else:
        # Few processors compute with `bfloat16`; single precision rounded in each step
        # is the same, as it has more than twice the bits, and as many of the exponent.
        limits = ml_dtypes.finfo(x.dtype)  # type: ignore[no-untyped-call]
        bits = {"exponent_bits": limits.nexp, "mantissa_bits": limits.nmant}
        wide, rounded = np.dtype(np.float32), partial(lax().reduce_precision, **bits)

    def turn(total: Array, term: Array) -> tuple[Array, Array]:
        total = rounded(combine(total, term))
        return total, total

    def one_by_one(x: Array) -> Array:
        return _turns(turn, first, x.astype(wide), axis).astype(x.dtype)

    elsewhere = partial(accumulate, axis=axis, dtype=x.dtype)
    return on_cpu(one_by_one, elsewhere)(x)


def _as_it_is(x: Array) -> Array:
    return x


def _turns(turn: Any, start: Any, x: Array, axis: int) -> Array:
    """Return the totals of the turns that are taken along an axis (traced)."""
    xp = jax_numpy()
    terms = xp.moveaxis(x, axis, 0)
    first = xp.full(terms.shape[1:], start, x.dtype)
    totals = native(lambda terms: lax().scan(turn, first, terms)[1])(terms)
    return xp.moveaxis(totals, 0, axis)


def log_sums(xp: Any, x: Array, axis: int) -> Array:
    if xp is np and x.dtype in NARROW_FLOATS and x.shape[axis] <= _FEW_TURNS:
        return _rounded_log_sums(x, axis)
    if xp is np and x.dtype.kind == "f":
        result = np.logaddexp.accumulate(x, axis=axis, dtype=x.dtype)
        result += x.dtype.type(0)
        # Neither NaN nor infinity goes away again.
        if np.all(_last(result, axis) < np.inf):
            return result
        return _rounded_log_sums(x, axis)
    result = lax().cumlogsumexp(x, axis=axis)
    if not x.size:
        return result
    return lax().platform_dependent(
        x, result, cpu=partial(_checked_log_sums, axis), default=lambda _, sums: sums
    )


def _rounded_log_sums(x: Array, axis: int) -> Array:
    """Add up one by one on the host."""
    result = np.empty_like(x)
    terms, totals = (np.moveaxis(each, axis, 0) for each in (x, result))
    total = np.full(terms.shape[1:], -np.inf, x.dtype)
    with np.errstate(all="ignore"):
        for place, term in enumerate(terms):
            totals[place] = total = _log_sum(np, total, term)
    return result


def _checked_log_sums(axis: int, x: Array, result: Array) -> Array:
    """Add up one by one if there is NaN or infinity (traced)."""
    xp = jax_numpy()

    def turn(total: Array, term: Array) -> tuple[Array, Array]:
        total = _log_sum(xp, total, term)
        return total, total

    def one_by_one() -> Array:
        return _turns(turn, -np.inf, x, axis)

    is_odd = ~xp.all(_last(result, axis) < np.inf)
    return lax().cond(is_odd, one_by_one, lambda: result)


def _log_sum(xp: Any, total: Array, term: Array) -> Array:
    """Return `log(exp(total) + exp(term))` as TensorFlow does.

    A term that is NaN is neither less nor more: the total is then added to itself.
    """
    least = xp.where(term < total, term, total)
    most = xp.where(total < term, term, total)
    summed = xp.log1p(xp.exp(least - most)) + most
    return xp.where(most == -np.inf, most, summed)


KERNELS = {
    "Cumprod": Kernel(_runs_along(products, 1), static=("axis",)),
    "Cumsum": Kernel(_runs_along(sums, 0), static=("axis",)),
    "CumulativeLogsumexp": Kernel(_runs_along(log_sums, -np.inf), static=("axis",)),
}
