"""Random numbers whose distribution is an operand; twin of the kernels of it.

Source: tensorflow core/ops/random_ops.cc, stateless_random_ops.cc,
stateless_random_ops_v2.cc, python/ops/random_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.graph.build import array
from metagraft.graph.build.math import absolute, number_range, select
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import int32
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    ShapeFunction,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_most
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.graph.tensor import Tensor
from metagraft.ops.stateless_random import positioned_shape

__all__ = ["OPS"]

Gradients = Sequence[Any]


def given_and_parameter_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The first operand gives the shape of the samples of each parameter."""
    with_rank(inputs[0], 1)
    samples, parameters = inputs.as_dims(0), inputs[1]
    if samples is None or parameters is None:
        return (None,)
    return (samples + parameters,)


def broadcast_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Both operands broadcast."""
    return (broadcast_dims(inputs[0], inputs[1]),)


def truncated_normal_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The first operand gives the shape; parameters are scalars or vectors."""
    with_rank(inputs[0], 1)
    for index in range(1, 5):
        with_rank_at_most(inputs[index], 1)
    return (inputs.as_dims(0),)


def seeded_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of the first operand; there are two seeds."""
    with_rank(inputs[0], 1)
    (size,) = with_rank(inputs[1], 1)
    merge_dim(size, 2)
    return (inputs.as_dims(0),)


def stateless_truncated_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As `seeded_shape`; parameters have shapes that fit each other."""
    dims: Dims = ()
    for index in range(2, 6):
        dims = broadcast_dims(dims, inputs[index])
    return seeded_shape(attrs, inputs)


def _with_leading_ones(alpha: Tensor, count: Any) -> Tensor:
    shape = array.concat([array.ones([count], dtype=int32), array.shape(alpha)], axis=0)
    return array.reshape(alpha, shape)


def _alpha_gradient(
    g: GradientBuilder, alpha: Tensor, sample: Tensor, count: Any, dy: Tensor
) -> Tensor:
    """Implicit differentiation: Figurnov et al. 2018, arXiv:1805.08498."""
    partial = g.op(
        "RandomGammaGrad", alpha=_with_leading_ones(alpha, count), sample=sample
    )
    return reduce_tensor("Sum", dy * partial, number_range(count))


def random_gamma_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """How samples move with alpha, summed over the samples."""
    shape, alpha = op.inputs
    with control_dependencies([dy]):
        count = array.shape(shape)[0]
        return None, _alpha_gradient(g, alpha, op.outputs[0], count, dy)


def stateless_gamma_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """As for `RandomGamma`; the shape of the samples includes that of alpha."""
    shape, *positions, alpha = op.inputs
    with control_dependencies([dy]):
        count = array.shape(shape)[0] - array.rank(alpha)
        d_alpha = _alpha_gradient(g, alpha, op.outputs[0], count, dy)
    return (None, *(None for _ in positions), d_alpha)


def _normal_distribution(g: GradientBuilder, x: Tensor) -> Tensor:
    """The probability of a number below `x`."""
    root = convert_to_tensor(0.5 * np.sqrt(2.0), dtype=x.dtype, name="half_sqrt_2")
    w = x * root
    z = absolute(w)
    is_near = z < root
    middle = 1.0 + g.op("Erf", x=w)
    is_right = w > 0.0
    right = 2.0 - g.op("Erfc", x=z)
    outer = select(is_right, right, g.op("Erfc", x=z))
    result: Tensor = 0.5 * select(is_near, middle, outer)
    return result


def truncated_normal_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """Implicit differentiation, reduced to the shape of each parameter."""
    shape, _, mean, deviation, low, high = op.inputs
    sample = op.outputs[0]
    with control_dependencies([dy]):
        low_std = (low - mean) / deviation
        high_std = (high - mean) / deviation
        sample_std = (sample - mean) / deviation
        slopes = _truncated_slopes(g, sample_std, low_std, high_std)
        return (
            None,
            None,
            *_reduced(g, shape, (mean, deviation, low, high), slopes, dy),
        )


def _truncated_slopes(
    g: GradientBuilder, sample: Tensor, low: Tensor, high: Tensor
) -> tuple[Tensor, ...]:
    """How a standard sample moves with mean, deviation and both bounds."""
    share = (_normal_distribution(g, sample) - _normal_distribution(g, low)) / (
        _normal_distribution(g, high) - _normal_distribution(g, low)
    )
    limits = np.finfo(sample.dtype.as_numpy_dtype)
    share = _clipped(g, share, limits.tiny, 1 - limits.eps)
    d_high = g.op("Exp", x=0.5 * (sample**2 - high**2) + g.op("Log", x=share))
    d_low = g.op("Exp", x=0.5 * (sample**2 - low**2) + g.op("Log1p", x=-share))
    return array.ones_like(sample), sample, d_low, d_high


def _clipped(g: GradientBuilder, x: Tensor, low: Any, high: Any) -> Tensor:
    with name_scope(None, "clip_by_value", [x, low, high]) as scope:
        at_most = g.op("Minimum", x=x, y=high)
        clipped: Tensor = g.op("Maximum", x=at_most, y=low, name=scope)
    return clipped


def _reduced(
    g: GradientBuilder,
    shape: Tensor,
    parameters: tuple[Tensor, ...],
    slopes: tuple[Tensor, ...],
    dy: Tensor,
) -> list[Tensor]:
    shapes = [array.shape(x) for x in parameters]
    together = _broadcast(g, shapes[0], shapes[1])
    together = _broadcast(g, shapes[2], together)
    together = _broadcast(g, shapes[3], together)
    extra = number_range(array.size(shape) - array.size(together))
    sums = [reduce_tensor("Sum", dy * slope, extra) for slope in slopes]
    axes = [g.op("BroadcastGradientArgs", s0=together, s1=x)[1] for x in shapes]
    return [
        array.reshape(reduce_tensor("Sum", total, axis, keepdims=True), own)
        for total, axis, own in zip(sums, axes, shapes, strict=True)
    ]


def _broadcast(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    shape: Tensor = g.op("BroadcastArgs", s0=x, s1=y)
    return shape


_ROWS: dict[str, tuple[ShapeFunction, GradientRule | NoGradient]] = {
    "ParameterizedTruncatedNormal": (truncated_normal_shape, NOT_DIFFERENTIABLE),
    "RandomGamma": (given_and_parameter_shape, random_gamma_gradient),
    "RandomGammaGrad": (broadcast_shape, NO_RULE_YET),
    "RandomPoisson": (given_and_parameter_shape, NO_RULE_YET),
    "RandomPoissonV2": (given_and_parameter_shape, NO_RULE_YET),
    "StatelessParameterizedTruncatedNormal": (
        stateless_truncated_shape,
        truncated_normal_gradient,
    ),
    "StatelessRandomBinomial": (seeded_shape, NOT_DIFFERENTIABLE),
    "StatelessRandomGammaV2": (seeded_shape, stateless_gamma_gradient),
    "StatelessRandomGammaV3": (positioned_shape, stateless_gamma_gradient),
    "StatelessRandomPoisson": (seeded_shape, NOT_DIFFERENTIABLE),
}

OPS = tuple(
    OpSpec(
        name=name,
        shape=shape,
        gradient=gradient,
        source="tensorflow core/ops/random_ops.cc",
    )
    for name, (shape, gradient) in _ROWS.items()
)
