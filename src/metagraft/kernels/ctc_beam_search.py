"""Beam search over CTC outputs.

The beam is a heap of a fixed size. Which of the paths that tie it keeps depends on how
it is moved; Python's heap moves its elements just as the C++ library's does. What a
step does to all paths of all sequences is done at once; only labels that may get into a
beam are looked at one by one.

Source: tensorflow core/util/ctc/ctc_beam_search.h, ctc_beam_entry.h,
core/lib/gtl/top_n.h; libstdc++ bits/stl_heap.h.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import islice
from operator import attrgetter, gt
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.c_exponential import exp_of_c
from metagraft.kernels.c_logarithms import log1p_of_c, log_of_c
from metagraft.kernels.kernel import Array
from metagraft.kernels.tied_order import sort_order

__all__ = ["Beam", "beam_search"]

_NONE = -math.inf
_F = np.float32
_LEAST: Final = np.finfo(_F).tiny
# How many paths that are longer by one label are worked out at once at most.
_MOST_AT_ONCE: Final = 1 << 22


class _Entry:
    """A path: its last label, and the path before.

    Attributes:
        parent: The path before.
        label: Its last label.
        children: Paths that are longer by one label, by this.
        total: The logarithm of its probability; of none if it is not in the beam.
        slot: Where the same of its ending in a blank, and in its label, are among
            those that the last step has worked out.
        place: Where it lies among the paths of a step.
    """

    __slots__ = ("children", "label", "parent", "place", "slot", "total")

    def __init__(self, parent: _Entry | None, label: int, total: float) -> None:
        """Start without children."""
        self.parent = parent
        self.label = label
        self.children = _NO_CHILDREN
        self.total = total
        self.slot = self.place = 0

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


# Of the many paths that do not grow.
_NO_CHILDREN: Final[dict[int, _Entry]] = {}


class Beam:
    """The best paths of one sequence, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        """Start without any."""
        self.limit = limit
        # What the paths are ordered by. Every number is an object of its own, even if
        # equal to another, and says by its identity whose it is.
        self._keys: list[float] = []
        self._owners: dict[int, _Entry] = {}
        self._is_heap = False
        # Whether the worst is known to be the first.
        self._knows_worst = False
        # Whether paths may be in it that are not possible, or twice.
        self._is_odd = False

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._keys)

    def fill(self, entries: list[_Entry], totals: list[float], *, is_odd: bool) -> None:
        """Take these entries, in this order, and no others."""
        if is_odd:  # one that is there twice has the same total both times
            totals = [entry.total + 0.0 for entry in entries]
        self._is_odd = is_odd
        self._keys = totals
        self._owners = dict(zip(map(id, totals), entries, strict=True))
        self._is_heap = self._knows_worst = False

    def _entries(self) -> list[_Entry]:
        """Return the entries in the order they lie in."""
        return [self._owners[id(key)] for key in self._keys]

    def _push(self, entry: _Entry, key: float) -> None:
        """Take an entry, and drop the worst if there are too many."""
        keys = self._keys
        if self._is_heap:
            if not key > keys[0]:
                return
            heappop(keys)
            heappush(keys, key)
        else:
            keys.append(key)
        self._owners[id(key)] = entry
        if len(keys) > self.limit:
            heapify(keys)
            heappop(keys)
            self._is_heap = self._knows_worst = True

    def least(self) -> float:
        """Return what a further entry has to exceed."""
        keys = self._keys
        if self._knows_worst:
            return keys[0]
        if len(keys) < self.limit:
            return _NONE
        worst = keys.index(min(keys))
        keys[0], keys[worst] = keys[worst], keys[0]
        self._knows_worst = True
        return keys[0]

    def take(self, entry: _Entry) -> None:
        """Take an entry; the one that is dropped is not possible any more."""
        if len(self._keys) >= self.limit:
            self.least()
            worst = self._owners[id(self._keys[0])]
            worst.total = _NONE
            if self._is_odd or not self._is_heap:
                self._change(worst)
        self._push(entry, entry.total + 0.0)

    def _change(self, entry: _Entry) -> None:
        """Order an entry anew that has got another total."""
        for place, key in enumerate(self._keys):
            if self._owners[id(key)] is entry:
                self._keys[place] = changed = entry.total + 0.0
                self._owners[id(changed)] = entry

    def extract(self) -> list[_Entry]:
        """Return the entries, the best first, and forget them."""
        keys, owners = self._keys, self._owners
        found = sorted(keys, reverse=True)
        if not all(map(gt, found, found[1:])):
            if self._is_heap:  # the heap says which of equal ones is first
                found = [heappop(keys) for _ in found][::-1]
            else:
                # What is not a number is in the order it came in, and all are so at
                # once.
                order = sort_order(np.nan_to_num(np.negative(keys)), len(keys))
                found = [keys[i] for i in order.tolist()]
        self._keys = []
        self._is_heap = self._knows_worst = False
        return [owners[id(key)] for key in found]

    def grow(
        self,
        branches: list[_Entry],
        totals: list[float],
        longer: Iterable[tuple[int, int, int, float]],
    ) -> None:
        """Take paths that are longer by one label.

        Args:
            branches: The paths of all sequences, the best first.
            totals: What they had a step before.
            longer: Longer ones of this sequence, in order: their slot, the place of
                the shorter one, the label, and what they have.
        """
        keys, owners = self._keys, self._owners
        current, grows, children = -1, False, _NO_CHILDREN
        for slot, row, label, total in longer:
            if row != current:
                current, grows = row, totals[row] > self.least()
                children = branches[row].children
            if not grows:
                continue
            child = children.get(label)
            if child is None:
                if not total > (keys[0] if self._knows_worst else self.least()):
                    continue
                if not children:
                    children = branches[row].children = {}
                child = children[label] = _Entry(branches[row], label, total)
            elif child.total != _NONE or not self._comes_back(
                child, total, branches, totals
            ):
                continue
            child.slot = slot
            if self._is_heap and not self._is_odd:  # as below, without any calls
                owners[id(keys[0])].total = _NONE
                heappop(keys)
                heappush(keys, total)
                owners[id(total)] = child
            else:
                self.take(child)

    def _comes_back(
        self, child: _Entry, total: float, branches: list[_Entry], totals: list[float]
    ) -> bool:
        """Tell if a path that is in no beam, or not possible any more, is good enough.

        The worst that it has to exceed may be this very path.
        """
        child.total = total
        if self._is_odd:
            self._change(child)
        if total > self.least():
            return True
        child.total = _NONE
        if self._is_odd:
            self._change(child)
        # It may just have been dropped, and does not grow any more.
        for place in _places_of(child, branches):
            totals[place] = _NONE
        return False

    def top_paths(self, count: int, *, merges: bool) -> list[tuple[list[int], Any]]:
        """Return the best paths with the logarithms of their probabilities.

        Raises:
            InvalidArgumentError: There are fewer.
        """
        if count > self.limit:
            raise InvalidArgumentError(
                None, None, "requested more paths than the beam width."
            )
        if count > len(self):
            raise InvalidArgumentError(
                None, None, "Less leaves in the beam search than requested."
            )
        best = Beam(count)
        for entry in self._entries():
            best._push(entry, entry.total + 0.0)
        return [(entry.labels(merges=merges), entry.total) for entry in best.extract()]


