"""Values that follow from constants and static shapes, for shape functions.

TensorFlow's shape inference runs the kernels of small constant subgraphs; so does
this. (`constant_value` knows less: it answers what TensorFlow's Python answers.)

Source: tensorflow core/common_runtime/eval_const_tensor.cc, shape_refiner.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from metagraft.errors import OpError
from metagraft.graph.argument_lists import split_by_argument
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.shapes import (
    MOST_DIMENSIONS,
    Dims,
    is_static,
    merge_dims,
    num_elements,
)
from metagraft.graph.tensor_values import make_ndarray
from metagraft.proto import TensorProto

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

Array = npt.NDArray[Any]

_SIZE_LIMIT: Final = 4096
_DEPTH_LIMIT: Final = 64
_FORWARDING: Final = frozenset({"Identity", "StopGradient", "Snapshot"})
# A run may give the first another value; the others depend on the frame they run in.
_NEVER_FOLDED: Final = frozenset(
    {"PlaceholderWithDefault", "Merge", "Enter", "Exit", "RefEnter", "RefExit"}
)
_KERNEL_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OpError,
    TypeError,
    ValueError,
)


def folded_value(tensor: Tensor) -> Array | None:
    """Return the value of a small tensor that no run can change, else None."""
    return _Folding().value(_entered(tensor), 0)


def constant_value_as_dims(tensor: Tensor) -> Dims:
    """Read a tensor as a shape; what is not constant in it is None.

    Args:
        tensor: An integer vector, or a scalar -1 that stands for unknown rank.

    Source: tensorflow core/common_runtime/shape_refiner.cc ConstantPartialShape.
    """
    return _Folding().dims(tensor)


class _Folding:
    """One question, and what was found on the way: (operation, output) -> value."""

    __slots__ = ("_found", "_found_dims")

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], Array | None] = {}
        self._found_dims: dict[tuple[int, int], Dims] = {}

    # -- whole values --------------------------------------------------------------

    def value(self, tensor: Tensor, depth: int) -> Array | None:
        op = tensor.op
        key = (op.op_id, tensor.value_index)
        if key in self._found:
            return self._found[key]
        value = self._fold(tensor, depth)
        if value is not None and value.size > _SIZE_LIMIT:
            value = None
        self._found[key] = value
        return value

    def _fold(self, tensor: Tensor, depth: int) -> Array | None:
        op = tensor.op
        size = num_elements(tensor.dims)
        if depth > _DEPTH_LIMIT or (size is not None and size > _SIZE_LIMIT):
            return None
        if op.type == "Const":
            return _constant(op)
        if op.type in _FORWARDING:
            return self.value(op.inputs[0], depth + 1)
        if not op.inputs or op.type in _NEVER_FOLDED or tensor.dtype.is_ref:
            return None
        rule = _BY_SHAPE.get(op.type)
        found = None if rule is None else rule(tensor)
        if found is not None:
            return _as_array(found, tensor)
        if op.type == "Switch":
            return self._switched(tensor, depth)
        operands = self._operands(op, depth)
        if operands is None:
            return self._one_size_of_shape(tensor)
        outputs = _run_kernel(op, operands)
        if outputs is None:
            return None
        for index, output in enumerate(outputs):
            self._found[op.op_id, index] = np.asarray(output)
        return self._found[op.op_id, tensor.value_index]

    def _operands(self, op: Operation, depth: int) -> list[Array] | None:
        operands = []
        for item in op.inputs:
            value = self.value(item, depth + 1)
            if value is None:
                return None
            operands.append(value)
        return operands

    def _switched(self, tensor: Tensor, depth: int) -> Array | None:
        data, pred = tensor.op.inputs
        taken = self.value(pred, depth + 1)
        if taken is None or int(taken) != tensor.value_index:
            return None
        return self.value(data, depth + 1)

    def _one_size_of_shape(self, tensor: Tensor) -> Array | None:
        """One known size of a shape of which others are unknown.

        TensorFlow knows it where the shape and the index are right before.
        """
        op = tensor.op
        if op.type not in ("StridedSlice", "Unpack") or tensor.dims != ():
            return None
        if op.inputs[0].op.type != "Shape":
            return None
        position = tensor.value_index
        if op.type == "StridedSlice":
            if op.attrs["shrink_axis_mask"] != 1 or op.inputs[1].op.type != "Const":
                return None
            position = int(make_ndarray(op.inputs[1].op.attrs["value"])[0])
        whole = op.inputs[0].op.inputs[0].dims
        if whole is None or not -len(whole) <= position < len(whole):
            return None
        size = whole[position]
        return None if size is None else _as_array(size, tensor)

    # -- shapes --------------------------------------------------------------------

    def dims(self, tensor: Tensor, depth: int = 0) -> Dims:
        if tensor.op.type in ("Shape", "ShapeN"):  # not what a kernel might find out
            return tensor.op.inputs[tensor.value_index].dims
        value = self.value(_entered(tensor), depth)
        if value is not None:
            if value.ndim != 1:
                return None
            return tuple(None if v < 0 else int(v) for v in value.tolist())
        key = (tensor.op.op_id, tensor.value_index)
        if key not in self._found_dims:
            self._found_dims[key] = (
                None if depth > _DEPTH_LIMIT else self._partial(tensor, depth + 1)
            )
        found = self._found_dims[key]
        length = tensor.dims
        if length is None or len(length) != 1 or length[0] is None:
            return found
        if length[0] > MOST_DIMENSIONS:
            return None  # the op that takes it as a shape fails when it runs
        return merge_dims(found, (None,) * length[0])

    def _partial(self, tensor: Tensor, depth: int) -> Dims:
        op = tensor.op
        if op.type == "Cast" or (
            op.type == "Identity" and op.inputs[0].op.type != "Enter"
        ):
            return self.dims(op.inputs[0], depth)
        if op.type == "Pack" and op.attrs["axis"] == 0:
            return tuple(self._element(item, depth) for item in op.inputs)
        if op.type in ("ConcatV2", "Concat"):
            parts = op.inputs[:-1] if op.type == "ConcatV2" else op.inputs[1:]
            return self._joined(parts, depth)
        if op.type == "StridedSlice":
            return self._part_of_shape(op, depth)
        return None

    def _joined(self, parts: Sequence[Tensor], depth: int) -> Dims:
        joined: tuple[int | None, ...] = ()
        for part in parts:
            dims = self.dims(part, depth)
            if dims is None:
                return None
            joined += dims
        return joined if len(joined) <= MOST_DIMENSIONS else None

    def _element(self, item: Tensor, depth: int) -> int | None:
        if item.dims not in (None, ()):
            return None
        value = self.value(_entered(item), depth)
        return None if value is None or value.ndim or value < 0 else int(value)

    def _part_of_shape(self, op: Operation, depth: int) -> Dims:
        attrs = op.attrs
        if (
            attrs["ellipsis_mask"]
            or attrs["new_axis_mask"]
            or attrs["shrink_axis_mask"]
        ):
            return None
        bounds = [self.value(item, depth) for item in op.inputs[1:]]
        known = [b for b in bounds if b is not None and b.shape == (1,)]
        if len(known) != 3 or not known[2][0]:
            return None
        begin, end, stride = (int(bound[0]) for bound in known)
        piece = slice(
            None if attrs["begin_mask"] else begin,
            None if attrs["end_mask"] else end,
            stride,
        )
        whole = self.dims(op.inputs[0], depth)
        return None if whole is None else whole[piece]


def _entered(tensor: Tensor) -> Tensor:
    """Return what enters a loop as it is; its value is looked for outside.

    # TF: what it has found so it also knows from then on where it is used indirectly.
    """
    return tensor.op.inputs[0] if tensor.op.type == "Enter" else tensor


def _constant(op: Operation) -> Array:
    stored: TensorProto = op.attrs["value"]
    if stored.dtype != op.outputs[0].dtype.as_datatype_enum:
        raise ValueError(f"Constant '{op.name}': the value is of another type")
    try:
        return make_ndarray(stored)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Constant '{op.name}': {error}") from error


def _as_array(found: Any, tensor: Tensor) -> Array | None:
    """Return sizes in the tensor's type; None where it cannot hold them."""
    try:
        return np.asarray(found, _numpy_dtype(tensor))
    except OverflowError:
        return None


