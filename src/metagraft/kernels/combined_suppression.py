"""Choosing boxes in every class of every image at once.

The best candidates of all classes are looked at together, so many of each at a time.

Source: tensorflow core/kernels/image/non_max_suppression_op.cc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from metagraft.kernels.box_overlap import Boxes
from metagraft.kernels.kernel import Array
from metagraft.kernels.tied_order import heap_order, sort_order

__all__ = ["ChosenOfClasses", "every_class", "final_order"]

# So many candidates of each class at a time, and so many pairs of boxes, which fit the
# cache.
_BLOCK: Final = 32
_PAIRS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ChosenOfClasses:
    """What is chosen, the best of each class first.

    Attributes:
        indices: `int64[batch, classes, room]`.
        scores: `float32` of the same shape; -inf where nothing is chosen.
    """

    indices: Array
    scores: Array


def every_class(
    boxes: Array, scores: Array, room: int, limit: Any, threshold: Any
) -> ChosenOfClasses:
    """Choose at most `room` boxes in each class.

    Args:
        boxes: `[batch, n, classes or 1, 4]`.
        scores: `[batch, n, classes]`.
        room: How many are chosen.
        limit: Boxes that overlap by more than this are not chosen together.
        threshold: Scores not above this are not candidates.
    """
    batch, count, classes = scores.shape
    rows = scores.transpose(0, 2, 1).reshape(batch * classes, count)
    valid = rows > threshold
    keys = np.where(valid, -rows, np.float32(np.inf))
    order = np.argsort(keys, axis=1)
    state = _Suppression(boxes, order, valid.sum(axis=1), room, limit)
    state.choose(np.arange(len(rows)))
    tied = np.flatnonzero(state.seen() > _first_tie(keys, order))
    for row in tied.tolist():
        candidates = np.flatnonzero(valid[row])
        order[row, : len(candidates)] = candidates[heap_order(keys[row, candidates])]
    state.choose(tied)
    ranks = state.ranks()
    indices = np.take_along_axis(order, np.maximum(ranks, 0), axis=1)
    values = np.take_along_axis(rows, indices, axis=1) if count else ranks[:, :0]
    values = np.where(ranks < 0, np.float32(-np.inf), values).astype(np.float32)
    shape = (batch, classes, room)
    return ChosenOfClasses(indices.reshape(shape), values.reshape(shape))


def _first_tie(keys: Array, order: Array) -> Array:
    """Return the rank in each row of the first candidate followed by its equal."""
    ranked = np.take_along_axis(keys, order, axis=1)
    ties = (ranked[:, 1:] == ranked[:, :-1]) & (ranked[:, 1:] < np.inf)
    last = np.ones((len(ties), 1), bool)
    return np.append(ties, last, axis=1).argmax(axis=1)


class _Suppression:
    """The state of choosing in all classes; each is a row."""

    def __init__(
        self, boxes: Array, order: Array, amounts: Array, room: int, limit: Any
    ) -> None:
        """Start with nothing chosen.

        Args:
            boxes: `[batch, n, classes or 1, 4]`.
            order: `[rows, n]`, the candidates of each class before others.
            amounts: How many candidates there are.
            room: How many are chosen.
            limit: How much they may overlap.
        """
        batch, count, own, _ = boxes.shape
        classes = max(len(order) // max(batch, 1), 1)
        # One more box, which is empty, overlaps with none.
        every = np.append(boxes.reshape(-1, 4), np.zeros((1, 4), boxes.dtype), axis=0)
        self._overlaps = Boxes(every).overlaps
        self._none = len(every) - 1
        row = np.arange(len(order))
        self._first = (row // classes * count * own + row % classes % own)[:, None]
        self._order, self._step = order, own
        self._amounts, self._room, self._limit = amounts, room, limit
        self._chosen = np.full((len(row), room + _BLOCK), self._none)
        self._ranks = np.full((len(row), room + _BLOCK), -1)
        self._numbers = np.zeros(len(row), np.int64)

    def choose(self, rows: Array) -> None:
        """Choose in some of the rows, from the beginning."""
        self._numbers[rows] = 0
        self._ranks[rows] = -1
        self._chosen[rows] = self._none
        for start in range(0, int(self._amounts[rows].max(initial=0)), _BLOCK):
            going = (self._amounts[rows] > start) & (self._numbers[rows] < self._room)
            rows = rows[going]
            if not len(rows):
                break
            most = max(int(self._numbers[rows].max()), _BLOCK)
            at_once = max(1, _PAIRS // (most * _BLOCK))
            for part in range(0, len(rows), at_once):
                self._choose(rows[part : part + at_once], start)

    def ranks(self) -> Array:
        """Return the ranks of what is chosen, -1 beyond, `[rows, room]`."""
        return self._ranks[:, : self._room]

    def seen(self) -> Array:
        """Return how many candidates the choice depends on."""
        last = self.ranks().max(axis=1, initial=-1) + 1
        return np.where(self._numbers < self._room, self._amounts, last)

    def _choose(self, rows: Array, start: int) -> None:
        """Choose among the candidates from a rank on."""
        block = self._order[rows, start : start + _BLOCK] * self._step
        block += self._first[rows]
        ranks = np.arange(start, start + block.shape[1])
        stays = ranks < self._amounts[rows, None]
        numbers = self._numbers[rows]
        if numbers.any():
            chosen = self._chosen[rows, : numbers.max()]
            stays &= ~self._close(chosen, block).any(axis=1)
        close = self._close(block, block)
        later = np.triu(close.any(axis=0), 1).any(axis=1)
        for one in np.flatnonzero(later).tolist():
            stays[:, one + 1 :] &= ~(close[:, one, one + 1 :] & stays[:, one, None])
        which, at = np.nonzero(stays)
        to = (stays.cumsum(axis=1) - 1 + numbers[:, None])[which, at]
        self._chosen[rows[which], to] = block[which, at]
        self._ranks[rows[which], to] = ranks[at]
        self._numbers[rows] = numbers + stays.sum(axis=1)

    def _close(self, some: Array, others: Array) -> Array:
        """Tell which pairs of each row overlap by more than the limit."""
        close = self._overlaps(some[:, :, None], others[:, None, :]) > self._limit
        return np.asarray(close)


def final_order(scores: Array, most: int) -> Array:
    """Return the order of what is chosen in one image, the best first.

    Args:
        scores: `[classes, room]`, with -inf where nothing is chosen.
        most: How many of it are needed.
    """
    keys = -scores.reshape(-1)
    order = np.argsort(keys, kind="stable")[: np.count_nonzero(keys < np.inf)]
    ranked = keys[order[: most + 1]]
    if (ranked[1:] == ranked[:-1]).any():
        order = sort_order(keys, most)
    return order[:most]
