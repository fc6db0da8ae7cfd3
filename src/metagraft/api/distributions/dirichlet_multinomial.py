"""Counts of classes whose probabilities are drawn first.

Source: tensorflow python/ops/distributions/dirichlet_multinomial.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.distributions.count_draws import (
    ConcentratedClasses,
    checked_total,
    class_counts,
    derived_seed,
    log_combinations,
)
from metagraft.api.distributions.distribution import NOT_REPARAMETERIZED
from metagraft.api.distributions.parameter_checks import (
    checked_class_parameter,
    checked_counts,
    positive_concentration,
)
from metagraft.api.math import exp, log, sqrt
from metagraft.api.random import multinomial, random_gamma
from metagraft.api.special_math import lbeta
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["DirichletMultinomial"]


class DirichletMultinomial(ConcentratedClasses):
    """Multinomial distributions whose probabilities are Dirichlet distributed."""

    def __init__(
        self,
        total_count: Any,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "DirichletMultinomial",
    ) -> None:
        """Make distributions.

        Args:
            total_count: How many classes are drawn, `[*batch]`.
            concentration: `[*batch, k]`, positive, with `k > 1`.
            validate_args: Whether runs check parameters and values.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.
        """
        parameters = dict(locals())
        with name_scope(name, values=[total_count, concentration]) as name:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = checked_counts(self._total_count)
            given = convert_to_tensor(concentration, name="concentration")
            if validate_args:
                given = checked_class_parameter(given)
            self._concentration = positive_concentration(given, validate_args)
            self._total_concentration = reduce_tensor("Sum", self._concentration, -1)
        super().__init__(
            dtype=self._concentration.dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=NOT_REPARAMETERIZED,
            parameters=parameters,
            graph_parents=[self._total_count, self._concentration],
            name=name,
        )

    @property
    def total_count(self) -> Tensor:
        """How many classes are drawn."""
        return self._total_count

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        count = cast(self.total_count, dtype=dtypes.int32)
        k = self.event_shape_tensor()[0]
        drawn = random_gamma(
            shape=[n], alpha=self.concentration, dtype=self.dtype, seed=seed
        )
        logits = array.reshape(log(drawn), shape=[-1, k])
        classes = multinomial(
            logits, count, seed=derived_seed(seed, "dirichlet_multinomial")
        )
        counts = class_counts(classes, k)
        sizes = array.concat([[n], self.batch_shape_tensor(), [k]], 0)
        return cast(array.reshape(counts, sizes), self.dtype)

    def _log_prob(self, value: Tensor) -> Tensor:
        counts = self._checked(value)
        with_counts = lbeta(self.concentration + counts)
        ordered = with_counts - lbeta(self.concentration)
        return ordered + log_combinations(self.total_count, counts)

    def _prob(self, value: Tensor) -> Tensor:
        return exp(self._log_prob(value))

    def _mean(self) -> Tensor:
        means = self.concentration / self._total_concentration[..., None]
        return self.total_count * means

    def _variance(self) -> Tensor:
        scale = self._variance_scale()
        x = scale * self._mean()
        return x * (self.total_count * scale - x)

    def _variance_scale(self) -> Tensor:
        total = self._total_concentration[..., None]
        return sqrt((1.0 + total / self.total_count) / (1.0 + total))

    def _checked(self, value: Tensor) -> Tensor:
        if not self.validate_args:
            return value
        text = "counts last-dimension must sum to `self.total_count`"
        return checked_total(self.total_count, value, text)
