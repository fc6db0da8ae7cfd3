"""Counts of classes drawn several times.

Source: tensorflow python/ops/distributions/multinomial.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.distributions.count_draws import (
    checked_total,
    class_counts,
    covariance_of_counts,
    log_combinations,
)
from metagraft.api.distributions.distribution import NOT_REPARAMETERIZED, Distribution
from metagraft.api.distributions.parameter_checks import (
    checked_counts,
    logits_and_probabilities,
)
from metagraft.api.functional import map_fn
from metagraft.api.nn_softmax import log_softmax
from metagraft.api.random import multinomial
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each of `k` classes is drawn in `total_count` draws."""

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Multinomial",
    ) -> None:
        """Make distributions of probabilities or of their logarithms.

        Args:
            total_count: How many classes are drawn, `[*batch]`.
            logits: Unnormalized log-probabilities `[*batch, k]`.
            probs: Probabilities `[*batch, k]`; only one of both is given.
            validate_args: Whether runs check parameters and values.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.

        Raises:
            ValueError: Both or none of `logits` and `probs` are given.
        """
        parameters = dict(locals())
        with name_scope(name, values=[total_count, logits, probs]) as name:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = checked_counts(self._total_count)
            self._logits, self._probs = logits_and_probabilities(
                logits=logits,
                probs=probs,
                multidimensional=True,
                validate_args=validate_args,
                name=name,
            )
            self._means: Tensor = self._total_count[..., None] * self._probs
        super().__init__(
            dtype=self._probs.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._total_count, self._logits, self._probs],
            name=name,
        )

    @property
    def total_count(self) -> Tensor:
        """How many classes are drawn."""
        return self._total_count

    @property
    def logits(self) -> Tensor:
        """Unnormalized log-probabilities."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self._probs

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._means)[:-1]

    def _batch_shape(self) -> TensorShape:
        return self._means.shape.with_rank_at_least(1)[:-1]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self._means)[-1:]

    def _event_shape(self) -> TensorShape:
        return self._means.shape.with_rank_at_least(1)[-1:]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        count = cast(self.total_count, dtype=dtypes.int32)
        k = self.event_shape_tensor()[0]
        counts = array.ones_like(self.logits[..., 0], dtype=count.dtype) * count
        ones = array.ones_like(counts[..., None], dtype=self.logits.dtype)
        rows = array.reshape(ones * self.logits, [-1, k])
        counts = n * array.reshape(counts, [-1])

        def of_one(row_and_count: list[Tensor]) -> Tensor:
            row, its_count = row_and_count
            classes = multinomial(row[None, ...], its_count, seed)
            return class_counts(array.reshape(classes, shape=[n, -1]), k)

        drawn = map_fn(of_one, [rows, counts], dtype=self.dtype)
        drawn = array.transpose(drawn, perm=[1, 0, 2])
        sizes = array.concat([[n], self.batch_shape_tensor(), [k]], 0)
        return array.reshape(drawn, sizes)

    def _log_prob(self, value: Tensor) -> Tensor:
        counts = self._checked(value)
        products = counts * log_softmax(self.logits)
        unnormalized = reduce_tensor("Sum", products, -1)
        counts = self._checked(value)
        return unnormalized - -log_combinations(self.total_count, counts)

    def _mean(self) -> Tensor:
        return array.identity(self._means)

    def _covariance(self) -> Tensor:
        return covariance_of_counts(
            self._means, self._spread_probabilities(), self._variance
        )

    def _variance(self) -> Tensor:
        probabilities = self._spread_probabilities()
        return self._means - self._means * probabilities

    def _spread_probabilities(self) -> Tensor:
        return self.probs * array.ones_like(self.total_count)[..., None]

    def _checked(self, value: Tensor) -> Tensor:
        if not self.validate_args:
            return value
        text = "counts must sum to `self.total_count`"
        return checked_total(self.total_count, value, text)
