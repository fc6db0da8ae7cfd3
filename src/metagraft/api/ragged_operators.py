"""Python's operators on ragged tensors.

Source: tensorflow python/ops/ragged/ragged_operators.py, ragged_getitem.py,
ragged_dispatch.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.checks import assert_equal
from metagraft.graph.apply_op import op
from metagraft.graph.build import array, math
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

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
        """Apply a function of two tensors to innermost values."""
        mine: Any = self
        if isinstance(other, RaggedOperators):
            theirs: Any = other
            with control_dependencies(_same_rows(mine, theirs)):
                operands = mine.flat_values, theirs.flat_values
                return mine.with_flat_values(function(*operands))
        flat = mine.flat_values
        other = convert_to_tensor(other, preferred_dtype=flat.dtype.base_dtype)
        ranks = flat.shape.ndims, other.shape.ndims
        if None in ranks or (ranks[1] and ranks[1] >= ranks[0]):
            # TF: broadcasts a tensor along the rows.
            raise NotImplementedError(
                "An operator of a ragged tensor takes a ragged tensor of the same rows,"
                " or a tensor of lower rank than its flat values. Received"
                f" {other} for flat values {flat}."
            )
        operands = (other, flat) if swap else (flat, other)
        return mine.with_flat_values(function(*operands))

    def __getitem__(self, key: Any) -> Any:
        """Return a row, or some rows.

        Raises:
            NotImplementedError: The key asks for parts of ragged rows.
        """
        with name_scope(None, "RaggedGetItem", [self, key]):
            keys = key if isinstance(key, tuple | list) else [key]
            return _item(self, list(keys))

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
        return self._apply(math.mod, other, swap=False)

    def __rmod__(self, other: Any) -> Any:
        """Return remainders element by element."""
        return self._apply(math.mod, other, swap=True)

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


def _same_rows(x: Any, y: Any) -> list[Any]:
    """Demand that two ragged tensors are divided alike.

    Raises:
        ValueError: They have ragged axes in different numbers.
    """
    # TF: repeats rows of one element instead.
    pairs = x.nested_row_splits, y.nested_row_splits
    if len(pairs[0]) != len(pairs[1]):
        raise ValueError("Inputs must have identical ragged splits")
    return [
        assert_equal(a, b, message="Inputs must have identical ragged splits")
        for a, b in zip(*pairs, strict=True)
        if a is not b
    ]


def _item(ragged: Any, keys: list[Any]) -> Any:
    if not keys:
        return ragged
    row, rest = keys[0], keys[1:]
    if row is Ellipsis and not rest:
        return ragged
    if isinstance(row, slice) and not rest:
        found = _rows(ragged, row)
        length = ragged.uniform_row_length
        if length is None:
            return found
        return type(ragged).from_uniform_row_length(
            found.values, length, nrows=found.nrows()
        )
    if isinstance(row, slice) or row is None or row is Ellipsis:
        raise NotImplementedError(
            "A ragged tensor takes a row, and then keys for that row, or one slice of"
            f" rows. Received {keys}."
        )
    mine: Any = ragged
    starts, limits = mine.row_splits[:-1], mine.row_splits[1:]
    return mine.values[starts[row] : limits[row]][rest]


def _rows(ragged: Any, key: slice) -> Any:
    """Return rows that follow each other."""
    if key == slice(None):
        return ragged
    if key.step not in (None, 1):
        raise NotImplementedError(
            f"A slice of the rows of a ragged tensor has no steps. Received {key}."
        )
    splits = ragged.row_splits
    starts, limits = splits[:-1][key], splits[1:][key]
    zero = array.zeros([1], splits.dtype)
    new: Tensor = array.concat([zero[array.size(starts) :], starts[:1], limits], axis=0)
    first, last = new[0], new[-1]
    values = ragged.values[first:last]
    return type(ragged).from_row_splits(values, new - first, validate=False)