def _places_of(entry: _Entry, branches: list[_Entry]) -> list[int]:
    if branches[entry.place : entry.place + 1] != [entry]:
        return []
    return [place for place, other in enumerate(branches) if other is entry]


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
    share = exp_of_c(small - large)
    # TensorFlow's threads take numbers below the normal ones for 0.
    share[share < _LEAST] = 0
    added = log1p_of_c(share)
    found = large + added.astype(large.dtype, copy=False)
    found[large == _NONE] = _NONE
    return found


_PARENT_OF: Final = attrgetter("parent")
_LABEL_OF: Final = attrgetter("label")
_SLOT_OF: Final = attrgetter("slot")
_TOTAL_OF: Final = attrgetter("total")


def _places_of_parents(branches: list[_Entry]) -> Array:
    """Return where the path before each path is among them; -1 if it is not."""
    for place, entry in enumerate(branches):
        entry.place = place
    return np.array(
        [
            -1 if parent is None or parent.total == _NONE else parent.place
            for parent in map(_PARENT_OF, branches)
        ]
    )


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


def _stayed(
    parents: Array,
    labels: Array,
    before: tuple[Array, Array, Array],
    stopped: Array,
    added: Array,
) -> tuple[Array, Array]:
    """Work out the same paths one step on: the last labels again, or blanks.

    Args:
        parents: Where the paths before them are.
        labels: Their last labels.
        before: What they had: in all, with a blank and with their label at the end.
        stopped: What they have with a blank.
        added: What their label has.

    Returns:
        What they have in all, and with their label.
    """
    totals, blanks, by_label = before
    is_child = labels >= 0
    is_active = parents >= 0
    if not is_active.any():
        ended = np.where(is_child, by_label + added, by_label)
        return _either(stopped, ended), ended
    is_same = labels == labels[parents]
    begun = np.where(is_same, blanks[parents], totals[parents])
    longer = _either(by_label, begun)
    is_behind = parents < np.arange(parents.size)
    while True:
        continued = np.where(is_active, longer, by_label)
        ended = np.where(is_child, continued + added, continued)
        new = _either(stopped, ended)
        # Those before are worked out first, and may drop out.
        is_gone = (new[parents] == _NONE) & is_behind
        if not (is_active & is_gone).any():
            break
        is_active &= ~is_gone
    return new, ended


