"""Quantisation imitated in floating point; twin of `ops/fake_quant.py`.

The range is moved a little, so that zero is one of the quantised values.

Source: tensorflow core/kernels/fake_quant_ops_functor.h.
"""

from __future__ import annotations

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.rounding import divided, rounded, settled
from metagraft.ops.fake_quant import FakeQuantAttrs

_BITS = range(2, 17)


def _refuse(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text)


def _check_bits(attrs: FakeQuantAttrs) -> None:
    if attrs.num_bits not in _BITS:
        raise _refuse("num_bits must be between 2 and 16, inclusive")


def _check_gradient(gradients: Array, inputs: Array) -> None:
    if gradients.shape != inputs.shape:
        raise _refuse("gradient and input must be the same size")


def _check_scalars(low: Array, high: Array) -> None:
    for name, limit in (("min", low), ("max", high)):
        if limit.ndim:
            raise _refuse(f"`{name}` must be rank 0 but is rank {limit.ndim}")


def _check_channels(inputs: Array, low: Array, high: Array) -> None:
    if not inputs.ndim:
        raise _refuse("Input must be at least rank 1 but is rank 0")
    depth = inputs.shape[-1]
    for name, limit in (("min", low), ("max", high)):
        if limit.ndim != 1:
            raise _refuse(f"`{name}` must be rank 1 but is rank {limit.ndim}")
        if limit.shape[0] != depth:
            raise _refuse(
                f"{name} has incorrect size, expected {depth} was {limit.shape[0]}"
            )


def _nudged(
    attrs: FakeQuantAttrs, low: Array, high: Array
) -> tuple[Array, Array, Array, Array]:
    """The moved range, the step between quantised values, and its inverse.

    Zero often lies in the middle between two steps: its last bit decides.
    """
    xp = namespace(low, high)
    low, high = (settled(xp.asarray(limit)) for limit in (low, high))
    first, last = (np.float32(limit) for limit in attrs.limits)
    span = settled(high - low)
    scale, inverse = settled(divided(span, last - first)), (last - first) / span
    zero = first - divided(low, scale)
    # Half away from zero; the zero point is not negative where this is taken.
    nearest = xp.floor(zero + np.float32(0.5))
    zero = xp.where(zero < first, first, xp.where(zero > last, last, nearest))
    limits = [settled((level - zero) * scale) for level in (first, last)]
    return limits[0], limits[1], scale, inverse


def _quantised(
    attrs: FakeQuantAttrs,
    inputs: Array,
    low: Array,
    high: Array,
    *,
    is_divided: bool = False,
) -> Array:
    """Return the nearest steps.

    Args:
        attrs: The attributes.
        inputs: What is moved to them.
        low: Where the range begins.
        high: Where it ends.
        is_divided: Whether numbers are divided by the step, or multiplied by its
            inverse.
    """
    xp = namespace(inputs, low, high)
    with np.errstate(all="ignore"):
        nudged_low, nudged_high, scale, inverse = _nudged(attrs, low, high)
        half = np.float32(0.5)
        zero = xp.floor(rounded(-nudged_low * inverse) + half)
        inside = xp.maximum(xp.minimum(inputs, nudged_high), nudged_low) - nudged_low
        scaled = divided(inside, scale) if is_divided else inside * inverse
        steps = xp.floor(settled(rounded(scaled) - zero) + half)
        is_empty = (low == 0) & (high == 0)
        return xp.where(is_empty, np.float32(0), steps * scale)


def _range(attrs: FakeQuantAttrs) -> tuple[Array, Array]:
    low, high = attrs.range or (0.0, 0.0)
    if not low < high:
        raise _refuse(f"min has to be smaller than max, was: {low:g} >= {high:g}")
    _check_bits(attrs)
    return np.float32(low), np.float32(high)


def quantise_args(attrs: FakeQuantAttrs, inputs: Array) -> tuple[Array]:
    return (_quantised(attrs, inputs, *_range(attrs)),)


def quantise_vars(
    attrs: FakeQuantAttrs, inputs: Array, low: Array, high: Array
) -> tuple[Array]:
    _check_bits(attrs)
    _check_scalars(low, high)
    return (_quantised(attrs, inputs, low, high, is_divided=True),)


def quantise_channels(
    attrs: FakeQuantAttrs, inputs: Array, low: Array, high: Array
) -> tuple[Array]:
    _check_bits(attrs)
    _check_channels(inputs, low, high)
    return (_quantised(attrs, inputs, low, high),)


def _sides(
    attrs: FakeQuantAttrs, inputs: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    """Which elements lie below, in and above the range; all in it if it is empty.

    What is no number, or in no range, lies nowhere.
    """
    with np.errstate(all="ignore"):
        nudged_low, nudged_high, *_ = _nudged(attrs, low, high)
        none = (low == 0) & (high == 0)
        inside = (inputs >= nudged_low) & (inputs <= nudged_high)
        below, above = inputs < nudged_low, inputs > nudged_high
        return below & ~none, inside | none, above & ~none


def args_gradient(
    attrs: FakeQuantAttrs, gradients: Array, inputs: Array
) -> tuple[Array]:
    _, inside, _ = _sides(attrs, inputs, *_range(attrs))
    _check_gradient(gradients, inputs)
    return (_only(inside, gradients),)


def _only(chosen: Array, gradients: Array) -> Array:
    """Return the chosen gradients, others times zero."""
    xp = namespace(chosen, gradients)
    return xp.where(chosen, gradients, np.float32(0) * gradients)


def _vars_gradient(
    attrs: FakeQuantAttrs,
    gradients: Array,
    inputs: Array,
    low: Array,
    high: Array,
    axes: tuple[int, ...],
) -> tuple[Array, Array, Array]:
    xp = namespace(gradients, inputs, low, high)
    below, inside, above = _sides(attrs, inputs, low, high)
    parts = [
        xp.sum(_only(side, gradients), axis=axes, dtype=np.float32)
        for side in (below, above)
    ]
    return (_only(inside, gradients), *map(xp.asarray, parts))


def vars_gradient(
    attrs: FakeQuantAttrs, gradients: Array, inputs: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    _check_bits(attrs)
    _check_gradient(gradients, inputs)
    _check_scalars(low, high)
    axes = tuple(range(inputs.ndim))
    return _vars_gradient(attrs, gradients, inputs, low, high, axes)


def per_channel_gradient(
    attrs: FakeQuantAttrs, gradients: Array, inputs: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    _check_bits(attrs)
    _check_gradient(gradients, inputs)
    _check_channels(inputs, low, high)
    axes = tuple(range(inputs.ndim - 1))
    return _vars_gradient(attrs, gradients, inputs, low, high, axes)


KERNELS = {
    "FakeQuantWithMinMaxArgs": Kernel(quantise_args),
    "FakeQuantWithMinMaxArgsGradient": Kernel(args_gradient),
    "FakeQuantWithMinMaxVars": Kernel(quantise_vars),
    "FakeQuantWithMinMaxVarsGradient": Kernel(vars_gradient),
    "FakeQuantWithMinMaxVarsPerChannel": Kernel(quantise_channels),
    "FakeQuantWithMinMaxVarsPerChannelGradient": Kernel(per_channel_gradient),
}
