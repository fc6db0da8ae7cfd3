"""Orders that the C++ library's heap and sort bring equal numbers into.

Neither keeps equal elements in order, and TensorFlow's results show it.

Source: libstdc++ bits/stl_heap.h, bits/stl_algo.h.
"""

from __future__ import annotations

import heapq
from typing import Final

import numpy as np

from metagraft.kernels.kernel import Array

__all__ = ["heap_order", "sort_order"]

# What is not longer is left to an insertion sort, which keeps equal elements in order.
_SHORT: Final = 16


def heap_order(keys: Array) -> Array:
    """Return the indices of `[n]` in the order a heap gives them back, least first.

    Python's heap moves its elements just as the C++ library's does.
    """
    numbers: list[float] = keys.astype(np.float64).tolist()
    # Every number is an object of its own, even if equal to another.
    places = {id(number): place for place, number in enumerate(numbers)}
    heap: list[float] = []
    for number in numbers:
        heapq.heappush(heap, number)
    order = [places[id(heapq.heappop(heap))] for _ in numbers]
    return np.array(order, np.int64)


def sort_order(keys: Array, most: int) -> Array:
    """Return the indices of the least of `[n]` as `std::sort` arranges them.

    TF: where sorting goes badly time and again, the library turns to another way; here
    equal elements then keep the order that they have got so far.

    Args:
        keys: What is sorted; inf is left out of the result.
        most: How many indices are needed.
    """
    order = np.arange(len(keys))
    keys = keys.copy()
    finite = keys[keys < np.inf]
    limit = np.sort(finite)[:most][-1]
    pending = [(0, len(keys), 2 * (len(keys).bit_length() - 1))]
    while pending:
        first, last, depth = pending.pop()
        if last - first <= _SHORT or not depth or not _ties(keys[first:last], limit):
            continue
        cut = _partition(keys, order, first, last)
        pending += [(first, cut, depth - 1), (cut, last, depth - 1)]
    return order[np.argsort(keys, kind="stable")][: min(most, len(finite))]


def _ties(keys: Array, limit: float) -> bool:
    """Tell if any of the keys up to a limit are equal."""
    ranked = np.sort(keys[keys <= limit])
    return bool((ranked[1:] == ranked[:-1]).any())


def _partition(keys: Array, order: Array, first: int, last: int) -> int:
    """Move what is less than the median of three before the rest; return the border."""
    middle = first + (last - first) // 2
    pivot = _median(keys, first + 1, middle, last - 1)
    _swap(keys, order, first, pivot)
    part = keys[first + 1 : last]
    low = np.flatnonzero(part >= keys[first])
    high = np.flatnonzero(part <= keys[first])[::-1]
    both = min(len(low), len(high))
    swaps = int(np.count_nonzero(low[:both] < high[:both]))
    left, right = first + 1 + low[:swaps], first + 1 + high[:swaps]
    _swap(keys, order, left, right)
    ends = [int(low[swaps])] if swaps < len(low) else []
    if swaps:
        ends.append(int(high[swaps - 1]))
    return first + 1 + min(ends)


def _median(keys: Array, a: int, b: int, c: int) -> int:
    """Return which of three places has the middle key; equal keys as the library."""
    if keys[a] < keys[b]:
        if keys[b] < keys[c]:
            return b
        return c if keys[a] < keys[c] else a
    if keys[a] < keys[c]:
        return a
    return c if keys[b] < keys[c] else b


def _swap(keys: Array, order: Array, a: int | Array, b: int | Array) -> None:
    for array in (keys, order):
        array[a], array[b] = array[b].copy(), array[a].copy()
