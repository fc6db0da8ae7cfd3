"""What may go into lists of tensors.

Source: tensorflow core/kernels/list_kernels.h, list_kernels.cc.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.dtypes import DType, as_dtype, kernel_name
from metagraft.graph.shapes import Dims, dims_compatible, merge_dims, show
from metagraft.kernels.kernel import Array


def merged_element_dims(first: Dims, second: Dims) -> Dims:
    """Return what two shapes together say.

    Raises:
        InvalidArgumentError: They contradict each other.
    """
    if dims_compatible(first, second):
        return merge_dims(first, second)
    known, more = first or (), second or ()
    what = f"shapes during merge: {show(known)} vs. {show(more)}"
    if len(known) != len(more):
        what = f"ranks during merge: {len(known)} vs. {len(more)}"
    raise InvalidArgumentError(None, None, f"PartialTensorShape: Incompatible {what}")


def refuse(text: str) -> NoReturn:
    """Raise the error of a kernel."""
    raise InvalidArgumentError(None, None, text)


def told_dims(shape: Array) -> tuple[int | None, ...] | None:
    """Return the shape that an input tells; -1 stands for what is not known."""
    if np.ndim(shape) > 1:
        refuse(f"Shape must be at most rank 1 but is rank {np.ndim(shape)}")
    if not np.ndim(shape):
        if shape != -1:
            refuse(
                "The only valid scalar shape tensor is the fully unknown shape "
                "specified as -1."
            )
        return None
    for size in shape:
        if size < -1:
            refuse(f"Dimension {size} must be >= -1")
    return tuple(None if size < 0 else int(size) for size in shape)


def scalar(value: Array, text: str) -> int:
    """Return a number; raise an error that tells its shape if it is none."""
    if np.ndim(value):
        refuse(text.format(show(np.shape(value))))
    return int(value)


def check_types(wanted: DType, found: Any, between: str) -> None:
    """Demand that a list has elements of the type that an operation says.

    Args:
        wanted: The type of the operation.
        found: NumPy's type of the elements.
        between: What the error says before it.
    """
    if np.dtype(wanted.as_numpy_dtype) != np.dtype(found):
        refuse(
            f"{between}; op elements {kernel_name(wanted)} but list elements "
            f"{kernel_name(as_dtype(np.dtype(found)))}"
        )


def check_element(dims: Dims, value: Array, what: str, element: str) -> None:
    """Check the shape of one element.

    Args:
        dims: What the list knows of it.
        value: The element.
        what: What is tried, for the error.
        element: What the error calls the element.
    """
    shape = tuple(np.shape(value))
    if not dims_compatible(dims, shape):
        refuse(
            f"Tried to {what}. {element} element shape: {show(shape)} list shape: "
            f"{show(dims)}"
        )


def check_parts(tensor: Array, dims: Dims) -> None:
    """Check an array whose parts are to be elements."""
    shape = tuple(np.shape(tensor))
    if not shape:
        refuse(f"Tensor must be at least a vector, but saw shape: {show(shape)}")
    if not dims_compatible(dims, shape[1:]):
        refuse(
            f"Specified a list with shape {show(dims)} from a tensor with shape "
            f"{show(shape[1:])}"
        )


def check_rows(tensor: Array, indices: Array, size: int) -> None:
    """Check parts that go to given places of a list that has at most `size`."""
    rows = np.shape(tensor)[0]
    if rows != np.size(indices):
        refuse(
            f"Invalid number of rows in input tensor. Expected: {np.size(indices)} "
            f"Actual: {rows}"
        )
    for index in np.reshape(indices, -1):
        if index < 0:
            refuse("Indices in TensorListScatter must all be non-negative.")
        if 0 <= size <= index:
            refuse(
                f"TensorListScatter: Trying to scatter at index {index} in list with "
                f"size {size}"
            )


def check_more_rows(tensor: Array, indices: Array) -> None:
    """Check parts that go to given places of a list that exists."""
    if not np.ndim(tensor):
        refuse("Tensor must be at least a vector, but saw shape: []")
    if np.ndim(indices) != 1:
        refuse(
            "Expected indices to be a vector, but received shape: "
            f"{show(np.shape(indices))}"
        )
    rows = np.shape(tensor)[0]
    if rows != len(indices):
        refuse(
            f"Expected len(indices) == tensor.shape[0], but saw: {len(indices)} vs. "
            f"{rows}"
        )


def check_pieces(tensor: Array, dims: Dims, lengths: Any) -> None:
    """Check an array that is to be split into pieces of given lengths."""
    shape = tuple(np.shape(tensor))
    if not shape:
        refuse(f"Tensor must be at least a vector, but saw shape: {show(shape)}")
    if dims is not None and not dims:
        refuse(
            "TensorListSplit requires element_shape to be at least of rank 1, but saw: "
            f"{show(dims)}"
        )
    if len(np.shape(lengths)) != 1:
        refuse(
            "Expected lengths to be a vector, received shape: "
            f"{show(tuple(np.shape(lengths)))}"
        )
    if dims is not None and not dims_compatible((None, *dims[1:]), shape):
        refuse(
            f"tensor shape {show(shape)} is not compatible with element_shape "
            f"{show(dims)}"
        )
    end = 0
    for count in lengths:
        if count < 0:
            refuse(f"Invalid value in lengths: {count}")
        start, end = end, end + int(count)
        if end > shape[0]:
            refuse(
                f"Attempting to slice [{start}, {end}] from tensor with length "
                f"{shape[0]}"
            )
    if end != shape[0]:
        refuse(
            f"Unused values in tensor. Length of tensor: {shape[0]} Values used: {end}"
        )
