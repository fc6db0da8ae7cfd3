"""Functions of one tensor, element by element (`tf.math`).

Source: tensorflow python/ops/math_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.sparse_values import of_sparse_values
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import absolute, conj, imag, real, select
from metagraft.graph.build.math import sign as dense_sign
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "abs",
    "acos",
    "acosh",
    "angle",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "conj",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "imag",
    "is_finite",
    "is_inf",
    "is_nan",
    "log",
    "log1p",
    "log_sigmoid",
    "logical_not",
    "negative",
    "polyval",
    "real",
    "reciprocal",
    "reciprocal_no_nan",
    "rint",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "tan",
    "tanh",
]


def acos(x: Any, name: str | None = None) -> Tensor:
    """Arc cosine, in `[0, pi]`."""
    return op("Acos", x=x, name=name)


def acosh(x: Any, name: str | None = None) -> Tensor:
    """Inverse hyperbolic cosine."""
    return op("Acosh", x=x, name=name)


@of_sparse_values("Abs")
def abs(x: Any, name: str | None = None) -> Tensor:
    """The absolute value; of complex numbers the magnitude."""
    return absolute(x, name)


@of_sparse_values()
def sign(x: Any, name: str | None = None) -> Tensor:
    """-1, 0 or 1; of complex numbers `x / |x|`."""
    return dense_sign(x, name)


@of_sparse_values("Asin")
def asin(x: Any, name: str | None = None) -> Tensor:
    """Arc sine, in `[-pi/2, pi/2]`."""
    return op("Asin", x=x, name=name)


@of_sparse_values("Asinh")
def asinh(x: Any, name: str | None = None) -> Tensor:
    """Inverse hyperbolic sine."""
    return op("Asinh", x=x, name=name)


@of_sparse_values("Atan")
def atan(x: Any, name: str | None = None) -> Tensor:
    """Arc tangent, in `[-pi/2, pi/2]`."""
    return op("Atan", x=x, name=name)


@of_sparse_values("Atanh")
def atanh(x: Any, name: str | None = None) -> Tensor:
    """Inverse hyperbolic tangent."""
    return op("Atanh", x=x, name=name)


def ceil(x: Any, name: str | None = None) -> Tensor:
    """The smallest integer not below each number."""
    return op("Ceil", x=x, name=name)


def cos(x: Any, name: str | None = None) -> Tensor:
    """Cosine."""
    return op("Cos", x=x, name=name)


def cosh(x: Any, name: str | None = None) -> Tensor:
    """Hyperbolic cosine."""
    return op("Cosh", x=x, name=name)


def exp(x: Any, name: str | None = None) -> Tensor:
    """The exponential function."""
    return op("Exp", x=x, name=name)


def expm1(x: Any, name: str | None = None) -> Tensor:
    """`exp(x) - 1`, exact near 0."""
    return op("Expm1", x=x, name=name)


def floor(x: Any, name: str | None = None) -> Tensor:
    """The largest integer not above each number."""
    return op("Floor", x=x, name=name)


def is_finite(x: Any, name: str | None = None) -> Tensor:
    """Whether each number is neither infinite nor NaN."""
    return op("IsFinite", x=x, name=name)


def is_inf(x: Any, name: str | None = None) -> Tensor:
    """Whether each number is infinite."""
    return op("IsInf", x=x, name=name)


def is_nan(x: Any, name: str | None = None) -> Tensor:
    """Whether each number is NaN."""
    return op("IsNan", x=x, name=name)


def log(x: Any, name: str | None = None) -> Tensor:
    """The natural logarithm."""
    return op("Log", x=x, name=name)


def log1p(x: Any, name: str | None = None) -> Tensor:
    """`log(1 + x)`, exact near 0."""
    return op("Log1p", x=x, name=name)


def logical_not(x: Any, name: str | None = None) -> Tensor:
    """Negates each truth value."""
    return op("LogicalNot", x=x, name=name)


@of_sparse_values("Neg")
def negative(x: Any, name: str | None = None) -> Tensor:
    """`-x`."""
    return op("Neg", x=x, name=name)


def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """`1 / x`."""
    return op("Reciprocal", x=x, name=name)


def rint(x: Any, name: str | None = None) -> Tensor:
    """The nearest integer; halves go to the even one."""
    return op("Rint", x=x, name=name)


def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """`1 / sqrt(x)`."""
    return op("Rsqrt", x=x, name=name)


@of_sparse_values("Sin")
def sin(x: Any, name: str | None = None) -> Tensor:
    """Sine."""
    return op("Sin", x=x, name=name)


def sinh(x: Any, name: str | None = None) -> Tensor:
    """Hyperbolic sine."""
    return op("Sinh", x=x, name=name)


@of_sparse_values("Sqrt")
def sqrt(x: Any, name: str | None = None) -> Tensor:
    """The square root."""
    return op("Sqrt", x=x, name=name)


@of_sparse_values("Square")
def square(x: Any, name: str | None = None) -> Tensor:
    """`x * x`."""
    return op("Square", x=x, name=name)


@of_sparse_values("Tan")
def tan(x: Any, name: str | None = None) -> Tensor:
    """Tangent."""
    return op("Tan", x=x, name=name)


@of_sparse_values("Tanh")
def tanh(x: Any, name: str | None = None) -> Tensor:
    """Hyperbolic tangent."""
    return op("Tanh", x=x, name=name)


def round(x: Any, name: str | None = None) -> Tensor:
    """The nearest integer; halves go to the even one, integers stay."""
    x = convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else op("Round", x=x, name=name)


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """`1 / (1 + exp(-x))`."""
    with name_scope(name, "Sigmoid", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return op("Sigmoid", x=x, name=scope)


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """`log(sigmoid(x))`, without overflow."""
    with name_scope(name, "LogSigmoid", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return op("Neg", x=op("Softplus", features=-x), name=scope)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """`log(1 + exp(x))`."""
    return op("Softplus", features=features, name=name)


def angle(input: Any, name: str | None = None) -> Tensor:
    """The argument of complex numbers; 0 or pi for real ones."""
    with name_scope(name, "Angle", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        if x.dtype.is_complex:
            return op("Angle", input=x, Tout=x.dtype.real_dtype, name=scope)
        is_negative = x < 0
        return select(is_negative, np.pi * array.ones_like(x), array.zeros_like(x))


def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """`1 / x`, with 0 where `x` is 0."""
    with name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        one = array.constant(1, dtype=x.dtype.base_dtype, name="one")
        return op("DivNoNan", x=one, y=x, name=scope)


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Tensor:
    """Evaluate a polynomial; coefficients come from the highest power down.

    Raises:
        ValueError: `coeffs` is not a list.
    """
    if not isinstance(coeffs, list):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"Argument coeffs must be list type. Received type {type(coeffs)}."
        )
    with name_scope(name, "polyval", [*coeffs, x]) as scope:
        x = convert_to_tensor(x, name="x")
        if not coeffs:
            return array.zeros_like(x, name=scope)
        tensors = [
            convert_to_tensor(coeff, name=f"coeff_{i}")
            for i, coeff in enumerate(coeffs)
        ]
        value = tensors[0]
        for coeff in tensors[1:]:
            value = coeff + value * x
        return value
