"""Indices of sparse tensors: `int64[count, rank]`, one row for each stored element.

Source: tensorflow core/util/sparse/sparse_tensor.h.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import is_host, lax, namespace

__all__ = [
    "broken_rule",
    "check_bounds",
    "check_parts",
    "check_ranks",
    "check_valid",
    "group_starts",
    "groups",
    "in_row_major_order",
    "positions_in",
    "row_keys",
    "row_major_places",
    "row_order",
    "shown_dims",
]


def broken_rule(message: str) -> InvalidArgumentError:
    """Return the error for parts that are no sparse tensor."""
    return InvalidArgumentError(None, None, message)


def shown_dims(dims: Sequence[int]) -> str:
    """Format a shape as TensorFlow's kernels do: `[2,3]`."""
    return "[" + ",".join(str(int(size)) for size in dims) + "]"


def check_parts(indices: Array, values: Array, shape: Array) -> None:
    """Demand `[n, r]` indices, `[n]` values and `[r]` sizes.

    Raises:
        InvalidArgumentError: The parts do not fit together.
    """
    for part, what, rank in (
        (indices, "indices", 2),
        (values, "values", 1),
        (shape, "shape", 1),
    ):
        if np.ndim(part) != rank:
            raise broken_rule(
                f"Sparse {what} must be rank {rank} but is rank {np.ndim(part)}"
            )
    if indices.shape[0] != values.shape[0]:
        raise broken_rule(
            f"Number of elements in indices ({indices.shape[0]}) and values"
            f" ({values.shape[0]}) do not match"
        )
    if indices.shape[1] != shape.shape[0]:
        raise broken_rule(
            f"Index rank ({indices.shape[1]}) and shape rank ({shape.shape[0]}) do not"
            " match"
        )


def check_ranks(
    indices: Array,
    values: Array,
    shape: Array,
    text: str = "Input {} should be a {} but received shape {}",
) -> None:
    """Demand a matrix and two vectors.

    Args:
        indices: The matrix.
        values: A vector.
        shape: A vector.
        text: What the error says of a part, what it should be, and its shape.

    Raises:
        InvalidArgumentError: A part is something else.
    """
    for part, what, rank in (
        (indices, "indices", 2),
        (values, "values", 1),
        (shape, "shape", 1),
    ):
        if part.ndim != rank:
            kind = "matrix" if rank == 2 else "vector"
            raise broken_rule(text.format(what, kind, shown_dims(part.shape)))


def check_bounds(indices: Array, shape: Array) -> None:
    """Demand that every index is inside of the shape, where both are known.

    Raises:
        InvalidArgumentError: One is not.
    """
    if not (is_host(indices) and is_host(shape)):
        return
    is_wrong = (indices < 0) | (indices >= shape)
    if is_wrong.any():
        row = int(np.argwhere(is_wrong)[0, 0])
        index = ", ".join(str(int(i)) for i in indices[row])
        raise broken_rule(
            f"Sparse index tuple indices[{row}, :] = [{index}] is out of bounds"
        )


def _first_descent(indices: Any, *, strictly: bool) -> int | None:
    """Return the first row that does not come after the one before it, if any."""
    if len(indices) < 2:
        return None
    equal = np.ones(len(indices) - 1, np.bool_)
    descends = np.zeros(len(indices) - 1, np.bool_)
    for column in range(indices.shape[1]):
        before, after = indices[:-1, column], indices[1:, column]
        descends |= equal & (after < before)
        equal &= after == before
    wrong = np.flatnonzero(descends | equal if strictly else descends)
    return int(wrong[0]) + 1 if wrong.size else None


def in_row_major_order(indices: Any) -> bool:
    """Whether rows ascend; equal ones may follow each other. Host arrays only."""
    return _first_descent(indices, strictly=False) is None


def check_valid(indices: Any, shape: Any) -> None:
    """Demand that rows ascend inside of the shape, none twice. Host arrays only.

    Raises:
        InvalidArgumentError: One is outside, or two are equal or the other way round.
    """
    is_outside = (indices < 0) | (indices >= shape)
    outside = np.argwhere(is_outside)[:, 0] if is_outside.any() else np.zeros(0, int)
    descent = _first_descent(indices, strictly=True)
    if descent is None and not outside.size:
        return
    if outside.size and (descent is None or outside[0] <= descent):
        row = int(outside[0])
        problem = f"out of bounds: need 0 <= index < {shown_dims(shape)}"
    else:
        row = int(descent or 0)
        is_repeated = np.array_equal(indices[row], indices[row - 1])
        problem = "repeated" if is_repeated else _OUT_OF_ORDER
    raise broken_rule(f"indices[{row}] = {shown_dims(indices[row])} is {problem}")


