"""Comparison, logic, bits and selection; twin of `kernels/comparison.py`.

Source: tensorflow core/ops/math_ops.cc, core/ops/bitwise_ops.cc,
python/ops/math_grad.py, python/ops/clip_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.build.broadcast_gradient import reduce_gradient_args
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merged, with_rank_at_least
from metagraft.graph.shapes import Dims, broadcast_dims

__all__ = ["OPS"]


def broadcast_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The operands broadcast against each other."""
    return (broadcast_dims(inputs[0], inputs[1]),)


def equality_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As `broadcast_shape`; unlike shapes may be allowed to give one scalar."""
    x, y = inputs
    if attrs["incompatible_shape_error"] or x is None or y is None:
        return (broadcast_dims(x, y),)
    rank = max(len(x), len(y))
    padded = ((1,) * (rank - len(dims)) + dims for dims in (x, y))
    for one, other in zip(*padded, strict=True):
        if one != other and 1 not in (one, other):
            # Whether sizes fit, and so even the rank of the answer, only a run knows.
            return (None,) if None in (one, other) else ((),)
    return (broadcast_dims(x, y),)


def approximate_equal_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Both operands have one shape, of which the first one's is told."""
    merged(inputs[0], inputs[1])
    return (inputs[0],)


def _condition_fits(condition: Dims, data: Dims) -> None:
    """Demand a scalar, a vector of row choices, or the shape of the data.

    Raises:
        ValueError: It is none of them.
    """
    if condition is None or data is None or condition == ():
        return
    if len(condition) == 1:
        if len(data) == 0:
            raise ValueError("Shapes must be equal rank, but are 0 and 1")
        merged(condition, data[:1])
        return
    merged(data, condition)


def select_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`t` and `e` have one shape; the condition has it too, or chooses rows."""
    data, condition = merged(inputs[1], inputs[2]), inputs[0]
    _condition_fits(condition, data)
    if condition and len(condition) > 1 and data is not None:
        data = merged(data, condition)
    return (data,)


def select_v2_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """All three operands broadcast."""
    return (broadcast_dims(inputs[0], broadcast_dims(inputs[1], inputs[2])),)


def clip_by_value_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the data; the limits broadcast to it."""
    return (inputs[0],)


def select_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """`dy` goes to the chosen operand."""
    condition, x, _ = op.inputs
    zeros = array.zeros_like(x)
    return (
        None,
        g.op("Select", condition=condition, t=dy, e=zeros),
        g.op("Select", condition=condition, t=zeros, e=dy),
    )


def select_v2_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """`dy` goes to the chosen operand, summed to its shape."""
    condition, x, y = op.inputs
    z = op.outputs[0]
    zeros = array.zeros([], dtype=dy.dtype.base_dtype)
    dx = g.op("SelectV2", condition=condition, t=dy, e=zeros)
    other = g.op("SelectV2", condition=condition, t=zeros, e=dy)
    dx, _ = reduce_gradient_args(x, z, dx, None)
    other, _ = reduce_gradient_args(y, z, other, None)
    return None, dx, other


def clip_by_value_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """`dy` goes to the data inside the limits, to the limits elsewhere."""
    x, low, high = op.inputs
    x_shape, low_shape, high_shape = array.shape(x), array.shape(low), array.shape(high)
    zeros = array.zeros(array.shape(dy), dy.dtype)
    is_low = g.op("Less", x=x, y=low)
    is_high = g.op("Greater", x=x, y=high)
    _, low_axes = g.op("BroadcastGradientArgs", s0=x_shape, s1=low_shape)
    _, high_axes = g.op("BroadcastGradientArgs", s0=x_shape, s1=high_shape)
    is_clipped = g.op("LogicalOr", x=is_low, y=is_high)
    dx = g.op("Select", condition=is_clipped, t=zeros, e=dy)
    d_low = g.op("Select", condition=is_low, t=dy, e=zeros)
    d_high = g.op("Select", condition=is_high, t=dy, e=zeros)
    return (
        dx,
        array.reshape(reduce_tensor("Sum", d_low, low_axes), low_shape),
        array.reshape(reduce_tensor("Sum", d_high, high_axes), high_shape),
    )


def bucketize_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The output has the shape of the input."""
    return (inputs[0],)


def compare_and_bitpack_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Eight neighbours of the last axis become one byte."""
    dims = with_rank_at_least(inputs[0], 1)
    if dims is None:
        return (None,)
    last = dims[-1]
    if last is not None and last % 8:
        raise ValueError(f"Dimension size must be evenly divisible by 8 but is {last}")
    return ((*dims[:-1], None if last is None else last // 8),)


def _row(name: str) -> OpSpec:
    return OpSpec(
        name=name,
        shape=broadcast_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/math_ops.cc",
    )


def _equality(name: str) -> OpSpec:
    return OpSpec(
        name=name,
        shape=equality_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/math_ops.cc",
    )


OPS = (
    OpSpec(
        name="ApproximateEqual",
        shape=approximate_equal_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/math_ops.cc",
    ),
    _row("BitwiseAnd"),
    _row("BitwiseOr"),
    _row("BitwiseXor"),
    OpSpec(
        name="Bucketize",
        shape=bucketize_shape,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="ClipByValue",
        shape=clip_by_value_shape,
        gradient=clip_by_value_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="CompareAndBitpack",
        shape=compare_and_bitpack_shape,
        source="tensorflow core/ops/math_ops.cc",
    ),
    _equality("Equal"),
    _row("Greater"),
    _row("GreaterEqual"),
    _row("LeftShift"),
    _row("Less"),
    _row("LessEqual"),
    _row("LogicalAnd"),
    _row("LogicalOr"),
    _equality("NotEqual"),
    _row("RightShift"),
    OpSpec(
        name="Select",
        shape=select_shape,
        gradient=select_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="SelectV2",
        shape=select_v2_shape,
        gradient=select_v2_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
)
