"""The gamma distribution over positive numbers.

Source: tensorflow python/ops/distributions/gamma.py.
"""

from __future__ import annotations

import math
from typing import Any

from metagraft.api.arithmetic import xlogy
from metagraft.api.checks import assert_less, assert_positive
from metagraft.api.distributions.distribution import FULLY_REPARAMETERIZED
from metagraft.api.distributions.divergence import RegisterKL
from metagraft.api.distributions.scalar_events import (
    BroadcastParameters,
    shapes_of_parameters,
)
from metagraft.api.math import log, sqrt, square
from metagraft.api.random import random_gamma
from metagraft.api.shape_checks import assert_same_float_dtype
from metagraft.api.special_math import digamma, igamma, lgamma
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import select_v2
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["Gamma"]


class Gamma(BroadcastParameters):
    """Gamma distributions of a concentration (shape) and a rate (inverse scale)."""

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Gamma",
    ) -> None:
        """Make distributions; the parameters broadcast.

        Args:
            concentration: Concentrations, positive.
            rate: Rates, positive.
            validate_args: Whether runs check parameters and values.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.
        """
        parameters = dict(locals())
        with name_scope(name, values=[concentration, rate]) as name:
            checked = (concentration, rate) if validate_args else ()
            with control_dependencies([assert_positive(value) for value in checked]):
                self._concentration: Tensor = array.identity(
                    concentration, name="concentration"
                )
                self._rate: Tensor = array.identity(rate, name="rate")
                assert_same_float_dtype([self._concentration, self._rate])
        super().__init__(
            dtype=self._concentration.dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=FULLY_REPARAMETERIZED,
            parameters=parameters,
            graph_parents=[self._concentration, self._rate],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of_parameters(("concentration", "rate"), sample_shape)

    @property
    def concentration(self) -> Tensor:
        """The concentrations."""
        return self._concentration

    @property
    def rate(self) -> Tensor:
        """The rates."""
        return self._rate

    def _broadcast_parameters(self) -> tuple[Tensor, ...]:
        return self.concentration, self.rate

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return random_gamma(
            shape=[n],
            alpha=self.concentration,
            beta=self.rate,
            dtype=self.dtype,
            seed=seed,
        )

    def _log_prob(self, value: Tensor) -> Tensor:
        x = self._checked(value)
        unnormalized = xlogy(self.concentration - 1.0, x) - self.rate * x
        return unnormalized - self._log_normalization()

    def _cdf(self, value: Tensor) -> Tensor:
        x = self._checked(value)
        return igamma(self.concentration, self.rate * x)

    def _log_normalization(self) -> Tensor:
        return lgamma(self.concentration) - self.concentration * log(self.rate)

    def _entropy(self) -> Tensor:
        a = self.concentration
        return a - log(self.rate) + lgamma(a) + (1.0 - a) * digamma(a)

    def _mean(self) -> Tensor:
        return self.concentration / self.rate

    def _variance(self) -> Tensor:
        return self.concentration / square(self.rate)

    def _stddev(self) -> Tensor:
        return sqrt(self.concentration) / self.rate

    def _mode(self) -> Tensor:
        mode = (self.concentration - 1.0) / self.rate
        if self.allow_nan_stats:
            undefined = self._undefined(math.nan, "nan")
            return select_v2(self.concentration > 1.0, mode, undefined)
        text = "mode not defined when any concentration <= 1"
        check = assert_less(self._one(), self.concentration, message=text)
        checked: Tensor = with_dependencies([check], mode)
        return checked

    def _checked(self, value: Tensor) -> Tensor:
        assert_same_float_dtype(tensors=[value], dtype=self.dtype)
        if not self.validate_args:
            return value
        checked: Tensor = with_dependencies([assert_positive(value)], value)
        return checked


@RegisterKL(Gamma, Gamma)
def _kl_gamma_gamma(g0: Gamma, g1: Gamma, name: str | None = None) -> Tensor:
    values = [g0.concentration, g0.rate, g1.concentration, g1.rate]
    with name_scope(name, "kl_gamma_gamma", values=values):
        a0, a1 = g0.concentration, g1.concentration
        of_shapes = (a0 - a1) * digamma(a0) + lgamma(a1) - lgamma(a0)
        of_rates = of_shapes + a1 * log(g0.rate) - a1 * log(g1.rate)
        return of_rates + a0 * (g1.rate / g0.rate - 1.0)
