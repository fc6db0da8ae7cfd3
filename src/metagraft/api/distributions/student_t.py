"""Student's t distribution.

Source: tensorflow python/ops/distributions/student_t.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.api.checks import assert_less, assert_positive
from metagraft.api.comparison import greater, less
from metagraft.api.distributions.count_draws import derived_seed
from metagraft.api.distributions.distribution import FULLY_REPARAMETERIZED
from metagraft.api.distributions.scalar_events import (
    BroadcastParameters,
    shapes_of_parameters,
)
from metagraft.api.math import log, log1p, rsqrt, square
from metagraft.api.random import random_gamma, random_normal
from metagraft.api.shape_checks import assert_same_float_dtype
from metagraft.api.special_math import betainc, digamma, lbeta, lgamma
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import absolute, select_v2
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["StudentT"]


class StudentT(BroadcastParameters):
    """Student's t distributions, moved and scaled."""

    def __init__(
        self,
        df: Any,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "StudentT",
    ) -> None:
        """Make distributions; the parameters broadcast.

        Args:
            df: Degrees of freedom, positive.
            loc: The means, where there are means.
            scale: The scales; only their absolute values matter.
            validate_args: Whether runs check that `df` is positive.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.
        """
        parameters = dict(locals())
        with name_scope(name, values=[df, loc, scale]) as name:
            checks = [assert_positive(df)] if validate_args else []
            with control_dependencies(checks):
                self._df: Tensor = array.identity(df, name="df")
                self._loc: Tensor = array.identity(loc, name="loc")
                self._scale: Tensor = array.identity(scale, name="scale")
                assert_same_float_dtype((self._df, self._loc, self._scale))
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._df, self._loc, self._scale],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of_parameters(("df", "loc", "scale"), sample_shape)

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return self._df

    @property
    def loc(self) -> Tensor:
        """Where the distributions are centred."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The scales."""
        return self._scale

    def _broadcast_parameters(self) -> tuple[Tensor, ...]:
        return self.df, self.loc, self.scale

    def _ones(self) -> Tensor:
        return array.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        normal = random_normal(shape, dtype=self.dtype, seed=seed)
        df = self.df * self._ones()
        gamma = random_gamma(
            [n],
            0.5 * df,
            beta=0.5,
            dtype=self.dtype,
            seed=derived_seed(seed, "student_t"),
        )
        return normal * rsqrt(gamma / df) * self.scale + self.loc

    def _log_prob(self, value: Tensor) -> Tensor:
        y = (value - self.loc) / self.scale
        power = -0.5 * (self.df + 1.0)
        unnormalized = power * log1p(y**2.0 / self.df)
        return unnormalized - self._log_normalization()

    def _log_normalization(self) -> Tensor:
        scale = log(absolute(self.scale)) + 0.5 * log(self.df) + 0.5 * np.log(np.pi)
        return scale + lgamma(0.5 * self.df) - lgamma(0.5 * (self.df + 1.0))

    def _cdf(self, value: Tensor) -> Tensor:
        y = (value - self.loc) / absolute(self.scale)
        x = self.df / (y**2.0 + self.df)
        left = 0.5 * betainc(0.5 * self.df, 0.5, x)
        return select_v2(less(y, 0.0), left, 1.0 - left)

    def _entropy(self) -> Tensor:
        ones = self._ones()[..., None]
        df = ones * self.df[..., None]
        halves = array.concat([df, ones], -1) / 2.0
        scale = log(absolute(self.scale)) + 0.5 * log(self.df) + lbeta(halves)
        power = 0.5 * (self.df + 1.0)
        above = digamma(0.5 * (self.df + 1.0))
        return scale + power * (above - digamma(0.5 * self.df))

    def _mean(self) -> Tensor:
        mean = self.loc * self._ones()
        return self._where_defined(mean, "mean")

    def _variance(self) -> Tensor:
        is_finite, excess = greater(self.df, 2.0), self.df - 2.0
        divisor = select_v2(is_finite, excess, array.ones_like(self.df))
        variance = self._ones() * square(self.scale) * self.df / divisor
        is_finite = self.df > array.fill(self.batch_shape_tensor(), 2.0)
        infinite = self._undefined(math.inf, "inf")
        return self._where_defined(select_v2(is_finite, variance, infinite), "variance")

    def _where_defined(self, value: Tensor, statistic: str) -> Tensor:
        """`value` where there are enough degrees of freedom for it to be a number."""
        if self.allow_nan_stats:
            is_defined = greater(self.df, self._ones())
            return select_v2(is_defined, value, self._undefined(math.nan, "nan"))
        text = f"{statistic} not defined for components of df <= 1"
        check = assert_less(self._one(), self.df, message=text)
        checked: Tensor = with_dependencies([check], value)
        return checked

    def _mode(self) -> Tensor:
        return array.identity(self.loc)
