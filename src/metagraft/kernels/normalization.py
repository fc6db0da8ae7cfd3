"""Batch normalization and local response normalization; twin of `ops/normalization.py`.

Source: tensorflow core/kernels/fused_batch_norm_op.cc, lrn_op.cc,
batch_norm_op.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace
from metagraft.ops.normalization import FusedBatchNormAttrs

__all__ = ["KERNELS"]


def _rsqrt(x: Array) -> Array:
    xp = namespace(x)
    if xp is np:
        return x.dtype.type(1) / np.sqrt(x)
    return lax().rsqrt(x)


def _other_axes(attrs: FusedBatchNormAttrs) -> tuple[int, ...]:
    return tuple(axis for axis in range(attrs.rank) if axis != attrs.channels)


def _per_channel(attrs: FusedBatchNormAttrs, vector: Array) -> Array:
    """Lay a vector along the channels of an image."""
    shape = [1] * attrs.rank
    shape[attrs.channels] = -1
    return vector.reshape(shape)


def _moments(attrs: FusedBatchNormAttrs, image: Array) -> tuple[Array, Array]:
    """Mean and variance (not corrected for the sample) of every channel."""
    xp = namespace(image)
    axes = _other_axes(attrs)
    count = image.dtype.type(_count(attrs, image))
    mean = xp.sum(image, axis=axes, dtype=image.dtype) / count
    centred = image - _per_channel(attrs, mean)
    return mean, xp.sum(centred * centred, axis=axes, dtype=image.dtype) / count


def _count(attrs: FusedBatchNormAttrs, image: Array) -> int:
    return int(image.size // max(image.shape[attrs.channels], 1))


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


def _check_image(attrs: FusedBatchNormAttrs, image: Array) -> None:
    _require(
        image.ndim == attrs.rank,
        f"input must be {attrs.rank}-dimensional{show(image.shape)}",
    )


def _check_vectors(
    attrs: FusedBatchNormAttrs, image: Array, vectors: Sequence[tuple[str, str, Array]]
) -> None:
    """Refuse vectors that do not have a number for each channel.

    Args:
        attrs: The attributes.
        image: The image.
        vectors: Each with its name where its rank is wrong, and where its size is.
    """
    for name, _, vector in vectors:
        _require(vector.ndim == 1, f"{name} must be 1-dimensional{show(vector.shape)}")
    channels = image.shape[attrs.channels]
    for _, name, vector in vectors:
        found = vector.shape[0]
        _require(
            not name or found == channels,
            f"{name} must have the same number of elements as the channels of x, got "
            f"{found} and {channels}",
        )


def _check_operands(
    attrs: FusedBatchNormAttrs, image: Array, vectors: Sequence[Array]
) -> None:
    when = ""
    if not attrs.is_training:
        when = "When is_training=false, "
    elif attrs.exponential_avg_factor != 1.0:
        when = "When exponential_avg_factor != 1, "
    _check_image(attrs, image)
    names = (
        ("scale", "scale"),
        ("offset", "offset"),
        ("estimated_mean", f"{when}mean" if when else ""),
        ("estimated_variance", f"{when}variance" if when else ""),
    )
    pairs = zip(names, vectors, strict=True)
    _check_vectors(attrs, image, [(*name, vector) for name, vector in pairs])


def _fused_batch_norm(
    attrs: FusedBatchNormAttrs,
    image: Array,
    scale: Array,
    offset: Array,
    mean: Array,
    variance: Array,
) -> tuple[Array, ...]:
    """Return the normalized image, the new moments and those that were used."""
    _check_operands(attrs, image, (scale, offset, mean, variance))
    wide = image.astype(scale.dtype)
    if attrs.is_training:
        used_mean, used_variance = _used_moments(attrs, wide)
        new_mean, new_variance = _blended(
            attrs, wide, (used_mean, used_variance), (mean, variance)
        )
    else:
        used_mean, used_variance = new_mean, new_variance = mean, variance
        if image.size == 0:
            nothing = namespace(mean, variance).full_like(mean, np.nan)
            new_mean, new_variance = nothing, nothing
    factor = _rsqrt(used_variance + scale.dtype.type(attrs.epsilon)) * scale
    centred = wide - _per_channel(attrs, used_mean)
    normalized = centred * _per_channel(attrs, factor) + _per_channel(attrs, offset)
    normalized = normalized.astype(image.dtype)
    return normalized, new_mean, new_variance, used_mean, used_variance


def _used_moments(attrs: FusedBatchNormAttrs, image: Array) -> tuple[Array, Array]:
    if image.size:
        return _moments(attrs, image)
    xp = namespace(image)
    nan = xp.full(image.shape[attrs.channels], np.nan, image.dtype)
    return nan, nan


def _blended(
    attrs: FusedBatchNormAttrs,
    image: Array,
    moments: tuple[Array, Array],
    old: tuple[Array, Array],
) -> tuple[Array, Array]:
    """The sample's moments, corrected, blended with the old ones."""
    mean, variance = moments
    kind = image.dtype.type
    count = _count(attrs, image)
    variance = variance * kind(count / max(count - 1, 1))
    if attrs.exponential_avg_factor == 1.0:
        return mean, variance
    new = kind(attrs.exponential_avg_factor)
    rest = kind(1.0 - attrs.exponential_avg_factor)
    return old[0] * rest + mean * new, old[1] * rest + variance * new


