"""Nodes of arithmetic, as TensorFlow's Python functions add them.

Gradient rules, the operators of `Tensor` and the public functions all build with
these, so each chain of nodes and names is written once.

Source: tensorflow python/ops/math_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.composite import IndexedSlices, SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "absolute",
    "add",
    "add_operands",
    "as_exact",
    "cast",
    "complex_number",
    "conj",
    "cumprod",
    "cumsum",
    "cumulative_logsumexp",
    "div",
    "div_no_nan",
    "divide",
    "equal",
    "floordiv",
    "imag",
    "logical_xor",
    "mod",
    "number_range",
    "power",
    "real",
    "scalar_mul",
    "select",
    "select_v2",
    "sign",
    "truediv",
]

# The type in which integers are divided exactly; None: in their own.
_EXACT_QUOTIENT: dict[DType, DType | None] = {
    dtypes.uint8: dtypes.float32,
    dtypes.int8: dtypes.float32,
    dtypes.uint16: dtypes.float32,
    dtypes.int16: dtypes.float32,
    dtypes.uint32: dtypes.float64,
    dtypes.int32: dtypes.float64,
    dtypes.uint64: dtypes.float64,
    dtypes.int64: dtypes.float64,
    dtypes.bfloat16: None,
    dtypes.float16: None,
    dtypes.float32: None,
    dtypes.float64: None,
    dtypes.complex64: None,
    dtypes.complex128: None,
}

# From narrow to wide: the type of a range is the widest of its ends and step.
_RANGE_DTYPES = (
    dtypes.int32,
    dtypes.int64,
    dtypes.float16,
    dtypes.bfloat16,
    dtypes.float32,
    dtypes.float64,
)


def is_tensor_like(value: Any) -> bool:
    """Whether `value` already stands for a tensor of the graph."""
    return isinstance(value, Tensor | SparseTensor | IndexedSlices) or hasattr(
        value, "_to_graph_tensor"
    )


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Change the element type of a dense, sparse or sliced tensor.

    A tensor that has the type already is returned as it is.
    """
    base = as_dtype(dtype).base_dtype
    is_dense = is_tensor_like(x) and not isinstance(x, SparseTensor | IndexedSlices)
    if is_dense and x.dtype == base:
        return x
    with name_scope(name, "Cast", [x]) as scope:
        if isinstance(x, SparseTensor):
            values = cast(x.values, base, name=scope)
            return SparseTensor(x.indices, values, x.dense_shape)
        if isinstance(x, IndexedSlices):
            values = cast(x.values, base, name=scope)
            return IndexedSlices(values, x.indices, x.dense_shape)
        x = convert_to_tensor(x, name="x")
        if x.dtype == base:
            return x
        return op("Cast", x=x, DstT=base, name=scope)


