"""Arrays of tensors. They live as long as the run.

A handle is a Python object, also while a program is traced; the elements may then stand
for values. Positions, lengths and shapes are always known.

Source: tensorflow core/kernels/tensor_array.h, tensor_array_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NoReturn

import numpy as np

from metagraft.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from metagraft.formats.names import decode_name
from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.shapes import (
    Dims,
    dims_compatible,
    is_static,
    show,
)
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.list_checks import merged_element_dims
from metagraft.kernels.pieces import Container, added, joined, parts, stacked


@dataclass(slots=True)
class _Element:
    """One place of an array.

    Attributes:
        value: None where nothing was written, only a shape was, or it was cleared.
        dims: The shape of what was written; None where nothing was.
        is_read: Whether it was read, so that nothing more may be written.
        is_cleared: Whether a read took the value away.
    """

    value: Any = None
    dims: tuple[int, ...] | None = None
    is_read: bool = False
    is_cleared: bool = False


@dataclass(slots=True, eq=False)
class _Array(Container):
    """The elements of one array.

    Attributes:
        name: For errors.
        dtype: Type of the elements.
        elements: The places.
        dims: What is known of the shape of the elements.
        grows: Whether a write behind the end makes it longer.
        clears: Whether a read takes the element away.
        learns: Whether the first element tells the shape of all.
        sums: Whether what is written to one place twice is added up.
        marked_size: How many pieces `split` or `scatter` wrote; an array of gradients
            has that of its forward array and gives so many together.
        gradients: The arrays of gradients, by the call of `gradients`.
        is_closed: Whether nothing may be done with it any more.
    """

    name: str
    dtype: DType
    elements: list[_Element]
    dims: Dims
    grows: bool = False
    clears: bool = True
    learns: bool = False
    sums: bool = False
    marked_size: int | None = None
    gradients: dict[bytes, _Array] = field(default_factory=dict)
    is_closed: bool = False

    def elements_now(self) -> list[Any]:
        return [*(e.value for e in self.elements), *self.gradients.values()]

    def map_elements(self, change: Callable[[Any], Any]) -> None:
        for element in self.elements:
            element.value = change(element.value)

    def saved(self) -> Callable[[], None]:
        before = {f.name: getattr(self, f.name) for f in fields(self)}
        gradients = dict(self.gradients)
        elements = [replace(element) for element in self.elements]

        def restore() -> None:
            for name, value in before.items():
                setattr(self, name, value)
            self.gradients = dict(gradients)
            self.elements = [replace(element) for element in elements]

        return restore

    def fail(self, text: str) -> NoReturn:
        raise InvalidArgumentError(None, None, f"TensorArray {self.name}{text}")

    def write(self, index: int, value: Array) -> None:
        """Write one element, or add to it.

        Args:
            index: Where.
            value: The element, of any shape that fits.

        Raises:
            InvalidArgumentError: There is no such place, the shape does not fit, or the
                place was written or read before.
        """
        element = self._place(index)
        dims = tuple(np.shape(value))
        self._check_shape(index, dims)
        where = f": Could not write to TensorArray index {index} because it has already"
        if element.is_read:
            self.fail(f"{where} been read.")
        if element.dims is None:
            element.value, element.dims = value, dims
            return
        if not self.sums:
            self.fail(f"{where} been written to.")
        if dims != element.dims:
            self.fail(
                f": Could not aggregate to TensorArray index {index} because the "
                f"existing shape is {show(element.dims)} but the new input shape is "
                f"{show(dims)}."
            )
        missing = element.value is None
        element.value = value if missing else added(element.value, value)

    def _place(self, index: int) -> _Element:
        size = len(self.elements)
        if index < 0 or (index >= size and not self.grows):
            self.fail(
                f": Tried to write to index {index} but array is not resizeable and "
                f"size is: {size}"
            )
        self.elements.extend(_Element() for _ in range(index + 1 - size))
        return self.elements[index]

    def _check_shape(self, index: int, dims: tuple[int, ...]) -> None:
        if not dims_compatible(self.dims, dims):
            self.fail(
                f": Could not write to TensorArray index {index} because the value "
                f"shape is {show(dims)} which is incompatible with the TensorArray's "
                f"inferred element shape: {show(self.dims)} (consider setting "
                "infer_shape=False)."
            )
        if self.learns:
            self.dims = dims

    def read(self, index: int) -> Array:
        """Return one element; zeros where nothing was written.

        Raises:
            InvalidArgumentError: There is no such place, or its value was cleared, or
                its shape is not known.
        """
        if not 0 <= index < len(self.elements):
            raise InvalidArgumentError(
                None,
                None,
                f"Tried to read from index {index} but array size is: "
                f"{len(self.elements)}",
            )
        element = self.elements[index]
        if element.is_cleared:
            self.fail(
                f": Could not read index {index} twice because it was cleared after a "
                "previous read (perhaps try setting clear_after_read = false?)."
            )
        if element.value is None:
            element.value, element.dims = self._zeros(index, element.dims)
        value = element.value
        element.is_read = True
        if self.clears:
            element.value, element.is_cleared = None, True
        return value

    def _zeros(
        self, index: int, written: tuple[int, ...] | None
    ) -> tuple[Array, tuple[int, ...]]:
        dims: Any = self.dims if written is None else written
        if not is_static(dims):
            self.fail(
                f": Could not read from TensorArray index {index}.  Furthermore, the "
                f"element shape is not fully defined: {show(dims)}.  It is possible "
                "you are working with a resizeable TensorArray and stop_gradients is "
                "not allowing the gradients to be written.  If you set the full "
                "element_shape property on the forward TensorArray, the proper "
                "all-zeros tensor will be returned instead of incurring this error."
            )
        return _filled(dims, self.dtype), dims

    def mark(self, size: int) -> None:
        """Remember how many pieces a whole was written in."""
        if not self.sums:
            self.marked_size = size

    def narrow(self, dims: Dims) -> None:
        """Learn more of the shape of the elements.

        Raises:
            InvalidArgumentError: It contradicts what is known.
        """
        self.dims = merged_element_dims(self.dims, dims)


def _filled(dims: tuple[int, ...], dtype: DType) -> Array:
    nothing: Any = b"" if dtype.name == "string" else 0
    return np.full(dims, nothing, dtype.as_numpy_dtype)


def _found(handle: Array) -> _Array:
    array = handle[()]
    if not isinstance(array, _Array):
        is_named = np.shape(array) == (2,)  # a container and a name in it
        error = NotFoundError if is_named else InvalidArgumentError
        raise error(None, None, "The operand is no handle of a TensorArray.")
    if array.is_closed:
        array.fail(" has already been closed.")
    return array


def _of_type(handle: Array, dtype: DType) -> _Array:
    """Return the array behind a handle, which has to have elements of `dtype`."""
    array = _found(handle)
    if array.dtype != dtype:
        raise InvalidArgumentError(
            None,
            None,
            f"TensorArray dtype is {kernel_name(array.dtype)} but Op requested dtype "
            f"{kernel_name(dtype)}.",
        )
    return array


def _to_write(handle: Array, dtype: DType) -> _Array:
    array = _found(handle)
    if array.dtype != dtype:
        raise InvalidArgumentError(
            None,
            None,
            f"TensorArray dtype is {kernel_name(array.dtype)} but Op is trying to "
            f"write dtype {kernel_name(dtype)}.",
        )
    return array


def _handle(array: _Array) -> Array:
    handle = np.empty((), object)
    handle[()] = array
    return handle


def make(attrs: Any, size: Array) -> tuple[Array, Array]:
    """Make an array."""
    array = _Array(
        name=decode_name(attrs["tensor_array_name"]) or "TensorArray",
        dtype=attrs["dtype"],
        elements=[_Element() for _ in range(int(size))],
        dims=attrs["element_shape"],
        grows=attrs["dynamic_size"],
        clears=attrs["clear_after_read"],
        learns=attrs.get("identical_element_shapes", False),
    )
    return _handle(array), np.float32(0.0)


def make_without_flow(attrs: Any, size: Array) -> tuple[Array]:
    """Make an array in an older version, which tells only the handle."""
    return make(attrs, size)[:1]


def gradient(attrs: Any, handle: Array, flow_in: Array) -> tuple[Array, Array]:
    """Return the array of the gradients, the same one for the same source."""
    return _handle(_gradients_of(_found(handle), attrs["source"], ())), flow_in


def gradient_without_flow(attrs: Any, handle: Array, flow_in: Array) -> tuple[Array]:
    """Return the array of the gradients in an older version."""
    return gradient(attrs, handle, flow_in)[:1]


def gradient_with_shape(
    attrs: Any, handle: Array, flow_in: Array, shape_to_prepend: Array
) -> tuple[Array, Array]:
    """Return the array of gradients whose elements have further axes in front."""
    before = tuple(int(size) for size in shape_to_prepend)
    return _handle(_gradients_of(_found(handle), attrs["source"], before)), flow_in


def _gradients_of(array: _Array, source: bytes, before: tuple[int, ...]) -> _Array:
    array.grows = False
    found = array.gradients.get(source)
    if found is None:
        shapes = [e.dims for e in array.elements]
        found = array.gradients[source] = _Array(
            name=f"{array.name}@{decode_name(source)}",
            dtype=array.dtype,
            elements=[
                _Element(dims=None if dims is None else (*before, *dims))
                for dims in shapes
            ],
            dims=None if array.dims is None else (*before, *array.dims),
            learns=array.learns,
            sums=True,
            marked_size=array.marked_size,
        )
    return found


def write(
    attrs: Any, handle: Array, index: Array, value: Array, flow_in: Array
) -> tuple[Array]:
    """Write one element."""
    _to_write(handle, attrs["T"]).write(int(index), value)
    return (flow_in,)


def read(attrs: Any, handle: Array, index: Array, flow_in: Array) -> tuple[Array]:
    """Read one element."""
    del flow_in
    return (_of_type(handle, attrs["dtype"]).read(int(index)),)


def gather(attrs: Any, handle: Array, indices: Array, flow_in: Array) -> tuple[Array]:
    """Read elements into one array."""
    del flow_in
    array = _of_type(handle, attrs["dtype"])
    _check_vector(indices, "indices")
    dims = attrs["element_shape"]
    array.narrow(dims)
    if not len(indices):
        return (_none_of(array, "", array.dims, "packing"),)
    elements = [array.read(int(i)) for i in indices]
    first = tuple(np.shape(elements[0]))
    if not dims_compatible(dims, first):
        _refuse(
            f"TensorArray was passed element_shape {show(dims)} which does not match "
            f"the Tensor at index 0: {show(first)}"
        )
    _check_alike(elements, "", 0)
    return (stacked(elements),)


def _refuse(text: str) -> NoReturn:
    raise InvalidArgumentError(None, None, text)


def _check_vector(value: Array, name: str) -> None:
    if len(np.shape(value)) != 1:
        shape = show(tuple(np.shape(value)))
        _refuse(f"Expected {name} to be a vector, but received shape: {shape}")


def _none_of(array: _Array, suffix: str, dims: Any, verb: str) -> Array:
    """Return no elements, of a shape that has to be known."""
    if not is_static(dims):
        raise UnimplementedError(
            None,
            None,
            f"TensorArray has size zero, but element{suffix or ' shape'} {show(dims)} "
            "is not fully defined. Currently only static shapes are supported when "
            f"{verb} zero-size TensorArrays.",
        )
    return _filled((0, *dims), array.dtype)


def _check_alike(elements: Sequence[Array], what: str, start: int) -> None:
    """Refuse elements whose shapes differ from axis `start` on."""
    first = tuple(np.shape(elements[0]))[start:]
    for index, element in enumerate(elements):
        dims = tuple(np.shape(element))[start:]
        if dims != first:
            _refuse(
                "TensorArray has inconsistent shapes.  Index 0 has "
                f"{what}shape: {show(first)} but index {index} has {what}shape: "
                f"{show(dims)}"
            )


def scatter(
    attrs: Any, handle: Array, indices: Array, value: Array, flow_in: Array
) -> tuple[Array]:
    """Write the parts of an array."""
    array = _to_write(handle, attrs["T"])
    _check_vector(indices, "indices")
    dims = tuple(np.shape(value))
    if not dims:
        _refuse(
            "Input value for unpack must be at least a vector but received shape: "
            f"{show(dims)}"
        )
    if len(indices) != dims[0]:
        _refuse(
            f"Expected len(indices) == values.shape[0], but saw: {len(indices)} vs. "
            f"{dims[0]}"
        )
    size = len(array.elements)
    largest = max((int(i) for i in indices), default=-1)
    if largest >= size and not array.grows:
        _refuse(f"Max scatter index must be < array size ({largest} vs. {size})")
    array.mark(max(largest + 1, size))
    for index, part in zip(indices, parts(value), strict=True):
        array.write(int(index), part)
    return (flow_in,)


def pack(attrs: Any, handle: Array, flow_in: Array) -> tuple[Array]:
    """Read all elements into one array."""
    every = np.arange(len(_found(handle).elements))
    return gather(attrs, handle, every, flow_in)


def unpack(attrs: Any, handle: Array, value: Array, flow_in: Array) -> tuple[Array]:
    """Write all parts of an array."""
    count = np.shape(value)[0] if np.shape(value) else 0
    array = _to_write(handle, attrs["T"])
    if np.shape(value) and count != len(array.elements) and not array.grows:
        _refuse(
            "Input value must have first dimension equal to the array size ("
            f"{count} vs. {len(array.elements)})"
        )
    return scatter(attrs, handle, np.arange(count), value, flow_in)


def concat(attrs: Any, handle: Array, flow_in: Array) -> tuple[Array, Array]:
    """Read all elements behind each other."""
    del flow_in
    array = _of_type(handle, attrs["dtype"])
    size = len(array.elements)
    if array.sums and array.marked_size is not None:
        size = array.marked_size
    elements = [array.read(i) for i in range(size)]
    for index, element in enumerate(elements):
        if not np.shape(element):
            _refuse(
                f"Concat saw a scalar shape at index {index} but requires at least "
                "vectors.  Did you mean to call pack?"
            )
    if not elements:
        rest = attrs["element_shape_except0"]
        empty = _none_of(array, "_shape_except0", rest, "concatenating")
        return empty, np.zeros(0, np.int64)
    _check_alike(elements, "(excepting dimension 0) ", 1)
    lengths = np.array([np.shape(e)[0] for e in elements], np.int64)
    return joined(elements), lengths


def split(
    attrs: Any, handle: Array, value: Array, lengths: Array, flow_in: Array
) -> tuple[Array]:
    """Write pieces of an array."""
    array = _to_write(handle, attrs["T"])
    dims = tuple(np.shape(value))
    if len(np.shape(lengths)) != 1:
        shape = show(tuple(np.shape(lengths)))
        _refuse(f"Expected lengths to be a vector, received shape: {shape}")
    if not dims:
        _refuse(
            f"Expected value to be at least a vector, but received shape: {show(dims)}"
        )
    if int(np.sum(lengths)) != dims[0]:
        _refuse(
            "Expected sum of lengths to be equal to values.shape[0], but sum of "
            f"lengths is {int(np.sum(lengths))} and value's shape is: {show(dims)}"
        )
    if len(lengths) != len(array.elements) and not array.grows:
        _refuse(
            "TensorArray's size is not equal to the size of lengths "
            f"({len(array.elements)} vs. {len(lengths)}), and the TensorArray is not "
            "marked as dynamically resizeable"
        )
    array.mark(len(lengths))
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
    array: _Array = handle[()]
    array.elements.clear()
    array.is_closed = True
    return ()


_ON_ARRAYS = {
    "Write": Kernel(write),
    "Read": Kernel(read),
    "Gather": Kernel(gather),
    "Scatter": Kernel(scatter),
    "Concat": Kernel(concat),
    "Split": Kernel(split),
    "Size": Kernel(size),
    "Close": Kernel(close),
}
KERNELS = {
    **{
        f"TensorArray{name}{version}": kernel
        for name, kernel in _ON_ARRAYS.items()
        for version in ("", "V2", "V3")
    },
    **dict.fromkeys(("TensorArray", "TensorArrayV2"), Kernel(make_without_flow)),
    **dict.fromkeys(
        ("TensorArrayGrad", "TensorArrayGradV2"), Kernel(gradient_without_flow)
    ),
    "TensorArrayPack": Kernel(pack),
    "TensorArrayUnpack": Kernel(unpack),
    "TensorArrayV3": Kernel(make),
    "TensorArrayGradV3": Kernel(gradient),
    "TensorArrayGradWithShape": Kernel(gradient_with_shape),
}
