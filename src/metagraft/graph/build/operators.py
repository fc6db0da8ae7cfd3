"""The nodes behind Python's operators on tensors; used by `graph/operators.py`.

`a + b` opens the scope `add`, turns what is not a tensor into a constant inside it
and adds one node there.

Source: tensorflow python/ops/tensor_math_operator_overrides.py,
python/framework/override_binary_operator.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import math
from metagraft.graph.build.matmul import matmul
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "absolute",
    "apply",
    "apply_beside",
    "apply_reflected",
    "compare",
    "invert",
    "negate",
]

absolute = math.absolute


def apply(name: str, x: Any, y: Any) -> Any:  # a tensor, or what `y` makes of it
    """Apply operator `name` to a tensor on the left.

    If `x` and `y` do not go together, the reflected operator of `y` gets its chance.
    """
    graph = get_default_graph()
    is_usual = x.graph is graph  # then nothing has to be found out or changed
    with (
        graph.name_scope(name) if is_usual else name_scope(None, name, [x, y]) as scope
    ):
        try:
            return _BUILD[name](x, y, name=scope)
        except (TypeError, ValueError) as error:
            reflected = getattr(type(y), f"__r{name}__", None)
            if reflected is None:
                raise
            try:
                result = reflected(y, x)
            except (TypeError, ValueError):
                raise error from None
            if result is NotImplemented:
                raise
            return result


def apply_reflected(name: str, y: Any, x: Any) -> Any:
    """Apply operator `name` to a tensor on the right; `x` takes its type."""
    with name_scope(None, name, [x, y]) as scope:
        x = convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x")
        return _BUILD[name](x, y, name=scope)


def apply_beside(name: str, x: SparseTensor, y: Any) -> SparseTensor:
    """Apply operator `name` to the elements of a sparse tensor and what is beside."""
    with name_scope(None, name, [x, y]) as scope:
        y = convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")
        values = x.values
        if name == "truediv":
            values, y = math.as_exact(values, y)
        result = op(
            "SparseDenseCwiseMul" if name == "mul" else "SparseDenseCwiseDiv",
            sp_indices=x.indices,
            sp_values=values,
            sp_shape=x.dense_shape,
            dense=y,
            name=scope,
        )
        return SparseTensor(x.indices, result, x.dense_shape)


def compare(op_type: str, x: Any, y: Any) -> Any:
    """Add a comparison."""
    return op(op_type, x=x, y=y)


def invert(x: Any) -> Any:
    """Add `LogicalNot`, or `Invert` for integers."""
    return op("LogicalNot" if _is_bool(x) else "Invert", x=x)


def negate(x: Any) -> Any:
    """Add `Neg`."""
    return op("Neg", x=x)


def _is_bool(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return bool(getattr(dtype, "is_bool", False))


def _subtract(x: Any, y: Any, name: str) -> Any:
    return op("Sub", x=x, y=y, name=name)


def _multiply(x: Any, y: Any, name: str) -> Any:
    if _is_bool(x) or _is_bool(y):
        factors = [op("Cast", x=factor, DstT=dtypes.int32) for factor in (x, y)]
        product = op("Mul", x=factors[0], y=factors[1], name=name)
        return op("Cast", x=product, DstT=dtypes.bool)
    if type(y) is not Tensor and isinstance(y, SparseTensor):
        values = op(
            "SparseDenseCwiseMul",
            sp_indices=y.indices,
            sp_values=y.values,
            sp_shape=y.dense_shape,
            dense=x,
            name=name,
        )
        return SparseTensor(y.indices, values, y.dense_shape)
    return op("Mul", x=x, y=y, name=name)


def _logical_or_bitwise(logical: str, bitwise: str) -> Callable[..., Any]:
    def build(x: Any, y: Any, name: str) -> Any:
        if not _is_bool(x):
            return op(bitwise, x=x, y=y)
        if logical == "LogicalXor":
            return math.logical_xor(x, y, name)
        return op(logical, x=x, y=y, name=name)

    return build


_BUILD: Final[dict[str, Callable[..., Any]]] = {
    "add": math.add_operands,
    "sub": _subtract,
    "mul": _multiply,
    "div": math.div,
    "truediv": math.truediv,
    "floordiv": math.floordiv,
    "mod": math.mod,
    "pow": math.power,
    "matmul": matmul,
    "and": _logical_or_bitwise("LogicalAnd", "BitwiseAnd"),
    "or": _logical_or_bitwise("LogicalOr", "BitwiseOr"),
    "xor": _logical_or_bitwise("LogicalXor", "BitwiseXor"),
}
