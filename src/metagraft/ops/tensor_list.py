"""Lists of tensors as values: what loops of functions carry, not `TensorArray`s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.list_elements import list_element
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    GradientRule,
    NoGradient,
    OpSpec,
    ShapeFunction,
    Shapes,
)
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
    with_rank_at_least,
)
from metagraft.graph.shapes import Dims
from metagraft.ops.tensor_list_gradient import (
    concat_gradient,
    from_tensor_gradient,
    gather_gradient,
    get_item_gradient,
    pop_back_gradient,
    push_back_gradient,
    resize_gradient,
    scatter_gradient,
    scatter_into_gradient,
    set_item_gradient,
    split_gradient,
    stack_gradient,
)

_SOURCE = "tensorflow core/ops/list_ops.cc"


def scalar_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar: the list, or its length."""
    del attrs, inputs
    return ((),)


def new_list_shape(place: int) -> ShapeFunction:
    """Return the rule of what makes a list; an input tells the shape of elements."""

    def rule(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
        del attrs
        inputs.told_dims(place)
        return ((),)

    return rule


def from_tensor_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar, if the parts of the tensor are such elements."""
    del attrs
    tensor = inputs[0]
    merged(None if tensor is None else tensor[1:], inputs.told_dims(1))
    return ((),)


def _known_element(inputs: Shapes, dtype: DType, advice: str) -> Dims:
    """What the list knows of the shape of its elements, if they have a type."""
    known = list_element(inputs.tensor(0))
    if known is None:
        return None
    if known[1] != dtype:
        names = {"list": kernel_name(known[1]), "op": kernel_name(dtype)}
        raise ValueError(advice.format(**names))
    return known[0]


_PUSHED = (
    "Trying to push to list with wrong element dtype. List has type {list} but trying"
    " to push element with type {op}"
)
_POPPED = (
    "Trying to read from list with wrong element dtype. List has type {list} but"
    " trying to push element with type {op}"
)
_READ = (
    "Trying to read from list with wrong element dtype. List has type {list} but"
    " expected type {op}"
)
_LISTED = "Expected list with element dtype {op} but got list with element dtype {list}"


def get_item_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shape of the elements."""
    known = _known_element(inputs, attrs["element_dtype"], _LISTED)
    return (merged(known, inputs.told_dims(2)),)


def pop_back_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shorter list, and an element, of which only the list says something."""
    return ((), _known_element(inputs, attrs["element_dtype"], _POPPED))


def push_back_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The longer list."""
    _known_element(inputs, attrs["element_dtype"], _PUSHED)
    return ((),)


def set_item_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The list with another element."""
    del attrs
    known = list_element(inputs.tensor(0))
    # TF: the type of the element is left to the run.
    merged(inputs[2], None if known is None else known[0])
    return ((),)


def scatter_into_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The list with other elements."""
    with_rank_at_least(inputs[1], 1)
    with_rank(inputs[2], 1)
    _known_element(inputs, attrs["element_dtype"], _LISTED)
    return ((),)


def resize_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The list of another length."""
    del attrs
    with_rank(inputs[1], 0)
    return ((),)


def stack_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """All elements, one behind the other along a new first axis."""
    known = _known_element(inputs, attrs["element_dtype"], _READ)
    element = merged(known, inputs.told_dims(1))
    count = attrs["num_elements"]
    return (None if element is None else (None if count < 0 else count, *element),)


def gather_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """An element for every index."""
    known = _known_element(inputs, attrs["element_dtype"], _LISTED)
    element, indices = merged(known, inputs.told_dims(2)), inputs[1]
    if element is None or indices is None:
        return (None,)
    # TF: has all axes of the indices, of which a run makes one.
    return ((*indices, *element),)


def split_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar, if the shape of the elements is one of pieces."""
    del attrs
    tensor = with_rank_at_least(inputs[0], 1)
    with_rank(inputs[2], 1)
    pieces = None if tensor is None else (None, *tensor[1:])
    merged(pieces, inputs.told_dims(1))
    return ((),)


def _joined_shape(inputs: Shapes, dtype: DType, told: Dims) -> Sequence[Dims]:
    element = merged(told, _known_element(inputs, dtype, _READ))
    return (None if element is None else (None, *element[1:]), (None,))


def concat_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """All elements behind each other along their first axis, and their lengths."""
    return _joined_shape(inputs, attrs["element_dtype"], inputs.told_dims(1))


def concat_all_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """All elements behind each other, and their lengths."""
    return _joined_shape(inputs, attrs["element_dtype"], attrs["element_shape"])


def push_batch_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """As many lists as before, and as there are parts."""
    (count,) = with_rank(inputs[0], 1)
    values = with_rank_at_least(inputs[1], 1)
    if values is not None:
        count = merge_dim(values[0], count)
    _known_element(inputs, attrs["element_dtype"], _PUSHED)
    return ((count,),)


def both_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """As many lists as in either input."""
    made = merged(inputs[0], inputs[1])
    found = [list_element(inputs.tensor(place)) for place in (0, 1)]
    known = [element for element in found if element is not None]
    for name, element in zip(("input_a", "input_b"), known, strict=False):
        if element[1] != attrs["element_dtype"]:
            raise ValueError(
                f"{name}.type != element_dtype: {kernel_name(element[1])} vs."
                f" {kernel_name(attrs['element_dtype'])}"
            )
    for element in known[1:]:
        merged(known[0][0], element[0])
    return (made,)


def element_shape_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A vector of sizes, of unknown shape if nothing is known."""
    del attrs
    known = list_element(inputs.tensor(0))
    element = None if known is None else known[0]
    return (None if element is None else (len(element),),)


_SHAPES = {
    "EmptyTensorList": new_list_shape(0),
    "TensorListConcat": concat_all_shape,
    "TensorListConcatLists": both_shape,
    "TensorListConcatV2": concat_shape,
    "TensorListElementShape": element_shape_shape,
    "TensorListFromTensor": from_tensor_shape,
    "TensorListGather": gather_shape,
    "TensorListGetItem": get_item_shape,
    "TensorListLength": scalar_shape,
    "TensorListPopBack": pop_back_shape,
    "TensorListPushBack": push_back_shape,
    "TensorListPushBackBatch": push_batch_shape,
    "TensorListReserve": new_list_shape(0),
    "TensorListResize": resize_shape,
    "TensorListScatter": new_list_shape(2),
    "TensorListScatterIntoExistingList": scatter_into_shape,
    "TensorListScatterV2": new_list_shape(2),
    "TensorListSetItem": set_item_shape,
    "TensorListSplit": split_shape,
    "TensorListStack": stack_shape,
}
_GRADIENTS: Mapping[str, GradientRule | NoGradient] = {
    "TensorListConcatLists": NOT_DIFFERENTIABLE,
    "TensorListElementShape": NOT_DIFFERENTIABLE,
    "TensorListLength": NOT_DIFFERENTIABLE,
    "TensorListPushBackBatch": NOT_DIFFERENTIABLE,
    "TensorListConcat": concat_gradient,
    "TensorListConcatV2": concat_gradient,
    "TensorListFromTensor": from_tensor_gradient,
    "TensorListGather": gather_gradient,
    "TensorListGetItem": get_item_gradient,
    "TensorListPopBack": pop_back_gradient,
    "TensorListPushBack": push_back_gradient,
    "TensorListResize": resize_gradient,
    "TensorListScatter": scatter_gradient,
    "TensorListScatterIntoExistingList": scatter_into_gradient,
    "TensorListScatterV2": scatter_gradient,
    "TensorListSetItem": set_item_gradient,
    "TensorListSplit": split_gradient,
    "TensorListStack": stack_gradient,
}

OPS = tuple(
    OpSpec(
        name=name,
        shape=shape,
        gradient=_GRADIENTS.get(name, NO_RULE_YET),
        source=_SOURCE,
    )
    for name, shape in _SHAPES.items()
)
