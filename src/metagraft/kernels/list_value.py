"""A list of tensors as a value: a Python object that never changes.

Arrays of objects carry it: the handle of a list is one without axes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
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


def list_behind(handle: Array) -> ListValue:
    """Return the list that a handle carries.

    Raises:
        InvalidArgumentError: There are several, or it carries something else.
    """
    # An element of an array of handles is the list itself.
    found: Any = handle[()] if isinstance(handle, np.ndarray) else handle
    if isinstance(found, ListValue):
        return found
    if np.ndim(handle):
        text = f"Input list must be a scalar saw: {show(np.shape(handle))}"
    else:
        text = f"Input handle is not a list. Saw: '{type(found).__name__}'"
    raise InvalidArgumentError(None, None, text)


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
