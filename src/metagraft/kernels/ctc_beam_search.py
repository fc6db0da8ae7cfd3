"""Beam search over CTC outputs.

The beam is a heap of a fixed size. Which of the paths that tie it keeps depends on how
it is moved, so the heap works as the C++ library's does. What the classes add is one
array operation a step and path; only those that get into the beam are looked at one by
one.

Source: tensorflow core/util/ctc/ctc_beam_search.h, ctc_beam_entry.h,
core/lib/gtl/top_n.h; libstdc++ bits/stl_heap.h.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError

__all__ = ["BeamSearch"]

_NONE = -np.inf


class _Probability:
    """Logarithms of probabilities of a path: ending in a blank, a label, either."""

    __slots__ = ("blank", "label", "total")

    def __init__(self, total: Any = _NONE, blank: Any = _NONE) -> None:
        """Start with the path that has `total`."""
        self.total = total
        self.blank = blank
        self.label: Any = _NONE


class _Entry:
    """A path: its last label, and the path before."""

    __slots__ = ("children", "label", "new", "old", "parent")

    def __init__(self, parent: _Entry | None, label: int) -> None:
        """Start without probability."""
        self.parent = parent
        self.label = label
        self.children: dict[int, _Entry] = {}
        self.old = _Probability()
        self.new = _Probability()

    def labels(self, *, merges: bool) -> list[int]:
        """Return the labels from the first on."""
        found: list[int] = []
        before = -1
        entry = self
        while entry.parent is not None:
            if not merges or entry.label != before:
                found.append(entry.label)
            before = entry.label
            entry = entry.parent
        return found[::-1]


def _is_better(a: _Entry, b: _Entry) -> bool:
    return bool(a.new.total > b.new.total)


def _push_heap(items: list[_Entry], hole: int, top: int, value: _Entry) -> None:
    parent = (hole - 1) // 2
    while hole > top and _is_better(items[parent], value):
        items[hole] = items[parent]
        hole = parent
        parent = (hole - 1) // 2
    items[hole] = value


def _adjust_heap(items: list[_Entry], hole: int, length: int, value: _Entry) -> None:
    top = hole
    child = hole
    while child < (length - 1) // 2:
        child = 2 * (child + 1)
        if _is_better(items[child], items[child - 1]):
            child -= 1
        items[hole] = items[child]
        hole = child
    if length % 2 == 0 and child == (length - 2) // 2:
        child = 2 * (child + 1)
        items[hole] = items[child - 1]
        hole = child - 1
    _push_heap(items, hole, top, value)


def _make_heap(items: list[_Entry]) -> None:
    for parent in range((len(items) - 2) // 2, -1, -1):
        _adjust_heap(items, parent, len(items), items[parent])


def _pop_heap(items: list[_Entry], length: int) -> None:
    """Move the worst of the first `length` to their end."""
    if length > 1:
        value = items[length - 1]
        items[length - 1] = items[0]
        _adjust_heap(items, 0, length - 1, value)


class _Beam:
    """The best entries, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self.limit = limit
        self.items: list[_Entry] = []
        self.is_heap = False
        self.knows_bottom = False

    def __len__(self) -> int:
        """Return how many entries count."""
        return min(len(self.items), self.limit)

    def entries(self) -> list[_Entry]:
        """Return the entries in the order they lie in."""
        return self.items[: len(self)]

    def push(self, entry: _Entry) -> None:
        """Take an entry, and drop the worst if there are too many."""
        items = self.items
        if self.is_heap:
            if _is_better(entry, items[0]):
                items[-1] = entry
                _push_heap(items, len(items) - 1, 0, entry)
                _pop_heap(items, len(items))
            return
        items.append(entry)
        if self.knows_bottom and not _is_better(entry, items[0]):
            items[0], items[-1] = items[-1], items[0]
        if len(items) == self.limit + 1:
            _make_heap(items)
            _pop_heap(items, len(items))
            self.is_heap = True

    def bottom(self) -> _Entry:
        """Return the worst entry."""
        if not self.is_heap and not self.knows_bottom:
            worst = 0
            for place in range(1, len(self.items)):
                if _is_better(self.items[worst], self.items[place]):
                    worst = place
            items = self.items
            items[0], items[worst] = items[worst], items[0]
            self.knows_bottom = True
        return self.items[0]

    def extract(self) -> list[_Entry]:
        """Return the entries, the best first, and forget them."""
        items, self.items = self.items, []
        if self.is_heap:
            items.pop()
            for length in range(len(items), 1, -1):
                _pop_heap(items, length)
        else:
            items.sort(key=lambda entry: -entry.new.total)
        self.is_heap = self.knows_bottom = False
        return items


