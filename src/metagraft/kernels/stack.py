"""Stacks: what a loop keeps of every iteration for its gradient.

A handle is a Python object, also while a program is traced; what lies on the stack may
then stand for a value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.pieces import Container


class _Stack(Container):
    """Values, the last one on top."""

    __slots__ = ("limit", "values")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.values: list[Any] = []

    def elements_now(self) -> list[Any]:
        return self.values

    def map_elements(self, change: Callable[[Any], Any]) -> None:
        self.values[:] = map(change, self.values)

    def saved(self) -> Callable[[], None]:
        values = list(self.values)

        def restore() -> None:
            self.values[:] = values

        return restore


def _handle(stack: _Stack) -> Array:
    handle = np.empty((), object)
    handle[()] = stack
    return handle


def stack(attrs: Any, max_size: Array) -> tuple[Array]:
    """Make an empty stack; it lives as long as the run."""
    del attrs
    return (_handle(_Stack(int(max_size))),)


def unbounded(attrs: Any) -> tuple[Array]:
    """Make an empty stack of any size."""
    del attrs
    return (_handle(_Stack(-1)),)


def push(attrs: Any, handle: Array, elem: Array) -> tuple[Array]:
    """Put a value on top."""
    del attrs
    found: _Stack = handle[()]
    if 0 <= found.limit <= len(found.values):
        raise InvalidArgumentError(
            None, None, f"Stack overflowed its max_size ({found.limit})"
        )
    found.values.append(elem)
    return (elem,)


def pop(attrs: Any, handle: Array) -> tuple[Array]:
    """Take the value on top."""
    del attrs
    found: _Stack = handle[()]
    if not found.values:
        raise InvalidArgumentError(None, None, "Stack is empty when calling Pop()")
    return (found.values.pop(),)


def close(attrs: Any, handle: Array) -> tuple[()]:
    """Forget all values."""
    del attrs
    found: _Stack = handle[()]
    found.values.clear()
    return ()


KERNELS = {
    "Stack": Kernel(unbounded),
    "StackV2": Kernel(stack),
    **dict.fromkeys(("StackPush", "StackPushV2"), Kernel(push)),
    **dict.fromkeys(("StackPop", "StackPopV2"), Kernel(pop)),
    **dict.fromkeys(("StackClose", "StackCloseV2"), Kernel(close)),
}
