"""Where tables keep their keys, found for many keys at once.

A key lies where its hash says or, if that place is taken, behind: 1, 3, 6, ... places
further, around the end. `NumberRows` and `TextRows` number the keys of a table.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import numpy as np

__all__ = [
    "GONE",
    "NEVER",
    "USED",
    "NumberPlaces",
    "NumberRows",
    "Places",
    "TextRows",
    "low_bits",
    "words_of",
]

Words = np.ndarray[Any, np.dtype[np.uint64]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]
# What a place is: never used, of a key that was taken out, or of a key.
NEVER: Final = 0
GONE: Final = 1
USED: Final = 2
_ABSENT: Final = -1
_FEWEST: Final = 64
_NOBODY: Final = np.iinfo(np.int32).max
# So few keys are placed one by one.
_FEW: Final = 24
# The odd number nearest to 2^64 over the golden ratio: spreads neighbours.
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


def words_of(keys: np.ndarray[Any, Any]) -> Words:
    """Return integers as words of 64 bits, different ones for different integers."""
    return keys.reshape(-1).astype(np.int64, copy=False).view(np.uint64)


class Places:
    """Places for keys, a power of two of them.

    Attributes:
        state: What each place is.
    """

    def __init__(self, size: int) -> None:
        """Start with places that were never used."""
        self.state = np.zeros(size, np.uint8)
        self._holders: np.ndarray[Any, np.dtype[np.int32]] | None = None

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.state)

    def settle(self, starts: Numbers, words: Words | None = None) -> Numbers:
        """Give keys that have no place one, as if they came one after the other.

        All go on at once: the first of those that come to a place keeps it, until one
        comes that is before it.

        Args:
            starts: Where to begin for each.
            words: The keys, if a key may be there twice.

        Returns:
            The place of each; -1 for a key that is equal to one before it.
        """
        if self._holders is None:
            self._holders = np.full(len(self.state), _NOBODY, np.int32)
        places, steps = starts.copy(), np.zeros(len(starts), np.int64)
        keys = np.arange(len(starts)) if words is None else words
        pending = np.arange(len(starts))
        while len(pending) > _FEW:
            pending = self._one_round(places, steps, keys, pending)
        self._one_by_one(places, steps, keys, pending.tolist())
        settled = places >= 0
        taken = places[settled]
        self.state[taken] = USED
        self._holders[taken] = _NOBODY
        return places

    def give_up(self, places: Numbers, keys: np.ndarray[Any, Any]) -> int:
        """Free places, some of which may be there twice; return how many they are."""
        del keys
        self.state[places] = GONE
        order = np.arange(len(places), dtype=np.int32)
        if self._holders is None:
            self._holders = np.full(len(self.state), _NOBODY, np.int32)
        self._holders[places] = order
        count = int(np.count_nonzero(self._holders[places] == order))
        self._holders[places] = _NOBODY
        return count

    def _one_round(
        self,
        places: Numbers,
        steps: Numbers,
        keys: np.ndarray[Any, Any],
        pending: np.ndarray[Any, Any],
    ) -> np.ndarray[Any, Any]:
        """Let keys, the first one first, ask for their places; return who has none."""
        holders = self._holders
        assert holders is not None
        wanted = places[pending]
        free = (self.state[wanted] != USED) & (pending < holders[wanted])
        bidders, spots = pending[free], wanted[free]
        before = holders[spots]
        holders[spots[::-1]] = bidders[::-1]  # the first one is written last
        wins = holders[spots] == bidders
        sent_away = before[wins]
        losers = np.concatenate(
            [pending[~free], bidders[~wins], sent_away[sent_away != _NOBODY]]
        )
        rivals = holders[places[losers]]
        rivals[rivals == _NOBODY] = losers[rivals == _NOBODY]  # the place is another's
        again = (keys[rivals] == keys[losers]) & (rivals != losers)
        places[losers[again]] = _ABSENT
        losers = losers[~again]
        steps[losers] += 1
        places[losers] = (places[losers] + steps[losers]) & (len(self.state) - 1)
        losers.sort()
        return losers

    def _one_by_one(
        self,
        places: Numbers,
        steps: Numbers,
        keys: np.ndarray[Any, Any],
        pending: list[int],
    ) -> None:
        holders, mask = self._holders, len(self.state) - 1
        assert holders is not None
        pending.reverse()
        while pending:
            key = pending.pop()
            place, step = int(places[key]), int(steps[key])
            while True:
                holder = int(holders[place])
                if self.state[place] != USED and key < holder:
                    holders[place] = key
                    places[key], steps[key] = place, step
                    if holder == _NOBODY:
                        break
                    key, step = holder, int(steps[holder])
                elif holder != _NOBODY and keys[holder] == keys[key]:
                    places[key] = _ABSENT
                    break
                step += 1
                place = (place + step) & mask


class NumberPlaces(Places):
    """Places for integers.

    Attributes:
        words: The keys in used places.
    """

    def __init__(self, size: int, start: Callable[[Words, int], Numbers]) -> None:
        """Start empty.

        Args:
            size: How many places there are.
            start: Returns where keys are looked for first, given them and `size`.
        """
        super().__init__(size)
        self.words = np.zeros(size, np.uint64)
        self._start = start

    def find(self, words: Words) -> Numbers:
        """Return the places of keys, -1 for one that has none."""
        places = self._start(words, len(self.state))
        found, goes_on = self._compared(places, words)
        going = goes_on.nonzero()[0]
        step = 0
        while going.size and step < len(self.state):
            step += 1
            places = (places[goes_on] + step) & (len(self.state) - 1)
            words = words[goes_on]
            found[going], goes_on = self._compared(places, words)
            going = going[goes_on]
        return found

    def _compared(self, places: Numbers, words: Words) -> tuple[Numbers, Any]:
        """Return the places of keys that are there, and which are to be sought on."""
        state = self.state.take(places)
        is_there = self.words.take(places) == words
        is_there &= state == USED
        return np.where(is_there, places, _ABSENT), (state != NEVER) & ~is_there

    def add(self, words: Words) -> Numbers:
        """Give keys that have no place one; return them, -1 for a repeated key."""
        places = self.settle(self._start(words, len(self.state)), words)
        settled = places >= 0
        self.words[places[settled]] = words[settled]
        return places

    def keep(self, places: Numbers, words: Words) -> None:
        """Take over keys that have places."""
        self.words[places] = words
        self.state[places] = USED


def low_bits(words: Words, size: int) -> Numbers:
    """Return where TensorFlow begins to look for integers."""
    return (words & np.uint64(size - 1)).view(np.int64)


def _spread(words: Words, size: int) -> Numbers:
    return (words * _SPREAD >> np.uint64(65 - size.bit_length())).view(np.int64)


class NumberRows:
    """Numbers integers in the order in which they come."""

    def __init__(self) -> None:
        """Start empty."""
        self._places = NumberPlaces(_FEWEST, _spread)
        self._rows = np.empty(_FEWEST, np.int64)
        self._not_free = 0

    def find(self, keys: np.ndarray[Any, Any]) -> Numbers:
        """Return the numbers of keys, -1 for one that is not there."""
        return self._numbers(self._places.find(words_of(keys)))

    def _numbers(self, places: Numbers) -> Numbers:
        return np.where(places >= 0, self._rows.take(places), _ABSENT)

    def put(self, keys: np.ndarray[Any, Any], count: int) -> Numbers:
        """Return the numbers of keys; new ones are numbered from `count` on."""
        words = words_of(keys)
        places = self._places.find(words)
        is_new = (places < 0).nonzero()[0]
        if not is_new.size:
            return self._numbers(places)
        new = words[is_new]
        if 2 * (self._not_free + len(new)) > len(self._places):
            self._enlarge(len(new))
            places = self._places.find(words)
        added = self._places.add(new)
        first = added[added >= 0]
        self._rows[first] = np.arange(count, count + len(first))
        self._not_free += len(first)
        places[is_new] = added
        if len(first) < len(added):
            places = self._places.find(words)
        return self._numbers(places)

    def _enlarge(self, more: int) -> None:
        used = (self._places.state == USED).nonzero()[0]
        rows, words = self._rows[used], self._places.words[used]
        size = 1 << (4 * (len(used) + more) - 1).bit_length()
        self._places = NumberPlaces(max(size, _FEWEST), _spread)
        self._rows = np.empty(len(self._places), np.int64)
        self._rows[self._places.add(words)] = rows
        self._not_free = len(used)

    def remove(self, keys: np.ndarray[Any, Any]) -> Numbers:
        """Take keys out; return the numbers of those that were there."""
        places = self._places.find(words_of(keys))
        places = places[places >= 0]
        self._places.state[places] = GONE
        rows, order = self._rows[places], np.arange(len(places))
        self._rows[places] = order  # nothing reads it: of a repeated key, one is last
        return rows[self._rows[places] == order]


class TextRows:
    """Numbers keys of any type in the order in which they come."""

    def __init__(self, listed: Callable[[np.ndarray[Any, Any]], Sequence[Hashable]]):
        """Start empty; `listed` returns keys as Python values."""
        self._listed = listed
        self._row_of: defaultdict[Hashable, int] = defaultdict()

    def find(self, keys: np.ndarray[Any, Any]) -> Numbers:
        """Return the numbers of keys, -1 for one that is not there."""
        listed = self._listed(keys)
        absent = itertools.repeat(_ABSENT)
        return np.fromiter(map(self._row_of.get, listed, absent), np.int64, len(listed))

    def put(self, keys: np.ndarray[Any, Any], count: int) -> Numbers:
        """Return the numbers of keys; new ones are numbered from `count` on."""
        listed = self._listed(keys)
        self._row_of.default_factory = itertools.count(count).__next__
        return np.fromiter(map(self._row_of.__getitem__, listed), np.int64, len(listed))

    def remove(self, keys: np.ndarray[Any, Any]) -> Numbers:
        """Take keys out; return the numbers of those that were there."""
        absent = itertools.repeat(_ABSENT)
        listed = self._listed(keys)
        rows = np.fromiter(map(self._row_of.pop, listed, absent), np.int64, len(listed))
        return rows[rows >= 0]