_OUT_OF_ORDER: Final = (
    "out of order. Many sparse ops require sorted indices.\n"
    "    Use `tf.sparse.reorder` to create a correctly ordered copy.\n\n"
)


def row_order(indices: Array) -> Array:
    """Return which row comes first, second, ... in row-major order, `[n]`."""
    xp = namespace(indices)
    count, rank = indices.shape
    if count < 2 or rank == 0 or (xp is np and in_row_major_order(indices)):
        return xp.arange(count)
    columns = [indices[:, column] for column in range(rank)]
    if xp is np:
        return xp.lexsort(columns[::-1])
    # To find that they are in order takes a fiftieth of the time of sorting them.
    rises = ~xp.zeros(count - 1, np.bool_)
    for column in reversed(columns):
        before, after = column[:-1], column[1:]
        rises = (before < after) | ((before == after) & rises)
    return lax().cond(
        rises.all(), lambda: xp.arange(count), lambda: xp.lexsort(columns[::-1])
    )


def row_keys(indices: Any) -> Any:
    """Return numbers that are in the order of the rows, `int64[n]`. Host arrays only.

    Rows are equal where their numbers are.
    """
    count, rank = indices.shape
    if not count or not rank:
        return np.zeros(count, np.int64)
    # Columns by themselves: NumPy is slow along axes of few elements.
    columns = np.ascontiguousarray(indices.T)
    lows = [int(column.min()) for column in columns]
    sizes = [int(c.max()) - low + 1 for c, low in zip(columns, lows, strict=True)]
    if math.prod(sizes) <= np.iinfo(np.int64).max:
        keys = columns[0] - lows[0]
        for column, low, size in zip(columns[1:], lows[1:], sizes[1:], strict=True):
            keys = keys * size + (column - low)
        return keys
    order = row_order(indices)
    keys = np.empty(count, np.int64)
    keys[order] = groups(indices[order])
    return keys


def group_starts(rows: Array) -> Array:
    """Return where a row differs from the one before it, `bool[n]`; the first does."""
    xp = namespace(rows)
    if rows.shape[0] == 0:
        return xp.zeros((0,), np.bool_)
    differs = xp.any(rows[1:] != rows[:-1], axis=1)
    return xp.concatenate([xp.ones((1,), np.bool_), differs])


def groups(rows: Array) -> Array:
    """Return the number of the run of equal rows that each row is in, `int64[n]`."""
    xp = namespace(rows)
    return xp.cumsum(group_starts(rows).astype(np.int64)) - 1


def positions_in(table: Array, rows: Array) -> Array:
    """Return for each row where it first stands in a table of rows; -1 if nowhere.

    Args:
        table: `int64[m, r]`.
        rows: `int64[n, r]`.
    """
    xp = namespace(table, rows)
    size = table.shape[0]
    if xp is np:
        return _positions_on_host(table, rows)
    together = xp.concatenate([table, rows])
    total = together.shape[0]
    order = row_order(together)
    ids = groups(together[order])
    # Of equal rows, those of the table come first, since the order is stable.
    place = xp.where(order < size, order, total)
    first = xp.full((total,), total, place.dtype).at[ids].min(place)
    of_row = xp.zeros((total,), place.dtype).at[order].set(first[ids])
    found = of_row[size:]
    return xp.where(found < size, found, -1)


def _positions_on_host(table: Any, rows: Any) -> Any:
    keys = row_keys(np.concatenate([table, rows]))
    known, wanted = keys[: len(table)], keys[len(table) :]
    if not len(known):
        return np.full(len(wanted), -1)
    order = None
    if (known[1:] < known[:-1]).any():
        order = known.argsort(kind="stable")
        known = known[order]
    places = np.minimum(known.searchsorted(wanted), len(known) - 1)
    found = places if order is None else order[places]
    return np.where(known[places] == wanted, found, -1)


def row_major_places(indices: Array, dims: Sequence[int]) -> Array:
    """Return the places of elements in the flattened tensor, `int64[n]`."""
    xp = namespace(indices)
    places = xp.zeros((indices.shape[0],), np.int64)
    for column, size in enumerate(dims):
        places = places * np.int64(size) + indices[:, column].astype(np.int64)
    return places
