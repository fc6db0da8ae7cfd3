"""Boxes chosen with scores that overlaps lower, in one loop.

The values are those of `non_max_suppression`, whose steps these are; there, NumPy looks
at many candidates at once, of which few are needed.

Source: tensorflow core/kernels/image/non_max_suppression_op.cc.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from metagraft.kernels.box_overlap import Boxes
from metagraft.kernels.c_exponential import exp_of_c
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax
from metagraft.kernels.native_loop import HostLoop, padded
from metagraft.kernels.rounding import rounded

__all__ = ["chosen_in_a_loop"]

_F = np.float32
_TINY: Final = np.finfo(_F).tiny
_NEVER: Final = _F(-np.inf)
# What NumPy takes for a candidate and for a choice.
_CANDIDATE_NS: Final = 2000.0
_CHOICE_NS: Final = 10_000.0
# XLA takes numbers below the normal ones for 0, as TensorFlow; NumPy does not. Overlaps
# of larger boxes that are so small lower no score.
_LEAST_AREA: Final = 1e-30


def chosen_in_a_loop(
    boxes: Array,
    scores: Array,
    indices: Array,
    size: int,
    score_threshold: Any,
    scale: Any,
) -> tuple[Array, Array] | None:
    """Return places of what is chosen and its scores; None if NumPy is the better way.

    Args:
        boxes: `float32[n, 4]`, those with the best scores first.
        scores: Their scores, `float32[n]`, above the threshold.
        indices: Of boxes with one score that with the least comes first, `int32[n]`.
        size: How many to choose at most.
        score_threshold: What falls to it is not chosen.
        scale: What squares of overlaps are multiplied by, in powers of e.
    """
    given = Boxes(boxes)
    if any(x.dtype != _F for x in (boxes, scores, score_threshold, scale)):
        return None
    if ((given.area != 0) & ~(given.area >= _LEAST_AREA)).any():
        return None
    count = len(scores)
    edges = given.top, given.bottom, given.left, given.right, given.area
    numbers = np.array([count, min(size, count)], np.int32)
    limits = np.array([score_threshold, scale], _F)
    operands = *(padded(edge) for edge in edges), padded(scores), padded(indices)
    work = _CANDIDATE_NS * count + _CHOICE_NS * min(size, count)
    found = _LOOP.run(work, *operands, numbers, limits)
    if found is None:
        return None
    places, chosen_scores, chosen_count = found
    return places[: int(chosen_count)], chosen_scores[: int(chosen_count)]


def _choose(
    top: Array,
    bottom: Array,
    left: Array,
    right: Array,
    area: Array,
    scores: Array,
    indices: Array,
    numbers: Array,
    limits: Array,
) -> tuple[Array, Array, Array]:
    xp = jax_numpy()
    count, size = numbers[0], numbers[1]
    threshold, scale = limits[0], limits[1]

    def overlap(one: Array, other: Array) -> Array:
        height = xp.minimum(bottom[one], bottom[other])
        height -= xp.maximum(top[one], top[other])
        width = xp.minimum(right[one], right[other])
        width -= xp.maximum(left[one], left[other])
        shared = rounded(xp.maximum(height, _F(0)) * xp.maximum(width, _F(0)))
        union = (area[one] + area[other]) - shared
        is_empty = (area[one] <= 0) | (area[other] <= 0)
        return xp.where(is_empty, _F(0), shared / union)

    def lowered(chosen: Array, place: Array, score: Array, step: Array) -> Any:
        similar = overlap(chosen[step], place)

        def product() -> Array:
            factor = exp_of_c(rounded(rounded(scale * similar) * similar))
            # What is below the normal numbers counts as 0.
            factor = xp.where(factor < _TINY, _F(0), factor)
            product = score * factor
            return xp.where((product > 0) & (product < _TINY), _F(0), product)

        return lax().cond(similar != 0, product, lambda: score)

    def look(state: tuple[Array, ...]) -> tuple[Array, ...]:
        now, since, chosen, chosen_scores, number, seen, _ = state
        is_fresh = seen < count
        fresh = xp.minimum(seen, count - 1)

        def better(place: Array, best: tuple[Array, ...]) -> tuple[Array, ...]:
            mine = now[place], indices[place], place
            is_better = (mine[0] > best[0]) | (
                (mine[0] == best[0]) & (mine[1] < best[1])
            )
            found = (xp.where(is_better, a, b) for a, b in zip(mine, best, strict=True))
            return tuple(found)

        first = xp.where(is_fresh, now[fresh], _NEVER), indices[fresh], fresh
        before, _, place = lax().fori_loop(np.int32(0), seen, better, first)
        seen = xp.where(is_fresh & (place == fresh), seen + 1, seen)

        earliest = since[place]

        def is_open(state: tuple[Array, Array]) -> Array:
            step, score = state
            # Not a number is no reason to stop.
            return (step >= earliest) & ~(score <= threshold)

        def lower(state: tuple[Array, Array]) -> tuple[Array, Array]:
            step, score = state
            return step - 1, lowered(chosen, place, score, step)

        last, score = lax().while_loop(is_open, lower, (number - 1, before))
        # The same, but known only after the arrays were read that are written now.
        number = number + (last > number).astype(np.int32)
        is_chosen = (score == before) & (before > _NEVER)
        stays = ~is_chosen & (score > threshold)
        now = now.at[place].set(xp.where(stays, score, _NEVER))
        since = since.at[place].set(number)
        chosen = chosen.at[number].set(place)
        chosen_scores = chosen_scores.at[number].set(score)
        after = number + is_chosen.astype(np.int32)
        return now, since, chosen, chosen_scores, after, seen, before > _NEVER

    def goes_on(state: tuple[Array, ...]) -> Array:
        return (state[4] < size) & state[6]

    nothing = xp.zeros(scores.shape, np.int32)
    start = (scores, nothing, nothing, xp.zeros(scores.shape, _F))
    zero = np.int32(0)
    state = (*start, zero, zero, np.bool_(True))
    _, _, chosen, chosen_scores, number, _, _ = lax().while_loop(goes_on, look, state)
    return chosen, chosen_scores, number


_LOOP: Final = HostLoop(_choose)