def beam_search(inputs: Array, lengths: list[int], width: int) -> Iterator[Beam]:
    """Yield the best paths of each sequence.

    Args:
        inputs: `[time, batch, classes]`, the last class of which is the blank; sums are
            rounded to their type.
        lengths: How much of each sequence is looked at.
        width: How many paths are kept.
    """
    size = max(1, _MOST_AT_ONCE // (width * inputs.shape[2]))
    for first in range(0, len(lengths), size):
        rows = slice(first, first + size)
        yield from _Search(width, inputs[:, rows], lengths[rows]).beams


class _Search:
    """The search of some sequences at once."""

    def __init__(self, width: int, inputs: Array, lengths: list[int]) -> None:
        """Search from the first time step to the last."""
        self.beams = [Beam(width) for _ in lengths]
        for beam in self.beams:
            beam.take(_Entry(None, -1, 0.0))
        # What paths have with a blank, and with their label, at the end, by slots.
        self.blanks = np.zeros(1, inputs.dtype)
        self.by_label = np.full(1, _NONE, inputs.dtype)
        longest = max(0, *lengths)
        offsets = _log_sums(inputs[:longest])[..., None]
        for time in range(longest):
            rows = [row for row, length in enumerate(lengths) if length > time]
            beams = [self.beams[row] for row in rows]
            self._step(beams, inputs[time, rows], offsets[time, rows])

    def _step(self, beams: list[Beam], inputs: Array, offset: Array) -> None:
        """Go on by one time step.

        Args:
            beams: The sequences that go on.
            inputs: `[sequences, classes]`.
            offset: `[sequences, 1]`, what `_log_sums` says of them.
        """
        parts = [beam.extract() for beam in beams]
        sizes = [len(part) for part in parts]
        branches = [entry for part in parts for entry in part]
        totals = np.array([*map(_TOTAL_OF, branches)], inputs.dtype)
        slots = [*map(_SLOT_OF, branches)]
        blanks, by_label = self.blanks[slots], self.by_label[slots]
        labels = np.array([*map(_LABEL_OF, branches)])
        parents = _places_of_parents(branches)
        places = np.arange(labels.size)
        shares = (inputs - offset).repeat(sizes, axis=0)
        stopped = (totals + inputs[:, -1].repeat(sizes)) - offset[:, 0].repeat(sizes)
        added = shares[places, labels]
        sooner, later = _twice(branches)
        for _ in range(1 + len(later)):
            new, ended = _stayed(
                parents, labels, (totals, blanks, by_label), stopped, added
            )
            by_label[later] = ended[sooner]
        grown = shares[:, :-1] + totals[:, None]
        again = (labels >= 0).nonzero()[0]
        grown[again, labels[again]] = added[again] + blanks[again]
        now = new.tolist()
        for place, entry in enumerate(branches):
            entry.total, entry.slot = now[place], place
        is_odd = bool(later) or _NONE in now
        first, least = 0, []
        for beam, part in zip(beams, parts, strict=True):
            beam.fill(part, now[first : first + len(part)], is_odd=is_odd)
            least.append(beam.least() if totals[first] > _NONE else _NONE)
            first += len(part)
        looked_at = grown > np.array(least, grown.dtype).repeat(sizes)[:, None]
        behind = (parents >= 0) & (parents < places)
        looked_at[parents[behind], labels[behind]] = True
        longer = looked_at.nonzero()
        found = grown[longer]
        self.blanks = np.concatenate([stopped, np.full_like(found, _NONE)])
        self.by_label = np.concatenate([ended, found])
        news = zip(
            range(len(branches), len(branches) + len(found)),
            *(array.tolist() for array in (*longer, found)),
            strict=True,
        )
        before = totals.tolist()
        cuts = longer[0].searchsorted(np.cumsum(sizes)).tolist()
        for beam, start, end in zip(beams, [0, *cuts], cuts, strict=False):
            beam.grow(branches, before, islice(news, end - start))
