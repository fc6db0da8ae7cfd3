"""Weighted sums along one axis of an image, with indices and weights known beforehand.

Every resizing of images is separable: each row of the result is a weighted sum of few
rows of the operand, and so is each column. `Taps` says of which; its transpose, which
gradients need, has the same form, so neither direction scatters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax, namespace

# With more terms, a sum is one reduction instead of a chain of additions, which XLA's
# CPU backend computes many times faster (24 terms: 1.3 against 50 ms) but takes
# longer to compile.
_LONG = 64
# So few terms are computed twice in less time than they are stored.
_FEW = 2
_GROUP_ELEMENTS = 1 << 16  # of the result, summed at a time


@dataclass(frozen=True, slots=True)
class Taps:
    """For each place of the result, where it comes from and how much of each.

    Attributes:
        index: `int[size, terms]`, places of the operand.
        weight: `float32[size, terms]`; zero where a place has fewer terms.
    """

    index: np.ndarray[Any, Any]
    weight: np.ndarray[Any, Any]

    def transposed(self, size: int, *, is_exact: bool = False) -> Taps:
        """Return for each of `size` places of the operand where it goes to.

        Args:
            size: How many places the operand has.
            is_exact: Whether terms that come twice, as at the edges, stay apart.
        """
        targets, terms = np.nonzero(self.weight)
        sources, weights = self.index[targets, terms], self.weight[targets, terms]
        order = np.lexsort((targets, sources))
        targets, sources, weights = targets[order], sources[order], weights[order]
        if not is_exact and len(order):
            is_new = (np.diff(sources) != 0) | (np.diff(targets) != 0)
            first = np.flatnonzero(np.concatenate([[True], is_new]))
            targets, sources = targets[first], sources[first]
            weights = np.add.reduceat(weights, first)
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
        x: The operand: images, one after the other along the first axis.
        taps: Places and weights.
        axis: The axis, another than the first.
        has_spares: Whether a term without weight adds nothing, not even where what it
            reads is not finite.
    """
    if namespace(x) is np or not x.size or taps.index.shape[1] <= _FEW:
        return _summed(x, taps, axis, has_spares)
    return lax().platform_dependent(
        x,
        cpu=lambda x: _summed_in_groups(x, taps, axis, has_spares),
        default=lambda x: _summed(x, taps, axis, has_spares),
    )


def _summed_in_groups(x: Array, taps: Taps, axis: int, has_spares: bool) -> Array:
    """Sum some images after the others.

    XLA's CPU backend fuses sums along one axis into those along the next, barrier or
    not, and computes them anew for every term; nothing is fused into a loop (8 images
    of 128x128x3 to 224x224, bicubic: 26 ms, so 2.3).
    """
    xp = jax_numpy()
    shape = list(x.shape)
    shape[axis] = taps.index.shape[0]
    most = max(_GROUP_ELEMENTS // math.prod(shape[1:]), 1)
    together = range(1, min(most, shape[0]) + 1)
    images = max(count for count in together if shape[0] % count == 0)
    groups = shape[0] // images

    def add_group(number: Array, out: Array) -> Array:
        start = xp.minimum(number, groups - 1) * images
        group = lax().dynamic_slice_in_dim(x, start, images)
        summed = _summed(group, taps, axis, has_spares)
        return lax().dynamic_update_slice_in_dim(out, summed, start, 0)

    turns = groups
    if groups == 1:
        # A loop that is known to have one turn would not stay a loop.
        turns = 1 + xp.isnan(x.reshape(-1)[0]).astype(np.int32)
    return lax().fori_loop(0, turns, add_group, xp.zeros(shape, x.dtype))


def _summed(x: Array, taps: Taps, axis: int, has_spares: bool) -> Array:
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


def in_turn(x: Array) -> Array:
    """Return `x`, computed as a whole before it is used.

    XLA would compute sums along one axis anew for every term of sums along the other;
    its CPU backend often does so all the same.
    """
    return x if namespace(x) is np else lax().optimization_barrier(x)
