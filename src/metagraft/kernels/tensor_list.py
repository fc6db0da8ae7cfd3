"""Lists of tensors as values; twin of `ops/tensor_list.py`.

Every operation makes a new list, also while a program is traced; elements may then
stand for values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import is_static, show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.list_checks import (
    check_element,
    check_parts,
    check_pieces,
    check_rows,
    merged_element_dims,
    refuse,
)
from metagraft.kernels.list_value import ListValue, handle_of, list_behind
from metagraft.kernels.pieces import joined, parts, stacked


def _dims(shape: Array) -> tuple[int | None, ...] | None:
    """Return an input that tells a shape; negative sizes are not known."""
    if not np.shape(shape):
        return None
    return tuple(None if size < 0 else int(size) for size in shape)


def _new(attrs: Any, shape: Array, elements: Any) -> Array:
    dtype = attrs["element_dtype"].as_numpy_dtype
    return handle_of(ListValue(dtype, _dims(shape), tuple(elements)))


def empty(attrs: Any, element_shape: Array, max_num_elements: Array) -> tuple[Array]:
    """Make a list without elements."""
    made = list_behind(_new(attrs, element_shape, ()))
    return (handle_of(replace(made, most=int(max_num_elements))),)


def reserve(attrs: Any, element_shape: Array, num_elements: Array) -> tuple[Array]:
    """Make a list of elements that are not written yet."""
    if num_elements < 0:
        refuse(
            "The num_elements to reserve must be a non negative number, but got "
            f"{num_elements}"
        )
    return (_new(attrs, element_shape, [None] * int(num_elements)),)


def from_tensor(attrs: Any, tensor: Array, element_shape: Array) -> tuple[Array]:
    """Make a list of the parts of an array."""
    check_parts(tensor, _dims(element_shape))
    return (_new(attrs, element_shape, parts(tensor)),)


def scatter(
    attrs: Any,
    tensor: Array,
    indices: Array,
    element_shape: Array,
    num_elements: Array,
) -> tuple[Array]:
    """Make a list with the parts of an array in given places."""
    check_parts(tensor, _dims(element_shape))
    check_rows(tensor, indices, int(num_elements))
    highest = max((int(i) for i in indices), default=-1) + 1
    elements: list[Array | None] = [None] * max(int(num_elements), highest)
    for index, part in zip(indices, parts(tensor), strict=True):
        elements[int(index)] = part
    return (_new(attrs, element_shape, elements),)


def scatter_all(
    attrs: Any, tensor: Array, indices: Array, element_shape: Array
) -> tuple[Array]:
    """Make a list that is as long as the highest place needs."""
    return scatter(attrs, tensor, indices, element_shape, np.int32(-1))


def scatter_into(
    attrs: Any, handle: Array, tensor: Array, indices: Array
) -> tuple[Array]:
    """Return a list with the parts of an array in given places, longer if needed."""
    del attrs
    found = list_behind(handle)
    check_parts(tensor, found.dims)
    check_rows(tensor, indices, -1)
    highest = max((int(i) for i in indices), default=-1) + 1
    missing = max(highest - len(found.elements), 0)
    elements = [*found.elements, *[None] * missing]
    for index, part in zip(indices, parts(tensor), strict=True):
        elements[int(index)] = part
    return (handle_of(replace(found, elements=tuple(elements))),)


def split(
    attrs: Any, tensor: Array, element_shape: Array, lengths: Array
) -> tuple[Array]:
    """Make a list of pieces of an array, of given lengths along its first axis."""
    check_pieces(tensor, _dims(element_shape), lengths)
    ends = np.cumsum(lengths)
    pieces = [tensor[end - n : end] for n, end in zip(lengths, ends, strict=True)]
    return (_new(attrs, element_shape, pieces),)


def length(attrs: Any, handle: Array) -> tuple[Array]:
    """Count the elements."""
    del attrs
    return (np.int32(len(list_behind(handle).elements)),)


def _checked(found: ListValue, index: Array, verb: str) -> int:
    position = int(index)
    if not 0 <= position < len(found.elements):
        raise InvalidArgumentError(
            None,
            None,
            f"Trying to {verb} element {position} in a list with "
            f"{len(found.elements)} elements.",
        )
    return position


def get_item(
    attrs: Any, handle: Array, index: Array, element_shape: Array
) -> tuple[Array]:
    """Read one element."""
    del attrs
    found = list_behind(handle)
    position = _checked(found, index, "access")
    return (found.element(position, _dims(element_shape)),)


def set_item(attrs: Any, handle: Array, index: Array, item: Array) -> tuple[Array]:
    """Return a list with another element in one place."""
    found = list_behind(handle)
    missing = int(index) + 1 - len(found.elements)
    if attrs["resize_if_index_out_of_bounds"] and missing > 0:
        found = replace(found, elements=(*found.elements, *[None] * missing))
    position = _checked(found, index, "modify")
    what = "set a tensor with incompatible shape at a list index"
    check_element(found.dims, item, what, "Item")
    elements = list(found.elements)
    elements[position] = item
    return (handle_of(replace(found, elements=tuple(elements))),)


def push_back(attrs: Any, handle: Array, tensor: Array) -> tuple[Array]:
    """Return a list with one more element."""
    del attrs
    found = list_behind(handle)
    what = "append a tensor with incompatible shape to a list"
    check_element(found.dims, tensor, what, "Op")
    count = len(found.elements)
    if 0 <= found.most <= count:
        refuse(
            f"Tried to push item into a full list list size: {count} max_num_elements: "
            f"{found.most}"
        )
    return (handle_of(replace(found, elements=(*found.elements, tensor))),)


def push_back_batch(attrs: Any, handles: Array, tensor: Array) -> tuple[Array]:
    """Return lists with one more element each, a part of an array."""
    count = np.size(handles)
    if np.ndim(tensor) < 1 or np.shape(tensor)[: np.ndim(handles)] != np.shape(handles):
        refuse(
            "Expected tensor.shape[0] == input_handles.size, but saw "
            f"{np.shape(tensor)[0] if np.shape(tensor) else 0} vs. {count}"
        )
    dtype = attrs["element_dtype"].as_numpy_dtype
    rows = tensor.reshape((count, *np.shape(tensor)[np.ndim(handles) :]))
    pushed = np.empty(count, object)
    for place, item in enumerate(np.reshape(handles, -1)):
        found: ListValue = item
        if found.dtype != dtype:
            refuse(f"Invalid data type at index {place}")
        check_element(
            found.dims,
            rows[place],
            f"append a tensor with incompatible shape to a list at index {place}",
            "Op",
        )
        elements = (*found.elements, rows[place])
        pushed[place] = replace(found, elements=elements)
    return (pushed.reshape(np.shape(handles)),)


def concat_lists(attrs: Any, first: Array, second: Array) -> tuple[Array]:
    """Return lists with the elements of one behind those of the other."""
    del attrs
    if np.shape(first) != np.shape(second):
        refuse("input_a and input_b must have the same shape")
    joined = np.empty(np.shape(first), object)
    for place in np.ndindex(*np.shape(first)):
        ours: ListValue = first[place]
        more: ListValue = second[place]
        joined[place] = replace(ours, elements=(*ours.elements, *more.elements))
    return (joined,)


def pop_back(attrs: Any, handle: Array, element_shape: Array) -> tuple[Array, Array]:
    """Return a list without its last element, and that."""
    del attrs
    found = list_behind(handle)
    if not found.elements:
        raise InvalidArgumentError(None, None, "Trying to pop from an empty list.")
    dims = merged_element_dims(_dims(element_shape), found.dims)
    last = found.element(len(found.elements) - 1, dims)
    return handle_of(replace(found, elements=found.elements[:-1])), last


def resize(attrs: Any, handle: Array, size: Array) -> tuple[Array]:
    """Return a list of another length."""
    del attrs
    if size < 0:
        refuse(f"TensorListSlice expects size to be non-negative. Got: {size}")
    found = list_behind(handle)
    missing = max(int(size) - len(found.elements), 0)
    elements = (*found.elements[: int(size)], *[None] * missing)
    return (handle_of(replace(found, elements=elements)),)


def stack(attrs: Any, handle: Array, element_shape: Array) -> tuple[Array]:
    """Return all elements as one array."""
    found = list_behind(handle)
    count, asked = len(found.elements), attrs["num_elements"]
    if asked >= 0 and asked != count:
        raise InvalidArgumentError(
            None,
            None,
            f"Operation expected a list with {asked} elements but got a list with "
            f"{count} elements.",
        )
    unwritten = (
        "list which only contains uninitialized tensors and has a non-fully-defined "
        "element_shape"
    )
    return (_joined(found, range(count), element_shape, "stack", unwritten),)


def gather(
    attrs: Any, handle: Array, indices: Array, element_shape: Array
) -> tuple[Array]:
    """Return some elements as one array."""
    del attrs
    found = list_behind(handle)
    places = [_checked(found, index, "access") for index in indices]
    unwritten = "uninitialized tensors from a list with non-fully-defined element_shape"
    return (_joined(found, places, element_shape, "gather", unwritten),)


def concat(
    attrs: Any, handle: Array, element_shape: Array, leading_dims: Array
) -> tuple[Array, Array]:
    """Return all elements as one array along their first axis, and their lengths."""
    found = list_behind(handle)
    dims = _dims(element_shape)
    rest = _rest_of_elements(found, dims)
    usual = _usual_length(found, dims)
    elements = []
    for place, element in enumerate(found.elements):
        if element is not None:
            elements.append(element)
            continue
        length = int(leading_dims[place]) if place < len(leading_dims) else usual
        if length is None:
            refuse(
                f"List contains uninitialized tensor at index {place} but leading_dims "
                f"has only {len(leading_dims)} elements."
            )
        elements.append(_unwritten((length, *rest), found.dtype))
    lengths = np.asarray([np.shape(e)[0] for e in elements], np.int64)
    if elements:
        return joined(elements), lengths
    return np.zeros((0, *rest), attrs["element_dtype"].as_numpy_dtype), lengths


def _usual_length(found: ListValue, dims: Any) -> int | None:
    """Return how long elements are along their first axis, if all are alike."""
    whole = merged_element_dims(dims, found.dims)
    lengths = {np.shape(e)[0] for e in found.elements if e is not None}
    if whole is not None and whole[0] is not None:
        lengths.add(whole[0])
    return lengths.pop() if len(lengths) == 1 else None


def _rest_of_elements(found: ListValue, dims: Any) -> Any:
    """Return the shape of the elements but for their first axis."""
    whole = merged_element_dims(dims, found.dims)
    if whole == ():
        refuse(
            "Concat requires elements to be at least vectors, found scalars instead."
        )
    rest = None if whole is None else whole[1:]
    if not found.elements and not is_static(rest):
        refuse(
            "All except the first dimension must be fully defined when concating an "
            f"empty tensor list. element_shape: {show(whole)}"
        )
    for place, element in enumerate(found.elements):
        if element is None:
            continue
        if not np.shape(element):
            refuse(
                f"Concat saw a scalar shape at index {place} but requires at least "
                "vectors."
            )
        rest = merged_element_dims(rest, np.shape(element)[1:])
    if not is_static(rest):
        refuse(
            "Trying to concat list with only uninitialized tensors but "
            f"element_shape_except_first_dim is not fully defined: {show(rest)}"
        )
    return rest


def concat_all(attrs: Any, handle: Array) -> tuple[Array, Array]:
    """Return all elements as one array; attributes tell the shape of an element."""
    dims = attrs["element_shape"]
    sizes = np.asarray([-1 if n is None else n for n in dims or ()], np.int64)
    told = np.asarray(-1, np.int64) if dims is None else sizes
    return concat(attrs, handle, told, np.zeros(0, np.int64))


def _joined(
    found: ListValue, places: Any, element_shape: Array, verb: str, unwritten: str
) -> Array:
    """Return elements as one array; what was not written is zeros."""
    dims: Any = merged_element_dims(_dims(element_shape), found.dims)
    elements = [found.elements[place] for place in places]
    if not elements and not is_static(dims):
        refuse(
            f"Tried to {verb} elements of an empty list with non-fully-defined "
            f"element_shape: {show(dims)}"
        )
    for element in elements:
        if element is not None:
            dims = merged_element_dims(dims, np.shape(element))
    if not is_static(dims):
        refuse(f"Tried to {verb} {unwritten}: {show(dims)}")
    if not elements:
        return np.zeros((0, *dims), found.dtype)
    blank = _unwritten(dims, found.dtype)
    return stacked([blank if element is None else element for element in elements])


def _unwritten(dims: Any, dtype: DTypeLike) -> np.ndarray:
    """Return what elements that were never written hold: zeros, or empty texts."""
    is_text = np.dtype(dtype).kind == "O"
    return np.full(dims, b"", object) if is_text else np.zeros(dims, dtype)


def element_shape(attrs: Any, handle: Array) -> tuple[Array]:
    """Return what is known of the shape of the elements."""
    dims = list_behind(handle).dims
    dtype = attrs["shape_type"].as_numpy_dtype
    if dims is None:
        return (np.asarray(-1, dtype),)
    return (np.asarray([-1 if size is None else size for size in dims], dtype),)


KERNELS = {
    "EmptyTensorList": Kernel(empty),
    "TensorListReserve": Kernel(reserve),
    "TensorListFromTensor": Kernel(from_tensor),
    "TensorListScatter": Kernel(scatter_all),
    "TensorListScatterV2": Kernel(scatter),
    "TensorListConcat": Kernel(concat_all),
    "TensorListConcatLists": Kernel(concat_lists),
    "TensorListPushBackBatch": Kernel(push_back_batch),
    "TensorListScatterIntoExistingList": Kernel(scatter_into),
    "TensorListSplit": Kernel(split),
    "TensorListConcatV2": Kernel(concat),
    "TensorListLength": Kernel(length),
    "TensorListGetItem": Kernel(get_item),
    "TensorListSetItem": Kernel(set_item),
    "TensorListPushBack": Kernel(push_back),
    "TensorListPopBack": Kernel(pop_back),
    "TensorListResize": Kernel(resize),
    "TensorListStack": Kernel(stack),
    "TensorListGather": Kernel(gather),
    "TensorListElementShape": Kernel(element_shape),
}
