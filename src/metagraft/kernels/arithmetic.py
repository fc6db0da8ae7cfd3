"""Arithmetic of two tensors, with broadcasting; twin of `ops/arithmetic.py`.

Integer division truncates, floors or refuses zero as TensorFlow's kernels on the CPU
do. Inside a compiled program nothing can be refused: there a zero divisor gives -1,
XLA's value.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from metagraft.errors import InternalError, InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.arctangents import arctan2
from metagraft.kernels.complex_functions import (
    log1p,
    log_of_distance,
    multiplied,
    product,
    quotient,
    squared_magnitude,
)
from metagraft.kernels.complex_functions import (
    power as complex_power,
)
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import is_host, lax, namespace
from metagraft.kernels.rounding import divided
from metagraft.kernels.variant_value import is_variant, sum_of_variants

__all__ = ["KERNELS"]

_SHORT_BYTES = 2


def _calls(name: str) -> KernelFunction:
    """Return the kernel that calls the array library's function `name`."""

    def call(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
        return (getattr(namespace(x, y), name)(x, y),)

    return call


def atan2(_attrs: Any, y: Array, x: Array) -> tuple[Array]:
    return (arctan2(y, x),)


def _extreme(name: str) -> KernelFunction:
    """Return the kernel of the larger or the smaller number; the first of equal ones.

    # TF: which of 0 and -0 it gives, of numbers of more than two bytes, is left open.
    """

    def call(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
        xp = namespace(x, y)
        found = getattr(xp, name)(x, y)
        is_short = x.dtype.kind in "fV" and x.dtype.itemsize == _SHORT_BYTES
        return (xp.where(x == y, x, found) if is_short else found,)

    return call


def _is_integer(x: Array) -> bool:
    return x.dtype.kind in "iu"


def _divided(x: Array, y: Array) -> Array:
    if x.dtype.kind == "c":
        return quotient(x, y)
    if x.size and np.size(y) < np.size(x):
        return divided(x, y)  # or it is the product with an inverse
    return x / y


def _refuse_zero(x: Array, y: Array, error: Any = InvalidArgumentError) -> None:
    """Raise if something is divided by a zero that is known on the host."""
    if is_host(y) and not np.all(y) and 0 not in np.broadcast_shapes(x.shape, y.shape):
        raise error(None, None, "Integer division by zero")


def _truncated_remainder(x: Array, y: Array) -> Array:
    """The remainder with the sign of `x`, as C's `%` and `fmod`."""
    xp = namespace(x, y)
    if xp is np:
        return np.fmod(x, y)
    return lax().rem(*xp.broadcast_arrays(x, y))


def _truncated_quotient(x: Array, y: Array) -> Array:
    """The integer quotient rounded towards zero, as C's `/`."""
    xp = namespace(x, y)
    if xp is np:
        return (x - np.fmod(x, y)) // y
    return lax().div(*xp.broadcast_arrays(x, y))


def div(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if not _is_integer(x):
        return (_divided(x, y),)
    _refuse_zero(x, y)
    return (_truncated_quotient(x, y),)


def truncate_div(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if _is_integer(x):
        _refuse_zero(x, y, InternalError)
        return div(attrs, x, y)
    return (namespace(x, y).trunc(_divided(x, y)),)


def floor_div(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    xp = namespace(x, y)
    if not _is_integer(x):
        # TF: the quotient is rounded, then floored; 1.0 // 0.1 is 10, not 9.
        quotient = _divided(x, y)
        if xp is np and x.dtype != np.float16:
            # Less than normal is nothing, or its floor would be -1.
            wide = np.float64 if x.dtype == np.float64 else np.float32
            is_normal = abs(quotient) >= np.finfo(wide).tiny
            quotient = quotient * is_normal.astype(x.dtype)
        return (xp.floor(quotient),)
    _refuse_zero(x, y)
    return (xp.floor_divide(x, y),)


def floor_mod(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    xp = namespace(x, y)
    if _is_integer(x):
        _refuse_zero(x, y)
        return (xp.remainder(x, y),)
    remainder = _truncated_remainder(x, y)
    has_other_sign = (remainder != 0) & ((remainder < 0) != (y < 0))
    return (xp.where(has_other_sign, remainder + y, remainder),)


def mod(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if _is_integer(x):
        _refuse_zero(x, y)
    return (_truncated_remainder(x, y),)


def truncate_mod(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if _is_integer(x):
        _refuse_zero(x, y, InternalError)
    return (_truncated_remainder(x, y),)


def power(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    xp = namespace(x, y)
    if xp is np and _is_integer(x) and np.any(y < 0):
        raise InvalidArgumentError(
            None, None, "Integers to negative integer powers are not allowed"
        )
    if x.dtype.kind == "c":
        return (complex_power(x, y),)
    if xp is not np and _is_integer(x):
        return (_whole_power(x, y),)
    return (xp.power(x, y),)


def _whole_power(x: Array, y: Array) -> Array:
    """Multiply squares; JAX's own looks at the lowest bits of the power only."""
    xp = namespace(x, y)
    x, y = xp.broadcast_arrays(x, y)
    one = y.dtype.type(1)

    def multiply(state: Any) -> Any:
        product, square, rest = state
        factor = xp.where((rest & one) == one, square, x.dtype.type(1))
        return product * factor, square * square, rest >> one

    # A negative power has no result; it must not go on for ever.
    rest = xp.maximum(y, y.dtype.type(0))
    state = (xp.ones_like(x), x, rest)
    return lax().while_loop(lambda left: xp.any(left[2] > 0), multiply, state)[0]


def squared_difference(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    difference = x - y
    if difference.dtype.kind == "c":
        return (squared_magnitude(difference),)
    return (difference * difference,)


def div_no_nan(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    xp = namespace(x, y)
    is_zero = y == 0
    if y.dtype.kind == "c":
        # TF: the quotient of tiny numbers is zero, as its numerator's product is.
        numerator = x * xp.conj(y)
        parts = (abs(xp.real(numerator)), abs(xp.imag(numerator)))
        is_zero = is_zero | (xp.maximum(*parts) < np.finfo(y.dtype).tiny)
    if xp is np and not np.any(is_zero):
        return (_divided(x, y),)
    safe = xp.where(is_zero, xp.ones_like(y), y)
    return (xp.where(is_zero, y.dtype.type(0), _divided(x, safe)),)


def multiply(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if x.dtype.kind == "c":
        return (multiplied(x, y),)
    return (namespace(x, y).multiply(x, y),)


def mul_no_nan(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    (product,) = multiply(None, x, y)
    return (namespace(x, y).where(y == 0, y.dtype.type(0), product),)


def _zero_where_x_is(x: Array, y: Array, values: Array) -> Array:
    xp = namespace(x, y)
    return xp.where(xp.broadcast_to(x == 0, values.shape), x.dtype.type(0), values)


def xdivy(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    return (_zero_where_x_is(x, y, _divided(x, y)),)


def xlogy(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if y.dtype.kind == "c":
        return (_zero_where_x_is(x, y, multiplied(x, log_of_distance(y))),)
    return (_zero_where_x_is(x, y, x * namespace(x, y).log(y)),)


def xlog1py(_attrs: Any, x: Array, y: Array) -> tuple[Array]:
    if y.dtype.kind == "c":
        return (_zero_where_x_is(x, y, product(x, log1p(y))),)
    return (_zero_where_x_is(x, y, x * namespace(x, y).log1p(y)),)


def add_n(_attrs: Any, inputs: tuple[Array, ...]) -> tuple[Array]:
    if is_variant(inputs[0]):
        return (sum_of_variants(inputs),)
    for i, term in enumerate(inputs):
        if term.shape != inputs[0].shape:
            raise InvalidArgumentError(
                None,
                None,
                "Inputs to an operation of type AddN must have the same size and "
                f"shape.  Input 0: {show(inputs[0].shape)} != input {i}: "
                f"{show(term.shape)}",
            )
    return (reduce(lambda total, term: total + term, inputs),)


def accumulate_n(attrs: Any, inputs: tuple[Array, ...]) -> tuple[Array]:
    """Add up as `AddN`, but from 0 on, which loses the sign of -0."""
    (total,) = add_n(attrs, inputs)
    zero = total.dtype.type(0)
    return (namespace(total).where(total == zero, zero, total),)


KERNELS = {
    "AccumulateNV2": Kernel(accumulate_n),
    "Add": Kernel(_calls("add")),
    "AddN": Kernel(add_n),
    "AddV2": Kernel(_calls("add")),
    "Atan2": Kernel(atan2),
    "Div": Kernel(div),
    "DivNoNan": Kernel(div_no_nan),
    "FloorDiv": Kernel(floor_div),
    "FloorMod": Kernel(floor_mod),
    "Maximum": Kernel(_extreme("maximum")),
    "Minimum": Kernel(_extreme("minimum")),
    "Mod": Kernel(mod),
    "Mul": Kernel(multiply),
    "MulNoNan": Kernel(mul_no_nan),
    "NextAfter": Kernel(_calls("nextafter")),
    "Pow": Kernel(power),
    "RealDiv": Kernel(div),
    "SquaredDifference": Kernel(squared_difference),
    "Sub": Kernel(_calls("subtract")),
    "TruncateDiv": Kernel(truncate_div),
    "TruncateMod": Kernel(truncate_mod),
    "Xdivy": Kernel(xdivy),
    "Xlog1py": Kernel(xlog1py),
    "Xlogy": Kernel(xlogy),
}
