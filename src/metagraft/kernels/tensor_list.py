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
from metagraft.graph.dtypes import DType, as_dtype, kernel_name
from metagraft.graph.shapes import is_static, show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.list_checks import (
    check_element,
    check_more_rows,
    check_parts,
    check_pieces,
    check_rows,
    check_types,
    merged_element_dims,
    refuse,
    scalar,
    told_dims,
)
from metagraft.kernels.list_value import ListValue, handle_of, list_behind
from metagraft.kernels.pieces import joined, parts, stacked


def _new(attrs: Any, dims: tuple[int | None, ...] | None, elements: Any) -> Array:
    dtype = attrs["element_dtype"].as_numpy_dtype
    return handle_of(ListValue(dtype, dims, tuple(elements)))


def _list_of(attrs: Any, handle: Array) -> ListValue:
    """Return the list that a handle carries, if it has elements of the right type."""
    found = list_behind(handle)
    check_types(attrs["element_dtype"], found.dtype, "Invalid data types")
    return found


def empty(attrs: Any, element_shape: Array, max_num_elements: Array) -> tuple[Array]:
    """Make a list without elements."""
    most = scalar(
        max_num_elements,
        "max_num_elements expected to be a scalar but got shape: {}",
    )
    made = list_behind(_new(attrs, told_dims(element_shape), ()))
    return (handle_of(replace(made, most=most)),)


def reserve(attrs: Any, element_shape: Array, num_elements: Array) -> tuple[Array]:
    """Make a list of elements that are not written yet."""
    dims = told_dims(element_shape)
    begin = "The num_elements to reserve must be a"
    count = scalar(num_elements, f"{begin} tensor size 1, but got {{}}")
    if count < 0:
        refuse(f"{begin} non negative number, but got {count}")
    return (_new(attrs, dims, [None] * count),)


def _told_or_refused(name: str, element_shape: Array) -> Any:
    if np.ndim(element_shape) > 1:
        refuse(f"{name} the shape of {show(np.shape(element_shape))}")
    return told_dims(element_shape)


def from_tensor(attrs: Any, tensor: Array, element_shape: Array) -> tuple[Array]:
    """Make a list of the parts of an array."""
    begin = "TensorListFromTensor: element_shape must be at most rank 1 but has"
    dims = _told_or_refused(begin, element_shape)
    check_parts(tensor, dims)
    return (_new(attrs, dims, parts(tensor)),)


def scatter(
    attrs: Any,
    tensor: Array,
    indices: Array,
    element_shape: Array,
    num_elements: Array,
) -> tuple[Array]:
    """Make a list with the parts of an array in given places."""
    begin = "TensorListScatter: element_shape must be at most rank 1 but has"
    dims = _told_or_refused(begin, element_shape)
    count = scalar(num_elements, "num_elements must be a scalar")
    if count < -1:
        refuse(f"TensorListScatter expects num_elements >= -1, found: {count}")
    check_parts(tensor, dims)
    check_rows(tensor, indices, count)
    return (_new(attrs, dims, _written([None] * max(count, 0), tensor, indices)),)


def _written(elements: Any, tensor: Array, indices: Array) -> list[Array | None]:
    """Return elements with the parts of an array in given places."""
    places = [int(index) for index in np.reshape(indices, -1)]
    missing = max(places, default=-1) + 1 - len(elements)
    written = [*elements, *[None] * missing]
    for place, part in zip(places, parts(tensor), strict=True):
        written[place] = part
    return written


def scatter_all(
    attrs: Any, tensor: Array, indices: Array, element_shape: Array
) -> tuple[Array]:
    """Make a list that is as long as the highest place needs."""
    return scatter(attrs, tensor, indices, element_shape, np.int32(-1))