def fused_batch_norm(
    attrs: FusedBatchNormAttrs, image: Array, *operands: Array
) -> tuple[Array, ...]:
    return _fused_batch_norm(attrs, image, *operands)


def fused_batch_norm_v3(
    attrs: FusedBatchNormAttrs, image: Array, *operands: Array
) -> tuple[Array, ...]:
    reserved = namespace(image).zeros(0, operands[0].dtype)
    return (*_fused_batch_norm(attrs, image, *operands), reserved)


def fused_batch_norm_grad(
    attrs: FusedBatchNormAttrs,
    dy: Array,
    image: Array,
    scale: Array,
    mean: Array,
    variance: Array,
    *_reserved: Array,
) -> tuple[Array, ...]:
    """Gradients of image, scale and offset; two zeros that nothing uses.

    In training the moments depend on the image, so what would move them is taken
    out of `dy`.
    """
    _check_image(attrs, dy)
    _check_image(attrs, image)
    vectors = (
        ("scale", "scale", scale),
        ("saved mean", "reserve_space_1", mean),
        ("saved variance", "reserve_space_2", variance),
    )
    _require(
        image.shape == dy.shape,
        f"x and y_backprop must have same shape, but x has shape {show(image.shape)} "
        f"and y_backprop has shape {show(dy.shape)}",
    )
    _check_vectors(attrs, image, vectors)
    xp = namespace(dy, image, scale)
    unused = xp.zeros((), scale.dtype)
    if image.size == 0:
        nothing = xp.zeros_like(scale)
        return xp.zeros_like(image), nothing, nothing, unused, unused
    axes = _other_axes(attrs)
    wide_dy = dy.astype(scale.dtype)
    centred = image.astype(scale.dtype) - _per_channel(attrs, mean)
    slope = _rsqrt(variance + scale.dtype.type(attrs.epsilon))
    d_offset = xp.sum(wide_dy, axis=axes, dtype=scale.dtype)
    d_centred = xp.sum(wide_dy * centred, axis=axes, dtype=scale.dtype)
    d_scale = d_centred * slope
    if attrs.is_training:
        count = scale.dtype.type(max(_count(attrs, image), 1))
        common = _per_channel(attrs, d_offset / count)
        along = _per_channel(attrs, d_centred * slope * slope / count)
        wide_dy = wide_dy - common - centred * along
    d_image = wide_dy * _per_channel(attrs, scale * slope)
    return d_image.astype(image.dtype), d_scale, d_offset, unused, unused


# The op of the first releases: no fused kernel, moments always given.


def global_normalization(
    attrs: Any, image: Array, mean: Array, variance: Array, beta: Array, gamma: Array
) -> tuple[Array]:
    factor = _rsqrt(variance + variance.dtype.type(attrs["variance_epsilon"]))
    if attrs["scale_after_normalization"]:
        factor = factor * gamma
    return ((image - mean) * factor + beta,)


