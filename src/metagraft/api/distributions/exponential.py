"""The exponential distribution, a gamma distribution of concentration 1.

Source: tensorflow python/ops/distributions/exponential.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.distributions.gamma import Gamma
from metagraft.api.distributions.scalar_events import shapes_of_parameters
from metagraft.api.math import log
from metagraft.api.random import random_uniform
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["Exponential"]


class Exponential(Gamma):
    """Exponential distributions of a rate."""

    def __init__(
        self,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Exponential",
    ) -> None:
        """Make distributions.

        Args:
            rate: Rates, positive.
            validate_args: Whether runs check parameters and values.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.
        """
        parameters = dict(locals())
        # TF: the scope is left open for the gamma distribution to enter again.
        with name_scope(name, values=[rate]) as name:
            given = convert_to_tensor(rate, name="rate")
        super().__init__(
            concentration=array.ones([], dtype=given.dtype),
            rate=given,
            allow_nan_stats=allow_nan_stats,
            validate_args=validate_args,
            name=name,
        )
        self._parameters = parameters
        self._graph_parents.append(self._rate)

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of_parameters(("rate",), sample_shape)

    def _log_survival_function(self, value: Tensor) -> Tensor:
        return self._log_prob(value) - log(self._rate)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], array.shape(self._rate)], 0)
        tiny = np.finfo(self.dtype.as_numpy_dtype).tiny
        drawn = random_uniform(
            shape, minval=tiny, maxval=1.0, seed=seed, dtype=self.dtype
        )
        return -log(drawn) / self._rate
