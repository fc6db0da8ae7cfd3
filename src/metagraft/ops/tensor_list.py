"""Lists of tensors as values: what loops of functions carry in place of TensorArrays.

# TF: also remembers with every list the shape of its elements; here only what the
# operation itself is told counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

_SOURCE = "tensorflow core/ops/list_ops.cc"


def scalar_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar: the list, or its length."""
    del attrs, inputs
    return ((),)


def _element(inputs: Shapes, index: int) -> Dims:
    """The shape in an input; a scalar there says that nothing is known."""
    return None if inputs[index] == () else inputs.as_dims(index)


def get_item_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shape of the elements."""
    del attrs
    return (_element(inputs, 2),)


def pop_back_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shorter list, and an element."""
    del attrs
    return ((), _element(inputs, 1))


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


def element_shape_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A vector of sizes, or a scalar if nothing is known."""
    del attrs, inputs
    return (None,)


OPS = (
    *(
        OpSpec(name=name, shape=scalar_shape, source=_SOURCE)
        for name in (
            "EmptyTensorList",
            "TensorListFromTensor",
            "TensorListLength",
            "TensorListPushBack",
            "TensorListReserve",
            "TensorListResize",
            "TensorListScatterV2",
            "TensorListSetItem",
        )
    ),
    OpSpec(name="TensorListGetItem", shape=get_item_shape, source=_SOURCE),
    OpSpec(name="TensorListPopBack", shape=pop_back_shape, source=_SOURCE),
    OpSpec(name="TensorListStack", shape=stack_shape, source=_SOURCE),
    OpSpec(name="TensorListGather", shape=gather_shape, source=_SOURCE),
    OpSpec(name="TensorListElementShape", shape=element_shape_shape, source=_SOURCE),
)
