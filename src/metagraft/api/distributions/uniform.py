"""The uniform distribution over an interval.

Source: tensorflow python/ops/distributions/uniform.py.
"""

from __future__ import annotations

import math
from typing import Any

from metagraft.api.array import broadcast_dynamic_shape
from metagraft.api.checks import assert_less
from metagraft.api.comparison import logical_or
from metagraft.api.distributions.distribution import FULLY_REPARAMETERIZED
from metagraft.api.distributions.scalar_events import (
    BroadcastParameters,
    shapes_of_parameters,
)
from metagraft.api.math import is_nan, log, square
from metagraft.api.random import random_uniform
from metagraft.api.shape_checks import assert_same_float_dtype
from metagraft.graph.build import array
from metagraft.graph.build.math import select_v2
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["Uniform"]


class Uniform(BroadcastParameters):
    """Uniform distributions over `[low, high)`."""

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:
        """Make distributions; `low` and `high` broadcast.

        Args:
            low: Where the intervals begin, included.
            high: Where they end, excluded.
            validate_args: Whether runs check that `low < high`.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.

        Raises:
            InvalidArgumentError: `low < high` is known to be false.
        """
        parameters = dict(locals())
        with name_scope(name, values=[low, high]) as name:
            text = "uniform not defined when low >= high."
            checks = [assert_less(low, high, message=text)] if validate_args else []
            with control_dependencies(checks):
                self._low: Tensor = array.identity(low, name="low")
                self._high: Tensor = array.identity(high, name="high")
                assert_same_float_dtype([self._low, self._high])
        super().__init__(
            dtype=self._low.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._low, self._high],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of_parameters(("low", "high"), sample_shape)

    @property
    def low(self) -> Tensor:
        """Where the intervals begin."""
        return self._low

    @property
    def high(self) -> Tensor:
        """Where the intervals end."""
        return self._high

    def range(self, name: str = "range") -> Tensor:
        """How long the intervals are."""
        with self._name_scope(name):
            return self.high - self.low

    def _broadcast_parameters(self) -> tuple[Tensor, ...]:
        return self.low, self.high

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        drawn = random_uniform(shape, dtype=self.dtype, seed=seed)
        return self.low + self.range() * drawn

    def _prob(self, value: Tensor) -> Tensor:
        x = value * array.ones(self.batch_shape_tensor(), dtype=value.dtype)
        is_unknown = is_nan(x)
        is_outside = logical_or(x < self.low, x >= self.high)
        outside = array.zeros_like(x)
        inside = array.ones_like(x) / self.range()
        return select_v2(is_unknown, x, select_v2(is_outside, outside, inside))

    def _cdf(self, value: Tensor) -> Tensor:
        shape = broadcast_dynamic_shape(array.shape(value), self.batch_shape_tensor())
        zeros = array.zeros(shape, dtype=self.dtype)
        ones = array.ones(shape, dtype=self.dtype)
        x = value * ones
        is_below = value < self.low
        up_to_high = select_v2(is_below, zeros, (x - self.low) / self.range())
        return select_v2(value >= self.high, ones, up_to_high)

    def _entropy(self) -> Tensor:
        return log(self.range())

    def _mean(self) -> Tensor:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Tensor:
        return square(self.range()) / 12.0

    def _stddev(self) -> Tensor:
        return self.range() / math.sqrt(12.0)
