"""Arithmetic of two tensors, with broadcasting (`tf.math`).

Source: tensorflow python/ops/math_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.accumulation import add_n
from metagraft.graph.build.math import (
    add,
    div,
    div_no_nan,
    divide,
    floordiv,
    scalar_mul,
    truediv,
)
from metagraft.graph.build.math import complex_number as complex
from metagraft.graph.build.math import power as pow
from metagraft.graph.conversion import (
    convert_n_to_tensor_or_indexed_slices,
    convert_to_tensor,
)
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "accumulate_n",
    "add",
    "add_n",
    "atan2",
    "complex",
    "div",
    "div_no_nan",
    "divide",
    "floor_div",
    "floordiv",
    "floormod",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "multiply_no_nan",
    "nextafter",
    "pow",
    "realdiv",
    "scalar_mul",
    "squared_difference",
    "subtract",
    "truediv",
    "truncatediv",
    "truncatemod",
    "xdivy",
    "xlog1py",
    "xlogy",
]


def atan2(y: Any, x: Any, name: str | None = None) -> Tensor:
    """The angle of the point `(x, y)`."""
    return op("Atan2", y=y, x=x, name=name)


def floor_div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient, rounded down."""
    return op("FloorDiv", x=x, y=y, name=name)


def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The remainder of `floor_div`; it has the sign of `y`."""
    return op("FloorMod", x=x, y=y, name=name)


def maximum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The larger of two numbers; NaN if either is."""
    return op("Maximum", x=x, y=y, name=name)


def minimum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The smaller of two numbers; NaN if either is."""
    return op("Minimum", x=x, y=y, name=name)


def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x * y`."""
    return op("Mul", x=x, y=y, name=name)


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Tensor:
    """The next number after `x1` towards `x2`."""
    return op("NextAfter", x1=x1, x2=x2, name=name)


def realdiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x / y` in the type of the operands."""
    return op("RealDiv", x=x, y=y, name=name)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`(x - y)^2`."""
    return op("SquaredDifference", x=x, y=y, name=name)


def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x - y`."""
    return op("Sub", x=x, y=y, name=name)


def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient, rounded towards 0."""
    return op("TruncateDiv", x=x, y=y, name=name)


def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The remainder of `truncatediv`; it has the sign of `x`."""
    return op("TruncateMod", x=x, y=y, name=name)


def xlogy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x * log(y)`, with 0 where `x` is 0."""
    return op("Xlogy", x=x, y=y, name=name)


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x * y`, with 0 where `y` is 0, whatever `x` is.

    Raises:
        TypeError: The types differ.
    """
    with name_scope(name, "multiply_no_nan", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        return op("MulNoNan", x=x, y=y, name=scope)


def xdivy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x / y`, with 0 where `x` is 0."""
    with name_scope(name, "xdivy", [x]):
        return op("Xdivy", x=x, y=y)


def xlog1py(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x * log(1 + y)`, with 0 where `x` is 0."""
    with name_scope(name, "xlog1py", [x]):
        return op("Xlog1py", x=x, y=y)


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Any:
    """The sum of tensors of one shape and type, which may be given beforehand.

    Raises:
        ValueError: The inputs are not a list of like tensors, or not of `shape`.
        TypeError: They are not of `tensor_dtype`.
    """
    message = (
        "inputs must be a list of at least one Tensor with the same dtype and shape"
    )
    if not inputs or not isinstance(inputs, list | tuple):
        raise ValueError(message)
    converted = convert_n_to_tensor_or_indexed_slices(inputs)
    terms = [term for term in converted if isinstance(term, Tensor)]
    if len(terms) < len(converted) or any(t.dtype != terms[0].dtype for t in terms):
        raise ValueError(message)
    first = terms[0]
    merged = TensorShape(shape)
    for term in terms:
        merged = merged.merge_with(term.shape)
    if tensor_dtype is not None and tensor_dtype != first.dtype:
        raise TypeError(
            f"The `tensor_dtype` argument is {tensor_dtype}, but `input` is of type"
            f" {first.dtype}. These must be equal. Try casting the input to the desired"
            " type."
        )
    if len(terms) == 1:
        return first if name is None else array.identity(first, name=name)
    return add_n(terms, name=name)


# The remainder that goes with `//`; TensorFlow has the op under both names.
mod = floormod
