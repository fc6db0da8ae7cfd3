"""Reductions over given axes; twin of `ops/reduction.py`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import ml_dtypes
import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import lax, namespace
from metagraft.kernels.narrow_reduction import MANY_STEPS, NARROW_FLOATS, reduced
from metagraft.kernels.rounding import divided
from metagraft.kernels.ynnpack import summed

__all__ = ["KERNELS"]

# From here on the least of numbers that lie side by side is found faster among floating
# numbers, by YNNPACK; these hold every place up to the second.
_LONG_ROW, _EXACT_MAX = 128, 1 << 24


@lru_cache(maxsize=1024)
def _checked_axes(indices: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Return the axes as different numbers in `0 .. rank - 1`.

    Raises:
        InvalidArgumentError: One is out of range or given twice.
    """
    axes: list[int] = []
    for index in indices:
        if not -rank <= index < rank:
            raise InvalidArgumentError(
                None,
                None,
                f"Invalid reduction dimension ({index} for input with {rank}"
                " dimension(s)",
            )
        axis = index % rank
        if axis in axes:
            raise InvalidArgumentError(
                None,
                None,
                "Invalid reduction arguments: Axes contains duplicate dimension:"
                f" {axis}",
            )
        axes.append(axis)
    return tuple(axes)


def _reduces(reduce: Callable[[Any, Array, tuple[int, ...], bool], Array]) -> Kernel:
    """Return the kernel around `reduce(xp, x, axes, keep_dims)`."""

    def run(attrs: Any, x: Array, indices: np.ndarray) -> tuple[Array]:
        axes = _checked_axes(tuple(indices.reshape(-1).tolist()), x.ndim)
        keep = attrs["keep_dims"]
        if (
            (1 in x.shape or not axes)
            and reduce in _OF_ONE_ITSELF
            and all(x.shape[axis] == 1 for axis in axes)
        ):
            return (x if keep else namespace(x).squeeze(x, axis=axes),)
        return (reduce(namespace(x), x, axes, keep),)

    function: KernelFunction = run
    return Kernel(function, static=("reduction_indices",))


def _accumulates_in(x: Array) -> Any:
    """The type sums and products of `x` are kept in while they grow."""
    return np.dtype(np.float32) if x.dtype in NARROW_FLOATS else x.dtype


def _step_by_step(
    xp: Any, function: Any, x: Array, axes: tuple[int, ...], keep: bool
) -> Array | None:
    """Return sums or products that the host rounds at every step; None if it does not.

    Sums of `bfloat16` are made in single precision, as those of many numbers are here,
    for which steps would take too long.
    """
    is_rounded = x.dtype == np.float16 or (
        x.dtype in NARROW_FLOATS and function is np.multiply
    )
    if xp is not np or not is_rounded or not 0 < x.size <= MANY_STEPS:
        return None
    found = reduced(function, x, axes)
    return np.expand_dims(found, axes) if keep else found


