"""A list of tensors as a value: a Python object that never changes.

Arrays of objects carry it: the handle of a list is one without axes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import is_static, show
from metagraft.kernels.kernel import Array


@dataclass(frozen=True, slots=True)
class ListValue:
    """The elements of one list.

    Attributes:
        dtype: NumPy type of the elements.
        dims: What is known of their shape.
        elements: None where nothing was written.
        most: How many elements may be pushed; -1 for any number.
    """

    dtype: Any
    dims: tuple[int | None, ...] | None
    elements: tuple[Any, ...]
    most: int = -1

    def with_elements(self, elements: tuple[Any, ...]) -> ListValue:
        """Return a list with other elements."""
        return replace(self, elements=elements)

    def element(self, index: int, dims: Any) -> Array:
        """Return an element; zeros where nothing was written."""
        value = self.elements[index]
        return np.zeros(self._zeros_shape(dims), self.dtype) if value is None else value

    def _zeros_shape(self, dims: Any) -> Any:
        shapes = [
            dims,
            self.dims,
            *(np.shape(e) for e in self.elements if e is not None),
        ]
        for shape in shapes:
            if is_static(shape):
                return shape
        raise InvalidArgumentError(
            None,
            None,
            "Trying to read an uninitialized tensor but element_shape is not fully "
            f"defined: {show(dims)}",
        )


def list_behind(handle: Array) -> ListValue:
    """Return the list that a handle carries."""
    # An element of an array of handles is the list itself.
    found: Any = handle[()] if isinstance(handle, np.ndarray) else handle
    listed: ListValue = found
    return listed


def handle_of(made: ListValue) -> Array:
    """Return a handle that carries a list."""
    handle = np.empty((), object)
    handle[()] = made
    return handle


def is_list(value: Array) -> bool:
    """Whether a value is the handle of a list."""
    if not isinstance(value, np.ndarray) or value.ndim or value.dtype.kind != "O":
        return False
    return isinstance(value[()], ListValue)