def global_normalization_grad(
    attrs: Any, image: Array, mean: Array, variance: Array, gamma: Array, dy: Array
) -> tuple[Array, ...]:
    xp = namespace(image, dy)
    axes = (0, 1, 2)
    kind = image.dtype.type
    slope = _rsqrt(variance + kind(attrs["variance_epsilon"]))
    is_scaled = attrs["scale_after_normalization"]
    factor = slope * gamma if is_scaled else slope
    d_beta = xp.sum(dy, axis=axes, dtype=dy.dtype)
    d_centred = xp.sum(dy * (image - mean), axis=axes, dtype=dy.dtype)
    d_variance = d_centred * factor * slope * slope * kind(-0.5)
    d_gamma = d_centred * slope if is_scaled else xp.zeros_like(gamma)
    return dy * factor, -d_beta * factor, d_variance, d_beta, d_gamma


# Local response normalization: windows along the channels.


_INT_MAX: Final = (1 << 31) - 1


def _window_sums(radius: int, values: Array) -> Array:
    """Sum over the neighbours within `radius` channels."""
    if not 0 <= radius < _INT_MAX:
        raise InvalidArgumentError(
            None, None, f"depth_radius = {radius} larger than int max"
        )
    xp = namespace(values)
    depth = values.shape[-1]
    radius = min(radius, depth)
    pads = [(0, 0)] * (values.ndim - 1) + [(radius, radius)]
    padded = xp.pad(values, pads)
    total = None
    for start in range(2 * radius + 1):
        part = padded[..., start : start + depth]
        total = part if total is None else total + part
    return total


def _norm(attrs: Any, image: Array) -> Array:
    kind = image.dtype.type
    squares = _window_sums(attrs["depth_radius"], image * image)
    return squares * kind(attrs["alpha"]) + kind(attrs["bias"])


def _to_minus_beta(attrs: Any, norm: Array) -> Array:
    """Raise to a power as TensorFlow does: in a third of the time of `pow`."""
    xp, beta = namespace(norm), attrs["beta"]
    with np.errstate(all="ignore"):
        if beta == 1:
            return 1 / norm
        if beta == 0.5:
            return 1 / xp.sqrt(norm)
        return xp.exp(xp.log(norm) * np.float32(-beta))


def lrn(attrs: Any, image: Array) -> tuple[Array]:
    _require(image.ndim == 4, "in must be 4-dimensional")
    wide = image.astype(np.float32)
    # TensorFlow multiplies by a matrix of zeros and ones, which spreads what no number
    # is over all channels.
    spread = namespace(wide).sum(wide * np.float32(0), axis=-1, keepdims=True)
    norm = _norm(attrs, wide) + spread
    scaled = wide * _to_minus_beta(attrs, norm)
    return (scaled.astype(image.dtype),)


def lrn_grad(attrs: Any, dy: Array, image: Array, output: Array) -> tuple[Array]:
    _require(
        all(x.ndim == 4 for x in (dy, image, output)), "inputs must be 4-dimensional"
    )
    _require(
        dy.shape == image.shape == output.shape,
        "input_grads, input_image, and out_image should have the same shape",
    )
    wide_dy, wide, out = (x.astype(np.float32) for x in (dy, image, output))
    norm = _norm(attrs, wide)
    pulls = _window_sums(attrs["depth_radius"], wide_dy * out / norm)
    factor = np.float32(-2.0 * attrs["alpha"] * attrs["beta"])
    gradient = wide_dy * _to_minus_beta(attrs, norm) + wide * pulls * factor
    # TensorFlow adds up from 0: no zero is negative.
    zero = np.float32(0)
    gradient = namespace(dy).where(gradient == zero, zero, gradient)
    return (gradient.astype(dy.dtype),)


KERNELS = {
    "FusedBatchNorm": Kernel(fused_batch_norm),
    "FusedBatchNormV2": Kernel(fused_batch_norm),
    "FusedBatchNormV3": Kernel(fused_batch_norm_v3),
    "FusedBatchNormGrad": Kernel(fused_batch_norm_grad),
    "FusedBatchNormGradV2": Kernel(fused_batch_norm_grad),
    "FusedBatchNormGradV3": Kernel(fused_batch_norm_grad),
    "BatchNormWithGlobalNormalization": Kernel(global_normalization),
    "BatchNormWithGlobalNormalizationGrad": Kernel(global_normalization_grad),
    "LRN": Kernel(lrn),
    "LRNGrad": Kernel(lrn_grad),
}