def total(xp: Any, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    if x.dtype not in NARROW_FLOATS:
        return _sum(xp, x, axes, x.dtype, keep)
    found = _step_by_step(xp, np.add, x, axes, keep)
    if found is not None:
        return found
    return _sum(xp, x, axes, np.float32, keep).astype(x.dtype)


def _sum(xp: Any, x: Array, axes: tuple[int, ...], kind: Any, keep: bool) -> Array:
    if xp is np:  # what its `sum` calls; that takes longer than a small sum itself
        reduce: Any = np.add.reduce  # its declared types want a literal `keepdims`
        return reduce(x, axes, kind, keepdims=keep)
    return summed(x, axes, kind, keep=keep)


def product(xp: Any, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    found = _step_by_step(xp, np.multiply, x, axes, keep)
    if found is not None:
        return found
    multiplied = xp.prod(x, axis=axes, dtype=_accumulates_in(x), keepdims=keep)
    return multiplied.astype(x.dtype)


def mean(xp: Any, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    if x.dtype == np.float16 and x.size:
        # The sum and the count are rounded first.
        summed = total(xp, x, axes, keep)
        return divided(summed, np.float16(x.size // summed.size))
    kind = _accumulates_in(x)
    if kind.kind in "iu":
        # TensorFlow adds integers of all sizes in 64 bits, here but not in sums.
        kind = np.dtype(np.int64 if kind.kind == "i" else np.uint64)
    summed = _sum(xp, x, axes, kind, keep)
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    is_complex = kind.kind == "c"
    if is_complex:
        count = max(count, 1)  # the mean of nothing is zero
    if kind.kind not in "iu":
        quotient = summed / kind.type(count) if is_complex else divided(summed, count)
        return quotient.astype(x.dtype)
    # Integers: the quotient is truncated, and the mean of nothing is zero.
    divisor = kind.type(max(count, 1))
    quotient = summed // divisor
    is_below = (summed < 0) & (quotient * divisor != summed)
    return (quotient + is_below.astype(kind)).astype(x.dtype)


# What of a single number is that number, whatever it is: -0, and parts of complex NaN.
_OF_ONE_ITSELF = frozenset({total, product, mean})


def _extreme_of_nothing(dtype: Any, *, highest: bool) -> Any:
    """What the maximum (or minimum) of no numbers is: the other end of the type."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return dtype.type(limits.max if highest else limits.min)
    return dtype.type(np.inf if highest else -np.inf)


def maximum(xp: Any, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    initial = _extreme_of_nothing(x.dtype, highest=False)
    found = xp.max(x, axis=axes, keepdims=keep, initial=initial)
    return _with_nan(xp, found, x, axes, keep)


def minimum(xp: Any, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    initial = _extreme_of_nothing(x.dtype, highest=True)
    found = xp.min(x, axis=axes, keepdims=keep, initial=initial)
    return _with_nan(xp, found, x, axes, keep)


def _with_nan(
    xp: Any, extreme: Array, x: Array, axes: tuple[int, ...], keep: bool
) -> Array:
    """Return an extreme, NaN where one of the numbers is.

    YNNPACK, which reduces large arrays for XLA's CPU backend, passes over NaN.
    """
    if xp is np or x.dtype.kind in "iub":
        return extreme

    def checked(extreme: Array, x: Array) -> Array:
        has_nan = is_any(xp, xp.isnan(x), axes, keep)
        return xp.where(has_nan, x.dtype.type(np.nan), extreme)

    return lax().platform_dependent(
        extreme, x, cpu=checked, default=lambda extreme, _x: extreme
    )


# XLA's CPU backend has vectors of bytes but none of truth values: twice as fast.


def are_all(xp: Any, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    if xp is np:
        return xp.all(x, axis=axes, keepdims=keep)
    return xp.min(x.astype(np.uint8), axis=axes, keepdims=keep, initial=1) > 0


def is_any(xp: Any, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    if xp is np:
        return xp.any(x, axis=axes, keepdims=keep)
    return xp.max(x.astype(np.uint8), axis=axes, keepdims=keep, initial=0) > 0


def euclidean_norm(xp: Any, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    if x.dtype == ml_dtypes.bfloat16:
        wide = euclidean_norm(xp, x.astype(np.float32), axes, keep)
        return wide.astype(x.dtype)
    squares = total(xp, x * xp.conj(x), axes, keep)
    if x.dtype.kind not in "iu":
        return xp.sqrt(squares)
    return xp.sqrt(squares.astype(np.float64)).astype(x.dtype)


def _first_extreme(xp: Any, name: str, x: Array, axis: int) -> Array:
    """Find the extreme, and then the first place that holds it.

    XLA's own search keeps pairs and is not vectorised on the CPU: of 256x1024 numbers
    it takes 0.4 ms, this 0.12. Of floating numbers there must be no NaN.
    """
    values = x.astype(np.uint8) if x.dtype == np.bool_ else x
    extreme = (xp.max if name == "argmax" else xp.min)(values, axis, keepdims=True)
    if x.dtype.kind not in "iub":
        # Changes nothing. YNNPACK, which reduces floating numbers, would otherwise also
        # copy the extreme to every place (100,000x10: 2.7 ms, so 0.6).
        extreme = xp.where(xp.isnan(extreme), x.dtype.type(0), extreme)
    size = x.shape[axis]
    is_long_row = axis == x.ndim - 1 and _LONG_ROW <= size <= _EXACT_MAX
    kind = np.dtype(np.float32 if is_long_row else np.int32)
    places = lax().broadcasted_iota(kind, x.shape, axis)
    return xp.min(xp.where(values == extreme, places, kind.type(size)), axis)


def _arg_extreme(name: str, worst: float) -> Kernel:
    """Return the kernel of ArgMax or ArgMin; NaN loses against every number."""

    def run(attrs: Any, x: Array, dimension: np.ndarray) -> tuple[Array]:
        axis = int(dimension)
        if not -x.ndim <= axis < x.ndim:
            raise InvalidArgumentError(
                None,
                None,
                f"Expected dimension in the range [{-x.ndim}, {x.ndim}), but got "
                f"{axis}",
            )
        axis %= x.ndim
        if x.shape[axis] == 0:
            raise InvalidArgumentError(
                None,
                None,
                f"Reduction axis {axis} is empty in shape {show(x.shape)}",
            )
        xp = namespace(x)
        if x.dtype.kind not in "iub":
            x = xp.where(xp.isnan(x), x.dtype.type(worst), x)
        if xp is np or x.dtype.kind == "c":
            found = getattr(xp, name)(x, axis=axis)
        else:
            found = _first_extreme(xp, name, x, axis)
        return (found.astype(attrs["output_type"].as_numpy_dtype),)

    return Kernel(run, static=("dimension",))


KERNELS = {
    "All": _reduces(are_all),
    "Any": _reduces(is_any),
    "ArgMax": _arg_extreme("argmax", -np.inf),
    "ArgMin": _arg_extreme("argmin", np.inf),
    "EuclideanNorm": _reduces(euclidean_norm),
    "Max": _reduces(maximum),
    "Mean": _reduces(mean),
    "Min": _reduces(minimum),
    "Prod": _reduces(product),
    "Sum": _reduces(total),
}
