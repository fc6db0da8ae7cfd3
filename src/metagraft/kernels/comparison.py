"""Comparison, logic, bits and selection; twin of `ops/comparison.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.complex_functions import joined
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import lax, namespace

__all__ = ["KERNELS"]

_BITS = 8  # of a byte


def _calls(name: str) -> KernelFunction:
    """Return the kernel that calls the array library's function `name`."""

    def call(_attrs: Any, *operands: Array) -> tuple[Array]:
        return (getattr(namespace(*operands), name)(*operands),)

    return call


def _can_broadcast(x: Array, y: Array) -> bool:
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return True


def equal(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if not attrs["incompatible_shape_error"] and not _can_broadcast(x, y):
        return (np.array(False),)
    return (namespace(x, y).equal(x, y),)


def not_equal(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if not attrs["incompatible_shape_error"] and not _can_broadcast(x, y):
        return (np.array(True),)
    return (namespace(x, y).not_equal(x, y),)


def approximate_equal(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if x.shape != y.shape:
        raise InvalidArgumentError(
            None,
            None,
            f"x and y must be of the same shape. x shape: {show(x.shape)}. y shape: "
            f"{show(y.shape)}",
        )
    # TensorFlow 1.15 and its description say that the difference is less.
    return (namespace(x, y).abs(x - y) <= x.dtype.type(attrs["tolerance"]),)


def _clamped_shift(x: Array, y: Array) -> Array:
    """Shift counts limited to `0 .. bits - 1`, as in TensorFlow."""
    highest = y.dtype.type(x.dtype.itemsize * 8 - 1)
    return namespace(y).clip(y, y.dtype.type(0), highest)


def left_shift(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    return (namespace(x, y).left_shift(x, _clamped_shift(x, y)),)


def right_shift(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    return (namespace(x, y).right_shift(x, _clamped_shift(x, y)),)


def population_count(_attrs: Any, x: Array) -> tuple[Array]:
    xp = namespace(x)
    if xp is np:
        # Counted on the bits: np.bitwise_count takes the absolute value first.
        x = x.view(f"u{x.dtype.itemsize}")
        return (np.bitwise_count(x).astype(np.uint8),)
    return (lax().population_count(x).astype(np.uint8),)


def select(_attrs: Any, condition: Array, x: Array, y: Array) -> tuple[Array]:
    by_rows = condition.ndim == 1 and x.ndim > 1
    if by_rows and len(condition) != len(x):
        raise InvalidArgumentError(
            None,
            None,
            "Number of batches of 'then' must match size of 'cond', but saw: "
            f"{len(x)} vs. {len(condition)}",
        )
    if x.shape != y.shape:
        raise InvalidArgumentError(
            None,
            None,
            "'then' and 'else' must have the same size.  but received: "
            f"{show(x.shape)} vs. {show(y.shape)}",
        )
    if by_rows:
        condition = condition.reshape((-1,) + (1,) * (x.ndim - 1))
    return (namespace(condition, x, y).where(condition, x, y),)


def select_v2(_attrs: Any, condition: Array, t: Array, e: Array) -> tuple[Array]:
    try:
        return (namespace(condition, t, e).where(condition, t, e),)
    except ValueError:
        raise InvalidArgumentError(
            None,
            None,
            f"condition {show(condition.shape)}, then {show(t.shape)}, and else"
            f" {show(e.shape)} must be broadcastable",
        ) from None


def clip_by_value(_attrs: Any, t: Array, lowest: Array, highest: Array) -> tuple[Array]:
    if not {lowest.shape, highest.shape} <= {t.shape, ()}:
        raise InvalidArgumentError(
            None,
            None,
            "clip_value_min and clip_value_max must be either of the same shape as"
            f" input, or a scalar. input shape: {show(t.shape)}clip_value_min shape:"
            f" {show(lowest.shape)}clip_value_max shape: {show(highest.shape)}",
        )
    if t.dtype.kind == "c":
        real = _clipped(t.real, lowest.real, highest.real)
        imaginary = _clipped(t.imag, lowest.imag, highest.imag)
        return (joined(real, imaginary),)
    return (_clipped(t, lowest, highest),)


def _clipped(t: Array, lowest: Array, highest: Array) -> Array:
    """Return numbers between bounds; one that is NaN bounds nothing."""
    xp = namespace(t, lowest, highest)
    below = xp.where(highest < t, highest, t)
    return xp.where(below < lowest, lowest, below)


def compare_and_bitpack(_attrs: Any, x: Array, threshold: Array) -> tuple[Array]:
    if threshold.ndim:
        raise InvalidArgumentError(
            None,
            None,
            f"Compare must be a scalar, but saw shape: {show(threshold.shape)}",
        )
    if not x.ndim:
        raise InvalidArgumentError(
            None, None, "Input should be at least a vector, but saw a scalar."
        )
    if x.shape[-1] % _BITS:
        raise InvalidArgumentError(
            None,
            None,
            f"Inner dimension of input should be divisible by {_BITS}, but saw shape:"
            f" {show(x.shape)}",
        )
    xp = namespace(x, threshold)
    above = x > threshold if x.dtype.kind != "b" else x & ~threshold
    above = above.reshape(*x.shape[:-1], x.shape[-1] // _BITS, _BITS)
    weights = np.array([1 << bit for bit in reversed(range(_BITS))], np.uint8)
    return (xp.sum(above.astype(np.uint8) * weights, axis=-1, dtype=np.uint8),)


KERNELS = {
    "ApproximateEqual": Kernel(approximate_equal),
    "BitwiseAnd": Kernel(_calls("bitwise_and")),
    "BitwiseOr": Kernel(_calls("bitwise_or")),
    "BitwiseXor": Kernel(_calls("bitwise_xor")),
    "CompareAndBitpack": Kernel(compare_and_bitpack),
    "ClipByValue": Kernel(clip_by_value),
    "Equal": Kernel(equal),
    "Greater": Kernel(_calls("greater")),
    "GreaterEqual": Kernel(_calls("greater_equal")),
    "Invert": Kernel(_calls("invert")),
    "LeftShift": Kernel(left_shift),
    "Less": Kernel(_calls("less")),
    "LessEqual": Kernel(_calls("less_equal")),
    "LogicalAnd": Kernel(_calls("logical_and")),
    "LogicalNot": Kernel(_calls("logical_not")),
    "LogicalOr": Kernel(_calls("logical_or")),
    "NotEqual": Kernel(not_equal),
    "PopulationCount": Kernel(population_count),
    "RightShift": Kernel(right_shift),
    "Select": Kernel(select),
    "SelectV2": Kernel(select_v2),
}
