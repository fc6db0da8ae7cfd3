"""Functions of one tensor, element by element; twin of `kernels/elementwise.py`.

Gradient rules wait for `dy` before they compute the slope (a control dependency), so
that the slope's memory is not held during the forward pass.

Source: tensorflow core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.build.math import conj, sign
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

Slope = Callable[[GradientBuilder, Tensor, Tensor], Tensor]


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The output has the shape of the first operand."""
    return (inputs[0],)


def _from_input(slope: Slope) -> GradientRule:
    """Return the rule that makes `dx` from `slope(g, dy, conj(x))`."""

    def gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
        with control_dependencies([dy]):
            return (slope(g, dy, conj(op.inputs[0])),)

    return gradient


def _from_output(slope: Slope) -> GradientRule:
    """Return the rule that makes `dx` from `slope(g, dy, conj(y))`."""

    def gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
        with control_dependencies([dy]):
            return (slope(g, dy, conj(op.outputs[0])),)

    return gradient


def abs_gradient(_g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`dy * sign(x)`."""
    return (dy * sign(op.inputs[0]),)


def neg_gradient(_g: GradientBuilder, _op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`-dy`."""
    return (-dy,)


def sign_gradient(_g: GradientBuilder, op: Operation, _dy: Tensor) -> Sequence[Tensor]:
    """Zeros."""
    return (array.zeros_like(op.inputs[0]),)


def no_gradient(_g: GradientBuilder, _op: Operation, _dy: Tensor) -> Sequence[None]:
    """Nothing flows back through a step function."""
    return (None,)


def square_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`dy * (2 * x)`."""
    with control_dependencies([dy]):
        x = conj(op.inputs[0])
        two = array.constant(2.0, dtype=x.dtype)
        return (g.op("Mul", x=dy, y=g.op("Mul", x=x, y=two)),)


def reciprocal_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """`-dy * y^2`."""
    return (g.op("ReciprocalGrad", y=op.outputs[0], dy=dy),)


def reciprocal_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The derivatives of `-b * conj(a)^2`."""
    b = op.inputs[1]
    with control_dependencies([dy]):
        a = conj(op.inputs[0])
        return (
            conj(dy) * -2.0 * b * a,
            g.op("ReciprocalGrad", y=a, dy=dy),
        )


def sqrt_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`dy / (2 * y)`."""
    return (g.op("SqrtGrad", y=op.outputs[0], dy=dy),)


def sqrt_grad_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The derivatives of `b / (2 * conj(a))`."""
    y = op.outputs[0]
    with control_dependencies([dy]):
        slope = dy / op.inputs[0]
        return (-conj(slope) * y, 0.5 * slope)


def rsqrt_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`-dy * y^3 / 2`."""
    return (g.op("RsqrtGrad", y=op.outputs[0], dy=dy),)


def rsqrt_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The derivatives of `-b * conj(a)^3 / 2`."""
    a, b = op.inputs
    with control_dependencies([dy]):
        ca = conj(a)
        grad_a = -1.5 * conj(dy) * b * g.op("Square", x=ca)
        return (grad_a, g.op("RsqrtGrad", y=ca, dy=dy))


def exp_slope(_g: GradientBuilder, dy: Tensor, y: Tensor) -> Tensor:
    """`dy * y`."""
    return dy * y


def expm1_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy * exp(x)`."""
    return dy * g.op("Exp", x=x)


def log_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy / x`."""
    return dy * g.op("Reciprocal", x=x)


def log1p_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy / (1 + x)`."""
    return dy * g.op("Reciprocal", x=1 + x)


def sinh_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy * cosh(x)`."""
    return dy * g.op("Cosh", x=x)


def cosh_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy * sinh(x)`."""
    return dy * g.op("Sinh", x=x)


def tanh_slope(g: GradientBuilder, dy: Tensor, y: Tensor) -> Tensor:
    """`dy * (1 - y^2)`."""
    return g.op("TanhGrad", y=y, dy=dy)


def asinh_slope(g: GradientBuilder, dy: Tensor, y: Tensor) -> Tensor:
    """`dy / cosh(y)`."""
    return dy / g.op("Cosh", x=y)


def acosh_slope(g: GradientBuilder, dy: Tensor, y: Tensor) -> Tensor:
    """`dy / sinh(y)`."""
    return dy / g.op("Sinh", x=y)


def sigmoid_slope(g: GradientBuilder, dy: Tensor, y: Tensor) -> Tensor:
    """`dy * y * (1 - y)`."""
    return g.op("SigmoidGrad", y=y, dy=dy)


def sin_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy * cos(x)`."""
    return dy * g.op("Cos", x=x)


def cos_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`-dy * sin(x)`."""
    return -dy * g.op("Sin", x=x)


def tan_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy / cos(x)^2`."""
    secant = g.op("Reciprocal", x=g.op("Cos", x=x))
    return g.op("Square", x=secant) * dy


def _one_minus_square(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    square = g.op("Square", x=x)
    one = array.constant(1, dtype=dy.dtype)
    return g.op("Sub", x=one, y=square)


def asin_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy / sqrt(1 - x^2)`."""
    root = g.op("Sqrt", x=_one_minus_square(g, dy, x))
    return dy * g.op("Reciprocal", x=root)


def acos_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`-dy / sqrt(1 - x^2)`."""
    root = g.op("Sqrt", x=_one_minus_square(g, dy, x))
    inverse = g.op("Reciprocal", x=root)
    return -dy * inverse


def atan_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy / (1 + x^2)`."""
    square = g.op("Square", x=x)
    one = array.constant(1, dtype=dy.dtype)
    # `tf.add` opens a scope of its own, named Add.
    total = g.op("AddV2", x=one, y=square, name="Add")
    return dy * g.op("Reciprocal", x=total)


def atanh_slope(g: GradientBuilder, dy: Tensor, x: Tensor) -> Tensor:
    """`dy / (1 - x^2)`."""
    return dy * g.op("Reciprocal", x=_one_minus_square(g, dy, x))


def tanh_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The derivatives of `b * (1 - a^2)`."""
    with control_dependencies([dy]):
        a = conj(op.inputs[0])
        b = conj(op.inputs[1])
        return (dy * -2.0 * b * a, g.op("TanhGrad", y=a, dy=dy))


def sigmoid_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The derivatives of `b * a * (1 - a)`."""
    with control_dependencies([dy]):
        a = conj(op.inputs[0])
        b = conj(op.inputs[1])
        scaled = dy * b
        return (scaled - 2.0 * scaled * a, g.op("SigmoidGrad", y=a, dy=dy))


def _row(name: str, gradient: GradientRule | NoGradient = NO_RULE_YET) -> OpSpec:
    return OpSpec(
        name=name,
        shape=unchanged_shape,
        gradient=gradient,
        source="tensorflow core/ops/math_ops.cc",
    )


OPS = (
    _row("Abs", abs_gradient),
    _row("Acos", _from_input(acos_slope)),
    _row("Acosh", _from_output(acosh_slope)),
    _row("Asin", _from_input(asin_slope)),
    _row("Asinh", _from_output(asinh_slope)),
    _row("Atan", _from_input(atan_slope)),
    _row("Atanh", _from_input(atanh_slope)),
    _row("Ceil", no_gradient),
    _row("Cos", _from_input(cos_slope)),
    _row("Cosh", _from_input(cosh_slope)),
    _row("Exp", _from_output(exp_slope)),
    _row("Expm1", _from_input(expm1_slope)),
    _row("Floor", no_gradient),
    _row("Inv", reciprocal_gradient),
    _row("InvGrad", reciprocal_grad_gradient),
    _row("IsFinite", NO_RULE_YET),
    _row("IsInf", NO_RULE_YET),
    _row("IsNan", NO_RULE_YET),
    _row("Log", _from_input(log_slope)),
    _row("Log1p", _from_input(log1p_slope)),
    _row("LogicalNot", NOT_DIFFERENTIABLE),
    _row("Invert", NOT_DIFFERENTIABLE),
    _row("Neg", neg_gradient),
    _row("PopulationCount", NOT_DIFFERENTIABLE),
    _row("Reciprocal", reciprocal_gradient),
    _row("ReciprocalGrad", reciprocal_grad_gradient),
    _row("Rint", no_gradient),
    _row("Round", no_gradient),
    _row("Rsqrt", rsqrt_gradient),
    _row("RsqrtGrad", rsqrt_grad_gradient),
    _row("Sigmoid", _from_output(sigmoid_slope)),
    _row("SigmoidGrad", sigmoid_grad_gradient),
    _row("Sign", sign_gradient),
    _row("Sin", _from_input(sin_slope)),
    _row("Sinh", _from_input(sinh_slope)),
    _row("Sqrt", sqrt_gradient),
    _row("SqrtGrad", sqrt_grad_gradient),
    _row("Square", square_gradient),
    _row("Tan", _from_input(tan_slope)),
    _row("Tanh", _from_output(tanh_slope)),
    _row("TanhGrad", tanh_grad_gradient),
)
