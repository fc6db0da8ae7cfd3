"""The beta distribution over `(0, 1)`.

Source: tensorflow python/ops/distributions/beta.py.
"""

from __future__ import annotations

import math
from typing import Any

from metagraft.api.arithmetic import xlogy
from metagraft.api.checks import assert_less, assert_positive
from metagraft.api.comparison import logical_and
from metagraft.api.distributions.count_draws import derived_seed
from metagraft.api.distributions.distribution import FULLY_REPARAMETERIZED
from metagraft.api.distributions.divergence import RegisterKL
from metagraft.api.distributions.parameter_checks import positive_concentration
from metagraft.api.distributions.scalar_events import (
    ScalarEvents,
    shapes_of_parameters,
)
from metagraft.api.math import exp, log, log1p
from metagraft.api.random import random_gamma
from metagraft.api.shape_checks import assert_same_float_dtype
from metagraft.api.special_math import betainc, digamma, lgamma
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import select_v2
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["Beta"]


class Beta(ScalarEvents):
    """Beta distributions of two concentrations."""

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Beta",
    ) -> None:
        """Make distributions; the concentrations broadcast.

        Args:
            concentration1: Concentrations at 1, positive.
            concentration0: Concentrations at 0, positive.
            validate_args: Whether runs check parameters and values.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.
        """
        parameters = dict(locals())
        with name_scope(name, values=[concentration1, concentration0]) as name:
            self._concentration1, self._concentration0 = (
                positive_concentration(
                    convert_to_tensor(value, name=parameter), validate_args
                )
                for value, parameter in (
                    (concentration1, "concentration1"),
                    (concentration0, "concentration0"),
                )
            )
            assert_same_float_dtype([self._concentration1, self._concentration0])
            self._total: Tensor = self._concentration1 + self._concentration0
        super().__init__(
            dtype=self._total.dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=FULLY_REPARAMETERIZED,
            parameters=parameters,
            graph_parents=[self._concentration1, self._concentration0, self._total],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of_parameters(("concentration1", "concentration0"), sample_shape)

    @property
    def concentration1(self) -> Tensor:
        """The concentrations at 1."""
        return self._concentration1

    @property
    def concentration0(self) -> Tensor:
        """The concentrations at 0."""
        return self._concentration0

    @property
    def total_concentration(self) -> Tensor:
        """The sums of the concentrations."""
        return self._total

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._total)

    def _batch_shape(self) -> TensorShape:
        return self._total.shape

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        widened = [
            array.ones_like(self._total, dtype=self.dtype) * concentration
            for concentration in (self.concentration1, self.concentration0)
        ]
        seeds = seed, derived_seed(seed, "beta")
        ones, zeros = (
            random_gamma(shape=[n], alpha=alpha, dtype=self.dtype, seed=its_seed)
            for alpha, its_seed in zip(widened, seeds, strict=True)
        )
        return ones / (ones + zeros)

    def _log_prob(self, value: Tensor) -> Tensor:
        unnormalized = self._log_unnormalized(value)
        return unnormalized - _log_normalization(self)

    def _prob(self, value: Tensor) -> Tensor:
        return exp(self._log_prob(value))

    def _log_cdf(self, value: Tensor) -> Tensor:
        return log(self._cdf(value))

    def _cdf(self, value: Tensor) -> Tensor:
        return betainc(self.concentration1, self.concentration0, value)

    def _log_unnormalized(self, value: Tensor) -> Tensor:
        x = self._checked(value)
        of_ones = xlogy(self.concentration1 - 1.0, x)
        return of_ones + (self.concentration0 - 1.0) * log1p(-x)

    def _entropy(self) -> Tensor:
        a, b, total = self.concentration1, self.concentration0, self._total
        of_a = _log_normalization(self) - (a - 1.0) * digamma(a)
        of_both = of_a - (b - 1.0) * digamma(b)
        return of_both + (total - 2.0) * digamma(total)

    def _mean(self) -> Tensor:
        return self._concentration1 / self._total

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._mean()) / (1.0 + self._total)

    def _mode(self) -> Tensor:
        mode = (self.concentration1 - 1.0) / (self._total - 2.0)
        if self.allow_nan_stats:
            undefined = self._undefined(math.nan, "nan")
            is_defined = logical_and(
                self.concentration1 > 1.0, self.concentration0 > 1.0
            )
            return select_v2(is_defined, mode, undefined)
        checks = [
            assert_less(
                self._one(),
                concentration,
                message=f"Mode undefined for {parameter} <= 1.",
            )
            for concentration, parameter in (
                (self.concentration1, "concentration1"),
                (self.concentration0, "concentration0"),
            )
        ]
        checked: Tensor = with_dependencies(checks, mode)
        return checked

    def _checked(self, value: Tensor) -> Tensor:
        if not self.validate_args:
            return value
        checks = [assert_positive(value, message="sample must be positive")]
        text = "sample must be less than `1`."
        checks.append(assert_less(value, self._one(), message=text))
        checked: Tensor = with_dependencies(checks, value)
        return checked


def _log_normalization(beta: Beta) -> Tensor:
    both = lgamma(beta.concentration1) + lgamma(beta.concentration0)
    return both - lgamma(beta.total_concentration)


@RegisterKL(Beta, Beta)
def _kl_beta_beta(d1: Beta, d2: Beta, name: str | None = None) -> Tensor:
    def delta(parameter: str) -> Tensor:
        of_2, of_1 = getattr(d2, parameter), getattr(d1, parameter)
        return of_2 - of_1

    values = [
        value
        for d in (d1, d2)
        for value in (d.concentration1, d.concentration0, d.total_concentration)
    ]
    with name_scope(name, "kl_beta_beta", values=values):
        of_2 = _log_normalization(d2)
        normalization = of_2 - _log_normalization(d1)
        of_1 = normalization - digamma(d1.concentration1) * delta("concentration1")
        of_0 = of_1 - digamma(d1.concentration0) * delta("concentration0")
        total = digamma(d1.total_concentration)
        return of_0 + total * delta("total_concentration")
