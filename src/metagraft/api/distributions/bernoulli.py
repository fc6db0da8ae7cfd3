"""The Bernoulli distribution: 1 with a probability, else 0.

Source: tensorflow python/ops/distributions/bernoulli.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.comparison import less
from metagraft.api.distributions.distribution import NOT_REPARAMETERIZED
from metagraft.api.distributions.divergence import RegisterKL
from metagraft.api.distributions.parameter_checks import (
    checked_integer_cast,
    logits_and_probabilities,
)
from metagraft.api.distributions.scalar_events import (
    ScalarEvents,
    shapes_of_parameters,
)
from metagraft.api.math import sigmoid
from metagraft.api.nn_activation import softplus
from metagraft.api.nn_softmax import sigmoid_cross_entropy_with_logits
from metagraft.api.random import random_uniform
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["Bernoulli"]


class Bernoulli(ScalarEvents):
    """Draws of 1 with probability `probs`, of 0 else."""

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = dtypes.int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Bernoulli",
    ) -> None:
        """Make distributions of probabilities or of their log-odds.

        Args:
            logits: Log-odds of a 1.
            probs: Probabilities of a 1; only one of both is given.
            dtype: Type of the samples.
            validate_args: Whether runs check the probabilities.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.

        Raises:
            ValueError: Both or none of `logits` and `probs` are given.
        """
        parameters = dict(locals())
        with name_scope(name) as name:
            self._logits, self._probs = logits_and_probabilities(
                logits=logits, probs=probs, validate_args=validate_args, name=name
            )
        super().__init__(
            dtype=dtypes.as_dtype(dtype),
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of_parameters(("logits",), sample_shape)

    @property
    def logits(self) -> Tensor:
        """Log-odds of a 1."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """Probabilities of a 1."""
        return self._probs

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._logits)

    def _batch_shape(self) -> TensorShape:
        return self._logits.shape

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        drawn = random_uniform(shape, seed=seed, dtype=self.probs.dtype)
        return cast(less(drawn, self.probs), self.dtype)

    def _log_prob(self, value: Tensor) -> Tensor:
        if self.validate_args:
            value = checked_integer_cast(value, target_dtype=dtypes.bool)
        event, logits = cast(value, self.logits.dtype), self.logits
        is_one_shape = event.shape == logits.shape and logits.shape.is_fully_defined()
        if not is_one_shape:
            widened = array.ones_like(event) * logits
            event = array.ones_like(logits) * event
            logits = widened
        return -sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self) -> Tensor:
        return -self.logits * (sigmoid(self.logits) - 1) + softplus(-self.logits)

    def _mean(self) -> Tensor:
        return array.identity(self.probs)

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Tensor:
        return cast(self.probs > 0.5, self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(
    a: Bernoulli, b: Bernoulli, name: str | None = None
) -> Tensor:
    with name_scope(name, "kl_bernoulli_bernoulli", values=[a.logits, b.logits]):
        delta_0 = softplus(-b.logits) - softplus(-a.logits)
        delta_1 = softplus(b.logits) - softplus(a.logits)
        return sigmoid(a.logits) * delta_0 + sigmoid(-a.logits) * delta_1
