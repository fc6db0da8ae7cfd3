"""The Dirichlet distribution over probabilities of classes.

Source: tensorflow python/ops/distributions/dirichlet.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.api.arithmetic import xlogy
from metagraft.api.checks import assert_less, assert_near, assert_positive
from metagraft.api.distributions.count_draws import ConcentratedClasses
from metagraft.api.distributions.distribution import FULLY_REPARAMETERIZED
from metagraft.api.distributions.divergence import RegisterKL
from metagraft.api.math import exp, rsqrt
from metagraft.api.random import random_gamma
from metagraft.api.shape_checks import assert_rank_at_least
from metagraft.api.special_math import digamma, lbeta
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast, select_v2
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["Dirichlet"]


class Dirichlet(ConcentratedClasses):
    """Dirichlet distributions of a concentration for each class."""

    def __init__(
        self,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Dirichlet",
    ) -> None:
        """Make distributions.

        Args:
            concentration: `[*batch, k]`, positive, with `k > 1`.
            validate_args: Whether runs check parameters and values.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.
        """
        parameters = dict(locals())
        with name_scope(name, values=[concentration]) as name:
            given = convert_to_tensor(concentration, name="concentration")
            self._concentration = _checked_parameter(given) if validate_args else given
            self._total_concentration = reduce_tensor("Sum", self._concentration, -1)
        super().__init__(
            dtype=self._concentration.dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=FULLY_REPARAMETERIZED,
            parameters=parameters,
            graph_parents=[self._concentration, self._total_concentration],
            name=name,
        )

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        drawn = random_gamma(
            shape=[n], alpha=self.concentration, dtype=self.dtype, seed=seed
        )
        return drawn / reduce_tensor("Sum", drawn, -1, keepdims=True)

    def _log_prob(self, value: Tensor) -> Tensor:
        x = self._checked(value)
        logs = xlogy(self.concentration - 1.0, x)
        unnormalized = reduce_tensor("Sum", logs, -1)
        return unnormalized - lbeta(self.concentration)

    def _prob(self, value: Tensor) -> Tensor:
        return exp(self._log_prob(value))

    def _entropy(self) -> Tensor:
        k, total = (
            cast(self.event_shape_tensor()[0], self.dtype),
            self._total_concentration,
        )
        normalization = lbeta(self.concentration)
        of_total = normalization + (total - k) * digamma(total)
        products = (self.concentration - 1.0) * digamma(self.concentration)
        return of_total - reduce_tensor("Sum", products, axis=-1)

    def _mean(self) -> Tensor:
        return self.concentration / self._total_concentration[..., None]

    def _variance(self) -> Tensor:
        scale = self._variance_scale()
        x = scale * self._mean()
        return x * (scale - x)

    def _variance_scale(self) -> Tensor:
        return rsqrt(1.0 + self._total_concentration[..., None])

    def _mode(self) -> Tensor:
        k = cast(self.event_shape_tensor()[0], self.dtype)
        excess = self.concentration - 1.0
        mode = excess / (self._total_concentration[..., None] - k)
        if self.allow_nan_stats:
            filler = np.array(math.nan, dtype=self.dtype.as_numpy_dtype)
            undefined = array.fill(array.shape(mode), filler, name="nan")
            is_defined = reduce_tensor("All", self.concentration > 1.0, axis=-1)
            return select_v2(is_defined, mode, undefined)
        one = array.ones([], self.dtype)
        text = "Mode undefined when any concentration <= 1"
        check = assert_less(one, self.concentration, message=text)
        checked: Tensor = with_dependencies([check], mode)
        return checked

    def _checked(self, value: Tensor) -> Tensor:
        if not self.validate_args:
            return value
        checks = [assert_positive(value, message="samples must be positive")]
        one, total = array.ones([], dtype=self.dtype), reduce_tensor("Sum", value, -1)
        text = "sample last-dimension must sum to `1`"
        checks.append(assert_near(one, total, message=text))
        checked: Tensor = with_dependencies(checks, value)
        return checked


def _checked_parameter(concentration: Tensor) -> Tensor:
    name = "Concentration parameter must"
    checks = [
        assert_positive(concentration, message=f"{name} be positive."),
        assert_rank_at_least(concentration, 1, message=f"{name} have >=1 dimensions."),
        assert_less(
            1,
            array.shape(concentration)[-1],
            message=f"{name} have event_size >= 2.",
        ),
    ]
    checked: Tensor = with_dependencies(checks, concentration)
    return checked


@RegisterKL(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(
    d1: Dirichlet, d2: Dirichlet, name: str | None = None
) -> Tensor:
    a, b = d1.concentration, d2.concentration
    with name_scope(name, "kl_dirichlet_dirichlet", values=[a, b]):
        of_total = digamma(reduce_tensor("Sum", a, axis=-1, keepdims=True))
        of_classes = digamma(a) - of_total
        products = (a - b) * of_classes
        return reduce_tensor("Sum", products, axis=-1) - lbeta(a) + lbeta(b)
