"""Choosing among overlapping boxes; twin of `ops/non_max_suppression.py`.

How many boxes are chosen depends on their values, so these run on the host. The
overlaps of a chosen box with all others are computed at once.

Source: tensorflow core/kernels/image/non_max_suppression_op.cc.
"""

from __future__ import annotations

import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.box_overlap import Boxes
from metagraft.kernels.c_exponential import exp_of_c
from metagraft.kernels.combined_suppression import every_class, final_order
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.soft_suppression import chosen_in_a_loop

_F = np.float32
_BLOCK: Final = 128
# Of more candidates it is not worked out what each two do to each other.
_MOST_PAIRED: Final = 1024
# So many factors are multiplied together, fewer one by one.
_SEVERAL: Final = 4
# How much boxes overlap with others; both are indices, which broadcast.
Overlaps = Callable[[Any, Array], Array]


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is chosen, best first.

    Attributes:
        indices: `int32[count]`.
        scores: Scores as they were when chosen.
    """

    indices: Array
    scores: Array

    def padded(self, size: int) -> _Choice:
        """Return the same with zeros up to `size`."""
        missing = (0, size - len(self.indices))
        return _Choice(np.pad(self.indices, missing), np.pad(self.scores, missing))


def _sorted(scores: Array, threshold: Any) -> Array:
    """Return the indices of scores above the threshold, best first, ties in order."""
    candidates = np.flatnonzero(scores > threshold)
    values = -scores[candidates].astype(np.float64)
    order = np.argsort(values)
    ranked = values[order]
    if (ranked[1:] == ranked[:-1]).any():
        order = np.argsort(values, kind="stable")  # takes four times as long
    return candidates[order]


def _hard(
    overlaps: Overlaps, scores: Array, size: int, limit: Any, score_threshold: Any
) -> _Choice:
    """Choose the best, drop what overlaps with it by more than `limit`, repeat.

    Candidates are looked at in blocks, as few of them are needed where most are chosen.
    """
    order = _sorted(scores, score_threshold)
    chosen = np.zeros(0, order.dtype)
    for start in range(0, len(order), _BLOCK):
        if len(chosen) >= size:
            break
        block = order[start : start + _BLOCK]
        if len(chosen):
            close = overlaps(chosen[:, None], block[None]) > limit
            block = block[~close.any(axis=0)]
        chosen = np.concatenate([chosen, block[_kept(overlaps, block, limit)]])
    indices = chosen[:size].astype(np.int32)
    return _Choice(indices, scores[indices])


def _kept(overlaps: Overlaps, block: Array, limit: Any) -> Array:
    """Tell which of a block stay: those not close to a better one that stays."""
    stays = np.ones(len(block), bool)
    close = overlaps(block[:, None], block[None]) > limit
    np.fill_diagonal(close, False)
    for row in np.flatnonzero(close.any(axis=1)).tolist():
        if stays[row]:
            stays[row + 1 :] &= ~close[row, row + 1 :]
    return stays


class _Decay(ABC):
    """What lowers the scores of candidates, which are looked at block by block."""

    def __init__(self, overlaps: Overlaps, scale: Any) -> None:
        """Take what says how much candidates, named by their places, overlap."""
        self._overlaps = overlaps
        self._scale = scale
        # TensorFlow's threads take single numbers below the normal ones for 0; those of
        # half precision are computed in single.
        self._least = np.finfo(_F).tiny

    @abstractmethod
    def choose(self, place: int) -> None:
        """Lower the scores of what overlaps with a candidate."""

    @abstractmethod
    def lowered(self, place: int, score: Any, threshold: Any) -> Any:
        """Bring a score up to date; what falls to the threshold may stay there."""

    def _powers(self, similar: Array) -> Array:
        """Return the factors for overlaps, `[n]`, that are not 0."""
        similar = similar.astype(self._scale.dtype, copy=False)
        factors = exp_of_c(self._scale * similar * similar)
        factors[factors < self._least] = 0
        powers: Array = factors.astype(similar.dtype, copy=False)
        return powers


class _DecayOfFew(_Decay):
    """The same for so few that what each two do to each other is worked out."""

    def __init__(self, overlaps: Overlaps, count: int, scale: Any) -> None:
        """Start with nothing chosen; candidates are named by their places."""
        super().__init__(overlaps, scale)
        self._count = count
        # What the first candidates do to each other, and of how many that is known.
        self._table = np.empty((0, 0), scale.dtype)
        self._known = 0
        self._chosen = np.empty(count, np.intp)
        self._furthest = -1
        self._number = 0
        # How many of these each candidate has been lowered for.
        self._since = [0] * count

    def choose(self, place: int) -> None:
        self._chosen[self._number] = place
        self._number += 1
        self._furthest = max(self._furthest, place)

    def lowered(self, place: int, score: Any, threshold: Any) -> Any:
        since = self._since[place]
        if since == self._number:
            return score
        self._since[place] = self._number
        chosen = self._chosen[since : self._number][::-1]
        while max(place, self._furthest) >= self._known:
            self._look_ahead()
        factors = self._table[place].take(chosen)
        if len(factors) > _SEVERAL:
            # Each product is rounded, as one by one; a score only gets nearer to 0.
            factors[0] *= score
            least = np.multiply.accumulate(factors, out=factors)[-1]
            if least > max(threshold, self._least) or least <= threshold >= self._least:
                return least
            factors = self._table[place].take(chosen)
        for factor in factors.tolist():
            if factor == 1:
                continue
            score = score * factor
            if 0 < score < self._least:
                score = score * 0
            if score <= threshold:
                break
        return score

    def _look_ahead(self) -> None:
        start = self._known
        self._known = end = min(start + _BLOCK, self._count)
        every = np.arange(end)
        new = self._of(self._overlaps(every[start:, None], every[None]))
        if end > len(self._table):
            size = min(2 * end, self._count)
            before, self._table = self._table, np.empty((size, size), new.dtype)
            self._table[:start, :start] = before[:start, :start]
        self._table[start:end, :end] = new
        self._table[:start, start:end] = new[:, :start].T

    def _of(self, similar: Array) -> Array:
        """Return the factors of what overlaps so much."""
        factors = np.ones(similar.shape, self._scale.dtype)
        some = similar.nonzero()
        factors[some] = self._powers(similar[some])
        return factors


class _DecayOfMany(_Decay):
    """The same for so many that not all pairs of them are looked at."""

    def __init__(self, overlaps: Overlaps, count: int, scale: Any) -> None:
        """Start with nothing chosen; candidates are named by their places."""
        super().__init__(overlaps, scale)
        self._count = count
        self._chosen: list[int] = []
        # For each candidate, factors of what was chosen since it was last looked at and
        # overlaps with it.
        self._pending: list[list[Any]] = []

    def _note(self, chosen: list[int], start: int, end: int) -> None:
        others = np.arange(start, end)
        similar = self._overlaps(np.array(chosen)[:, None], others[None]).T
        places, _ = some = np.nonzero(similar)
        factors = self._powers(similar[some])
        for place, factor in zip((places + start).tolist(), factors, strict=True):
            self._pending[place].append(factor)

    def choose(self, place: int) -> None:
        self._note([place], 0, len(self._pending))
        self._chosen.append(place)

    def lowered(self, place: int, score: Any, threshold: Any) -> Any:
        if place == len(self._pending):
            end = min(place + _BLOCK, self._count)
            self._pending += [[] for _ in range(place, end)]
            if self._chosen:
                self._note(self._chosen, place, end)
        factors = self._pending[place]
        while factors:
            score = score * factors.pop()
            if 0 < score < self._least:
                score = score * 0
            if score <= threshold:
                break
        return score


def _soft(
    boxes: Array, scores: Array, size: int, score_threshold: Any, sigma: Any
) -> _Choice:
    """Choose the best, lower the scores of what overlaps with it, repeat.

    A candidate's score is brought up to date when it comes up for choice.
    """
    kind = scores.dtype.type
    order, scale = _sorted(scores, score_threshold), kind(-0.5) / sigma
    ordered = boxes[order], scores[order], order.astype(np.int32)
    found = chosen_in_a_loop(*ordered, size, score_threshold, scale)
    if found is not None:
        return _Choice(ordered[2][found[0]], found[1])
    of_so_many = _DecayOfFew if len(order) <= _MOST_PAIRED else _DecayOfMany
    decay = of_so_many(Boxes(ordered[0]).overlaps, len(order), scale)
    # Each with its score below 0 and its index, which decides between equal ones.
    negatives = (-scores[order].astype(np.float64)).tolist()
    fresh = list(zip(negatives, order.tolist(), range(len(order)), strict=True))
    lowered: list[tuple[float, int, int]] = []
    chosen: list[int] = []
    chosen_scores: list[Any] = []
    at = 0
    while len(chosen) < size and (lowered or at < len(fresh)):
        if at < len(fresh) and (not lowered or fresh[at] < lowered[0]):
            negative, index, place = fresh[at]
            at += 1
        else:
            negative, index, place = heapq.heappop(lowered)
        before = kind(-negative)
        score = decay.lowered(place, before, score_threshold)
        if score == before:
            chosen.append(index)
            chosen_scores.append(score)
            decay.choose(place)
        elif score > score_threshold:
            heapq.heappush(lowered, (-float(score), index, place))
    return _Choice(np.array(chosen, np.int32), np.array(chosen_scores, scores.dtype))


def _check_size(max_output_size: Array) -> int:
    if max_output_size.ndim:
        raise _invalid(
            f"max_output_size must be 0-D, got shape {show(max_output_size.shape)}"
        )
    size = int(max_output_size)
    if size < 0:
        raise _invalid("output size must be non-negative")
    return size


def _check_threshold(value: Array, name: str, *, is_share: bool = False) -> Any:
    if np.ndim(value):
        raise _invalid(f"{name} must be 0-D, got shape {show(value.shape)}")
    if is_share and not 0 <= value <= 1:
        raise _invalid(f"{name} must be in [0, 1]")
    return value


def _check_boxes(boxes: Array, scores: Array) -> None:
    if boxes.ndim != 2:
        raise _invalid(f"boxes must be 2-D{show(boxes.shape)}")
    if boxes.shape[1] != 4:
        raise _invalid("boxes must have 4 columns")
    _check_scores(scores, boxes.shape[0])


def _check_scores(scores: Array, count: int) -> None:
    if scores.ndim != 1:
        raise _invalid(f"scores must be 1-D{show(scores.shape)}")
    if scores.shape[0] != count:
        raise _invalid("scores has incompatible shape")


def _chosen(
    boxes: Array,
    scores: Array,
    max_output_size: Array,
    iou_threshold: Array,
    score_threshold: Array | None = None,
    sigma: Array | None = None,
) -> _Choice:
    size = _check_size(max_output_size)
    limit = _check_threshold(iou_threshold, "iou_threshold", is_share=True)
    if score_threshold is None:
        least = -math.inf if scores.dtype.kind != "f" else np.finfo(scores.dtype).min
        score_threshold = scores.dtype.type(least)
    threshold = _check_threshold(score_threshold, "score_threshold")
    if sigma is not None:
        sigma = _check_threshold(sigma, "soft_nms_sigma")
        if sigma < 0:
            raise _invalid("soft_nms_sigma_val must be >= 0")
    _check_boxes(boxes, scores)
    if sigma is not None and sigma > 0:
        return _soft(boxes, scores, size, threshold, sigma)
    return _hard(Boxes(boxes).overlaps, scores, size, limit, threshold)


def non_max_suppression(
    attrs: Any, boxes: Array, scores: Array, max_output_size: Array
) -> tuple[Array]:
    threshold = _F(attrs["iou_threshold"])
    return (_chosen(boxes, scores, max_output_size, threshold).indices,)


def non_max_suppression_v2(_attrs: Any, *operands: Array) -> tuple[Array]:
    return (_chosen(*operands).indices,)


def non_max_suppression_v4(attrs: Any, *operands: Array) -> tuple[Array, Array]:
    choice = _chosen(*operands)
    count = np.int32(len(choice.indices))
    if attrs["pad_to_max_output_size"]:
        choice = choice.padded(int(operands[2]))
    return choice.indices, np.asarray(count)


def non_max_suppression_v5(attrs: Any, *operands: Array) -> tuple[Array, ...]:
    choice = _chosen(*operands)
    count = np.int32(len(choice.indices))
    if attrs["pad_to_max_output_size"]:
        choice = choice.padded(int(operands[2]))
    return choice.indices, choice.scores, np.asarray(count)


def non_max_suppression_with_overlaps(
    _attrs: Any,
    overlaps: Array,
    scores: Array,
    max_output_size: Array,
    overlap_threshold: Array,
    score_threshold: Array,
) -> tuple[Array]:
    size = _check_size(max_output_size)
    if overlaps.ndim != 2:
        raise _invalid(f"overlaps must be 2-D{show(overlaps.shape)}")
    if overlaps.shape[0] != overlaps.shape[1]:
        raise _invalid(f"overlaps must be square{show(overlaps.shape)}")
    _check_scores(scores, overlaps.shape[0])

    def given(one: Any, others: Array) -> Array:
        return overlaps[others, one]

    return (_hard(given, scores, size, overlap_threshold, score_threshold).indices,)


def combined_non_max_suppression(
    attrs: Any,
    boxes: Array,
    scores: Array,
    max_output_size_per_class: Array,
    max_total_size: Array,
    iou_threshold: Array,
    score_threshold: Array,
) -> tuple[Array, ...]:
    """Choose in each class of each image, then the best of all classes."""
    per_class, total = int(max_output_size_per_class), int(max_total_size)
    _check_combined(boxes, scores, per_class, total)
    _check_threshold(iou_threshold, "iou_threshold", is_share=True)
    batch, _, classes = scores.shape
    size = min(total, per_class * classes) if attrs["pad_per_class"] else total
    out_boxes = np.zeros((batch, size, 4), _F)
    out_scores, out_classes = np.zeros((batch, size), _F), np.zeros((batch, size), _F)
    valid = np.zeros(batch, np.int32)
    room = min(per_class, scores.shape[1])
    found = every_class(boxes, scores, room, iou_threshold, score_threshold)
    for n in range(batch):
        order = final_order(found.scores[n], size)
        count = valid[n] = len(order)
        number, _ = np.divmod(order, room)
        own = number if boxes.shape[2] > 1 else 0
        corners = boxes[n, found.indices[n].reshape(-1)[order], own]
        if attrs["clip_boxes"]:
            corners = np.maximum(np.minimum(corners, _F(1)), _F(0))
        out_boxes[n, :count] = corners
        out_scores[n, :count] = found.scores[n].reshape(-1)[order]
        out_classes[n, :count] = number
    return out_boxes, out_scores, out_classes, valid


def _check_combined(boxes: Array, scores: Array, per_class: int, total: int) -> None:
    if per_class <= 0:
        raise _invalid("max_size_per_class must be positive")
    if total <= 0:
        raise _invalid("max_total_size must be > 0")
    if boxes.ndim != 4:
        raise _invalid(f"boxes must be 4-D{show(boxes.shape)}")
    if scores.ndim != 3:
        raise _invalid(f"scores must be 3-D{show(scores.shape)}")
    if boxes.shape[2] not in (1, scores.shape[2]):
        raise _invalid("third dimension of boxes must be either 1 or num classes")
    if boxes.shape[3] != 4:
        raise _invalid("boxes must have 4 columns")
    if scores.shape[1] != boxes.shape[1]:
        raise _invalid("scores has incompatible shape")


KERNELS = {
    "CombinedNonMaxSuppression": Kernel(combined_non_max_suppression, host=True),
    "NonMaxSuppression": Kernel(non_max_suppression, host=True),
    "NonMaxSuppressionV2": Kernel(non_max_suppression_v2, host=True),
    "NonMaxSuppressionV3": Kernel(non_max_suppression_v2, host=True),
    "NonMaxSuppressionV4": Kernel(non_max_suppression_v4, host=True),
    "NonMaxSuppressionV5": Kernel(non_max_suppression_v5, host=True),
    "NonMaxSuppressionWithOverlaps": Kernel(
        non_max_suppression_with_overlaps, host=True
    ),
}
