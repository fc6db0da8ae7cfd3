"""Activation functions; twin of `ops/activation.py`.

Source: tensorflow core/kernels/relu_op_functor.h, softplus_op.h, softsign_op.h.
"""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import namespace

__all__ = ["KERNELS"]

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_SCALE_ALPHA = 1.7580993408473768599402175208123


def _number(x: Array, value: float) -> Any:
    """Return `value` in the type of `x`."""
    return x.dtype.type(value)


def relu(_attrs: Any, x: Array) -> tuple[Array]:
    xp, zero = namespace(x), _number(x, 0)
    # Of numbers of two bytes -0 stays.
    is_short = (
        x.dtype.kind in "fV" and x.dtype.itemsize == np.dtype(np.float16).itemsize
    )
    return (xp.where(x < zero, zero, x) if is_short else xp.maximum(x, zero),)


def relu_grad(_attrs: Any, dy: Array, y: Array) -> tuple[Array]:
    return (_where_or_times_zero(y > _number(y, 0), dy),)


def _where_or_times_zero(is_passed: Array, dy: Array) -> Array:
    """Return `dy`, elsewhere its product with zero: NaN where it is not finite."""
    return namespace(is_passed, dy).where(is_passed, dy, dy * _number(dy, 0))


def relu6(attrs: Any, x: Array) -> tuple[Array]:
    return (namespace(x).minimum(relu(attrs, x)[0], _number(x, 6)),)


def relu6_grad(_attrs: Any, dy: Array, y: Array) -> tuple[Array]:
    is_between = (y > _number(y, 0)) & (y < _number(y, 6))
    return (_where_or_times_zero(is_between, dy),)


def leaky_relu(attrs: Any, x: Array) -> tuple[Array]:
    xp = namespace(x)
    leak = x * _number(x, attrs["alpha"])
    return (xp.where(x > _number(x, 0), x, leak),)


def leaky_relu_grad(attrs: Any, dy: Array, x: Array) -> tuple[Array]:
    leak = dy * _number(dy, attrs["alpha"])
    return (namespace(dy, x).where(x > _number(x, 0), dy, leak),)


def elu(_attrs: Any, x: Array) -> tuple[Array]:
    return (_exponential_below_zero(x, x, 1.0),)


def selu(_attrs: Any, x: Array) -> tuple[Array]:
    above = x * _number(x, _SELU_SCALE)
    return (_exponential_below_zero(x, above, _SELU_SCALE_ALPHA),)


def _exponential_below_zero(x: Array, above: Array, factor: float) -> Array:
    xp = namespace(x)
    zero = _number(x, 0)
    # As in TensorFlow, small numbers lose digits here.
    below = (xp.exp(xp.minimum(x, zero)) - _number(x, 1)) * _number(x, factor)
    return xp.where(x < zero, below, above)


def elu_grad(_attrs: Any, dy: Array, y: Array) -> tuple[Array]:
    below = (y + _number(y, 1)) * dy
    return (namespace(dy, y).where(y < _number(y, 0), below, dy),)


def selu_grad(_attrs: Any, dy: Array, y: Array) -> tuple[Array]:
    below = dy * (y + _number(y, _SELU_SCALE_ALPHA))
    above = dy * _number(dy, _SELU_SCALE)
    return (namespace(dy, y).where(y < _number(y, 0), below, above),)


def softplus(_attrs: Any, x: Array) -> tuple[Array]:
    """`log(1 + exp(x))`, which is x or exp(x) where they round to it."""
    xp = namespace(x)
    limit = _number(x, -(math.log(float(_epsilon(x.dtype))) + 2.0))
    raised = xp.exp(xp.minimum(x, limit))
    return (xp.where(x > limit, x, xp.where(x < -limit, raised, xp.log1p(raised))),)


def _epsilon(dtype: Any) -> Any:
    if dtype == np.float16:
        return 2.0**-13  # what Eigen says
    return ml_dtypes.finfo(dtype).eps  # type: ignore[no-untyped-call]


def softplus_grad(_attrs: Any, dy: Array, x: Array) -> tuple[Array]:
    """`dy / (1 + exp(-x))`, which is 0 where the exponential overflows."""
    xp = namespace(dy, x)
    with np.errstate(over="ignore"):
        return (dy / (xp.exp(-x) + _number(x, 1)),)


def softsign(_attrs: Any, x: Array) -> tuple[Array]:
    return (x / (namespace(x).abs(x) + _number(x, 1)),)


def softsign_grad(_attrs: Any, dy: Array, x: Array) -> tuple[Array]:
    return (dy / namespace(dy, x).square(namespace(x).abs(x) + _number(x, 1)),)


def _gradient(op_type: str, fn: KernelFunction) -> Kernel:
    """Return the kernel of a gradient: both operands have one shape."""

    def run(attrs: Any, dy: Array, other: Array) -> tuple[Array, ...]:
        if np.shape(dy) != np.shape(other):
            raise InvalidArgumentError(
                None,
                None,
                f"Inputs to operation of type {op_type} must have the same size and "
                f"shape.  Input 0: {show(np.shape(dy))} != input 1: "
                f"{show(np.shape(other))}",
            )
        return fn(attrs, dy, other)

    return Kernel(run)


_GRADIENTS = {
    "EluGrad": elu_grad,
    "LeakyReluGrad": leaky_relu_grad,
    "Relu6Grad": relu6_grad,
    "ReluGrad": relu_grad,
    "SeluGrad": selu_grad,
    "SoftplusGrad": softplus_grad,
    "SoftsignGrad": softsign_grad,
}

KERNELS = {
    **{op_type: _gradient(op_type, fn) for op_type, fn in _GRADIENTS.items()},
    "Relu": Kernel(relu),
    "Relu6": Kernel(relu6),
    "LeakyRelu": Kernel(leaky_relu),
    "Elu": Kernel(elu),
    "Selu": Kernel(selu),
    "Softplus": Kernel(softplus),
    "Softsign": Kernel(softsign),
}
