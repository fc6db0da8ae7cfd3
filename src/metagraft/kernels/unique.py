"""Ops whose output sizes depend on values, and searches; twin of `ops/unique.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

# Integers in a range so many times as long as they are many need no sorting.
_DENSE = 4
_SHORT_BYTES = 2
# So few elements are sought one by one.
_FEW = 128
_MOST = 2**63 - 1


def where(_: Attrs, condition: Array) -> tuple[Array]:
    flags = condition if condition.dtype != np.dtype(object) else condition != b""
    if np.ndim(flags) <= 1:
        return (np.argwhere(flags).astype(np.int64).reshape(-1, np.ndim(flags)),)
    # `argwhere` takes 2.6 ms for 256x1024 truth values, this 1.6.
    left = np.flatnonzero(flags)
    places = np.empty((left.size, flags.ndim), np.int64)
    for axis in range(flags.ndim - 1, 0, -1):
        whole = left // max(flags.shape[axis], 1)
        np.subtract(left, whole * flags.shape[axis], out=places[:, axis])
        left = whole
    places[:, 0] = left
    return (places,)


def _unique(
    attrs: Attrs, x: Array, axis: int | None
) -> tuple[np.ndarray[Any, Any], ...]:
    """Values in the order in which they first appear, their places and counts."""
    if np.ndim(x) == 1:
        return _unique_of_vector(attrs, x)
    if axis is not None and x.dtype.kind in "iub" and x.size:
        slices = np.ascontiguousarray(np.moveaxis(x, axis, 0)).reshape(
            x.shape[axis], -1
        )
        whole = _numbers_of_rows(slices)
        if whole is None:
            # They are told apart by their bytes.
            whole = np.empty(len(slices), object)
            whole[:] = slices.view(f"V{slices.shape[1] * x.itemsize}")[:, 0].tolist()
        first, indices, counts = _first_indices_counts(attrs, whole)
        return np.take(x, first, axis=axis), indices, counts
    given = x
    if x.dtype == np.dtype(object) and axis is not None:
        # NumPy compares rows of numbers only.
        x = np.unique(x, return_inverse=True)[1].reshape(x.shape)
    options: dict[str, Any] = {} if axis is None else {"axis": axis}
    _, first, inverse, counts = np.unique(
        x,
        return_index=True,
        return_inverse=True,
        return_counts=True,
        equal_nan=False,
        **options,
    )
    order = np.argsort(first)
    rank_of = np.empty_like(order)
    rank_of[order] = np.arange(len(order))
    dtype = attrs["out_idx"].numpy_dtype
    values = np.take(given, first[order], axis=0 if axis is None else axis)
    indices = rank_of[np.reshape(inverse, -1)].astype(dtype)
    return values, indices, counts[order].astype(dtype)


def _numbers_of_rows(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Return a number for each row, the same for equal ones; None if all are too many.

    Sorting numbers takes a third of the time of looking rows up.
    """
    if rows.dtype.itemsize < np.int64().itemsize:
        rows = rows.astype(np.int64)
    columns = np.ascontiguousarray(rows.T)
    least, most = columns.min(axis=1).tolist(), columns.max(axis=1).tolist()
    if math.prod(high - low + 1 for low, high in zip(least, most, strict=True)) > _MOST:
        return None
    numbers = np.zeros(len(rows), np.int64)
    for column, low, high in zip(columns, least, most, strict=True):
        if high > low:
            numbers *= high - low + 1
            numbers += (column - low).astype(np.int64)
    return numbers


def _unique_of_vector(
    attrs: Attrs, x: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], ...]:
    """Do so from where each value comes first: a third of the time of `np.unique`."""
    first, indices, counts = _first_indices_counts(attrs, x)
    return x[first], indices, counts


def _first_indices_counts(
    attrs: Attrs, x: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], ...]:
    """Return where values come first, which of them each element is, and counts."""
    dtype = attrs["out_idx"].numpy_dtype
    places = np.arange(len(x))
    rises = x.dtype.kind in "iu" and not np.count_nonzero(x[1:] <= x[:-1])
    first = places if rises else _first_of_each(x, places)
    is_first = first == places
    if np.count_nonzero(is_first) == len(x):
        return places, places.astype(dtype), np.ones(len(x), dtype)
    indices = (is_first.cumsum() - 1)[first]
    counts = np.bincount(indices)
    return is_first.nonzero()[0], indices.astype(dtype), counts.astype(dtype)


