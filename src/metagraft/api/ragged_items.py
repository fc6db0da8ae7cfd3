"""Indexing and slicing of ragged tensors.

Source: tensorflow python/ops/ragged/ragged_getitem.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from metagraft.api.arithmetic import maximum, minimum
from metagraft.api.checks import assert_greater_equal, assert_less
from metagraft.api.cond import cond
from metagraft.api.ragged import ragged_range
from metagraft.api.ragged_gather import gather
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["item"]

_ALL = slice(None)


def item(ragged: RaggedTensor, key: Any) -> Any:
    """Return rows, parts of rows, or one value.

    Args:
        ragged: A ragged tensor.
        key: Numbers, slices, `...` and None, as of a tensor; a number stands for an
            axis whose rows are equally long, or for the first axis.

    Raises:
        IndexError: There are too many keys.
        TypeError: A slice is not of integers.
        ValueError: A number stands for a ragged axis.
    """
    keys = list(key) if isinstance(key, list | tuple) else [key]
    with name_scope(None, "RaggedGetItem", [ragged, *_tensors_of(key)]):
        return _item(ragged, keys)


def _tensors_of(key: Any) -> Iterator[Tensor]:
    if isinstance(key, Tensor):
        yield key
    elif isinstance(key, list | tuple):
        for one in key:
            yield from _tensors_of(one)
    elif isinstance(key, slice):
        for part in (key.start, key.stop, key.step):
            yield from _tensors_of(part)


def _item(ragged: Any, keys: list[Any]) -> Any:
    if not keys:
        return ragged
    row, rest = keys[0], keys[1:]
    if row is Ellipsis:
        return _item(ragged, _expanded(keys, ragged.shape.ndims))
    if row is None:
        inner = _item(ragged, rest)
        return RaggedTensor.from_uniform_row_length(
            inner, _splits_count(inner) - 1, nrows=1, validate=False
        )
    if isinstance(row, slice):
        rows = _rows(ragged, row)
        if ragged.uniform_row_length is not None:
            rows = RaggedTensor.from_uniform_row_length(
                rows.values, ragged.uniform_row_length, nrows=rows.nrows()
            )
        return _inner(rows, rest)
    starts, limits = ragged.row_splits[:-1], ragged.row_splits[1:]
    return ragged.values[starts[row] : limits[row]][rest]


def _splits_count(ragged: RaggedTensor) -> Any:
    splits = ragged.row_splits
    known = splits.shape[0].value
    return array.shape(splits, out_type=splits.dtype)[0] if known is None else known


def _expanded(keys: list[Any], rank: int | None) -> list[Any]:
    """Let `...` stand for one more slice, or for nothing if no axis is left.

    Raises:
        IndexError: There are more keys than axes.
        ValueError: The rank is not known.
    """
    if rank is None:
        raise ValueError("Ellipsis not supported for unknown shape RaggedTensors")
    count = sum(key is not None for key in keys)
    if count > rank + 1:
        raise IndexError("Too many indices for RaggedTensor")
    return keys[1:] if count == rank + 1 else [_ALL, *keys]


def _rows(ragged: Any, key: slice) -> Any:
    """Return some of the rows."""
    if key == _ALL:
        return ragged
    starts, limits = ragged.row_splits[:-1][key], ragged.row_splits[1:][key]
    zero = array.zeros([1], ragged.row_splits.dtype)
    if not (key.step is None or (isinstance(key.step, int) and key.step == 1)):
        return _of_ranges(starts, limits, 1, ragged.values)
    new = array.concat([zero[array.size(starts) :], starts[:1], limits], axis=0)
    first, last = new[0], new[-1]
    values = ragged.values[first:last]
    return RaggedTensor.from_row_splits(values, new - first, validate=False)


def _of_ranges(starts: Any, limits: Any, step: Any, values: Any) -> RaggedTensor:
    """Return rows that are ranges of other values."""
    step = convert_to_tensor(1 if step is None else step, name="step")
    if not step.dtype.is_integer:
        raise TypeError("slice strides must be integers or None")
    step = cast(step, starts.dtype)
    places = ragged_range(starts, limits, step, row_splits_dtype=starts.dtype)
    if isinstance(values, RaggedTensor):
        return places.with_values(gather(values, places.values, axis=0))
    return places.with_values(array.gather(values, places.values))


def _inner(ragged: Any, keys: list[Any]) -> Any:
    """Apply keys to every row."""
    if not keys:
        return ragged
    if not isinstance(ragged, RaggedTensor):
        return ragged[[_ALL, *keys]]
    column, rest = keys[0], keys[1:]
    if column is Ellipsis:
        return _inner(ragged, _expanded(keys, ragged.values.shape.ndims))
    if column is None:
        inner = _inner(ragged, rest)
        return RaggedTensor.from_uniform_row_length(
            inner, 1, nrows=_splits_count(inner) - 1, validate=False
        )
    if isinstance(column, slice):
        if column == _ALL:
            return ragged.with_values(_inner(ragged.values, rest))
        part = _columns(ragged, column)
        return part.with_values(_inner(part.values, rest))
    return _inner(_column(ragged, column), rest)


def _columns(ragged: RaggedTensor, key: slice) -> RaggedTensor:
    """Return a part of every row."""
    if not all(isinstance(end, Tensor | int | None) for end in (key.start, key.stop)):
        raise TypeError("slice offsets must be integers or None")
    starts, limits = ragged.row_splits[:-1], ragged.row_splits[1:]
    step = 1 if key.step is None else key.step
    lower = _by_sign(step, lambda: starts, lambda: starts - 1)
    upper = _by_sign(step, lambda: limits, lambda: limits - 1)

    def bound(offset: Any) -> Any:
        moved = cast(offset, starts.dtype)
        return _by_sign(
            offset,
            lambda: minimum(starts + moved, upper),
            lambda: maximum(limits + moved, lower),
        )

    if key.start is None:
        first = _by_sign(step, lambda: starts, lambda: limits - 1)
    else:
        first = bound(key.start)
    if key.stop is None:
        last = _by_sign(step, lambda: limits, lambda: starts - 1)
    else:
        last = bound(key.stop)
    part = _of_ranges(first, last, key.step, ragged.values)
    length = ragged.uniform_row_length
    if length is None:
        return part
    places = array.zeros(length, dtype=dtypes.bool)
    count = array.size(places[key], out_type=length.dtype)
    made: RaggedTensor = RaggedTensor.from_uniform_row_length(
        part.values, count, ragged.nrows()
    )
    return made


def _column(ragged: RaggedTensor, key: Any) -> Any:
    """Return one value of every row; all are equally long."""
    length = ragged.uniform_row_length
    if length is None:
        raise ValueError("Cannot index into an inner ragged dimension.")
    place = cast(key, length.dtype)
    message = "Index out of bounds when indexing into a ragged tensor"
    checks = [
        assert_greater_equal(place, -length, message=message),
        assert_less(place, length, message=message),
    ]
    with control_dependencies(checks):
        offset = _by_sign(place, lambda: place, lambda: length + place)
        return ragged.values[offset::length]


def _by_sign(
    value: Any, if_positive: Callable[[], Any], if_negative: Callable[[], Any]
) -> Any:
    """Return one of two results, in a run if the number is not known before."""
    if isinstance(value, Tensor):
        known = constant_value(value)
        if known is None:
            return cond(value >= 0, if_positive, if_negative)
        value = known
    return if_positive() if value >= 0 else if_negative()
