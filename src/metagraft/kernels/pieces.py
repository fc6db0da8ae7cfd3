"""Elements of stacks, arrays and lists that stand for parts of an array.

While a program is traced, taking every part of an array by itself would make it huge.
So what is put into a stack, an array or a list of tensors may be a `Piece`, which is
taken when it is used alone, and never if all pieces are put together again.

A `Pending` stands for what a turn of a loop will compute (`runtime/rolled_loops.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import is_traced, namespace


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Part `index` of an array along its first axis."""

    base: Array
    index: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the part."""
        return tuple(np.shape(self.base)[1:])

    @property
    def dtype(self) -> Any:
        """The type of the array."""
        return self.base.dtype


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """What a loop will have in a slot, in one of its turns."""

    slot: int
    turn: int
    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True, slots=True, eq=False)
class Total:
    """The sum of some values, one of which is pending."""

    terms: tuple[Any, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of every term."""
        return tuple(np.shape(self.terms[0]))

    @property
    def dtype(self) -> Any:
        """The type of every term."""
        return self.terms[0].dtype


def parts(array: Array) -> list[Any]:
    """Return the parts of an array along its first axis."""
    count = np.shape(array)[0]
    if is_traced(array):
        return [Piece(array, i) for i in range(count)]
    return [array[i, ...] for i in range(count)]


def taken(element: Any) -> Array:
    """Return an element as an array."""
    if isinstance(element, Piece):
        return element.base[element.index]
    if isinstance(element, Total):
        total = taken(element.terms[0])
        for term in element.terms[1:]:
            total = total + taken(term)
        return total
    if isinstance(element, Pending):
        raise TypeError("what a loop will compute is not known yet")
    return element


def added(first: Any, second: Any) -> Any:
    """Return the sum of two elements."""
    if is_pending(first) or is_pending(second):
        return Total((first, second))
    return taken(first) + taken(second)


def is_pending(element: Any) -> bool:
    """Whether an element is, or contains, what a loop will compute."""
    if isinstance(element, Total):
        return any(map(is_pending, element.terms))
    return isinstance(element, Pending)


def zeros(element: Any) -> Array:
    """Return zeros like an element."""
    if isinstance(element, (Piece, Pending, Total)):
        return np.zeros(element.shape, element.dtype)
    return namespace(element).zeros_like(element)


def stacked(elements: Sequence[Any]) -> Array:
    """Return elements of one shape as one array."""
    if all(isinstance(element, Total) for element in elements):
        columns = zip(*(element.terms for element in elements), strict=True)
        sums = [stacked(column) for column in columns]
        return taken(Total(tuple(sums)))
    base = _base_of_all(elements)
    if base is not None:
        return _chosen(base, [element.index for element in elements])
    arrays = [taken(element) for element in elements]
    return namespace(*arrays).stack(arrays)


def _base_of_all(elements: Sequence[Any]) -> Array | None:
    """Return the array of which all elements are pieces."""
    base = elements[0].base if _is_piece(elements[0]) else None
    whole = all(_is_piece(element) and element.base is base for element in elements)
    return base if whole else None


def _is_piece(element: Any) -> bool:
    return isinstance(element, Piece)


def _chosen(base: Array, indices: list[int]) -> Array:
    every = list(range(np.shape(base)[0]))
    if indices == every:
        return base
    if indices == every[::-1]:
        return base[::-1]
    return base[np.asarray(indices)]


def joined(elements: Sequence[Any]) -> Array:
    """Return elements behind each other along their first axis."""
    if _base_of_all(elements) is not None:
        whole = stacked(elements)
        return whole.reshape((-1, *np.shape(whole)[2:]))
    arrays = [taken(element) for element in elements]
    return namespace(*arrays).concatenate(arrays)


# -- what is behind handles ------------------------------------------------------------


class Container:
    """What keeps elements behind a handle and changes."""

    __slots__ = ()

    def elements_now(self) -> list[Any]:
        """Return all elements, and handles of further containers."""
        raise NotImplementedError

    def map_elements(self, change: Callable[[Any], Any]) -> None:
        """Put `change(element)` in the place of every element."""
        raise NotImplementedError

    def saved(self) -> Callable[[], None]:
        """Return a function that brings the present state back."""
        raise NotImplementedError


def containers(values: Sequence[Any]) -> list[Container]:
    """Return what handles among values lead to, each once."""
    found: dict[int, Container] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, Container):
            if id(value) not in found:
                found[id(value)] = value
                waiting.extend(value.elements_now())
        elif isinstance(value, np.ndarray) and value.dtype == object:
            waiting.extend(value.flat)
        elif hasattr(value, "with_elements"):
            waiting.extend(value.elements)
    return list(found.values())


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value with `change` applied to what is pending in it.

    Containers are left as they are; see `Container.map_elements`.
    """
    if isinstance(value, Pending):
        return change(value)
    if isinstance(value, Total):
        return Total(tuple(changed(term, change) for term in value.terms))
    if isinstance(value, np.ndarray) and value.dtype == object:
        result = np.empty(value.shape, object)
        for place in np.ndindex(*value.shape):
            result[place] = changed(value[place], change)
        return result
    if hasattr(value, "with_elements"):
        return value.with_elements(tuple(changed(e, change) for e in value.elements))
    return value
