"""What is known of what lists and optionals hold, from the operation that made them.

Source: tensorflow core/ops/list_ops.cc, the handle data of its shape functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from metagraft.graph.dtypes import DType, int32
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

# A list made of another one is followed so far.
_DEPTH_LIMIT: Final = 10_000

# The input that tells the shape of the elements of a new list.
_MAKERS: Final = {
    "EmptyTensorList": 0,
    "TensorListFromTensor": 1,
    "TensorListReserve": 0,
    "TensorListScatter": 2,
    "TensorListScatterV2": 2,
    "TensorListSplit": 1,
}
_FORWARDING: Final = frozenset(
    {
        "Enter",
        "Exit",
        "Identity",
        "Merge",
        "NextIteration",
        "Pack",
        "Switch",
        "TensorListConcatLists",
        "TensorListPopBack",
        "TensorListPushBack",
        "TensorListResize",
        "TensorListScatterIntoExistingList",
        "TensorListSetItem",
        "ZerosLike",
    }
)


def list_element(tensor: Tensor) -> tuple[Dims, DType] | None:
    """Return shape and type of elements of a list; None if nothing is known.

    Args:
        tensor: A tensor of type `variant`.
    """
    for _ in range(_DEPTH_LIMIT):
        op = tensor.op
        known = op.graph.handles.get(tensor)
        if known is not None:
            return known
        maker = _MAKERS.get(op.type)
        if maker is not None:
            return element_dims(op.inputs[maker]), op.attrs["element_dtype"]
        if op.type == "OptionalFromValue":
            return _component(op)
        if not op.inputs or op.type not in _FORWARDING or tensor.value_index:
            return None
        tensor = op.inputs[0]
    return None


def _component(op: Operation) -> tuple[Dims, DType] | None:
    """Return shape and type of what an optional holds, unless of several types."""
    types = {component.dtype for component in op.inputs}
    return (op.inputs[0].dims, op.inputs[0].dtype) if len(types) == 1 else None


def element_dims(shape: Tensor) -> Dims:
    """Return the shape that an input tells; a scalar says that nothing is known."""
    from metagraft.graph.folding import constant_value_as_dims

    return None if shape.dims == () else constant_value_as_dims(shape)


def shape_argument(dims: Dims) -> Any:
    """Return what tells operations on lists a shape: -1 where nothing is known."""
    if dims is None:
        return -1
    if not dims:
        from metagraft.graph.conversion import convert_to_tensor

        return convert_to_tensor([], dtype=int32)
    return [-1 if size is None else size for size in dims]
