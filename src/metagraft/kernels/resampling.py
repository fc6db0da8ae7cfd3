"""Weighted sums along one axis of an image, with indices and weights known beforehand.

Every resizing of images is separable: each row of the result is a weighted sum of few
rows of the operand, and so is each column. `Taps` says of which; its transpose, which
gradients need, has the same form, so neither direction scatters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import namespace

# From so many terms on, a sum is one reduction instead of a chain of additions.
_LONG = 12


@dataclass(frozen=True, slots=True)
class Taps:
    """For each place of the result, where it comes from and how much of each.

    Attributes:
        index: `int[size, terms]`, places of the operand.
        weight: `float32[size, terms]`; zero where a place has fewer terms.
    """

    index: np.ndarray[Any, Any]
    weight: np.ndarray[Any, Any]

    def transposed(self, size: int) -> Taps:
        """Return for each of `size` places of the operand where it goes to."""
        targets, terms = np.nonzero(self.weight)
        sources = self.index[targets, terms]
        order = np.argsort(sources, kind="stable")
        targets, sources = targets[order], sources[order]
        weights = self.weight[targets, terms[order]]
        counts = np.bincount(sources, minlength=size)
        starts = np.cumsum(counts) - counts
        places = np.arange(len(sources)) - starts[sources]
        shape = (size, max(1, int(counts.max(initial=0))))
        index, weight = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        index[sources, places] = targets
        weight[sources, places] = weights
        # Where nothing is added, the place that is read is one that is read anyway.
        spare = np.arange(shape[1]) >= np.maximum(counts, 1)[:, None]
        return Taps(np.where(spare, index[:, :1], index), weight)


def along(weights: Array, axis: int, rank: int) -> Array:
    """Return `weights` with the shape that multiplies `axis` of `rank` axes."""
    return weights.reshape((-1,) + (1,) * (rank - 1 - axis))


def taken(x: Array, index: Any, axis: int) -> Array:
    """Return the places `index`, all of them inside, of an axis."""
    xp = namespace(x)
    if xp is np:
        return np.take(x, index, axis=axis)
    return xp.take(x, index, axis=axis, mode="clip")


def weighted_sum(x: Array, taps: Taps, axis: int, *, has_spares: bool = True) -> Array:
    """Return sums of places of an axis, in the order of the terms and the type of `x`.

    Args:
        x: The operand.
        taps: Places and weights.
        axis: The axis.
        has_spares: Whether a term without weight adds nothing, not even where what it
            reads is not finite.
    """
    xp = namespace(x)
    terms = taps.index.shape[1]
    if terms > _LONG and xp is not np:
        return _reduced(x, taps, axis)
    zero = np.zeros((), x.dtype)
    total = None
    for k in range(terms):
        weight = taps.weight[:, k].astype(x.dtype)
        if has_spares and not weight.any():
            continue
        term = taken(x, taps.index[:, k], axis) * along(weight, axis, x.ndim)
        if has_spares and not weight.all():
            term = xp.where(along(weight != 0, axis, x.ndim), term, zero)
        total = term if total is None else total + term
    if total is None:
        return xp.zeros_like(taken(x, taps.index[:, 0], axis))
    return total


def _reduced(x: Array, taps: Taps, axis: int) -> Array:
    xp = namespace(x)
    size, terms = taps.index.shape
    gathered = taken(x, taps.index.reshape(-1), axis)
    shape = (*x.shape[:axis], size, terms, *x.shape[axis + 1 :])
    weights = taps.weight.reshape((size, terms) + (1,) * (x.ndim - 1 - axis))
    weights = weights.astype(x.dtype)
    products = gathered.reshape(shape) * weights
    return xp.where(weights != 0, products, np.zeros((), x.dtype)).sum(axis + 1)