class BeamSearch:
    """One sequence's search."""

    def __init__(self, width: int, dtype: Any) -> None:
        """Start with the empty path.

        Args:
            width: How many paths are kept.
            dtype: The type of the inputs; sums are rounded to it.
        """
        self.type = np.dtype(dtype).type
        self.width = width
        self.beam = _Beam(width)
        root = _Entry(None, -1)
        root.new = _Probability(self.type(0), self.type(0))
        self.beam.push(root)

    def _either(self, a: Any, b: Any) -> Any:
        """Return the logarithm of the sum of two probabilities.

        TF: it is rounded to single precision, also between doubles.
        """
        if a == _NONE:
            return b
        if b == _NONE:
            return a
        large, small = (a, b) if a > b else (b, a)
        ratio = float(np.float32(math.exp(np.float32(small - large))))
        return large + self.type(np.float32(math.log1p(ratio)))

    def step(self, inputs: np.ndarray) -> None:
        """Go on by one time step with `[classes]`, the last of which is the blank."""
        largest = inputs.max()
        powers = np.exp((inputs - largest).astype(np.float64)).astype(inputs.dtype)
        total = np.cumsum(powers, dtype=inputs.dtype)[-1]
        offset = largest + self.type(math.log(total))
        branches = self.beam.extract()
        for entry in branches:
            entry.old = entry.new
            entry.new = _Probability()
            entry.new.label = entry.old.label
            entry.new.blank = entry.old.blank
            entry.new.total = entry.old.total
        for entry in branches:
            self._stay(entry, inputs, offset)
            self.beam.push(entry)
        logs = inputs[:-1] - offset
        for entry in branches:
            self._grow(entry, logs)

    def _stay(self, entry: _Entry, inputs: np.ndarray, offset: Any) -> None:
        """Work out the same path one step on: its last label again, or a blank."""
        new, old, parent = entry.new, entry.old, entry.parent
        if parent is not None:
            if parent.new.total != _NONE:
                is_same = entry.label == parent.label
                before = parent.old.blank if is_same else parent.old.total
                new.label = self._either(new.label, before)
            new.label = new.label + (inputs[entry.label] - offset)
        new.blank = old.total + inputs[-1] - offset
        new.total = self._either(new.blank, new.label)

    def _is_candidate(self, total: Any) -> bool:
        return bool(
            total > _NONE
            and (len(self.beam) < self.width or total > self.beam.bottom().new.total)
        )

    def _grow(self, entry: _Entry, logs: np.ndarray) -> None:
        """Put the paths that are longer by one label into the beam."""
        if not self._is_candidate(entry.old.total):
            return
        totals = logs + self.type(entry.old.total)
        if 0 <= entry.label < len(logs):
            totals[entry.label] = logs[entry.label] + self.type(entry.old.blank)
        is_full = len(self.beam) == self.width
        least = self.beam.bottom().new.total if is_full else _NONE
        above = np.flatnonzero(totals > least).tolist()
        for label in sorted({*above, *entry.children}):
            child = entry.children.get(label) or _Entry(entry, label)
            if child.new.total != _NONE:
                continue
            if not self._is_candidate(totals[label]):
                # It may just have been dropped, and does not grow any more.
                child.old = _Probability()
                continue
            entry.children[label] = child
            if len(self.beam) == self.width:
                self.beam.bottom().new = _Probability()
            child.new = _Probability()
            child.new.total = child.new.label = totals[label]
            self.beam.push(child)

    def top_paths(self, count: int, *, merges: bool) -> list[tuple[list[int], Any]]:
        """Return the best paths with the logarithms of their probabilities.

        Raises:
            InvalidArgumentError: There are fewer.
        """
        if count > self.width:
            raise InvalidArgumentError(
                None, None, "requested more paths than the beam width."
            )
        if count > len(self.beam):
            raise InvalidArgumentError(
                None, None, "Less leaves in the beam search than requested."
            )
        best = _Beam(count)
        for entry in self.beam.entries():
            best.push(entry)
        return [
            (entry.labels(merges=merges), entry.new.total) for entry in best.extract()
        ]
