"""Sums and products of narrow floating-point numbers on the host, as Eigen's.

Every step is rounded to the type. How the numbers are shared among the lanes of vectors
says what is added to what; the lanes are brought together in single precision.

Source: Eigen TensorReduction.h, InnerMostDimReducer and InnerMostDimPreserver;
tensorflow core/kernels/reduction_ops_common.cc, ReductionHelper.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

import ml_dtypes
import numpy as np

from metagraft.kernels.kernel import Array

__all__ = [
    "MANY_STEPS",
    "NARROW_FLOATS",
    "one_by_one",
    "reduced",
    "runs_in_order",
    "runs_in_vectors",
]

NARROW_FLOATS: Final = frozenset({np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)})
# For more numbers, steps would take too long.
MANY_STEPS: Final = 1 << 13
# Numbers in a vector, and vectors that are worked on side by side.
_LANES: Final = 8
_SIDE_BY_SIDE: Final = 4
# Runs of axes that are reduced, or are not; of more, those that are come last.
_MOST_PARTS: Final = 3
# From so many rows on, vectors of columns are, too.
_MANY_ROWS: Final = 16
# Longer runs of rows are worked on run by run, the rows of shorter ones side by side.
_LONG_RUN: Final = 32
# Up to so many columns NumPy is faster column by column.
_FEW_COLUMNS: Final = 4
# Longer rows are halved first: vectors by type.
_LEAF: Final = {"float16": 200, "bfloat16": 128}


def reduced(function: Any, x: Array, axes: tuple[int, ...]) -> Array:
    """Reduce axes of `x`, which are lost.

    Args:
        function: `numpy.add` or `numpy.multiply`.
        x: NumPy's array of `float16` or `bfloat16`, not empty.
        axes: Which axes.
    """
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    parts = [(axis in axes, size) for axis, size in enumerate(x.shape) if size != 1]
    sizes = []
    for is_reduced, group in groupby(parts, lambda part: part[0]):
        sizes.append((is_reduced, int(np.prod([size for _, size in group]))))
    if all(is_reduced for is_reduced, _ in sizes):
        found = _rows(function, x.reshape(1, -1))
    elif len(sizes) > _MOST_PARTS:
        kept = [axis for axis in range(x.ndim) if axis not in axes]
        x = x.transpose(*kept, *axes)
        found = _rows(function, x.reshape(int(np.prod(shape)), -1))
    elif not sizes[-1][0]:
        before = sizes[0][1] if len(sizes) == _MOST_PARTS else 1
        found = _columns(function, x.reshape(before, -1, sizes[-1][1]))
    elif len(sizes) == _MOST_PARTS:
        # The last axis is the outer loop.
        x = x.reshape([size for _, size in sizes]).transpose(2, 0, 1)
        found = one_by_one(function, x.reshape(-1, sizes[1][1]))
    else:
        found = _rows(function, x.reshape([size for _, size in sizes]))
    return found.reshape(shape)


def one_by_one(function: Any, x: Array) -> Array:
    """Reduce `[n, m]` to `[m]`, rounded at every step.

    Args:
        function: `numpy.add` or `numpy.multiply`.
        x: NumPy's array of `float16` or `bfloat16`.
    """
    steps = np.empty((len(x) + 1, x.shape[1]), x.dtype)
    steps[0] = function.identity
    steps[1:] = x
    # Columns that are few, or not side by side, would be reduced in another order.
    found: Array
    if x.shape[1] <= _FEW_COLUMNS:
        found = function.accumulate(steps, axis=0)[-1]
    else:
        found = function.reduce(steps, axis=0)
    return found


def runs_in_order(function: Any, x: Array, starts: Array, counts: Array) -> Array:
    """Reduce runs of rows of `[n, m]` to `[runs, m]`, rounded at every step.

    Args:
        function: `numpy.add` or `numpy.multiply`.
        x: NumPy's array.
        starts: The first row of each run.
        counts: How many rows a run has: one at least.
    """
    found: Array = x[starts]
    short = (counts <= _LONG_RUN).nonzero()[0]
    for step in range(1, int(counts[short].max(initial=1))):
        short = short[counts[short] > step]
        found[short] = function(found[short], x[starts[short] + step])
    for run in (counts > _LONG_RUN).nonzero()[0].tolist():
        found[run] = one_by_one(function, x[starts[run] : starts[run] + counts[run]])
    return found


def runs_in_vectors(function: Any, x: Array, starts: Array, counts: Array) -> Array:
    """Reduce runs of rows as TensorFlow's sorted segments: columns in vectors, too.

    Args:
        function: `numpy.add` or `numpy.multiply`.
        x: `[n, m]`, NumPy's array of `float16` or `bfloat16`.
        starts: The first row of each run.
        counts: How many rows a run has: one at least.
    """
    whole = x.shape[1] // _LANES * _LANES
    if not whole:
        return runs_in_order(function, x, starts, counts)
    found = np.empty((len(starts), x.shape[1]), x.dtype)
    few = counts < _MANY_ROWS
    found[few] = runs_in_order(function, x, starts[few], counts[few])
    for run in (~few).nonzero()[0].tolist():
        rows = x[starts[run] : starts[run] + counts[run]]
        found[run, :whole] = _vectors(function, rows[:, :whole], _MANY_ROWS)
        found[run, whole:] = one_by_one(function, rows[:, whole:])
    return found


def _vectors(function: Any, x: Array, least: int) -> Array:
    """Reduce `[n, m]` to `[m]`, four at a time if there are as many as `least`."""
    if len(x) < least:
        return one_by_one(function, x)
    whole = len(x) // _SIDE_BY_SIDE * _SIDE_BY_SIDE
    sides = x[:whole].reshape(-1, _SIDE_BY_SIDE * x.shape[1])
    sums = one_by_one(function, sides).reshape(_SIDE_BY_SIDE, -1)
    return one_by_one(function, np.concatenate([sums, x[whole:]]))


def _columns(function: Any, x: Array) -> Array:
    """Reduce `[a, n, m]` to `[a, m]`: vectors of columns, and those left over."""
    outer, _, inner = x.shape
    flat = x.transpose(1, 0, 2).reshape(x.shape[1], -1)
    places = np.arange(outer * inner)
    start = places // _LANES * _LANES
    is_vector = (start % inner + _LANES <= inner) & (start + _LANES <= len(places))
    found = np.empty(len(places), x.dtype)
    for chosen, least in ((is_vector, _MANY_ROWS), (~is_vector, len(flat) + 1)):
        if chosen.any():
            found[chosen] = _vectors(function, flat[:, chosen], least)
    return found


def _rows(function: Any, x: Array) -> Array:
    """Reduce `[m, n]` to `[m]`."""
    starts = np.arange(len(x)) * x.shape[1] % _LANES
    found = np.empty(len(x), x.dtype)
    for start in set(starts.tolist()):
        chosen = starts == start
        found[chosen] = _row_parts(function, x[chosen], start)
    return found


def _row_parts(function: Any, x: Array, start: int) -> Array:
    """Reduce rows that begin at a place in a vector; long ones in two parts."""
    size = x.shape[1]
    if function is not np.add or size <= _LANES * _LEAF[x.dtype.name]:
        return _row(function, x)
    middle = -(-(start + -(-size // 2)) // _LANES) * _LANES - start
    left = _row_parts(function, x[:, :middle], start)
    right = _row_parts(function, x[:, middle:], (start + middle) % _LANES)
    return one_by_one(function, np.stack([left, right]))


def _row(function: Any, x: Array) -> Array:
    rows, size = x.shape
    whole = size // _LANES * _LANES
    vectors = x[:, :whole].reshape(rows, -1, _LANES).transpose(1, 0, 2)
    lanes = _vectors(function, vectors.reshape(-1, rows * _LANES), _SIDE_BY_SIDE)
    wide = lanes.reshape(rows, _LANES).astype(np.float32)
    while wide.shape[1] > 1:
        half = wide.shape[1] // 2
        wide = function(wide[:, :half], wide[:, half:])
    rest = one_by_one(function, x[:, whole:].T)
    found: Array = function(rest, wide[:, 0].astype(x.dtype))
    return found