def absolute(x: Any, name: str | None = None) -> Tensor:
    """Add `Abs`, or `ComplexAbs` for complex numbers."""
    with name_scope(name, "Abs", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return op("ComplexAbs", x=x, Tout=x.dtype.real_dtype, name=scope)
        return op("Abs", x=x, name=scope)


def sign(x: Any, name: str | None = None) -> Tensor:
    """Add `Sign`, or for complex numbers `x / |x|`."""
    x = convert_to_tensor(x)
    if not x.dtype.is_complex:
        return op("Sign", x=x, name=name)
    length = op("ComplexAbs", x=x, Tout=x.dtype.real_dtype)
    return op("DivNoNan", x=x, y=cast(length, x.dtype), name=name)


def conj(x: Any, name: str | None = None) -> Tensor:
    """Add `Conj` for complex numbers; real tensors are returned as they are.

    Raises:
        TypeError: The elements are not numbers.
    """
    if isinstance(x, Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with name_scope(name, "Conj", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex or x.dtype == dtypes.variant:
            return op("Conj", input=x, name=scope)
        if x.dtype.is_floating or x.dtype.is_integer:
            return x
        raise TypeError(f"Expected numeric or variant tensor, got dtype {x.dtype!r}.")


def real(input: Any, name: str | None = None) -> Tensor:
    """Add `Real`; real tensors are returned as they are.

    Raises:
        TypeError: The elements are not numbers.
    """
    with name_scope(name, "Real", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        if x.dtype.is_complex:
            return op("Real", input=x, Tout=x.dtype.real_dtype, name=scope)
        if x.dtype.is_floating or x.dtype.is_integer or x.dtype.is_quantized:
            return x
        raise TypeError(
            f"input must be a numeric tensor, but got tensor with dtype {x.dtype}"
        )


def imag(input: Any, name: str | None = None) -> Tensor:
    """Add `Imag`; the imaginary part of real tensors is zeros."""
    with name_scope(name, "Imag", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        if x.dtype.is_complex:
            return op("Imag", input=x, Tout=x.dtype.real_dtype, name=scope)
        return array.zeros_like(x)


def complex_number(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """Add `Complex`.

    Raises:
        TypeError: The parts are not both float32 or both float64.
    """
    real = convert_to_tensor(real, name="real")
    imag = convert_to_tensor(imag, name="imag")
    with name_scope(name, "Complex", [real, imag]) as scope:
        types = (real.dtype, imag.dtype)
        if types == (dtypes.float64, dtypes.float64):
            result = dtypes.complex128
        elif types == (dtypes.float32, dtypes.float32):
            result = dtypes.complex64
        else:
            raise TypeError(
                "The `real` and `imag` components have incorrect types:"
                f" {real.dtype.name} {imag.dtype.name}. They must be consistent, and"
                f" one of {[dtypes.float32, dtypes.float64]}"
            )
        return op("Complex", real=real, imag=imag, Tout=result, name=scope)


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Add `AddV2`, or `Add` for strings (`tf.add`)."""
    with name_scope(name, "Add", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, preferred_dtype=x.dtype.base_dtype, name="y")
        return op("Add" if x.dtype == dtypes.string else "AddV2", x=x, y=y, name=scope)


def add_operands(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Add the node of `x + y`."""
    if type(y) is not Tensor and not isinstance(y, Tensor | SparseTensor):
        y = convert_to_tensor(y, preferred_dtype=x.dtype.base_dtype, name="y")
    return op("Add" if x.dtype == dtypes.string else "AddV2", x=x, y=y, name=name)


def _same_dtype(x: Tensor, y: Tensor) -> DType:
    x_dtype = x.dtype.base_dtype
    y_dtype = y.dtype.base_dtype
    if x_dtype != y_dtype:
        raise TypeError(
            f"`x` and `y` must have the same dtype, got {x_dtype!r} != {y_dtype!r}."
        )
    return x_dtype


def _exact_quotient_dtype(dtype: DType, function: str) -> DType | None:
    try:
        return _EXACT_QUOTIENT[dtype]
    except KeyError:
        raise TypeError(
            f"Invalid dtype {dtype!r} in {function}. Expected one of"
            f" {{{', '.join(repr(d) for d in _EXACT_QUOTIENT)}}}."
        ) from None


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divide; integers are cast to floating point first (`x / y`).

    Raises:
        TypeError: The types differ or are not numbers.
    """
    with name_scope(name, "truediv", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, preferred_dtype=x.dtype.base_dtype, name="y")
        x, y = as_exact(x, y)
        return op("RealDiv", x=x, y=y, name=scope)


def as_exact(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return what is divided exactly: integers become floating point.

    Raises:
        TypeError: The types differ or are not numbers.
    """
    exact = _exact_quotient_dtype(_same_dtype(x, y), "__truediv__")
    return (x, y) if exact is None else (cast(x, exact), cast(y, exact))


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divide as Python 2 does: floor for integers, exactly otherwise (`tf.div`).

    Raises:
        TypeError: The types differ.
    """
    with name_scope(name, "div", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")
        dtype = _same_dtype(x, y)
        is_exact = dtype.is_floating or dtype.is_complex
        return op("RealDiv" if is_exact else "FloorDiv", x=x, y=y, name=scope)


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divide in Python style (`tf.divide`)."""
    if name is not None:
        return truediv(x, y, name)
    if not is_tensor_like(x):
        dtype = y.dtype.base_dtype if is_tensor_like(y) else None
        x = convert_to_tensor(x, dtype=dtype)
    quotient: Tensor = x / y
    return quotient


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divide, with 0 where the divisor is 0.

    Raises:
        TypeError: The types differ or are not numbers.
    """
    with name_scope(name, "div_no_nan", [x, y]) as scope:
        if not is_tensor_like(x) and is_tensor_like(y):
            y = convert_to_tensor(y, name="y")
            x = convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x")
        else:
            x = convert_to_tensor(x, name="x")
            y = convert_to_tensor(y, preferred_dtype=x.dtype.base_dtype, name="y")
        exact = _exact_quotient_dtype(_same_dtype(x, y), "tf.math.divide_no_nan")
        if exact is not None:
            x = cast(x, exact)
            y = cast(y, exact)
        return op("DivNoNan", x=x, y=y, name=scope)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divide, rounding towards negative infinity (`x // y`)."""
    with name_scope(name, "floordiv", [x, y]) as scope:
        return op("FloorDiv", x=x, y=y, name=scope)


def mod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Take the remainder of `floordiv` (`x % y`)."""
    with name_scope(name, "mod", [x, y]) as scope:
        return op("FloorMod", x=x, y=y, name=scope)


def power(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Raise `x` to `y` (`x ** y`)."""
    with name_scope(name, "Pow", [x]) as scope:
        return op("Pow", x=x, y=y, name=scope)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """Multiply a tensor, or the values of slices, by a scalar.

    Raises:
        ValueError: `scalar` is not known to be a scalar.
    """
    dtype = as_dtype(x.dtype).base_dtype
    scalar = convert_to_tensor(scalar, dtype=dtype, name="scalar")
    if scalar.shape.ndims != 0:
        raise ValueError(
            f"The input scalar must be a 0-D value. Received shape {scalar.shape}."
        )
    if isinstance(x, IndexedSlices):
        product = op("Mul", x=scalar, y=x.values, name=name)
        return IndexedSlices(product, x.indices, x.dense_shape)
    return op("Mul", x=scalar, y=x, name=name)


def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Add `Equal`."""
    return op("Equal", x=x, y=y, name=name)


def logical_xor(x: Any, y: Any, name: str | None = "LogicalXor") -> Tensor:
    """Compute exclusive or from `LogicalOr`, `LogicalAnd` and `LogicalNot`."""
    either = op("LogicalOr", x=x, y=y)
    both = op("LogicalAnd", x=x, y=y)
    return op("LogicalAnd", x=either, y=op("LogicalNot", x=both), name=name)


def select(condition: Any, x: Any, y: Any, name: str | None = None) -> Tensor:
    """Add `Select`: whole rows for a vector condition, no broadcasting."""
    return op("Select", condition=condition, t=x, e=y, name=name)


def select_v2(condition: Any, x: Any, y: Any, name: str | None = None) -> Tensor:
    """Add `SelectV2`, whose operands broadcast."""
    return op("SelectV2", condition=condition, t=x, e=y, name=name)


def number_range(
    start: Any,
    limit: Any = None,
    delta: Any = 1,
    dtype: Any = None,
    name: str | None = "range",
) -> Tensor:
    """Add `Range`: `start, start + delta, ...` before `limit` (`tf.range`)."""
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "Range", [start, limit, delta]) as scope:
        ends = {"start": start, "limit": limit, "delta": delta}
        for end, value in ends.items():
            if not isinstance(value, Tensor):
                ends[end] = convert_to_tensor(value, dtype=dtype, name=end)
        kind = _widest(*ends.values()) if dtype is None else dtype
        ends = {end: cast(value, kind) for end, value in ends.items()}
        return op("Range", **ends, name=scope)


def _widest(*tensors: Tensor) -> DType:
    for tensor in tensors:
        if tensor.dtype.base_dtype not in _RANGE_DTYPES:
            raise TypeError(
                f"A range of {tensor.dtype.name} needs the argument `dtype`; without"
                f" it one of {[d.name for d in _RANGE_DTYPES]} is expected."
            )
    return max((t.dtype.base_dtype for t in tensors), key=_RANGE_DTYPES.index)


def cumsum(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add `Cumsum`."""
    return _cumulative("Cumsum", x, axis, exclusive, reverse, name)


def cumprod(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add `Cumprod`."""
    return _cumulative("Cumprod", x, axis, exclusive, reverse, name)


def cumulative_logsumexp(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add `CumulativeLogsumexp`."""
    return _cumulative("CumulativeLogsumexp", x, axis, exclusive, reverse, name)


def _cumulative(
    op_type: str,
    x: Any,
    axis: Any,
    exclusive: bool,
    reverse: bool,
    name: str | None,
) -> Tensor:
    with name_scope(name, op_type, [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return op(
            op_type, x=x, axis=axis, exclusive=exclusive, reverse=reverse, name=scope
        )
