"""Values that are known while a graph is built.

`constant_value` answers what TensorFlow's Python answers, because programs build
different nodes depending on it. What shape functions know is in `folding`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from metagraft.graph.shapes import Dims, is_static
from metagraft.graph.tensor_values import make_ndarray

if TYPE_CHECKING:
    from metagraft.graph.dtypes import DType
    from metagraft.graph.tensor import Tensor

Array = npt.NDArray[Any]
Evaluate = Callable[..., Any]
"""`evaluate(tensor, partial=False)`: the value, or None."""

_DEPTH_LIMIT: Final = 64
_DEEPEST: Final = 100
_MOST_ELEMENTS: Final = 1 << 26


def constant_value(tensor: Tensor, partial: bool = False) -> Any:
    """Return the value of a tensor if it follows from constants, else None.

    Args:
        tensor: The tensor; what is none, is its own value.
        partial: Whether `Pack` may have unknown elements, given as None.

    Source: tensorflow python/framework/tensor_util.py constant_value.
    """
    if not hasattr(tensor, "value_index"):
        is_variable = hasattr(tensor, "_to_graph_tensor")
        return None if is_variable else tensor
    return _Evaluation()(tensor, partial)


class _Evaluation:
    """One question, and what was found on the way.

    # TF: recurses without memory or limit; here a deep or absurd graph gives None.
    """

    __slots__ = ("_depth", "_found")

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, bool], Any] = {}
        self._depth = 0

    def __call__(self, tensor: Tensor, partial: bool = False) -> Any:
        while tensor.op.type in ("Identity", "StopGradient"):
            tensor = tensor.op.inputs[0]
        key = (tensor.op.op_id, tensor.value_index, partial)
        if key not in self._found:
            self._depth += 1
            self._found[key] = (
                self._evaluate(tensor, partial) if self._depth <= _DEEPEST else None
            )
            self._depth -= 1
        return self._found[key]

    def _evaluate(self, tensor: Tensor, partial: bool) -> Any:
        op = tensor.op
        try:
            of_parts = _RULES_OF_PARTS.get(op.type)
            if of_parts is not None:
                return of_parts(tensor, self, partial)
            rule = _RULES.get(op.type)
            return None if rule is None else rule(tensor, self)
        except (ValueError, TypeError) as error:
            if op.type != "Const":
                return None  # operands that do not fit together
            raise type(error)(f"Constant '{op.name}': {error}") from error
        except (ArithmeticError, LookupError, MemoryError):
            return None


def _const(tensor: Tensor, _: Evaluate) -> Any:
    return make_ndarray(tensor.op.attrs["value"])


def _shape(tensor: Tensor, _: Evaluate) -> Any:
    dims = tensor.op.inputs[tensor.value_index].dims
    return np.array(dims, tensor.dtype.numpy_dtype) if is_static(dims) else None


def _size(tensor: Tensor, _: Evaluate) -> Any:
    dims = tensor.op.inputs[0].dims
    if dims is None or None in dims:
        return None
    sizes: Any = dims
    return np.asarray(np.prod(sizes, dtype=np.int64), tensor.dtype.numpy_dtype)


def _rank(tensor: Tensor, _: Evaluate) -> Any:
    dims = tensor.op.inputs[0].dims
    return None if dims is None else np.array(len(dims), np.int32)


def _range(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    if values is None:
        return None
    start, limit, delta = values
    if abs(float(limit) - float(start)) > abs(float(delta)) * _MOST_ELEMENTS:
        return None
    return np.arange(*values, dtype=tensor.dtype.numpy_dtype)


def _cast(tensor: Tensor, evaluate: Evaluate) -> Any:
    value = evaluate(tensor.op.inputs[0])
    return None if value is None else value.astype(tensor.dtype.numpy_dtype)


def _concat(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    if values is None or sum(value.size for value in values) > _MOST_ELEMENTS:
        return None
    if tensor.op.type == "Concat":
        return np.concatenate(values[1:], axis=int(values[0]))
    return np.concatenate(values[:-1], axis=int(values[-1]))


def _packed(tensor: Tensor, evaluate: Evaluate, partial: bool) -> Any:
    op = tensor.op
    if not op.inputs or op.attrs["axis"] != 0:
        return None
    values = []
    for item in op.inputs:
        value = evaluate(item, partial)
        if value is None and not partial:
            return None
        values.append(value)
    if sum(np.size(value) for value in values) > _MOST_ELEMENTS:
        return None
    if any(v is None for v in values):
        return np.array(values, dtype=object)
    return np.array(values)


def _unpack(tensor: Tensor, evaluate: Evaluate, partial: bool) -> Any:
    if tensor.op.attrs["axis"] != 0:
        return None
    value = evaluate(tensor.op.inputs[0], partial)
    return None if value is None else value[tensor.value_index]


def _split(tensor: Tensor, evaluate: Evaluate, partial: bool) -> Any:
    axis = evaluate(tensor.op.inputs[0])
    value = evaluate(tensor.op.inputs[1], partial)
    if value is None or axis is None:
        return None
    return np.split(value, tensor.op.attrs["num_split"], int(axis))[tensor.value_index]


def _fill(tensor: Tensor, evaluate: Evaluate) -> Any:
    dims: Any = tensor.dims
    value = evaluate(tensor.op.inputs[1])
    if not is_static(dims) or value is None:
        return None
    filled = np.broadcast_to(value, dims)
    return filled if filled.size > _MOST_ELEMENTS else filled.copy()


def _equal(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    return None if values is None else np.equal(*values)


def _not_equal(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    return None if values is None else np.not_equal(*values)


def _all(inputs: tuple[Tensor, ...], evaluate: Evaluate) -> list[Any] | None:
    values = []
    for item in inputs:
        value = evaluate(item)
        if value is None:
            return None
        values.append(value)
    return values


_RULES: Final[dict[str, Callable[[Tensor, Evaluate], Any]]] = {
    "Const": _const,
    "Shape": _shape,
    "ShapeN": _shape,
    "Size": _size,
    "Rank": _rank,
    "Range": _range,
    "Cast": _cast,
    "Concat": _concat,
    "ConcatV2": _concat,
    "Fill": _fill,
    "Equal": _equal,
    "NotEqual": _not_equal,
}

_RULES_OF_PARTS: Final[dict[str, Callable[[Tensor, Evaluate, bool], Any]]] = {
    "Pack": _packed,
    "Unpack": _unpack,
    "Split": _split,
}


# -- the variable behind a resource -------------------------------------------------


def variable_behind(tensor: Tensor) -> tuple[Dims, DType] | None:
    """Return shape and element type of the variable behind a resource tensor."""
    for _ in range(_DEPTH_LIMIT):
        op = tensor.op
        if op.type in ("VarHandleOp", "_VarHandlesOp"):
            return op.attrs["shape"], op.attrs["dtype"]
        known = op.graph.handles.get(tensor)
        if known is not None:
            return known
        if not op.inputs or op.type not in _FORWARDING:
            return None
        tensor = op.inputs[0]
    return None


_FORWARDING: Final = frozenset(
    {"Identity", "Enter", "RefEnter", "Exit", "Switch", "Merge", "NextIteration"}
)
