"""Python's operators on ragged tensors.

Source: tensorflow python/ops/ragged/ragged_operators.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import math

__all__ = ["RaggedOperators"]


def _node(op_type: str) -> Callable[..., Any]:
    """Return the function that adds one operation of two operands."""

    def add_node(x: Any, y: Any) -> Any:
        return op(op_type, x=x, y=y)

    return add_node


class RaggedOperators:
    """Operators that work on the innermost values; a class without state."""

    __slots__ = ()

    # NumPy arrays leave `array + ragged` to the ragged tensor.
    __array_priority__ = 100

    def _apply(self, function: Callable[..., Any], other: Any, *, swap: bool) -> Any:
        """Apply a function of two tensors to innermost values; rows broadcast."""
        from metagraft.api.ragged_elementwise import combined

        return combined(function, *((other, self) if swap else (self, other)))

    def __getitem__(self, key: Any) -> Any:
        """Return rows, parts of rows, or one value."""
        from metagraft.api.ragged_items import item

        mine: Any = self
        return item(mine, key)

    def __add__(self, other: Any) -> Any:
        """Add element by element."""
        return self._apply(math.add, other, swap=False)

    def __radd__(self, other: Any) -> Any:
        """Add element by element."""
        return self._apply(math.add, other, swap=True)

    def __sub__(self, other: Any) -> Any:
        """Subtract element by element."""
        return self._apply(_node("Sub"), other, swap=False)

    def __rsub__(self, other: Any) -> Any:
        """Subtract element by element."""
        return self._apply(_node("Sub"), other, swap=True)

    def __mul__(self, other: Any) -> Any:
        """Multiply element by element."""
        return self._apply(_node("Mul"), other, swap=False)

    def __rmul__(self, other: Any) -> Any:
        """Multiply element by element."""
        return self._apply(_node("Mul"), other, swap=True)

    def __truediv__(self, other: Any) -> Any:
        """Divide element by element."""
        return self._apply(math.truediv, other, swap=False)

    def __rtruediv__(self, other: Any) -> Any:
        """Divide element by element."""
        return self._apply(math.truediv, other, swap=True)

    def __floordiv__(self, other: Any) -> Any:
        """Divide element by element, rounding down."""
        return self._apply(math.floordiv, other, swap=False)

    def __rfloordiv__(self, other: Any) -> Any:
        """Divide element by element, rounding down."""
        return self._apply(math.floordiv, other, swap=True)

    def __mod__(self, other: Any) -> Any:
        """Return remainders element by element."""
        return self._apply(_node("FloorMod"), other, swap=False)

    def __rmod__(self, other: Any) -> Any:
        """Return remainders element by element."""
        return self._apply(_node("FloorMod"), other, swap=True)

    def __pow__(self, other: Any) -> Any:
        """Raise to powers element by element."""
        return self._apply(math.power, other, swap=False)

    def __rpow__(self, other: Any) -> Any:
        """Raise to powers element by element."""
        return self._apply(math.power, other, swap=True)

    def __lt__(self, other: Any) -> Any:
        """Compare element by element."""
        return self._apply(_node("Less"), other, swap=False)

    def __le__(self, other: Any) -> Any:
        """Compare element by element."""
        return self._apply(_node("LessEqual"), other, swap=False)

    def __gt__(self, other: Any) -> Any:
        """Compare element by element."""
        return self._apply(_node("Greater"), other, swap=False)

    def __ge__(self, other: Any) -> Any:
        """Compare element by element."""
        return self._apply(_node("GreaterEqual"), other, swap=False)

    def __and__(self, other: Any) -> Any:
        """Combine flags element by element."""
        return self._apply(_node("LogicalAnd"), other, swap=False)

    def __or__(self, other: Any) -> Any:
        """Combine flags element by element."""
        return self._apply(_node("LogicalOr"), other, swap=False)

    def __xor__(self, other: Any) -> Any:
        """Combine flags element by element."""
        return self._apply(math.logical_xor, other, swap=False)

    def __rand__(self, other: Any) -> Any:
        """Combine flags element by element."""
        return self._apply(_node("LogicalAnd"), other, swap=True)

    def __ror__(self, other: Any) -> Any:
        """Combine flags element by element."""
        return self._apply(_node("LogicalOr"), other, swap=True)

    def __rxor__(self, other: Any) -> Any:
        """Combine flags element by element."""
        return self._apply(math.logical_xor, other, swap=True)

    def __bool__(self) -> bool:
        """Refuse: a ragged tensor is not true or false.

        Raises:
            TypeError: Always.
        """
        raise TypeError("RaggedTensor may not be used as a boolean.")

    def __neg__(self) -> Any:
        """Negate each element."""
        mine: Any = self
        return mine.with_flat_values(-mine.flat_values)

    def __invert__(self) -> Any:
        """Negate each flag."""
        mine: Any = self
        return mine.with_flat_values(~mine.flat_values)

    def __abs__(self) -> Any:
        """Return the magnitude of each element."""
        mine: Any = self
        return mine.with_flat_values(abs(mine.flat_values))
