"""Arithmetic of two tensors, with broadcasting; twin of `kernels/arithmetic.py`.

Source: tensorflow core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.broadcast_gradient import (
    has_equal_static_shapes,
    reduce_gradient_args,
)
from metagraft.graph.build.math import cast, conj, div_no_nan, divide, power
from metagraft.graph.build.math import scalar_mul as scaled
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shape_checks import merged
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

Gradients = Sequence[Any]


def broadcast_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The operands broadcast against each other."""
    return (broadcast_dims(inputs[0], inputs[1]),)


def add_n_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """All operands have one shape."""
    dims: Dims = None
    # Merged from the last to the first, which decides who is named in an error.
    for i in reversed(range(len(inputs))):
        try:
            dims = merged(inputs[i], dims)
        except ValueError as error:
            raise ValueError(
                f"{error}\n\tFrom merging shape {i} with other shapes."
            ) from error
    return (dims,)


def accumulate_n_shape(attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """The shape attribute."""
    return (attrs["shape"],)


def add_gradient(_g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy` for both."""
    x, y = op.inputs
    if has_equal_static_shapes(x, y, dy):
        return dy, dy
    return reduce_gradient_args(x, y, dy, dy)


def sub_gradient(_g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy` and `-dy`."""
    x, y = op.inputs
    if has_equal_static_shapes(x, y, dy):
        return dy, -dy
    return reduce_gradient_args(x, y, dy, -dy)


def mul_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy * y` and `dy * x`."""
    x, y = op.inputs
    if has_equal_static_shapes(x, y, dy) and dy.dtype in (
        dtypes.int32,
        dtypes.float32,
    ):
        return g.op("Mul", x=dy, y=y), g.op("Mul", x=dy, y=x)
    dx = g.op("Mul", x=dy, y=conj(y))
    return reduce_gradient_args(x, y, dx, g.op("Mul", x=conj(x), y=dy))


def mul_no_nan_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy * y` and `x * dy`, both without NaN."""
    x, y = op.inputs
    dx = g.op("MulNoNan", x=dy, y=y)
    other = g.op("MulNoNan", x=x, y=dy)
    if has_equal_static_shapes(x, y, dy):
        return dx, other
    return reduce_gradient_args(x, y, dx, other)


def div_gradient(_g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy / y` and `dy * -x / y / y`."""
    x, y = op.inputs
    cx, cy = conj(x), conj(y)
    dx = divide(dy, cy)
    slope = divide(divide(-cx, cy), cy)
    return reduce_gradient_args(x, y, dx, dy * slope)


def real_div_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy / y` and `dy * -x / y / y`."""
    x, y = op.inputs
    cx, cy = conj(x), conj(y)
    dx = g.op("RealDiv", x=dy, y=cy)
    slope = g.op("RealDiv", x=g.op("RealDiv", x=-cx, y=cy), y=cy)
    return reduce_gradient_args(x, y, dx, dy * slope)


def div_no_nan_gradient(_g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy / y` and `dy * -x / y / y`, all without NaN."""
    x, y = conj(op.inputs[0]), conj(op.inputs[1])
    dx = div_no_nan(dy, y)
    slope = div_no_nan(div_no_nan(-x, y), y)
    return reduce_gradient_args(x, y, dx, dy * slope)


def floor_mod_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy` and `dy * -floor(x / y)`."""
    x, y = conj(op.inputs[0]), conj(op.inputs[1])
    quotient = g.op("FloorDiv", x=x, y=y)
    other = dy * g.op("Neg", x=quotient)
    return reduce_gradient_args(x, y, dy, other)


def no_gradients(_g: GradientBuilder, _op: Operation, _dy: Any) -> Gradients:
    """Nothing flows back through a step function."""
    return None, None


def pow_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy * y * x^(y - 1)` and `dy * z * log(x)`; the latter is 0 where x <= 0."""
    x, y = op.inputs
    cx, cy = conj(x), conj(y)
    dx = dy * cy * power(cx, cy - 1)
    mask = g.op("NotEqual", x=cx, y=0) if x.dtype.is_complex else cx > 0
    safe_x = g.op("Select", condition=mask, t=cx, e=array.ones_like(x))
    log_x = g.op(
        "Select",
        condition=mask,
        t=g.op("Log", x=safe_x),
        e=array.zeros_like(x),
    )
    return reduce_gradient_args(x, y, dx, dy * conj(op.outputs[0]) * log_x)


def _extreme_gradient(selector: str) -> GradientRule:
    """Return the rule that gives `dy` to the operand that was chosen.

    Args:
        selector: The comparison that is true where `x` was chosen.
    """

    def gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
        x, y = op.inputs
        zeros = array.zeros_like(dy)
        is_x = g.op(selector, x=x, y=y)
        dx = g.op("SelectV2", condition=is_x, t=dy, e=zeros)
        other = g.op("SelectV2", condition=is_x, t=zeros, e=dy)
        return reduce_gradient_args(x, y, dx, other)

    return gradient


def squared_difference_gradient(
    _g: GradientBuilder, op: Operation, dy: Any
) -> Gradients:
    """`2 * dy * (x - y)` and its negative."""
    x, y = op.inputs
    with control_dependencies([dy]):
        dx = scaled(2.0, dy) * (x - y)
    if has_equal_static_shapes(x, y, dy):
        return dx, -dx
    return reduce_gradient_args(x, y, dx, -dx)


def atan2_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`x * dy / (y^2 + x^2)` and `-y * dy / (y^2 + x^2)`."""
    y, x = op.inputs
    with control_dependencies([dy]):
        inverse = dy / (g.op("Square", x=y) + g.op("Square", x=x))
        dy_y = x * inverse
        dy_x = -y * inverse
        return reduce_gradient_args(y, x, dy_y, dy_x)


def add_n_gradient(_g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy` for every operand."""
    return [dy] * len(op.inputs)


def _is_not_zero(g: GradientBuilder, x: Tensor) -> Tensor:
    zero = cast(0.0, x.dtype)
    is_not_zero: Tensor = cast(g.op("NotEqual", x=x, y=zero), x.dtype)
    return is_not_zero


def _summed(partial: Tensor, dy: Tensor, axes: Tensor, shape: Tensor) -> Tensor:
    return array.reshape(reduce_tensor("Sum", partial * dy, axes), shape)


def xlogy_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`log(y)` where x is not 0, and `x / y`."""
    x, y = op.inputs
    x_shape, y_shape = array.shape(x), array.shape(y)
    x_axes, y_axes = g.op("BroadcastGradientArgs", s0=x_shape, s1=y_shape)
    with control_dependencies([dy]):
        partial_x = g.op("Xlogy", x=_is_not_zero(g, x), y=y)
        partial_y = g.op("Xdivy", x=x, y=y)
        return (
            _summed(partial_x, dy, x_axes, x_shape),
            _summed(partial_y, dy, y_axes, y_shape),
        )


def xlog1py_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`log(1 + y)` where x is not 0, and `x / (1 + y)`."""
    x, y = op.inputs
    x_shape, y_shape = array.shape(x), array.shape(y)
    x_axes, y_axes = g.op("BroadcastGradientArgs", s0=x_shape, s1=y_shape)
    with control_dependencies([dy]):
        partial_x = g.op("Xlog1py", x=_is_not_zero(g, x), y=y)
        partial_y = g.op("Xdivy", x=x, y=y + 1.0)
        return (
            _summed(partial_x, dy, x_axes, x_shape),
            _summed(partial_y, dy, y_axes, y_shape),
        )


def xdivy_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`1 / y` where x is not 0, and `-x / y^2`."""
    x, y = op.inputs
    x_shape, y_shape = array.shape(x), array.shape(y)
    x_axes, y_axes = g.op("BroadcastGradientArgs", s0=x_shape, s1=y_shape)
    with control_dependencies([dy]):
        partial_x = g.op("Xdivy", x=_is_not_zero(g, x), y=y)
        negative_x = g.op("Neg", x=x)
        partial_y = g.op("Xdivy", x=negative_x, y=y**2)
        return (
            _summed(partial_x, dy, x_axes, x_shape),
            _summed(partial_y, dy, y_axes, y_shape),
        )


def next_after_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Gradients:
    """`dy` for the number, nothing for the direction."""
    x1, x2 = op.inputs
    shapes = array.shape(x1), array.shape(x2)
    axes = g.op("BroadcastGradientArgs", s0=shapes[0], s1=shapes[1])
    with control_dependencies([dy]):
        ones = array.ones(shapes[0], dtype=x1.dtype)
        zeros = array.zeros(shapes[1], dtype=x2.dtype)
        return (
            _summed(ones, dy, axes[0], shapes[0]),
            _summed(zeros, dy, axes[1], shapes[1]),
        )


def _row(name: str, gradient: GradientRule | NoGradient = NO_RULE_YET) -> OpSpec:
    return OpSpec(
        name=name,
        shape=broadcast_shape,
        gradient=gradient,
        source="tensorflow core/ops/math_ops.cc",
    )


OPS = (
    OpSpec(
        name="AccumulateNV2",
        shape=accumulate_n_shape,
        gradient=add_n_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    _row("Add", add_gradient),
    OpSpec(
        name="AddN",
        shape=add_n_shape,
        gradient=add_n_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    _row("AddV2", add_gradient),
    _row("Atan2", atan2_gradient),
    _row("Div", div_gradient),
    _row("DivNoNan", div_no_nan_gradient),
    _row("FloorDiv", no_gradients),
    _row("FloorMod", floor_mod_gradient),
    _row("Maximum", _extreme_gradient("GreaterEqual")),
    _row("Minimum", _extreme_gradient("LessEqual")),
    _row("Mod"),
    _row("Mul", mul_gradient),
    _row("MulNoNan", mul_no_nan_gradient),
    _row("NextAfter", next_after_gradient),
    _row("Pow", pow_gradient),
    _row("RealDiv", real_div_gradient),
    _row("SquaredDifference", squared_difference_gradient),
    _row("Sub", sub_gradient),
    _row("TruncateDiv", no_gradients),
    _row("TruncateMod"),
    _row("Xdivy", xdivy_gradient),
    _row("Xlog1py", xlog1py_gradient),
    _row("Xlogy", xlogy_gradient),
)
