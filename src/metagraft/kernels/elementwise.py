"""Functions of one tensor, element by element; twin of `ops/elementwise.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels import arctangents
from metagraft.kernels.complex_functions import (
    FUNCTIONS,
    multiplied,
    quotient,
)
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import lax, namespace

__all__ = ["KERNELS"]


def _calls(
    name: str, of_real: Callable[[Array], Array] | None = None
) -> KernelFunction:
    """Return the kernel that calls `of_real`, or the library's function `name`."""
    of_complex = FUNCTIONS.get(name)

    def call(_attrs: Any, x: Array) -> tuple[Array]:
        if of_complex is not None and x.dtype.kind == "c":
            return (of_complex(x),)
        if of_real is not None:
            return (of_real(x),)
        return (getattr(namespace(x), name)(x),)

    return call


def _number(x: Array, value: float) -> Array:
    """Return `value` in the type of `x`: no promotion is ever left to a library."""
    return x.dtype.type(value)


def _is_integer(x: Array) -> bool:
    return x.dtype.kind in "iu"


def rint(_attrs: Any, x: Array) -> tuple[Array]:
    # Halves go to the even neighbour, in both ops.
    # TF: its Round of integers gives zeros; `tf.round` never asks for it.
    return (x if _is_integer(x) else namespace(x).rint(x),)


def reciprocal(_attrs: Any, x: Array) -> tuple[Array]:
    one = _number(x, 1)
    if x.dtype.kind == "c":
        return (quotient(one, x),)
    if not _is_integer(x):
        return (one / x,)
    # C++ truncates: 1/x is 0 unless x is 1 or -1.
    xp = namespace(x)
    return (xp.where(xp.abs(x) == one, x, xp.zeros_like(x)),)


def sign(attrs: Any, x: Array) -> tuple[Array]:
    (value,) = _calls("sign")(attrs, x)
    if x.dtype.kind not in "fV":
        return (value,)
    zero = _number(x, 0)  # the sign of -0, too
    return (namespace(x).where(x == zero, zero, value),)


def rsqrt(_attrs: Any, x: Array) -> tuple[Array]:
    if x.dtype.kind == "c":
        return (FUNCTIONS["rsqrt"](x),)
    xp = namespace(x)
    if xp.__name__ == "numpy":
        return (_number(x, 1) / xp.sqrt(x),)
    return (lax().rsqrt(x),)


def _product(x: Array, y: Array) -> Array:
    return multiplied(x, y) if x.dtype.kind == "c" else x * y


def square(_attrs: Any, x: Array) -> tuple[Array]:
    return (_product(x, x),)


def sigmoid(_attrs: Any, x: Array) -> tuple[Array]:
    if x.dtype.kind == "c":
        return (FUNCTIONS["sigmoid"](x),)
    xp = namespace(x)
    if xp.__name__ != "numpy":
        return (lax().logistic(x),)
    one = _number(x, 1)
    decayed = xp.exp(-xp.abs(x))
    return (xp.where(x >= 0, one, decayed) / (one + decayed),)


def is_nan(_attrs: Any, x: Array) -> tuple[Array]:
    return (namespace(x).isnan(x),)


def is_inf(_attrs: Any, x: Array) -> tuple[Array]:
    return (namespace(x).isinf(x),)


def is_finite(_attrs: Any, x: Array) -> tuple[Array]:
    return (namespace(x).isfinite(x),)


def sigmoid_grad(_attrs: Any, y: Array, dy: Array) -> tuple[Array]:
    return (_product(dy, _product(y, _number(y, 1) - y)),)


def tanh_grad(_attrs: Any, y: Array, dy: Array) -> tuple[Array]:
    return (_product(dy, _number(y, 1) - _product(y, y)),)


def reciprocal_grad(_attrs: Any, y: Array, dy: Array) -> tuple[Array]:
    conjugate = namespace(y).conj(y)
    return (_times(-_product(conjugate, conjugate), dy),)


def sqrt_grad(_attrs: Any, y: Array, dy: Array) -> tuple[Array]:
    slope = _number(y, 0.5)
    conjugate = namespace(y).conj(y)
    if y.dtype.kind == "c":
        return (_times(quotient(slope, conjugate), dy),)
    return (_times(slope / conjugate, dy),)


def rsqrt_grad(_attrs: Any, y: Array, dy: Array) -> tuple[Array]:
    conjugate = namespace(y).conj(y)
    # TF: the order is that of its vectors; single numbers overflow elsewhere.
    slope = _product(_number(y, -0.5), _product(conjugate, conjugate))
    return (_times(slope, _times(conjugate, dy)),)


def _times(slope: Array, dy: Array) -> Array:
    """Return `slope * dy`, zero where `dy` is, even if the slope is infinite."""
    value = _product(slope, dy)
    xp = namespace(value)
    if xp.__name__ == "numpy" and dy.all():
        return value
    return xp.where(dy == 0, xp.zeros_like(value), value)


def _gradient(fn: KernelFunction) -> Kernel:
    """Return the kernel of a gradient, of as many numbers as there are results."""

    def run(attrs: Any, y: Array, dy: Array) -> tuple[Array, ...]:
        if y.shape == dy.shape:
            return fn(attrs, y, dy)
        counts = [math.prod(np.shape(operand)) for operand in (y, dy)]
        if counts[0] != counts[1]:
            raise InvalidArgumentError(
                None,
                None,
                "The two arguments to a cwise op must have same number of elements, got"
                f" {counts[0]} and {counts[1]}",
            )
        return fn(attrs, y, dy.reshape(y.shape))

    return Kernel(run)


KERNELS = {
    "Abs": Kernel(_calls("abs")),
    "Acos": Kernel(_calls("arccos", arctangents.arccos)),
    "Acosh": Kernel(_calls("arccosh")),
    "Asin": Kernel(_calls("arcsin", arctangents.arcsin)),
    "Asinh": Kernel(_calls("arcsinh")),
    "Atan": Kernel(_calls("arctan", arctangents.arctan)),
    "Atanh": Kernel(_calls("arctanh")),
    "Ceil": Kernel(_calls("ceil")),
    "Cos": Kernel(_calls("cos")),
    "Cosh": Kernel(_calls("cosh")),
    "Exp": Kernel(_calls("exp")),
    "Expm1": Kernel(_calls("expm1")),
    "Floor": Kernel(_calls("floor")),
    "Inv": Kernel(reciprocal),
    "InvGrad": _gradient(reciprocal_grad),
    "IsFinite": Kernel(is_finite),
    "IsInf": Kernel(is_inf),
    "IsNan": Kernel(is_nan),
    "Log": Kernel(_calls("log")),
    "Log1p": Kernel(_calls("log1p")),
    "Neg": Kernel(_calls("negative")),
    "Reciprocal": Kernel(reciprocal),
    "ReciprocalGrad": _gradient(reciprocal_grad),
    "Rint": Kernel(rint),
    "Round": Kernel(rint),
    "Rsqrt": Kernel(rsqrt),
    "RsqrtGrad": _gradient(rsqrt_grad),
    "Sigmoid": Kernel(sigmoid),
    "SigmoidGrad": _gradient(sigmoid_grad),
    "Sign": Kernel(sign),
    "Sin": Kernel(_calls("sin")),
    "Sinh": Kernel(_calls("sinh")),
    "Sqrt": Kernel(_calls("sqrt")),
    "SqrtGrad": _gradient(sqrt_grad),
    "Square": Kernel(square),
    "Tan": Kernel(_calls("tan")),
    "Tanh": Kernel(_calls("tanh")),
    "TanhGrad": _gradient(tanh_grad),
}