def scatter_into(
    attrs: Any, handle: Array, tensor: Array, indices: Array
) -> tuple[Array]:
    """Return a list with the parts of an array in given places, longer if needed."""
    found = list_behind(handle)
    given = attrs["element_dtype"]
    if np.dtype(given.as_numpy_dtype) != np.dtype(found.dtype):
        refuse(
            f"Invalid data types; input tensor type: {kernel_name(given)} list "
            f"element_type: {kernel_name(as_dtype(np.dtype(found.dtype)))}"
        )
    # TF: other shapes than those of the list are taken.
    check_more_rows(tensor, indices)
    elements = _written(found.elements, tensor, indices)
    return (handle_of(replace(found, elements=tuple(elements))),)


def split(
    attrs: Any, tensor: Array, element_shape: Array, lengths: Array
) -> tuple[Array]:
    """Make a list of pieces of an array, of given lengths along its first axis."""
    dims = told_dims(element_shape)
    check_pieces(tensor, dims, lengths)
    ends = np.cumsum(lengths)
    pieces = [tensor[end - n : end] for n, end in zip(lengths, ends, strict=True)]
    return (_new(attrs, dims, pieces),)


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
    """Read one element; zeros where nothing was written."""
    found = _list_of(attrs, handle)
    element = found.elements[_checked(found, index, "access")]
    if element is not None:
        return (element,)
    dims: Any = merged_element_dims(told_dims(element_shape), found.dims)
    if not is_static(dims):
        dims = _seen(dims, found.elements)
    if not is_static(dims):
        refuse(
            "Trying to read an uninitialized tensor but element_shape is not fully "
            f"defined: {show(dims)} and no list element is set."
        )
    return (_unwritten(dims, found.dtype),)


def _seen(dims: Any, elements: Any) -> Any:
    """Return what a shape and those of elements say together."""
    for element in elements:
        if element is not None:
            dims = merged_element_dims(dims, np.shape(element))
    return dims


def set_item(attrs: Any, handle: Array, index: Array, item: Array) -> tuple[Array]:
    """Return a list with another element in one place."""
    found = _list_of(attrs, handle)
    place = scalar(index, "Expected argument 1 to be a scalar. Received {}")
    what = "set a tensor with incompatible shape at a list index"
    check_element(found.dims, item, what, "Item")
    missing = place + 1 - len(found.elements)
    if attrs["resize_if_index_out_of_bounds"] and missing > 0:
        found = replace(found, elements=(*found.elements, *[None] * missing))
    position = _checked(found, index, "modify")
    elements = list(found.elements)
    elements[position] = item
    return (handle_of(replace(found, elements=tuple(elements))),)


def push_back(attrs: Any, handle: Array, tensor: Array) -> tuple[Array]:
    """Return a list with one more element."""
    found = list_behind(handle)
    what = "append a tensor with incompatible shape to a list"
    check_element(found.dims, tensor, what, "Op")
    check_types(attrs["element_dtype"], found.dtype, "Invalid data types")
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
    if not np.ndim(tensor):
        refuse("Expected tensor to be at least a vector, but saw shape: []")
    if np.ndim(handles) != 1:
        refuse(
            "Expected input_handles to be a vector, but saw shape: "
            f"{show(np.shape(handles))}"
        )
    if np.shape(tensor)[0] != count:
        refuse(
            "Expected tensor.shape[0] == input_handles.size, but saw "
            f"{np.shape(tensor)[0]} vs. {count}"
        )
    pushed = np.empty(count, object)
    for place, item in enumerate(handles):
        if not isinstance(item, ListValue):
            refuse(
                f"Input handle at index {place} is not a list. Saw: "
                f"'{type(item).__name__}'"
            )
        what = f"append a tensor with incompatible shape to a list at index {place}"
        check_element(item.dims, tensor[place], what, "Op")
        wrong = f"Invalid data type at index {place}"
        check_types(attrs["element_dtype"], item.dtype, wrong)
        pushed[place] = replace(item, elements=(*item.elements, tensor[place]))
    return (pushed,)


