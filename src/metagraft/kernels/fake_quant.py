"""Quantisation imitated in floating point; twin of `ops/fake_quant.py`.

The range is moved a little, so that zero is one of the quantised values.

Source: tensorflow core/kernels/fake_quant_ops_functor.h.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.ops.fake_quant import FakeQuantAttrs


def _nudged(
    xp: Any, attrs: FakeQuantAttrs, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    """The moved range and the step between quantised values."""
    first, last = (np.float32(limit) for limit in attrs.limits)
    scale = (high - low) / (last - first)
    zero = first - low / scale
    # Half away from zero; the zero point is not negative where this is taken.
    rounded = xp.floor(zero + np.float32(0.5))
    zero = xp.where(zero < first, first, xp.where(zero > last, last, rounded))
    return (first - zero) * scale, (last - zero) * scale, scale


def _quantised(attrs: FakeQuantAttrs, inputs: Array, low: Array, high: Array) -> Array:
    xp = namespace(inputs, low, high)
    with np.errstate(all="ignore"):
        nudged_low, nudged_high, scale = _nudged(xp, attrs, low, high)
        inverse = np.float32(1.0) / scale
        half = np.float32(0.5)
        zero = xp.floor(half - nudged_low * inverse)
        inside = xp.minimum(xp.maximum(inputs, nudged_low), nudged_high)
        steps = xp.floor((inside - nudged_low) * inverse - zero + half)
        is_empty = (low == 0) & (high == 0)
        return xp.where(is_empty, np.float32(0), steps * scale)


def _range(attrs: FakeQuantAttrs) -> tuple[Array, Array]:
    low, high = attrs.range or (0.0, 0.0)
    return np.float32(low), np.float32(high)


def quantise_args(attrs: FakeQuantAttrs, inputs: Array) -> tuple[Array]:
    return (_quantised(attrs, inputs, *_range(attrs)),)


def quantise_vars(
    attrs: FakeQuantAttrs, inputs: Array, low: Array, high: Array
) -> tuple[Array]:
    return (_quantised(attrs, inputs, low, high),)


def _sides(
    attrs: FakeQuantAttrs, inputs: Array, low: Array, high: Array
) -> tuple[Array, Array]:
    """Which elements lie below and above the range; none if it is empty.

    What is no number lies on neither side.
    """
    xp = namespace(inputs, low, high)
    with np.errstate(all="ignore"):
        nudged_low, nudged_high, _ = _nudged(xp, attrs, low, high)
        some = (low != 0) | (high != 0)
        return (inputs < nudged_low) & some, (inputs > nudged_high) & some


def args_gradient(
    attrs: FakeQuantAttrs, gradients: Array, inputs: Array
) -> tuple[Array]:
    sides = _sides(attrs, inputs, *_range(attrs))
    return (_inside(namespace(gradients, inputs), gradients, inputs, sides),)


def _inside(
    xp: Any, gradients: Array, inputs: Array, sides: tuple[Array, Array]
) -> Array:
    """Return the gradients of elements inside of the range; zero for NaN."""
    below, above = sides
    outside = below | above | xp.isnan(inputs)
    return xp.where(outside, np.float32(0), gradients)


def _vars_gradient(
    attrs: FakeQuantAttrs,
    gradients: Array,
    inputs: Array,
    low: Array,
    high: Array,
    axes: tuple[int, ...],
) -> tuple[Array, Array, Array]:
    xp = namespace(gradients, inputs, low, high)
    sides = _sides(attrs, inputs, low, high)
    zero = np.float32(0)
    parts = [
        xp.sum(xp.where(side, gradients, zero), axis=axes, dtype=np.float32)
        for side in sides
    ]
    return (_inside(xp, gradients, inputs, sides), *map(xp.asarray, parts))


def vars_gradient(
    attrs: FakeQuantAttrs, gradients: Array, inputs: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    axes = tuple(range(len(np.shape(inputs))))
    return _vars_gradient(attrs, gradients, inputs, low, high, axes)


def per_channel_gradient(
    attrs: FakeQuantAttrs, gradients: Array, inputs: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    axes = tuple(range(len(np.shape(inputs)) - 1))
    return _vars_gradient(attrs, gradients, inputs, low, high, axes)


KERNELS = {
    "FakeQuantWithMinMaxArgs": Kernel(quantise_args),
    "FakeQuantWithMinMaxArgsGradient": Kernel(args_gradient),
    "FakeQuantWithMinMaxVars": Kernel(quantise_vars),
    "FakeQuantWithMinMaxVarsGradient": Kernel(vars_gradient),
    "FakeQuantWithMinMaxVarsPerChannel": Kernel(quantise_vars),
    "FakeQuantWithMinMaxVarsPerChannelGradient": Kernel(per_channel_gradient),
}
