"""What distributions over classes share: counts, covariances, seeds.

Source: tensorflow python/ops/distributions/util.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from metagraft.api.array import one_hot
from metagraft.api.checks import assert_equal
from metagraft.api.distributions.distribution import Distribution
from metagraft.api.distributions.parameter_checks import checked_counts
from metagraft.api.special_math import lgamma
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import matrix_set_diag
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "ConcentratedClasses",
    "checked_total",
    "class_counts",
    "covariance_of_counts",
    "derived_seed",
    "log_combinations",
]

_LARGEST_SEED = 0x7FFFFFFF


def derived_seed(seed: int | None, salt: str) -> int | None:
    """Another seed for a second draw; None if there is none."""
    if seed is None:
        return None
    digest = hashlib.md5(f"{seed}{salt}".encode(), usedforsecurity=False)
    return int(digest.hexdigest()[:8], 16) & _LARGEST_SEED


def log_combinations(n: Any, counts: Any, name: str = "log_combinations") -> Tensor:
    """The logarithm of how many sequences of `n` classes have these counts."""
    with name_scope(name, values=[n, counts]):
        n = convert_to_tensor(n, name="n")
        counts = convert_to_tensor(counts, name="counts")
        of_all, of_each = lgamma(n + 1), lgamma(counts + 1)
        return of_all - reduce_tensor("Sum", of_each, axis=[-1])


def class_counts(classes: Tensor, class_count: Any) -> Tensor:
    """How often each class occurs along the last axis, as float32."""
    return reduce_tensor("Sum", one_hot(classes, depth=class_count), axis=-2)


def checked_total(total_count: Tensor, counts: Tensor, message: str) -> Tensor:
    """`counts` after a check that they are counts of that sum."""
    counts = checked_counts(counts)
    found = reduce_tensor("Sum", counts, -1)
    check = assert_equal(total_count, found, message=message)
    checked: Tensor = with_dependencies([check], counts)
    return checked


def covariance_of_counts(
    x: Tensor, y: Tensor, variance: Callable[[], Tensor]
) -> Tensor:
    """The negative outer products of the last axes, with variances on the diagonal."""
    outer = -matmul(x[..., None], y[..., None, :])
    return matrix_set_diag(outer, variance())


class ConcentratedClasses(Distribution):
    """A distribution with a concentration for each class."""

    _concentration: Tensor
    _total_concentration: Tensor

    @property
    def concentration(self) -> Tensor:
        """The concentrations `[*batch, k]`."""
        return self._concentration

    @property
    def total_concentration(self) -> Tensor:
        """Their sums `[*batch]`."""
        return self._total_concentration

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self.total_concentration)

    def _batch_shape(self) -> TensorShape:
        return self.total_concentration.shape

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self.concentration)[-1:]

    def _event_shape(self) -> TensorShape:
        return self.concentration.shape.with_rank_at_least(1)[-1:]

    def _variance_scale(self) -> Tensor:
        """Return what each distribution of this kind says itself."""
        raise NotImplementedError(f"{type(self).__name__} has no _variance_scale")

    def _covariance(self) -> Tensor:
        x = self._variance_scale() * self._mean()
        return covariance_of_counts(x, x, self._variance)