def concat_lists(attrs: Any, first: Array, second: Array) -> tuple[Array]:
    """Return lists with the elements of one behind those of the other."""
    if np.shape(first) != np.shape(second):
        refuse(
            "Incompatible input TensorList tensor shapes: "
            f"{show(np.shape(first))} vs. {show(np.shape(second))}"
        )
    joined = np.empty(np.size(first), object)
    pairs = zip(np.reshape(first, -1), np.reshape(second, -1), strict=True)
    for place, (ours, more) in enumerate(pairs):
        for one, name in ((ours, "input_a"), (more, "input_b")):
            _check_listed(attrs["element_dtype"], one, name, place)
        if ours.dims != more.dims:
            refuse(
                "input_a and input_b TensorList element shapes are not identical at "
                f"index {place}.  Saw {show(ours.dims)} vs. {show(more.dims)}"
            )
        joined[place] = replace(ours, elements=(*ours.elements, *more.elements))
    return (joined.reshape(np.shape(first)),)


def _check_listed(wanted: DType, one: Any, name: str, place: int) -> None:
    if not isinstance(one, ListValue):
        refuse(
            f"{name} is not a TensorList at index {place}.  Saw: '{type(one).__name__}'"
        )
    if np.dtype(one.dtype) != np.dtype(wanted.as_numpy_dtype):
        refuse(
            f"{name}[{place}].dtype != element_dtype.  Saw: "
            f"{kernel_name(as_dtype(np.dtype(one.dtype)))} vs. {kernel_name(wanted)}"
        )


def pop_back(attrs: Any, handle: Array, element_shape: Array) -> tuple[Array, Array]:
    """Return a list without its last element, and that."""
    found = _list_of(attrs, handle)
    if not found.elements:
        refuse("Trying to pop from an empty list.")
    last = found.elements[-1]
    if last is None:
        dims = merged_element_dims(told_dims(element_shape), found.dims)
        if not is_static(dims):
            refuse(
                "Trying to read an uninitialized tensor but element_shape is not fully "
                f"defined.{show(dims)}"
            )
        last = _unwritten(dims, found.dtype)
    return handle_of(replace(found, elements=found.elements[:-1])), last


def resize(attrs: Any, handle: Array, size: Array) -> tuple[Array]:
    """Return a list of another length."""
    del attrs
    found = list_behind(handle)
    count = scalar(size, "size must be a scalar")
    if count < 0:
        refuse(f"TensorListSlice expects size to be non-negative. Got: {count}")
    missing = max(count - len(found.elements), 0)
    elements = (*found.elements[:count], *[None] * missing)
    return (handle_of(replace(found, elements=elements)),)


def stack(attrs: Any, handle: Array, element_shape: Array) -> tuple[Array]:
    """Return all elements as one array."""
    found = _list_of(attrs, handle)
    count, asked = len(found.elements), attrs["num_elements"]
    if asked not in (-1, count):
        refuse(
            f"Operation expected a list with {asked} elements but got a list with "
            f"{count} elements."
        )
    dims = merged_element_dims(told_dims(element_shape), found.dims)
    if not count and not is_static(dims):
        refuse(
            "Tried to stack elements of an empty list with non-fully-defined "
            f"element_shape: {show(dims)}"
        )
    unwritten = (
        "stack list which only contains uninitialized tensors and has a "
        "non-fully-defined element_shape"
    )
    return (_joined(found, range(count), dims, unwritten),)


def gather(
    attrs: Any, handle: Array, indices: Array, element_shape: Array
) -> tuple[Array]:
    """Return some elements as one array."""
    found = _list_of(attrs, handle)
    dims = merged_element_dims(told_dims(element_shape), found.dims)
    if not np.size(indices) and not is_static(dims):
        refuse(
            "Tried to gather 0-elements from a list with non-fully-defined shape: "
            f"{show(dims)}"
        )
    count = len(found.elements)
    for index in np.reshape(indices, -1):
        if not 0 <= index < count and is_static(found.dims):
            refuse(f"Index {index} out o range; list only has {count} elements.")
    places = [_checked(found, index, "gather") for index in np.reshape(indices, -1)]
    unwritten = (
        "gather uninitialized tensors from a list with non-fully-defined element_shape"
    )
    return (_joined(found, places, dims, unwritten),)


