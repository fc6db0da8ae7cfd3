"""Beam search over CTC outputs.

The beam is a heap of a fixed size. Which of the paths that tie it keeps depends on how
it is moved, so the heap works as the C++ library's does. What a step does to all paths
is done at once; only labels that may get into the beam are looked at one by one.

Source: tensorflow core/util/ctc/ctc_beam_search.h, ctc_beam_entry.h,
core/lib/gtl/top_n.h; libstdc++ bits/stl_heap.h.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.c_exponential import exp_of_c
from metagraft.kernels.c_logarithms import log1p_of_c, log_of_c
from metagraft.kernels.kernel import Array
from metagraft.kernels.tied_order import sort_order

__all__ = ["BeamSearch"]

_NONE = -math.inf
_F = np.float32


class _Entry:
    """A path: its last label, and the path before.

    Attributes:
        parent: The path before.
        label: Its last label.
        children: Paths that are longer by one label, by this.
        total: The logarithm of its probability; of none if it is not in the beam.
        blank: The same of its ending in a blank.
        by_label: The same of its ending in its label.
        place: Where it lies among the paths of a step.
    """

    __slots__ = ("blank", "by_label", "children", "label", "parent", "place", "total")

    def __init__(self, parent: _Entry | None, label: int, total: float) -> None:
        """Start with a path that ends in its label."""
        self.parent = parent
        self.label = label
        self.children: dict[int, _Entry] = {}
        self.total = self.by_label = total
        self.blank = _NONE
        self.place = 0

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


def _push_heap(items: list[_Entry], hole: int, top: int, value: _Entry) -> None:
    total = value.total
    while hole > top:
        parent = (hole - 1) // 2
        if not items[parent].total > total:
            break
        items[hole] = items[parent]
        hole = parent
    items[hole] = value


def _adjust_heap(items: list[_Entry], hole: int, length: int, value: _Entry) -> None:
    top = hole
    child = 2 * hole + 2
    while child < length:
        right, left = items[child], items[child - 1]
        if right.total > left.total:
            child -= 1
            right = left
        items[hole] = right
        hole = child
        child = 2 * hole + 2
    if child == length:
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
        """Return how many entries there are."""
        return len(self.items)

    def entries(self) -> list[_Entry]:
        """Return the entries in the order they lie in."""
        return self.items.copy()

    def push(self, entry: _Entry) -> None:
        """Take an entry, and drop the worst if there are too many."""
        items = self.items
        if self.is_heap:
            if entry.total > items[0].total:
                _pop_heap(items, len(items))
                items[-1] = entry
                _push_heap(items, len(items) - 1, 0, entry)
            return
        items.append(entry)
        if len(items) > self.limit:
            _make_heap(items)
            _pop_heap(items, len(items))
            items.pop()
            self.is_heap = True
        elif self.knows_bottom and not entry.total > items[0].total:
            items[0], items[-1] = items[-1], items[0]

    def bottom(self) -> _Entry:
        """Return the worst entry."""
        items = self.items
        if not self.is_heap and not self.knows_bottom:
            totals = [entry.total for entry in items]
            worst = totals.index(min(totals))
            items[0], items[worst] = items[worst], items[0]
            self.knows_bottom = True
        return items[0]

    def least(self) -> float:
        """Return what a further entry has to exceed."""
        return self.bottom().total if len(self.items) >= self.limit else _NONE

    def take(self, entry: _Entry) -> None:
        """Take an entry; the one that is dropped is not possible any more."""
        if len(self.items) >= self.limit:
            self.bottom().total = _NONE
        self.push(entry)

    def extract(self) -> list[_Entry]:
        """Return the entries, the best first, and forget them."""
        items, self.items = self.items, []
        found = sorted(items, key=lambda entry: -entry.total)
        if all(a.total > b.total for a, b in pairwise(found)):
            items = found
        elif self.is_heap:  # the heap says which of equal ones is first
            for length in range(len(items), 1, -1):
                _pop_heap(items, length)
        else:
            keys = [-entry.total for entry in items]
            # What is not a number is in the order it came in, and all are so at once.
            order = sort_order(np.nan_to_num(keys), len(items))
            items = [items[i] for i in order.tolist()]
        self.is_heap = self.knows_bottom = False
        return items


def _each(function: Callable[[float], float], values: Array) -> Array:
    """Compute with the C library, from whose doubles NumPy's differ."""
    found = [function(value) for value in values.reshape(-1).tolist()]
    return np.array(found, np.float64).reshape(values.shape)


def _log_sums(inputs: Array) -> Array:
    """Return the logarithms of the sums of what is raised to `[..., classes]`."""
    largest = inputs.max(axis=-1, keepdims=True)
    less = inputs - largest
    powers = exp_of_c(less) if less.dtype == _F else _each(math.exp, less)
    totals = np.cumsum(powers, axis=-1, dtype=inputs.dtype)[..., -1]
    logs = log_of_c(totals) if less.dtype == _F else _each(math.log, totals)
    found: Array = largest[..., 0] + logs
    return found


def _either(a: Array, b: Array) -> Array:
    """Return the logarithms of the sums of two probabilities.

    TF: they are rounded to single precision, also between doubles.
    """
    large, small = np.maximum(a, b), np.minimum(a, b)
    added = log1p_of_c(exp_of_c(small - large))
    found = large + added.astype(large.dtype, copy=False)
    found[large == _NONE] = _NONE
    return found