def _numpy_dtype(tensor: Tensor) -> np.dtype[Any]:
    return tensor.dtype.numpy_dtype


# -- what static shapes tell -------------------------------------------------------


def _shape(tensor: Tensor) -> Any:
    dims = tensor.op.inputs[0].dims
    return dims if is_static(dims) else None


def _size(tensor: Tensor) -> Any:
    return num_elements(tensor.op.inputs[0].dims)


def _rank(tensor: Tensor) -> Any:
    dims = tensor.op.inputs[0].dims
    return None if dims is None else len(dims)


def _shape_of_variable(tensor: Tensor) -> Any:
    behind = variable_behind(tensor.op.inputs[0])
    return None if behind is None or not is_static(behind[0]) else behind[0]


# TensorFlow does not look at `ShapeN` here, though whole shapes are taken from it.
_BY_SHAPE: Final = {
    "Shape": _shape,
    "Size": _size,
    "Rank": _rank,
    "VariableShape": _shape_of_variable,
}


# -- kernels -----------------------------------------------------------------------


def _run_kernel(op: Operation, operands: Sequence[Array]) -> Sequence[Any] | None:
    """Return the outputs of an operation on host arrays; None if it cannot run."""
    definition = op.definition
    if definition is None or definition.is_stateful:
        return None
    # `kernels` lies above `graph`, so it is looked up when needed, not imported.
    kernel = import_module("metagraft.kernels").kernel_for(op.type)
    if kernel is None or kernel.random or kernel.updates or kernel.reads:
        return None
    # TF: reads files while it infers shapes.
    if kernel.files or kernel.on_run or kernel.takes_op or kernel.waits:
        return None
    arguments = [
        tuple(values) if arg.is_list else values[0]
        for arg, values in split_by_argument(operands, definition.inputs, op.attrs)
    ]
    try:
        with np.errstate(all="ignore"):
            outputs: Sequence[Any] = kernel.fn(op.record, *arguments)
    except _KERNEL_ERRORS:
        return None  # the shape function of the op itself reports what is wrong
    return outputs
