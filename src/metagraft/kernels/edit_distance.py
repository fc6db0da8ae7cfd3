"""Levenshtein distances of sequences; twin of `ops/edit_distance.py`.

Source: tensorflow core/kernels/edit_distance_op.cc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import InternalError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.sparse_indices import (
    broken_rule,
    check_ranks,
    row_major_places,
    shown_dims,
)

__all__ = ["KERNELS"]


# Elements of a table of distances that are computed together.
_AT_ONCE = 1 << 20
_LEAST_RANK = 2
# A word has so many bits.
_BITS = 64


def _distances(hypotheses: _Lists, truths: _Lists) -> Array:
    """Return how many insertions, deletions and replacements each pair needs."""
    longest = int(truths.sizes.max(initial=0))
    if longest <= _BITS:
        return _distances_by_bits(hypotheses, truths)
    truth = truths.padded(longest)
    hypothesis = hypotheses.padded(int(hypotheses.sizes.max(initial=0)))
    steps = np.arange(longest + 1)
    row = np.tile(steps, (len(truth), 1))
    for place in range(hypothesis.shape[1]):
        best = np.full_like(row, place + 1)
        replaced = row[:, :-1] + (truth != hypothesis[:, place, None])
        np.minimum(replaced, row[:, 1:] + 1, out=best[:, 1:])
        # A step to the right costs 1, so what is smallest may come from further left.
        best = np.minimum.accumulate(best - steps, axis=1) + steps
        row = np.where((place < hypotheses.sizes)[:, None], best, row)
    return np.asarray(row[np.arange(len(row)), truths.sizes])


def _distances_by_bits(hypotheses: _Lists, truths: _Lists) -> Array:
    """Do so for truths that are so short that a word has a bit for each element.

    A column of the table of distances is two words: which elements cost one more than
    those before them, and which one less (Myers 1999, Hyyr\u00f6 2003).
    """
    truth = truths.padded(int(truths.sizes.max(initial=0)))
    hypothesis = hypotheses.padded(int(hypotheses.sizes.max(initial=0)))
    one = np.uint64(1)
    ends = np.where(truths.sizes > 0, one << (truths.sizes - 1).astype(np.uint64), 0)
    distances = np.where(truths.sizes > 0, truths.sizes, hypotheses.sizes)
    more, less = ~np.zeros_like(ends), np.zeros_like(ends)
    equal = np.zeros((len(truth), _BITS // 8), np.uint8)
    for place in range(hypothesis.shape[1]):
        bits = np.packbits(
            truth == hypothesis[:, place, None], axis=1, bitorder="little"
        )
        equal[:, : bits.shape[1]] = bits
        same = equal.view("<u8")[:, 0]
        down = same | less
        along = (((same & more) + more) ^ more) | same
        above, below = less | ~(along | more), more & along
        last = np.where(place < hypotheses.sizes, ends, np.uint64(0))
        distances += (above & last) != 0
        distances -= (below & last) != 0
        above = above << one | one
        more, less = below << one | ~(down | above), above & down
    return distances


@dataclass(frozen=True, slots=True)
class _Lists:
    """Values of lists, one after the other, and how many each has."""

    values: Array
    sizes: Array

    @classmethod
    def of(cls, values: Array, groups: Array, numbers: Array) -> _Lists:
        """Take apart what belongs to each of some groups."""
        order = groups.argsort(kind="stable")
        ordered = groups[order]
        starts = ordered.searchsorted(numbers, "left")
        return cls(values[order], ordered.searchsorted(numbers, "right") - starts)

    def part(self, start: int, end: int) -> _Lists:
        """Return some of the lists."""
        first = int(self.sizes[:start].sum())
        sizes = self.sizes[start:end]
        return _Lists(self.values[first : first + int(sizes.sum())], sizes)

    def padded(self, width: int) -> Array:
        """Return a row for each list; what is behind its end means nothing."""
        rows = np.zeros((len(self.sizes), width), self.values.dtype)
        rows[np.arange(width) < self.sizes[:, None]] = self.values
        return rows


def edit_distance(
    attrs: Any,
    hypothesis_indices: Array,
    hypothesis_values: Array,
    hypothesis_shape: Array,
    truth_indices: Array,
    truth_values: Array,
    truth_shape: Array,
) -> tuple[Array]:
    _check("hypothesis", hypothesis_indices, hypothesis_values, hypothesis_shape)
    _check("truth", truth_indices, truth_values, truth_shape)
    if truth_shape.size < _LEAST_RANK:
        raise broken_rule(
            f"Input SparseTensors must have rank at least {_LEAST_RANK}, but"
            f" truth_shape rank is: {truth_shape.size}"
        )
    if hypothesis_shape.shape != truth_shape.shape:
        raise broken_rule(
            "Expected truth and hypothesis to have matching ranks, but their shapes"
            f" are: {shown_dims(truth_shape.shape)} and"
            f" {shown_dims(hypothesis_shape.shape)}"
        )
    for size in (*hypothesis_shape.tolist(), *truth_shape.tolist()):
        if size < 0:
            raise broken_rule(f"Dimension {size} must be >= 0")
    dims = [int(size) for size in np.maximum(hypothesis_shape, truth_shape)[:-1]]
    count = math.prod(dims)
    groups_of = [
        row_major_places(indices[:, :-1], dims)
        for indices in (hypothesis_indices, truth_indices)
    ]
    result = np.zeros(count, np.float32)
    numbers = np.union1d(*groups_of)
    wrong = numbers[(numbers < 0) | (numbers >= count)]
    if wrong.size:
        raise InternalError(
            None,
            None,
            f"Got an inner product {wrong[0]} which would require writing to outside"
            f" of the buffer for the output tensor (max elements {count})",
        )
    hypotheses = _Lists.of(hypothesis_values, groups_of[0], numbers)
    truths = _Lists.of(truth_values, groups_of[1], numbers)
    at_once = max(_AT_ONCE // (int(truths.sizes.max(initial=0)) + 1), 1)
    for start in range(0, len(numbers), at_once):
        part = truths.part(start, start + at_once)
        distances = _distances(hypotheses.part(start, start + at_once), part)
        result[numbers[start : start + at_once]] = (
            _scaled(distances, part.sizes) if attrs["normalize"] else distances
        )
    return (result.reshape(dims),)


def _scaled(distances: Array, sizes: Array) -> Array:
    """Divide by the lengths; of nothing only nothing is not infinitely far."""
    without = np.where(distances > 0, math.inf, 0.0)
    return np.where(sizes > 0, distances / np.maximum(sizes, 1), without)


def _check(what: str, indices: Array, values: Array, shape: Array) -> None:
    check_ranks(
        indices, values, shape, f"{what}_{{}} should be a {{}}, but got shape: {{}}"
    )
    for part, name, axis in ((shape, "shape", "cols"), (values, "values", "rows")):
        if part.shape[0] != indices.shape[axis == "cols"]:
            raise broken_rule(
                f"Expected {what}_{name}.NumElements == #{axis}({what}_indices), their"
                f" shapes are: {shown_dims(part.shape)} and {shown_dims(indices.shape)}"
            )


KERNELS = {"EditDistance": Kernel(edit_distance, host=True)}
