"""Moments and normalizations (`tf.nn.moments`, `tf.nn.batch_normalization`, ...).

Source: tensorflow python/ops/nn_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import (
    add,
    cast,
    complex_number,
    div_no_nan,
    imag,
    real,
)
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "batch_norm_with_global_normalization",
    "batch_normalization",
    "fused_batch_norm",
    "l2_normalize",
    "local_response_normalization",
    "moments",
    "normalize_moments",
    "sufficient_statistics",
    "weighted_moments",
]


def l2_normalize(
    x: Any,
    axis: Any = None,
    epsilon: float = 1e-12,
    name: str | None = None,
    dim: Any = None,
) -> Tensor:
    """Scale to a norm of 1 along `axis`.

    Args:
        x: A tensor.
        axis: The axes of one norm; None for all.
        epsilon: The least square of a norm that is divided by.
        name: Name of the operation.
        dim: The old name of `axis`.
    """
    axis = renamed_argument("axis", axis, "dim", dim)
    with name_scope(name, "l2_normalize", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return _complex_normalized(x, axis, epsilon, scope)
        total = reduce_tensor("Sum", op("Square", x=x), axis, keepdims=True)
        inverse = op("Rsqrt", x=op("Maximum", x=total, y=epsilon))
        result: Tensor = op("Mul", x=x, y=inverse, name=scope)
        return result


def _complex_normalized(x: Tensor, axis: Any, epsilon: float, scope: str) -> Tensor:
    squares = op("Square", x=real(x)) + op("Square", x=imag(x))
    total = real(reduce_tensor("Sum", squares, axis, keepdims=True))
    inverse = op("Rsqrt", x=op("Maximum", x=total, y=epsilon))
    real_part = op("Mul", x=real(x), y=inverse)
    imag_part = op("Mul", x=imag(x), y=inverse)
    return complex_number(real_part, imag_part, name=scope)


def local_response_normalization(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """Divide by a power of the sum of squares of neighbouring channels."""
    result: Tensor = op(
        "LRN",
        input=input,
        depth_radius=depth_radius,
        bias=bias,
        alpha=alpha,
        beta=beta,
        name=name,
    )
    return result


def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance over `axes`.

    Args:
        x: A tensor.
        axes: The axes.
        shift: Not used, as in TensorFlow.
        name: Name of the scope.
        keep_dims: The old name of `keepdims`.
        keepdims: Whether the axes stay, with size 1.
    """
    del shift
    keeps = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    with name_scope(name, "moments", [x, axes]):
        is_half = x.dtype == dtypes.float16
        y = cast(x, dtypes.float32) if is_half else x
        mean = reduce_tensor("Mean", y, axes, keepdims=True, name="mean")
        centre = op("StopGradient", input=mean)
        squares = op("SquaredDifference", x=y, y=centre)
        variance = reduce_tensor("Mean", squares, axes, keepdims=True, name="variance")
        if not keeps:
            mean = array.squeeze(mean, axes)
            variance = array.squeeze(variance, axes)
        if is_half:
            return cast(mean, dtypes.float16), cast(variance, dtypes.float16)
        return mean, variance


