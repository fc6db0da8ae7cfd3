"""Lists of tensors as values: what loops of functions carry, not `TensorArray`s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.graph.list_elements import element_dims, list_element
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    GradientRule,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.shape_checks import merged, with_rank_at_most
from metagraft.graph.shapes import Dims, merge_dims
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


def empty_list_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar; the shape of elements is a vector, or -1 for an unknown one."""
    del attrs
    value = inputs.value(0)
    if with_rank_at_most(inputs[0], 1) == () and (value is None or value != -1):
        found = "with unknown static value" if value is None else f"of {value}"
        raise ValueError(
            f"Received a shape scalar {found}.  A static value of '-1' is required to"
            " represent an unknown shape."
        )
    return ((),)


def _known_element(inputs: Shapes) -> Dims:
    """What the list knows of the shape of its elements."""
    known = list_element(inputs.tensor(0))
    return None if known is None else known[0]


def _element(inputs: Shapes, index: int) -> Dims:
    """What the list and an input say about the shape of the elements."""
    return merge_dims(_known_element(inputs), element_dims(inputs.tensor(index)))


def get_item_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shape of the elements."""
    del attrs
    return (_element(inputs, 2),)


def pop_back_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shorter list, and an element, of which only the list says something."""
    del attrs
    return ((), _known_element(inputs))


def stack_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """All elements, one behind the other along a new first axis."""
    element = _element(inputs, 1)
    count = attrs["num_elements"]
    return (None if element is None else (None if count < 0 else count, *element),)


def gather_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """An element for every index."""
    del attrs
    element, indices = _element(inputs, 2), inputs[1]
    if element is None:
        return (None,)
    return ((None if indices is None else indices[0], *element),)


def split_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar, if the shape of the elements is one of pieces."""
    del attrs
    tensor = inputs[0]
    if tensor is not None:
        merged((None, *tensor[1:]), element_dims(inputs.tensor(1)))
    return ((),)


def concat_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """All elements behind each other along their first axis, and their lengths."""
    del attrs
    element = _element(inputs, 1)
    return (None if element is None else (None, *element[1:]), (None,))


def concat_all_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """All elements behind each other, and their lengths."""
    element = merge_dims(_known_element(inputs), attrs["element_shape"])
    return (None if element is None else (None, *element[1:]), (None,))


def push_batch_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """As many lists as before, and as there are parts."""
    del attrs
    handles, values = inputs
    if handles is None:
        return ((None,),)
    if values is None:
        return (handles,)
    return (merged(handles, values[: len(handles)]),)


def both_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """As many lists as in either input."""
    del attrs
    return (merged(inputs[0], inputs[1]),)


def element_shape_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A vector of sizes, of unknown shape if nothing is known."""
    del attrs
    element = _known_element(inputs)
    return (None if element is None else (len(element),),)


_SHAPES = {
    **dict.fromkeys(
        (
            "TensorListFromTensor",
            "TensorListLength",
            "TensorListPushBack",
            "TensorListResize",
            "TensorListScatter",
            "TensorListScatterIntoExistingList",
            "TensorListScatterV2",
            "TensorListSetItem",
        ),
        scalar_shape,
    ),
    "EmptyTensorList": empty_list_shape,
    "TensorListReserve": empty_list_shape,
    "TensorListConcat": concat_all_shape,
    "TensorListConcatLists": both_shape,
    "TensorListConcatV2": concat_shape,
    "TensorListElementShape": element_shape_shape,
    "TensorListGather": gather_shape,
    "TensorListGetItem": get_item_shape,
    "TensorListPopBack": pop_back_shape,
    "TensorListPushBackBatch": push_batch_shape,
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
        ranks="-p1" if name == "TensorListScatterIntoExistingList" else "",
    )
    for name, shape in _SHAPES.items()
)
