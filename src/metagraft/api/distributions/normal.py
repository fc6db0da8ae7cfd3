"""The normal distribution.

Source: tensorflow python/ops/distributions/normal.py.
"""

from __future__ import annotations

import math
from typing import Any

from metagraft.api.arithmetic import squared_difference
from metagraft.api.checks import assert_positive
from metagraft.api.distributions.distribution import FULLY_REPARAMETERIZED
from metagraft.api.distributions.divergence import RegisterKL
from metagraft.api.distributions.normal_functions import log_ndtr, ndtr, ndtri
from metagraft.api.distributions.scalar_events import (
    BroadcastParameters,
    shapes_of_parameters,
)
from metagraft.api.math import log, square
from metagraft.api.random import random_normal
from metagraft.api.shape_checks import assert_same_float_dtype
from metagraft.graph.build import array
from metagraft.graph.conversion import constant
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["Normal"]


class Normal(BroadcastParameters):
    """Normal distributions of mean `loc` and standard deviation `scale`."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Normal",
    ) -> None:
        """Make distributions; `loc` and `scale` broadcast.

        Args:
            loc: The means.
            scale: The standard deviations, positive.
            validate_args: Whether runs check that they are.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.
        """
        parameters = dict(locals())
        with name_scope(name, values=[loc, scale]) as name:
            checks = [assert_positive(scale)] if validate_args else []
            with control_dependencies(checks):
                self._loc: Tensor = array.identity(loc, name="loc")
                self._scale: Tensor = array.identity(scale, name="scale")
                assert_same_float_dtype([self._loc, self._scale])
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._loc, self._scale],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of_parameters(("loc", "scale"), sample_shape)

    @property
    def loc(self) -> Tensor:
        """The means."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The standard deviations."""
        return self._scale

    def _broadcast_parameters(self) -> tuple[Tensor, ...]:
        return self.loc, self.scale

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        dtype = self.loc.dtype
        drawn = random_normal(shape, mean=0.0, stddev=1.0, dtype=dtype, seed=seed)
        return drawn * self.scale + self.loc

    def _log_prob(self, value: Tensor) -> Tensor:
        unnormalized = -0.5 * square(self._standardized(value))
        return unnormalized - self._log_normalization()

    def _log_cdf(self, value: Tensor) -> Tensor:
        return log_ndtr(self._standardized(value))

    def _cdf(self, value: Tensor) -> Tensor:
        return ndtr(self._standardized(value))

    def _log_survival_function(self, value: Tensor) -> Tensor:
        return log_ndtr(-self._standardized(value))

    def _survival_function(self, value: Tensor) -> Tensor:
        return ndtr(-self._standardized(value))

    def _quantile(self, value: Tensor) -> Tensor:
        z = ndtri(value)
        with name_scope("reconstruct", values=[z]):
            return z * self.scale + self.loc

    def _log_normalization(self) -> Tensor:
        return 0.5 * math.log(2.0 * math.pi) + log(self.scale)

    def _entropy(self) -> Tensor:
        scale = self.scale * array.ones_like(self.loc)
        return 0.5 * math.log(2.0 * math.pi * math.e) + log(scale)

    def _mean(self) -> Tensor:
        return self.loc * array.ones_like(self.scale)

    def _stddev(self) -> Tensor:
        return self.scale * array.ones_like(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _standardized(self, value: Tensor) -> Tensor:
        with name_scope("standardize", values=[value]):
            return (value - self.loc) / self.scale


@RegisterKL(Normal, Normal)
def _kl_normal_normal(n_a: Normal, n_b: Normal, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_normal_normal", [n_a.loc, n_b.loc]):
        one = constant(1, dtype=n_a.dtype)
        two = constant(2, dtype=n_a.dtype)
        half = constant(0.5, dtype=n_a.dtype)
        variance_a, variance_b = square(n_a.scale), square(n_b.scale)
        ratio = variance_a / variance_b
        distance = squared_difference(n_a.loc, n_b.loc) / (two * variance_b)
        return distance + half * (ratio - one - log(ratio))
