"""Arrays of tensors. They live as long as the run.

A handle is a Python object, also while a program is traced; the elements may then stand
for values. Positions and lengths are always known.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import Dims, is_static
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace


class _Array:
    """The elements of one array.

    Attributes:
        name: For errors.
        dtype: NumPy type of the elements.
        elements: None where nothing was written, or where it was read for good.
        dims: What is known of the shape of the elements.
        grows: Whether a write behind the end makes it longer.
        clears: Whether a read takes the element away.
        sums: Whether what is written to one place twice is added up.
        gradients: The arrays of gradients, by the call of `gradients`.
    """

    def __init__(self, name: str, dtype: Any, size: int, dims: Dims) -> None:
        self.name = name
        self.dtype = dtype
        self.elements: list[Array | None] = [None] * size
        self.shapes: list[tuple[int, ...] | None] = [None] * size
        self.dims = dims
        self.grows = False
        self.clears = False
        self.sums = False
        self.gradients: dict[bytes, _Array] = {}

    def write(self, index: int, value: Array) -> None:
        size = len(self.elements)
        if index < 0 or (index >= size and not self.grows):
            fixed = "" if self.grows else " but array is not resizeable and size is: "
            raise InvalidArgumentError(
                None,
                None,
                f"TensorArray {self.name}: Tried to write to index {index}"
                f"{fixed}{size if fixed else ''}",
            )
        missing = index + 1 - size
        self.elements.extend([None] * missing)
        self.shapes.extend([None] * missing)
        before = self.elements[index]
        if before is not None:
            if not self.sums:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"TensorArray {self.name}: Could not write to TensorArray index "
                    f"{index} because it has already been written to.",
                )
            value = before + value
        self.elements[index] = value
        self.shapes[index] = tuple(np.shape(value))

    def read(self, index: int) -> Array:
        if not 0 <= index < len(self.elements):
            raise InvalidArgumentError(
                None,
                None,
                f"TensorArray {self.name}: Tried to read from index {index} but array "
                f"size is: {len(self.elements)}",
            )
        value = self.elements[index]
        if value is None:
            return self._unwritten(index)
        if self.clears:
            self.elements[index] = None
        return value

    def _unwritten(self, index: int) -> Array:
        if self.shapes[index] is not None and not self.sums:
            raise InvalidArgumentError(
                None,
                None,
                f"TensorArray {self.name}: Could not read index {index} twice because "
                "it was cleared after a previous read (perhaps try setting "
                "clear_after_read = false?).",
            )
        dims: Any = self.shapes[index] or self.dims
        if not is_static(dims):
            raise InvalidArgumentError(
                None,
                None,
                f"TensorArray {self.name}: Could not read from TensorArray index "
                f"{index}.  Furthermore, the element shape is not fully defined: "
                f"{dims}.  It is possible you are working with a resizeable "
                "TensorArray and stop_gradients is not allowing the gradients to be "
                "written.  If you set the full element_shape property on the forward "
                "TensorArray, the proper all-zeros tensor will be returned instead of "
                "incurring this error.",
            )
        return np.zeros(dims, self.dtype)


def _found(handle: Array) -> _Array:
    array: _Array = handle[()]
    return array


def _handle(array: _Array) -> Array:
    handle = np.empty((), object)
    handle[()] = array
    return handle


def make(attrs: Any, size: Array) -> tuple[Array, Array]:
    """Make an array."""
    name = attrs["tensor_array_name"].decode() or "TensorArray"
    dtype = attrs["dtype"].as_numpy_dtype
    array = _Array(name, dtype, int(size), attrs["element_shape"])
    array.grows = attrs["dynamic_size"]
    array.clears = attrs["clear_after_read"]
    return _handle(array), np.float32(0.0)


def gradient(attrs: Any, handle: Array, flow_in: Array) -> tuple[Array, Array]:
    """Return the array of the gradients, the same one for the same source."""
    array = _found(handle)
    found = array.gradients.get(attrs["source"])
    if found is None:
        size = len(array.elements)
        found = _Array(f"{array.name}_grad", array.dtype, size, array.dims)
        found.shapes = list(array.shapes)
        found.sums = True
        array.gradients[attrs["source"]] = found
    return _handle(found), flow_in


def write(
    attrs: Any, handle: Array, index: Array, value: Array, flow_in: Array
) -> tuple[Array]:
    """Write one element."""
    del attrs
    _found(handle).write(int(index), value)
    return (flow_in,)


def read(attrs: Any, handle: Array, index: Array, flow_in: Array) -> tuple[Array]:
    """Read one element."""
    del attrs, flow_in
    return (_found(handle).read(int(index)),)


def gather(attrs: Any, handle: Array, indices: Array, flow_in: Array) -> tuple[Array]:
    """Read elements into one array."""
    del flow_in
    array = _found(handle)
    if not len(indices):
        dims: Any = attrs["element_shape"] if array.dims is None else array.dims
        if not is_static(dims):
            raise InvalidArgumentError(
                None,
                None,
                f"TensorArray {array.name}: no elements are read, and the element "
                f"shape is not fully defined: {dims}",
            )
        return (np.zeros((0, *dims), array.dtype),)
    elements = [array.read(int(i)) for i in indices]
    return (namespace(*elements).stack(elements),)


def scatter(
    attrs: Any, handle: Array, indices: Array, value: Array, flow_in: Array
) -> tuple[Array]:
    """Write the parts of an array."""
    del attrs
    array = _found(handle)
    if len(indices) != len(value):
        raise InvalidArgumentError(
            None,
            None,
            f"Expected len(indices) == values.shape[0], but saw: {len(indices)} vs. "
            f"{len(value)}",
        )
    for index, part in zip(indices, value, strict=True):
        array.write(int(index), namespace(part).asarray(part))
    return (flow_in,)


def concat(attrs: Any, handle: Array, flow_in: Array) -> tuple[Array, Array]:
    """Read all elements behind each other."""
    del flow_in
    array = _found(handle)
    elements = [array.read(i) for i in range(len(array.elements))]
    lengths = np.array([len(e) for e in elements], np.int64)
    if not elements:
        rest: Any = attrs["element_shape_except0"]
        return np.zeros((0, *(rest or ())), array.dtype), lengths
    return namespace(*elements).concatenate(elements), lengths


def split(
    attrs: Any, handle: Array, value: Array, lengths: Array, flow_in: Array
) -> tuple[Array]:
    """Write pieces of an array."""
    del attrs
    array = _found(handle)
    if int(np.sum(lengths)) != len(value):
        raise InvalidArgumentError(
            None,
            None,
            "Expected sum of lengths to be equal to values.shape[0], but sum of "
            f"lengths is {int(np.sum(lengths))} and value's shape is: "
            f"{list(np.shape(value))}",
        )
    start = 0
    for index, length in enumerate(lengths):
        array.write(index, value[start : start + int(length)])
        start += int(length)
    return (flow_in,)


def size(attrs: Any, handle: Array, flow_in: Array) -> tuple[Array]:
    """Count the elements."""
    del attrs, flow_in
    return (np.int32(len(_found(handle).elements)),)


def close(attrs: Any, handle: Array) -> tuple[()]:
    """Forget the elements."""
    del attrs
    _found(handle).elements.clear()
    return ()


KERNELS = {
    "TensorArrayV3": Kernel(make),
    "TensorArrayGradV3": Kernel(gradient),
    "TensorArrayWriteV3": Kernel(write),
    "TensorArrayReadV3": Kernel(read),
    "TensorArrayGatherV3": Kernel(gather),
    "TensorArrayScatterV3": Kernel(scatter),
    "TensorArrayConcatV3": Kernel(concat),
    "TensorArraySplitV3": Kernel(split),
    "TensorArraySizeV3": Kernel(size),
    "TensorArrayCloseV3": Kernel(close),
}
