"""Reductions of slices between two places each; twin of `ops/reduce_slice.py`.

Source: tensorflow contrib/reduce_slice_ops/kernels/reduce_slice_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel


def _limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Return the least and the largest number of a type."""
    if dtype.kind in "iu":
        about = np.iinfo(dtype)
        return about.min, about.max
    return -np.inf, np.inf


# What joins two numbers, and what a slice without elements gives.
_REDUCTIONS: dict[str, tuple[Any, Callable[[np.dtype[Any]], Any]]] = {
    "Max": (np.maximum, lambda dtype: _limits(dtype)[0]),
    "Min": (np.minimum, lambda dtype: _limits(dtype)[1]),
    "Prod": (np.multiply, lambda _: 1),
    "Sum": (np.add, lambda _: 0),
}


def _kernel(how: str) -> Kernel:
    join, nothing = _REDUCTIONS[how]

    def reduce(_attrs: Any, data: Array, indices: Array, axis: Array) -> tuple[Array]:
        place = int(axis)
        if not -data.ndim <= place < data.ndim:
            raise InvalidArgumentError(
                None, None, f"Invalid axis {place} for {data.ndim} dimensions"
            )
        starts, ends = _bounds(indices, data.shape[place])
        if not len(starts):
            return (np.take(data, [], axis=place),)
        neutral = np.asarray(nothing(data.dtype), data.dtype)
        # One row more, so that a slice may end behind the last one.
        last = np.full_like(np.take(data, [0] if data.shape[place] else [], place), 0)
        if not data.shape[place]:
            shape = list(data.shape)
            shape[place] = len(starts)
            return (np.full(shape, neutral, data.dtype),)
        padded = np.concatenate([data, last], axis=place)
        both = np.stack([starts, np.maximum(starts, ends)], axis=1).reshape(-1)
        found = join.reduceat(padded, both, axis=place, dtype=data.dtype)
        found = np.take(found, np.arange(0, len(both), 2), axis=place)
        shape = [1] * data.ndim
        shape[place] = len(starts)
        return (np.where((starts >= ends).reshape(shape), neutral, found),)

    return Kernel(reduce, host=True)


def _bounds(indices: Array, size: int) -> tuple[Array, Array]:
    """Return where slices begin and end: in two columns, or one after the other."""
    indices = np.asarray(indices, np.int64)
    if indices.ndim == 1:
        starts, ends = indices[:-1], indices[1:]
    elif indices.ndim == 2 and indices.shape[1] == 2:
        starts, ends = indices[:, 0], indices[:, 1]
    else:
        raise InvalidArgumentError(
            None,
            None,
            f"Indices must be a vector, or pairs, and have shape {indices.shape}",
        )
    return np.clip(starts, 0, size), np.clip(ends, 0, size)


KERNELS = {f"ReduceSlice{how}": _kernel(how) for how in _REDUCTIONS}
