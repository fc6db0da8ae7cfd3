"""Where clusters begin; twin of `ops/clustering.py`.

Source: tensorflow core/kernels/clustering_ops.cc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.simple_philox import SimplePhilox


def _check(*, holds: bool, message: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, message)


def chain(_attrs: Any, distances: Array, seed: Array) -> tuple[Array]:
    """Walk over candidates; each is taken as probably as it is far, against the last.

    Source: Bachem et al., Approximate K-Means++ in Sublinear Time (AAAI 2016).
    """
    _check(holds=distances.ndim == 1, message="Input distances should be a vector.")
    _check(holds=np.ndim(seed) == 0, message="Input seed should be a scalar.")
    _check(holds=len(distances) > 0, message="Expected distances_tensor.size() > 0.")
    random = SimplePhilox.seeded(int(seed))
    selected = 0
    for candidate in range(1, len(distances)):
        if distances[candidate] > random.uniform_float() * distances[selected]:
            selected = candidate
    return (np.int64(selected),)


def plus_plus(
    _attrs: Any, points: Array, num_to_sample: Array, seed: Array, retries: Array
) -> tuple[Array]:
    """Sample points as probably as they are far from those sampled before."""
    _check(holds=points.ndim == 2, message="Input points should be a matrix.")
    names = ("num_to_sample", "seed", "num_retries_per_sample")
    for name, value in zip(names, (num_to_sample, seed, retries), strict=True):
        _check(holds=np.ndim(value) == 0, message=f"Input {name} should be a scalar.")
    count, tries = int(num_to_sample), int(retries)
    _check(holds=len(points) > 0, message="Expected points.rows() > 0.")
    _check(holds=count > 0, message="Expected num_to_sample > 0.")
    _check(
        holds=count <= len(points),
        message=f"Expected num_to_sample <= points.rows(). {count} vs {len(points)}.",
    )
    if tries < 0:
        tries = 2 + int(math.log(count))
    work = _PlusPlus(points, SimplePhilox.seeded(int(seed)))
    for _ in range(count):
        work.add(tries)
    return (points[work.sampled],)


class _PlusPlus:
    """Points sampled so far, and how far all points are from them."""

    def __init__(self, points: Array, random: SimplePhilox) -> None:
        self._points = points
        self._random = random
        self._half_squares = np.float32(0.5) * np.sum(points * points, axis=1)
        self._distances = np.full(len(points), np.inf, np.float32)
        self.sampled: list[int] = []

    def add(self, tries: int) -> None:
        """Sample one point, the best of some."""
        ends = np.cumsum(self._distances, dtype=np.float32) if self.sampled else None
        best, least, nearest = 0, np.float32(np.inf), self._distances
        for _ in range(1 + tries):
            index = self._draw(ends)
            distances = np.minimum(self._distances, self._from(index))
            potential = np.sum(distances, dtype=np.float32)
            if not tries or potential < least:
                best, least, nearest = index, potential, distances
        self._distances = nearest
        self.sampled.append(best)

    def _from(self, index: int) -> Array:
        """Return half the squared distances of all points from one."""
        products = self._points @ self._points[index]
        result: Array = self._half_squares - products + self._half_squares[index]
        return result

    def _draw(self, ends: Array | None) -> int:
        count = len(self._points)
        if ends is None:
            return self._random.below64(count)
        while True:
            total = ends[-1]
            if total > 0:
                place = self._random.uniform_float() * total
                found = min(int(np.searchsorted(ends, place, "right")), count - 1)
            else:
                found = self._random.below64(count)
            if found not in self.sampled:
                return found


KERNELS = {
    "KMC2ChainInitialization": Kernel(chain, host=True),
    "KmeansPlusPlusInitialization": Kernel(plus_plus, host=True),
}