def concat(
    attrs: Any, handle: Array, element_shape: Array, leading_dims: Array
) -> tuple[Array, Array]:
    """Return all elements as one array along their first axis, and their lengths."""
    found = _list_of(attrs, handle)
    dims = merged_element_dims(told_dims(element_shape), found.dims)
    if dims == ():
        refuse(
            "Concat requires elements to be at least vectors, found scalars instead."
        )
    return _put_together(attrs, found, dims, leading_dims)


def _put_together(
    attrs: Any, found: ListValue, dims: Any, leading_dims: Array | None
) -> tuple[Array, Array]:
    """Return elements of a shape as one array; the old operation has no lengths."""
    first, rest = (None, None) if dims is None else (dims[0], dims[1:])
    if leading_dims is None:
        first = None
    rest = _rest_of_elements(found, rest, first)
    usual = first
    lengths = {np.shape(e)[0] for e in found.elements if e is not None}
    if usual is None and len(lengths) == 1 and not is_static(found.dims):
        usual = lengths.pop()
    elements = []
    for place, element in enumerate(found.elements):
        if element is not None:
            elements.append(element)
            continue
        length = usual
        if leading_dims is not None and place < len(leading_dims):
            length = int(leading_dims[place])
        if length is None:
            _refuse_unwritten(place, leading_dims)
        elements.append(_unwritten((length, *rest), found.dtype))
    sizes = np.asarray([np.shape(e)[0] for e in elements], np.int64)
    if elements:
        return joined(elements), sizes
    return np.zeros((0, *rest), attrs["element_dtype"].as_numpy_dtype), sizes


def _refuse_unwritten(place: int, leading_dims: Array | None) -> None:
    if leading_dims is None:
        refuse(
            "Concating lists with uninitialized tensors is not supported in this "
            "version of TensorListConcat. Consider updating your GraphDef to run the "
            "newer version."
        )
    refuse(
        f"List contains uninitialized tensor at index {place} but leading_dims has only"
        f" {len(leading_dims)} elements."
    )


def _rest_of_elements(found: ListValue, rest: Any, first: int | None) -> Any:
    """Return the shape of the elements but for their first axis."""
    if not found.elements and not is_static(rest):
        refuse(
            "All except the first dimension must be fully defined when concating an "
            f"empty tensor list. element_shape: {show(rest)}"
        )
    # TF: does not look at elements if the list tells their whole shape.
    for place, element in enumerate(() if is_static(found.dims) else found.elements):
        if element is None:
            continue
        if not np.shape(element):
            refuse(
                f"Concat saw a scalar shape at index {place} but requires at least "
                "vectors."
            )
        rest = merged_element_dims(rest, np.shape(element)[1:])
        if first not in (None, np.shape(element)[0]):
            refuse(
                "First entry of element_shape input does not match the first dim of "
                f"list element at index: {place} Expected: {first} Actual: "
                f"{np.shape(element)[0]}"
            )
    if not is_static(rest):
        refuse(
            "Trying to concat list with only uninitialized tensors but "
            f"element_shape_except_first_dim is not fully defined: {show(rest)}"
        )
    return rest


def concat_all(attrs: Any, handle: Array) -> tuple[Array, Array]:
    """Return all elements as one array; attributes tell the shape of an element."""
    dims = attrs["element_shape"]
    if dims is not None and not dims:
        refuse("element_shape must not be empty")
    return _put_together(attrs, _list_of(attrs, handle), dims, None)


def _joined(found: ListValue, places: Any, dims: Any, unwritten: str) -> Array:
    """Return elements as one array; what was not written is zeros."""
    elements = [found.elements[place] for place in places]
    if not is_static(found.dims):
        dims = _seen(dims, elements)
    if not is_static(dims):
        refuse(f"Tried to {unwritten}: {show(dims)}")
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
