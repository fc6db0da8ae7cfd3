"""Where the C++ library's sorts and heaps bring numbers of which some are NaN.

They rely on an order of all numbers, which NaN is not part of; TensorFlow's results
show how they go about it. Each function follows one of the library's, comparison by
comparison.

Source: libstdc++ bits/stl_heap.h, bits/stl_algo.h; tensorflow core/lib/gtl/top_n.h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["heaped_places", "nth_number", "sorted_places"]

_Less = Callable[[Any, Any], bool]

# What is not longer is left to an insertion sort.
_SHORT: Final = 16
_SHORT_SELECTION: Final = 3


def heaped_places(row: list[float], k: int, *, in_order: bool) -> list[int]:
    """Return where the k largest of more numbers are, as a heap of k finds them.

    Args:
        row: More than k numbers.
        k: How many are wanted.
        in_order: Whether they are to be sorted, or may stay in the heap's order.
    """

    def beats(a: int, b: int) -> bool:
        if row[b] < row[a]:
            return True
        return not row[b] > row[a] and a < b

    heap = list(range(k + 1))
    _make_heap(heap, beats)
    _pop(heap, k + 1, beats)
    heap.pop()
    least = row[heap[0]]
    for place in range(k + 1, len(row)):
        if row[place] > least:
            _pop(heap, k, beats)
            _rise(heap, k - 1, 0, place, beats)
            least = row[heap[0]]
    if in_order:
        _sort_heap(heap, beats)
    return heap


def sorted_places(row: list[float]) -> list[int]:
    """Return all places, those of the largest first; of equal numbers in order.

    Raises:
        IndexError: The library's sort would have left the row.
    """
    places = list(range(len(row)))
    _sort(places, lambda a, b: row[b] < row[a])
    first = 0
    for end in range(1, len(row) + 1):
        if end == len(row) or row[places[end]] != row[places[first]]:
            places[first:end] = sorted(places[first:end])
            first = end
    return places


def nth_number(row: list[float], n: int) -> float:
    """Return what the library's selection brings to place n, counted from the least.

    Raises:
        IndexError: The selection would have left the row.
    """
    row = list(row)
    first, last, depth = 0, len(row), _depth(row)
    while last - first > _SHORT_SELECTION:
        if not depth:
            return _nth_of_heap(row[first:last], n - first)
        depth -= 1
        cut = _partition(row, first, last, _is_less)
        first, last = (cut, last) if cut <= n else (first, cut)
    _insert_all(row, first, last, _is_less)
    return row[n]


def _is_less(a: float, b: float) -> bool:
    return a < b


def _depth(items: list[Any]) -> int:
    """Return how often a sort divides before it turns to a heap."""
    return 2 * (len(items).bit_length() - 1)


def _rise(heap: list[Any], hole: int, top: int, item: Any, less: _Less) -> None:
    """Put an item where it belongs on the way from a hole up to the top."""
    while hole > top:
        above = (hole - 1) // 2
        if not less(heap[above], item):
            break
        heap[hole] = heap[above]
        hole = above
    heap[hole] = item


def _sink(heap: list[Any], hole: int, end: int, item: Any, less: _Less) -> None:
    """Lead a hole down to the bottom, and let the item rise from there."""
    top, below = hole, hole
    while below < (end - 1) // 2:
        below = 2 * (below + 1)
        if less(heap[below], heap[below - 1]):
            below -= 1
        heap[hole] = heap[below]
        hole = below
    if end % 2 == 0 and below == (end - 2) // 2:
        below = 2 * below + 1
        heap[hole] = heap[below]
        hole = below
    _rise(heap, hole, top, item, less)


def _make_heap(items: list[Any], less: _Less) -> None:
    for place in range(len(items) // 2 - 1, -1, -1):
        _sink(items, place, len(items), items[place], less)


def _pop(heap: list[Any], end: int, less: _Less) -> None:
    """Exchange the top of the heap for its last item, which then is no part of it."""
    if end > 1:
        item, heap[end - 1] = heap[end - 1], heap[0]
        _sink(heap, 0, end - 1, item, less)


def _sort_heap(heap: list[Any], less: _Less) -> None:
    for end in range(len(heap), 1, -1):
        _pop(heap, end, less)


def _nth_of_heap(row: list[float], n: int) -> float:
    """Return the largest of a heap of the n + 1 least numbers."""
    heap = row[: n + 1]
    _make_heap(heap, _is_less)
    for number in row[n + 1 :]:
        if number < heap[0]:
            _sink(heap, 0, len(heap), number, _is_less)
    return heap[0]


def _sort(items: list[Any], less: _Less) -> None:
    pending = [(0, len(items), _depth(items))]
    while pending:
        first, last, depth = pending.pop()
        if last - first <= _SHORT:
            continue
        if not depth:
            part = items[first:last]
            _make_heap(part, less)
            _sort_heap(part, less)
            items[first:last] = part
            continue
        cut = _partition(items, first, last, less)
        pending += [(first, cut, depth - 1), (cut, last, depth - 1)]
    _insert_all(items, 0, min(len(items), _SHORT), less)
    for place in range(_SHORT, len(items)):
        _insert(items, place, less)


def _partition(items: list[Any], first: int, last: int, less: _Less) -> int:
    """Move what is less than the median of three before the rest; return the border."""
    middle = _median(items, first + 1, first + (last - first) // 2, last - 1, less)
    items[first], items[middle] = items[middle], items[first]
    pivot, low, high = items[first], first + 1, last
    while True:
        while less(items[low], pivot):
            low += 1
        high -= 1
        while less(pivot, items[high]):
            high -= 1
        if low >= high:
            return low
        items[low], items[high] = items[high], items[low]
        low += 1


def _median(items: list[Any], a: int, b: int, c: int, less: _Less) -> int:
    if less(items[a], items[b]):
        if less(items[b], items[c]):
            return b
        return c if less(items[a], items[c]) else a
    if less(items[a], items[c]):
        return a
    return c if less(items[b], items[c]) else b


def _insert_all(items: list[Any], first: int, last: int, less: _Less) -> None:
    for place in range(first + 1, last):
        if less(items[place], items[first]):
            items[first : place + 1] = [items[place], *items[first:place]]
        else:
            _insert(items, place, less)


def _insert(items: list[Any], place: int, less: _Less) -> None:
    """Move an item to the left past all that are greater."""
    item = items[place]
    while less(item, items[place - 1]):
        items[place] = items[place - 1]
        place -= 1
        if not place:
            raise IndexError
    items[place] = item
