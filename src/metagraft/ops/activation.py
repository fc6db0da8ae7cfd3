"""Activation functions, element by element; twin of `kernels/activation.py`.

Source: tensorflow core/ops/nn_ops.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.build import array
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shape_checks import merged
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The output has the shape of the operand."""
    return (inputs[0],)


def merged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Both operands have one shape."""
    return (merged(inputs[0], inputs[1]),)


def relu_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """Needs only what the function returned."""
    return (g.op("ReluGrad", gradients=dy, features=op.outputs[0]),)


def relu6_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """Needs only what the function returned."""
    return (g.op("Relu6Grad", gradients=dy, features=op.outputs[0]),)


def linear_pieces_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The second derivative of `ReluGrad` and `Relu6Grad` is zero."""
    x = op.inputs[1]
    return g.op(op.type, gradients=dy, features=x), array.zeros_like(x)


def leaky_relu_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """`dy`, times alpha where x is not positive."""
    alpha = op.get_attr("alpha")
    return (g.op("LeakyReluGrad", gradients=dy, features=op.inputs[0], alpha=alpha),)


def leaky_relu_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The second derivative is zero."""
    x = op.inputs[1]
    alpha = op.get_attr("alpha")
    slope = g.op("LeakyReluGrad", gradients=dy, features=x, alpha=alpha)
    return slope, array.zeros_like(x)


def elu_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """Needs only what the function returned."""
    return (g.op("EluGrad", gradients=dy, outputs=op.outputs[0]),)


def selu_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """Needs only what the function returned."""
    return (g.op("SeluGrad", gradients=dy, outputs=op.outputs[0]),)


def exponential_pieces_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The slopes of `Elu` and `Selu` are linear in y where y is negative."""
    dz, y = op.inputs
    slope = g.op(op.type, gradients=dy, outputs=y)
    zero = 0 if op.type == "EluGrad" else 0.0
    is_negative = y < zero
    product = dy * dz
    zeros = array.zeros_like(y)
    return slope, g.op("Select", condition=is_negative, t=product, e=zeros)


def softplus_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """`dy * sigmoid(x)`."""
    return (dy * g.op("Sigmoid", x=op.inputs[0]),)


def softplus_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """`dy * dz / (exp(-x) + 2 + exp(x))` for x."""
    dz, x = op.inputs
    with control_dependencies([dy]):
        slope = g.op("SoftplusGrad", gradients=dy, features=x)
        product = dy * dz
        decayed = g.op("Exp", x=-x) + 2.0
        return slope, product / (decayed + g.op("Exp", x=x))


def softsign_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """`dy / (1 + abs(x))**2`."""
    return (g.op("SoftsignGrad", gradients=dy, features=op.inputs[0]),)


_FORWARD = {
    "Relu": relu_gradient,
    "Relu6": relu6_gradient,
    "LeakyRelu": leaky_relu_gradient,
    "Elu": elu_gradient,
    "Selu": selu_gradient,
    "Softplus": softplus_gradient,
    "Softsign": softsign_gradient,
}
_BACKWARD: dict[str, GradientRule | NoGradient] = {
    "ReluGrad": linear_pieces_gradient,
    "Relu6Grad": linear_pieces_gradient,
    "LeakyReluGrad": leaky_relu_grad_gradient,
    "EluGrad": exponential_pieces_gradient,
    "SeluGrad": exponential_pieces_gradient,
    "SoftplusGrad": softplus_grad_gradient,
    "SoftsignGrad": NO_RULE_YET,
}
_SOURCE = "tensorflow core/ops/nn_ops.cc"

OPS = (
    *(
        OpSpec(name=name, shape=unchanged_shape, gradient=rule, source=_SOURCE)
        for name, rule in _FORWARD.items()
    ),
    *(
        OpSpec(name=name, shape=merged_shape, gradient=rule, source=_SOURCE)
        for name, rule in _BACKWARD.items()
    ),
)