def _bits(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return numbers of which those with equal bits are equal, but for NaN."""
    bits = np.ascontiguousarray(x).view(np.uint16).astype(np.int64)
    return np.where(x != x, np.arange(len(x)) + (np.iinfo(np.uint16).max + 1), bits)


def _first_of_each(
    x: np.ndarray[Any, Any], places: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Return for every element the place where its value comes first.

    Of numbers of two bytes TensorFlow compares the bits, so that -0 is not 0.
    """
    if x.dtype.kind in "fV" and x.dtype.itemsize == _SHORT_BYTES:
        x = _bits(x)
    if x.dtype == np.dtype(object):
        known: dict[Any, int] = {}
        found = map(known.setdefault, x.tolist(), range(len(x)))
        return np.fromiter(found, places.dtype, len(x))
    if x.dtype.kind in "iu" and x.size:
        low, high = int(x.min()), int(x.max())
        if high - low < _DENSE * len(x) and high < 2**63:
            numbers = x.astype(np.int64) - low
            table = np.empty(high - low + 1, places.dtype)
            # Of those assigned to one element the last, which is the first, stays.
            table[numbers[::-1]] = places[::-1]
            return np.asarray(table[numbers])
    by_value = x.argsort()
    ordered = x[by_value]
    is_start = np.ones(len(x), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_start[1:])
    first = np.empty_like(places)
    if len(x):
        least = np.minimum.reduceat(by_value, is_start.nonzero()[0])
        first[by_value] = least[is_start.cumsum() - 1]
    return first


def _vector(x: Array) -> None:
    if np.ndim(x) != 1:
        raise InvalidArgumentError(None, None, "unique expects a 1D vector.")


def unique(attrs: Attrs, x: Array) -> tuple[Array, Array]:
    _vector(x)
    values, indices, _ = _unique(attrs, x, None)
    return values, indices


def unique_with_counts(attrs: Attrs, x: Array) -> tuple[Array, ...]:
    _vector(x)
    return _unique(attrs, x, None)


def _unique_axis(x: Array, axis: Array) -> int | None:
    if np.ndim(axis) != 1:
        raise InvalidArgumentError(None, None, "axis expects a 1D vector.")
    axes, rank = [int(a) for a in axis], np.ndim(x)
    if not axes:
        _vector(x)
        return None
    if len(axes) > 1:
        raise InvalidArgumentError(
            None, None, "axis does not support input tensors larger than 1 elements"
        )
    if not -rank <= axes[0] < rank:
        raise InvalidArgumentError(None, None, f"axis has to be between [0, {rank})")
    return axes[0] % rank


def unique_v2(attrs: Attrs, x: Array, axis: Array) -> tuple[Array, Array]:
    values, indices, _ = _unique(attrs, x, _unique_axis(x, axis))
    return values, indices


def unique_with_counts_v2(attrs: Attrs, x: Array, axis: Array) -> tuple[Array, ...]:
    return _unique(attrs, x, _unique_axis(x, axis))


def list_diff(attrs: Attrs, x: Array, y: Array) -> tuple[Array, Array]:
    for name, operand in (("x", x), ("y", y)):
        if np.ndim(operand) != 1:
            raise InvalidArgumentError(None, None, f"{name} should be a 1D vector.")
    given = x
    if x.dtype.kind in "fV" and x.dtype.itemsize == _SHORT_BYTES:
        x, y = _bits(x), y.view(np.uint16)
    if len(x) > _FEW and x.dtype != np.dtype(object):
        kept = np.isin(x, y, invert=True).nonzero()[0]
    else:
        known = set(y.tolist())
        places = [i for i, value in enumerate(x.tolist()) if value not in known]
        kept = np.array(places, np.intp)
    return given[kept], kept.astype(attrs["out_idx"].numpy_dtype)


def unravel_index(_: Attrs, indices: Array, dims: Array) -> tuple[Array]:
    _check_unravelled(indices, dims)
    xp = namespace(indices)
    if xp is np and np.any(indices >= np.prod(dims, dtype=dims.dtype)):
        raise InvalidArgumentError(
            None, None, f"index is out of bound as with dims {dims.tolist()}"
        )
    rows = []
    rest = indices
    for size in reversed(dims):
        # As C++ divides: an index below zero, which nothing refuses, has places below.
        rows.append(xp.fmod(rest, size))
        rest = xp.floor_divide(rest - rows[-1], size)
    if not rows:
        return (xp.zeros((0, *indices.shape), indices.dtype),)
    return (xp.stack(rows[::-1]),)


def _check_unravelled(indices: Array, dims: Array) -> None:
    if indices.ndim > 1:
        raise InvalidArgumentError(
            None,
            None,
            f"The indices can only be scalar or vector, got {show(indices.shape)}",
        )
    if dims.ndim != 1:
        raise InvalidArgumentError(
            None, None, f"The indices can only be 1-D, got {show(dims.shape)}"
        )
    if not indices.size:
        raise InvalidArgumentError(
            None, None, f"received empty tensor indices: {show(indices.shape)}"
        )
    for place, size in enumerate(dims.tolist()):
        if size == 0:
            raise InvalidArgumentError(
                None,
                None,
                "Input dims cannot contain a dim of zero, but dims contains zero at"
                f" index {place}",
            )
        if size < 0:
            raise InvalidArgumentError(
                None,
                None,
                f"Input dims cannot be negative. Got dim = {size} at index {place}",
            )
    if math.prod(dims.tolist()) > np.iinfo(dims.dtype).max:
        raise InvalidArgumentError(
            None, None, f"Input dims product is causing integer overflow: {dims}"
        )


def lower_bound(attrs: Attrs, sequences: Array, values: Array) -> tuple[Array]:
    return (_search(attrs, sequences, values, "left"),)


def upper_bound(attrs: Attrs, sequences: Array, values: Array) -> tuple[Array]:
    return (_search(attrs, sequences, values, "right"),)


def _search(attrs: Attrs, sequences: Array, values: Array, side: str) -> Array:
    for name, given in (("sorted_inputs", sequences), ("values", values)):
        if given.ndim != 2:
            raise InvalidArgumentError(
                None,
                None,
                f"Shape must be rank 2 but is rank {given.ndim} for `{name}` argument",
            )
    if sequences.shape[0] != values.shape[0]:
        raise InvalidArgumentError(
            None, None, "Leading dim_size of both tensors must match."
        )
    xp = namespace(sequences, values)
    dtype = attrs["out_type"].numpy_dtype
    if xp is np:
        found = np.zeros(values.shape, dtype)
        for row, (sequence, wanted) in enumerate(zip(sequences, values, strict=True)):
            found[row] = np.searchsorted(sequence, wanted, side=side)  # type: ignore[call-overload]
        return _with_nan(xp, found, values, side, sequences.shape[1])
    import jax

    vmap: Any = jax.vmap
    search = vmap(lambda sequence, wanted: xp.searchsorted(sequence, wanted, side))
    found = search(sequences, values).astype(dtype)
    return _with_nan(xp, found, values, side, sequences.shape[1])


def _with_nan(xp: Any, found: Array, values: Array, side: str, size: int) -> Array:
    """Put NaN, which is neither less nor more, at an end."""
    if values.dtype.kind not in "fV":
        return found
    end = found.dtype.type(0 if side == "left" else size)
    return xp.where(values != values, end, found)


KERNELS = {
    "Where": Kernel(where, host=True),
    "Unique": Kernel(unique, host=True),
    "UniqueV2": Kernel(unique_v2, host=True),
    "UniqueWithCounts": Kernel(unique_with_counts, host=True),
    "UniqueWithCountsV2": Kernel(unique_with_counts_v2, host=True),
    "ListDiff": Kernel(list_diff, host=True),
    "UnravelIndex": Kernel(unravel_index, static=("dims",)),
    "LowerBound": Kernel(lower_bound),
    "UpperBound": Kernel(upper_bound),
}