def _places_of_parents(branches: list[_Entry]) -> Array:
    """Return where the path before each path is among them; -1 if it is not."""
    for place, entry in enumerate(branches):
        entry.place = place
    return np.array(
        [
            -1
            if entry.parent is None or entry.parent.total == _NONE
            else entry.parent.place
            for entry in branches
        ]
    )


def _places_of(entry: _Entry, branches: list[_Entry]) -> list[int]:
    if branches[entry.place : entry.place + 1] != [entry]:
        return []
    return [place for place, other in enumerate(branches) if other is entry]


def _twice(branches: list[_Entry]) -> tuple[list[int], list[int]]:
    """Return where paths are that come again, and where they do.

    One that is in the beam without being possible any more gets into it once more when
    it is found again, and the second goes on from where the first has got to.
    """
    sooner, later = [], []
    if len(set(branches)) < len(branches):
        last: dict[_Entry, int] = {}
        for place, entry in enumerate(branches):
            if entry in last:
                sooner.append(last[entry])
                later.append(place)
            last[entry] = place
    return sooner, later


class BeamSearch:
    """One sequence's search."""

    def __init__(self, width: int, dtype: Any) -> None:
        """Start with the empty path.

        Args:
            width: How many paths are kept.
            dtype: The type of the inputs; sums are rounded to it.
        """
        self.dtype = np.dtype(dtype)
        self.width = width
        self.beam = _Beam(width)
        root = _Entry(None, -1, _NONE)
        root.total = root.blank = 0.0
        self.beam.push(root)

    def go_on(self, inputs: Array) -> None:
        """Go on by some time steps, `[time, classes]`."""
        offsets = _log_sums(inputs)
        for now, offset in zip(inputs, offsets, strict=True):
            self._step(now, offset)

    def _step(self, inputs: Array, offset: Any) -> None:
        """Go on by one time step.

        Args:
            inputs: `[classes]`, the last of which is the blank.
            offset: What `_log_sums` says of them.
        """
        branches = self.beam.extract()
        shares = inputs - offset
        values = [(entry.total, entry.blank, entry.by_label) for entry in branches]
        totals, blanks, by_label = np.array(values, self.dtype).T
        labels = np.array([entry.label for entry in branches])
        parents = _places_of_parents(branches)
        sooner, later = _twice(branches)
        for _ in range(1 + len(later)):
            after = self._stayed(
                parents, labels, (totals, blanks, by_label), inputs, offset
            )
            by_label[later] = after[2][sooner]
        lists = (array.tolist() for array in after)
        for entry, *one in zip(branches, *lists, strict=True):
            entry.total, entry.blank, entry.by_label = one
        self.beam.items = branches.copy()
        logs = shares[:-1]
        grown = logs + totals[:, None]
        again = ((labels >= 0) & (labels < len(logs))).nonzero()[0]
        repeated = labels[again]
        grown[again, repeated] = logs[repeated] + blanks[again]
        behind = ((parents >= 0) & (parents < np.arange(len(labels)))).nonzero()
        self._grow(branches, totals.tolist(), grown, (parents[behind], labels[behind]))

    def _stayed(
        self,
        parents: Array,
        labels: Array,
        before: tuple[Array, Array, Array],
        inputs: Array,
        offset: Any,
    ) -> tuple[Array, Array, Array]:
        """Work out the same paths one step on: the last labels again, or blanks."""
        totals, blanks, by_label = before
        is_same = labels == labels[parents]
        begun = np.where(is_same, blanks[parents], totals[parents])
        longer = _either(by_label, begun)
        added = inputs[labels] - offset
        stopped = (totals + inputs[-1]) - offset
        is_child = labels >= 0
        is_active = parents >= 0
        while True:
            continued = np.where(is_active, longer, by_label)
            ended: Array = np.where(is_child, continued + added, continued)
            new = _either(stopped, ended)
            # Those before are worked out first, and may drop out.
            is_gone = (new[parents] == _NONE) & (parents < np.arange(new.size))
            if not (is_active & is_gone).any():
                break
            is_active &= ~is_gone
        return new, stopped, ended

    def _grow(
        self,
        branches: list[_Entry],
        totals: list[float],
        grown: Array,
        behind: tuple[Array, Array],
    ) -> None:
        """Put the paths that are longer by one label into the beam.

        Args:
            branches: The paths, the best first.
            totals: What they had a step before.
            grown: `[paths, labels]`, what longer ones have.
            behind: Which of these are among the paths, behind the shorter one.
        """
        beam = self.beam
        looked_at = grown > (beam.least() if totals[0] > _NONE else _NONE)
        looked_at[behind] = True
        places = looked_at.nonzero()
        found = zip(*(a.tolist() for a in (*places, grown[places])), strict=True)
        current, grows = -1, False
        for row, label, total in found:
            if row != current:
                current, grows = row, totals[row] > beam.least()
            if not grows:
                continue
            entry = branches[row]
            child = entry.children.get(label)
            if child is None:
                if not total > beam.least():
                    continue
                child = entry.children[label] = _Entry(entry, label, total)
            elif child.total != _NONE:
                continue
            elif not self._comes_back(child, total):
                # It may just have been dropped, and does not grow any more.
                for place in _places_of(child, branches):
                    totals[place] = _NONE
                continue
            child.blank, child.by_label = _NONE, total
            beam.take(child)

    def _comes_back(self, child: _Entry, total: float) -> bool:
        """Tell if a path that is in no beam, or not possible any more, is good enough.

        The worst that it has to exceed may be this very path.
        """
        child.total = total
        is_enough = total > self.beam.least()
        if not is_enough:
            child.total = _NONE
        return is_enough

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
        return [(entry.labels(merges=merges), entry.total) for entry in best.extract()]