def weighted_moments(
    x: Any,
    axes: Any,
    frequency_weights: Any,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance over `axes`, elements counting as often as weights say."""
    keeps = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    with name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        is_half = x.dtype == dtypes.float16
        if is_half:
            x = cast(x, dtypes.float32)
        if weights.dtype != x.dtype:
            weights = cast(weights, x.dtype)
        total = reduce_tensor(
            "Sum", weights * x, axes, keepdims=True, name="weighted_input_sum"
        )
        spread = weights + array.zeros_like(x)
        count = reduce_tensor("Sum", spread, axes, keepdims=True, name="sum_of_weights")
        mean = div_no_nan(total, count)
        squares = weights * op("SquaredDifference", x=x, y=mean)
        distance = reduce_tensor(
            "Sum", squares, axes, keepdims=True, name="weighted_distsq"
        )
        variance = div_no_nan(distance, count)
        if not keeps:
            mean = array.squeeze(mean, axis=axes)
            variance = array.squeeze(variance, axis=axes)
        if is_half:
            return cast(mean, dtypes.float16), cast(variance, dtypes.float16)
        return mean, variance


def sufficient_statistics(
    x: Any,
    axes: Any,
    shift: Any = None,
    keep_dims: bool | None = None,
    name: str | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Return count, sum, sum of squares (both shifted) and shift, over `axes`."""
    axes = list(set(axes))
    keeps = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert_to_tensor(x, name="x")
        count = _count(x, axes)
        if shift is not None:
            shift = convert_to_tensor(shift, name="shift")
            values = op("Sub", x=x, y=shift)
            squares = op("SquaredDifference", x=x, y=shift)
        else:
            values = x
            squares = op("Square", x=x)
        total = reduce_tensor("Sum", values, axes, keeps, name="mean_ss")
        square_total = reduce_tensor("Sum", squares, axes, keeps, name="var_ss")
    return count, total, square_total, shift


def _count(x: Tensor, axes: list[int]) -> Tensor:
    if x.dims is not None and all(x.dims[axis] is not None for axis in axes):
        count = 1
        for axis in axes:
            count *= x.dims[axis] or 0
        return array.constant(count, dtype=x.dtype)
    rank = array.rank(x)
    positive = [axis + rank if axis < 0 else axis for axis in axes]
    sizes = array.gather(cast(array.shape(x), x.dtype), positive)
    return reduce_tensor("Prod", sizes, name="count")


def normalize_moments(
    counts: Any,
    mean_ss: Any,
    variance_ss: Any,
    shift: Any,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance from what `sufficient_statistics` returned."""
    with name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = op("Reciprocal", x=counts, name="divisor")
        if shift is not None:
            shifted_mean = op("Mul", x=mean_ss, y=divisor, name="shifted_mean")
            mean = add(shifted_mean, shift, name="mean")
        else:
            shifted_mean = op("Mul", x=mean_ss, y=divisor, name="mean")
            mean = shifted_mean
        variance = op(
            "Sub",
            x=op("Mul", x=variance_ss, y=divisor),
            y=op("Square", x=shifted_mean),
            name="variance",
        )
    return mean, variance


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: float,
    name: str | None = None,
) -> Tensor:
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`.

    `offset` and `scale` may be None.
    """
    with name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        inverse = op("Rsqrt", x=variance + variance_epsilon)
        if scale is not None:
            inverse = inverse * scale
        scaled = x * cast(inverse, x.dtype)
        centre = -mean * inverse if offset is None else offset - mean * inverse
        result: Tensor = scaled + cast(centre, x.dtype)
        return result


def batch_norm_with_global_normalization(
    t: Any = None,
    m: Any = None,
    v: Any = None,
    beta: Any = None,
    gamma: Any = None,
    variance_epsilon: Any = None,
    scale_after_normalization: bool | None = None,
    name: str | None = None,
    input: Any = None,
    mean: Any = None,
    variance: Any = None,
) -> Tensor:
    """`batch_normalization` under the names of the first releases."""
    t = renamed_argument("input", input, "t", t)
    m = renamed_argument("mean", mean, "m", m)
    v = renamed_argument("variance", variance, "v", v)
    scale = gamma if scale_after_normalization else None
    return batch_normalization(t, m, v, beta, scale, variance_epsilon, name)


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
    exponential_avg_factor: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize images by channel in one operation.

    Args:
        x: `[n, h, w, c]`, or as `data_format` says.
        scale: `[c]`.
        offset: `[c]`.
        mean: `[c]`; needed unless the batch's own mean replaces it.
        variance: `[c]`, likewise.
        epsilon: Added to the variance.
        data_format: `NHWC`, `NCHW`, `NDHWC` or `NCDHW`.
        is_training: Whether to normalize with the moments of the batch.
        name: Name of the operation.
        exponential_avg_factor: Share of the batch in the new mean and variance.

    Returns:
        The normalized images, the new mean and the new variance.

    Raises:
        ValueError: Mean or variance is missing.
    """
    is_blended = not is_training or exponential_avg_factor != 1.0
    if is_blended and (mean is None or variance is None):
        raise ValueError(
            "Both `mean` and `variance` must be a 1D tensor when `is_training` is"
            " False or `exponential_avg_factor` != 1.0. Received: `mean`"
            f" {mean!r} and `variance` {variance!r}"
        )
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    if mean is None:
        mean = array.constant([])
    if variance is None:
        variance = array.constant([])
    y, running_mean, running_variance, *_ = op(
        "FusedBatchNormV3",
        x=x,
        scale=scale,
        offset=offset,
        mean=mean,
        variance=variance,
        epsilon=epsilon,
        exponential_avg_factor=exponential_avg_factor,
        data_format=data_format,
        is_training=is_training,
        name=name,
    )
    return y, running_mean, running_variance
