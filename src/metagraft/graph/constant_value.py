"""Values that are known while a graph is built.

`constant_value` answers what TensorFlow's Python answers, because programs build
different nodes depending on it. `folded_value` follows constants through arithmetic
too, as TensorFlow's shape inference does, and serves shape functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from metagraft.graph.shapes import Dims, is_static, merge_dims, num_elements
from metagraft.graph.tensor_values import make_ndarray

if TYPE_CHECKING:
    from metagraft.graph.dtypes import DType
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

Array = npt.NDArray[Any]
Evaluate = Callable[["Tensor"], Any]

_FOLDED_SIZE_LIMIT: Final = 4096
_FOLDED_DEPTH_LIMIT: Final = 64


def constant_value(tensor: Tensor, partial: bool = False) -> Any:
    """Return the value of a tensor if it follows from constants, else None.

    Args:
        tensor: The tensor.
        partial: Whether `Pack` may have unknown elements, given as None.

    Raises:
        TypeError: `tensor` is no tensor.

    Source: tensorflow python/framework/tensor_util.py constant_value.
    """
    if not hasattr(tensor, "value_index"):
        found = getattr(tensor, "_to_graph_tensor", None)
        if found is None:
            raise TypeError(f"{tensor!r} must be a Tensor, but got {type(tensor)}.")
        return None
    op = tensor.op
    if op.type == "Pack":
        return _packed(op, partial)
    if op.type in ("Identity", "StopGradient"):
        return constant_value(op.inputs[0], partial)
    rule = _RULES.get(op.type)
    return None if rule is None else rule(tensor, constant_value)


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
    return np.arange(*values, dtype=tensor.dtype.numpy_dtype)


def _cast(tensor: Tensor, evaluate: Evaluate) -> Any:
    value = evaluate(tensor.op.inputs[0])
    return None if value is None else value.astype(tensor.dtype.numpy_dtype)


def _concat(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    if values is None:
        return None
    if tensor.op.type == "Concat":
        return np.concatenate(values[1:], axis=int(values[0]))
    return np.concatenate(values[:-1], axis=int(values[-1]))


def _packed(op: Operation, partial: bool) -> Any:
    if not op.inputs or op.attrs["axis"] != 0:
        return None
    values = []
    for item in op.inputs:
        value = constant_value(item, partial)
        if value is None and not partial:
            return None
        values.append(value)
    if any(v is None for v in values):
        return np.array(values, dtype=object)
    return np.array(values)


def _unpack(tensor: Tensor, evaluate: Evaluate) -> Any:
    if tensor.op.attrs["axis"] != 0:
        return None
    value = evaluate(tensor.op.inputs[0])
    return None if value is None else value[tensor.value_index]


def _split(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    if values is None:
        return None
    axis, value = values
    return np.split(value, tensor.op.attrs["num_split"], int(axis))[tensor.value_index]


def _fill(tensor: Tensor, evaluate: Evaluate) -> Any:
    dims: Any = tensor.dims
    value = evaluate(tensor.op.inputs[1])
    if not is_static(dims) or value is None:
        return None
    return np.full(dims, value, dtype=value.dtype)


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
    "Unpack": _unpack,
    "Split": _split,
    "Fill": _fill,
    "Equal": _equal,
    "NotEqual": _not_equal,
}


# -- stronger folding, for shape functions -------------------------------------------


def folded_value(tensor: Tensor, depth: int = 0) -> Array | None:
    """Return the value of a small constant tensor, also through arithmetic."""
    op = tensor.op
    size = num_elements(tensor.dims)
    if depth > _FOLDED_DEPTH_LIMIT:
        return None
    if size is None and op.type not in _FOLDED_WITHOUT_SHAPE:
        return None
    if size is not None and size > _FOLDED_SIZE_LIMIT:
        return None

    def evaluate(item: Tensor) -> Array | None:
        return folded_value(item, depth + 1)

    if op.type in ("Identity", "StopGradient", "Snapshot"):
        return evaluate(op.inputs[0])
    rule = _RULES.get(op.type) or _FOLDED_RULES.get(op.type)
    if rule is None:
        return None
    try:
        value = rule(tensor, evaluate)
    except (ValueError, IndexError, TypeError, ZeroDivisionError):
        return None  # the shape function of the op itself reports what is wrong
    return None if value is None else np.asarray(value, tensor.dtype.numpy_dtype)


def _elementwise(function: Callable[..., Any]) -> Callable[[Tensor, Evaluate], Any]:
    def fold(tensor: Tensor, evaluate: Evaluate) -> Any:
        values = _all(tensor.op.inputs, evaluate)
        return None if values is None else function(*values)

    return fold


def _fold_pack(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    return None if values is None else np.stack(values, tensor.op.attrs["axis"])


def _fold_reduction(function: Callable[..., Any]) -> Callable[[Tensor, Evaluate], Any]:
    def fold(tensor: Tensor, evaluate: Evaluate) -> Any:
        values = _all(tensor.op.inputs, evaluate)
        if values is None:
            return None
        axes = tuple(int(a) for a in np.ravel(values[1]))
        return function(values[0], axis=axes, keepdims=tensor.op.attrs["keep_dims"])

    return fold


def _fold_slice(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    if values is None:
        return None
    value, begin, size = values
    spans = zip(begin.tolist(), size.tolist(), strict=True)
    return value[tuple(slice(b, None if s < 0 else b + s) for b, s in spans)]


def _fold_strided_slice(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    if values is None or values[0].ndim != 1 or len(values[1]) != 1:
        return None
    piece = _span(tensor.op, values[1], values[2], values[3])
    return None if piece is None else values[0][piece]


def _span(op: Operation, begin: Array, end: Array, strides: Array) -> Any:
    """The index that a strided slice of a vector stands for, or None."""
    attrs = op.attrs
    if attrs["ellipsis_mask"] or attrs["new_axis_mask"]:
        return None
    if attrs["shrink_axis_mask"]:
        return int(begin[0])
    return slice(
        None if attrs["begin_mask"] else int(begin[0]),
        None if attrs["end_mask"] else int(end[0]),
        int(strides[0]),
    )


def _fold_gather(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    if values is None:
        return None
    axis = int(values[2]) if len(values) > 2 else 0
    return np.take(values[0], values[1], axis=axis)


def _fold_reshape(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    return None if values is None else values[0].reshape(values[1])


def _fold_expand(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    return None if values is None else np.expand_dims(values[0], int(values[1]))


def _fold_list_diff(tensor: Tensor, evaluate: Evaluate) -> Any:
    values = _all(tensor.op.inputs, evaluate)
    if values is None:
        return None
    places = np.flatnonzero(~np.isin(values[0], values[1]))
    return values[0][places] if tensor.value_index == 0 else places


def _fold_invert_permutation(tensor: Tensor, evaluate: Evaluate) -> Any:
    value = evaluate(tensor.op.inputs[0])
    return None if value is None else np.argsort(value)


def _fold_squeeze(tensor: Tensor, evaluate: Evaluate) -> Any:
    value = evaluate(tensor.op.inputs[0])
    return None if value is None else value.reshape(tensor.dims)


_FOLDED_RULES: Final[dict[str, Callable[[Tensor, Evaluate], Any]]] = {
    "Pack": _fold_pack,
    "Add": _elementwise(np.add),
    "AddV2": _elementwise(np.add),
    "Sub": _elementwise(np.subtract),
    "Mul": _elementwise(np.multiply),
    "FloorDiv": _elementwise(np.floor_divide),
    "FloorMod": _elementwise(np.mod),
    "RealDiv": _elementwise(np.divide),
    "Maximum": _elementwise(np.maximum),
    "Minimum": _elementwise(np.minimum),
    "Neg": _elementwise(np.negative),
    "Ceil": _elementwise(np.ceil),
    "Floor": _elementwise(np.floor),
    "Less": _elementwise(np.less),
    "Greater": _elementwise(np.greater),
    "Select": _elementwise(np.where),
    "SelectV2": _elementwise(np.where),
    "Prod": _fold_reduction(np.prod),
    "Sum": _fold_reduction(np.sum),
    "Max": _fold_reduction(np.max),
    "Min": _fold_reduction(np.min),
    "Slice": _fold_slice,
    "StridedSlice": _fold_strided_slice,
    "Gather": _fold_gather,
    "GatherV2": _fold_gather,
    "InvertPermutation": _fold_invert_permutation,
    "ListDiff": _fold_list_diff,
    "Reshape": _fold_reshape,
    "ExpandDims": _fold_expand,
    "Squeeze": _fold_squeeze,
    "Tile": _elementwise(np.tile),
    "BroadcastTo": _elementwise(np.broadcast_to),
    "Transpose": _elementwise(np.transpose),
}


# How many elements these have is not known before their operands are.
_FOLDED_WITHOUT_SHAPE: Final = frozenset({"Concat", "ConcatV2", "ListDiff"})


def constant_value_as_dims(tensor: Tensor) -> Dims:
    """Read a tensor as a shape; what is not constant in it is None.

    Args:
        tensor: An integer vector, or a scalar -1 that stands for unknown rank.

    Source: tensorflow core/common_runtime/shape_refiner.cc ConstantPartialShape.
    """
    value = folded_value(tensor)
    if value is not None:
        if value.ndim == 0:
            return None
        return tuple(None if v < 0 else int(v) for v in value.tolist())
    found = _partial_dims(tensor)
    length = tensor.dims
    if length is not None and len(length) == 1 and length[0] is not None:
        found = merge_dims(found, (None,) * length[0])
    return found


def _partial_dims(tensor: Tensor) -> Dims:
    op = tensor.op
    if op.type in ("Identity", "Cast"):
        return constant_value_as_dims(op.inputs[0])
    if op.type in ("Shape", "ShapeN"):
        return op.inputs[tensor.value_index].dims
    if op.type == "Pack" and op.attrs["axis"] == 0:
        return tuple(_one_size(item) for item in op.inputs)
    if op.type in ("ConcatV2", "Concat"):
        parts = op.inputs[:-1] if op.type == "ConcatV2" else op.inputs[1:]
        joined: tuple[int | None, ...] = ()
        for part in parts:
            dims = constant_value_as_dims(part)
            if dims is None:
                return None
            joined += dims
        return joined
    if op.type == "StridedSlice":
        return _partial_strided_slice(op)
    return None


def _partial_strided_slice(op: Operation) -> Dims:
    values = _all(op.inputs[1:], folded_value)
    if values is None or any(len(v) != 1 for v in values):
        return None
    piece = _span(op, *values)
    if not isinstance(piece, slice):
        return None
    whole = constant_value_as_dims(op.inputs[0])
    return None if whole is None else whole[piece]


def _one_size(item: Tensor) -> int | None:
    value = folded_value(item)
    if value is not None:
        return None if value < 0 else int(value)
    op = item.op
    if op.type in ("Identity", "Cast"):
        return _one_size(op.inputs[0])
    if op.type == "StridedSlice" and op.attrs["shrink_axis_mask"] == 1:
        begin = folded_value(op.inputs[1])
        whole = constant_value_as_dims(op.inputs[0])
        if begin is not None and whole is not None and len(begin) == 1:
            position = int(begin[0])
            if -len(whole) <= position < len(whole):
                return whole[position]
    return None


def variable_behind(tensor: Tensor) -> tuple[Dims, DType] | None:
    """Return shape and element type of the variable behind a resource tensor."""
    op = tensor.op
    for _ in range(_FOLDED_DEPTH_LIMIT):
        if op.type in ("VarHandleOp", "_VarHandlesOp"):
            return op.attrs["shape"], op.attrs["dtype"]
        if not op.inputs or op.type not in _FORWARDING:
            return None
        op = op.inputs[0].op
    return None


_FORWARDING: Final = frozenset(
    {"Identity", "Enter", "RefEnter", "Exit", "Switch", "Merge", "NextIteration"}
)
