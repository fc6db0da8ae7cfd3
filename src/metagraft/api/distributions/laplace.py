"""The Laplace distribution, exponential to both sides of its mean.

Source: tensorflow python/ops/distributions/laplace.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.api.checks import assert_positive
from metagraft.api.distributions.distribution import FULLY_REPARAMETERIZED
from metagraft.api.distributions.normal_functions import log_cdf_laplace
from metagraft.api.distributions.scalar_events import (
    BroadcastParameters,
    shapes_of_parameters,
)
from metagraft.api.math import exp, log, log1p
from metagraft.api.random import random_uniform
from metagraft.api.shape_checks import assert_same_float_dtype
from metagraft.graph.build import array
from metagraft.graph.build.math import absolute, sign
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["Laplace"]


class Laplace(BroadcastParameters):
    """Laplace distributions of a mean and a scale."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Laplace",
    ) -> None:
        """Make distributions; `loc` and `scale` broadcast.

        Args:
            loc: The means.
            scale: The scales, positive.
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
            dtype=self._loc.dtype,
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
        """The scales."""
        return self._scale

    def _broadcast_parameters(self) -> tuple[Tensor, ...]:
        return self.loc, self.scale

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        number = self.dtype.as_numpy_dtype
        drawn = random_uniform(
            shape,
            minval=np.nextafter(number(-1.0), number(0.0)),
            maxval=1.0,
            dtype=self.dtype,
            seed=seed,
        )
        signed = self.scale * sign(drawn)
        return self.loc - signed * log1p(-absolute(drawn))

    def _log_prob(self, value: Tensor) -> Tensor:
        unnormalized = -absolute(self._standardized(value))
        return unnormalized - (math.log(2.0) + log(self.scale))

    def _prob(self, value: Tensor) -> Tensor:
        return exp(self._log_prob(value))

    def _log_cdf(self, value: Tensor) -> Tensor:
        return log_cdf_laplace(self._standardized(value))

    def _log_survival_function(self, value: Tensor) -> Tensor:
        return log_cdf_laplace(-self._standardized(value))

    def _cdf(self, value: Tensor) -> Tensor:
        z = self._standardized(value)
        half = 0.5 * sign(z)
        return 0.5 + half * (1.0 - exp(-absolute(z)))

    def _entropy(self) -> Tensor:
        scale = self.scale + array.zeros_like(self.loc)
        return math.log(2.0) + 1.0 + log(scale)

    def _mean(self) -> Tensor:
        return self.loc + array.zeros_like(self.scale)

    def _stddev(self) -> Tensor:
        scaled = math.sqrt(2.0) * self.scale
        return scaled + array.zeros_like(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _standardized(self, value: Tensor) -> Tensor:
        return (value - self.loc) / self.scale
