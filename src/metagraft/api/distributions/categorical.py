"""The categorical distribution: one of several classes.

Source: tensorflow python/ops/distributions/categorical.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.array import sequence_mask
from metagraft.api.comparison import where
from metagraft.api.distributions.distribution import NOT_REPARAMETERIZED
from metagraft.api.distributions.divergence import RegisterKL
from metagraft.api.distributions.parameter_checks import (
    checked_class_parameter,
    checked_integer_cast,
    logits_and_probabilities,
)
from metagraft.api.distributions.scalar_events import ScalarEvents
from metagraft.api.nn_softmax import (
    log_softmax,
    softmax,
    sparse_softmax_cross_entropy_with_logits,
)
from metagraft.api.random import multinomial
from metagraft.api.reductions import argmax
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["Categorical"]

_INT32_BYTES = 4


class Categorical(ScalarEvents):
    """Draws of a class, `0` to `k - 1`."""

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = dtypes.int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Categorical",
    ) -> None:
        """Make distributions of probabilities or of their logarithms.

        Args:
            logits: Unnormalized log-probabilities `[*batch, k]`.
            probs: Probabilities `[*batch, k]`; only one of both is given.
            dtype: Type of the samples.
            validate_args: Whether runs check the probabilities.
            allow_nan_stats: Whether undefined statistics are NaN.
            name: Name of the scope.

        Raises:
            ValueError: Both or none of `logits` and `probs` are given.
        """
        parameters = dict(locals())
        with name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = logits_and_probabilities(
                logits=logits,
                probs=probs,
                validate_args=validate_args,
                multidimensional=True,
                name=name,
            )
            if validate_args:
                self._logits = checked_class_parameter(self._logits)
            self._measure(self._logits.shape.with_rank_at_least(1))
        super().__init__(
            dtype=dtypes.as_dtype(dtype),
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs],
            name=name,
        )

    def _measure(self, shape: TensorShape) -> None:
        """Make tensors of the sizes of the batch and of the classes."""
        if shape.ndims is not None:
            self._batch_rank = _int32(shape.ndims - 1, "batch_rank")
        else:
            with name_scope("batch_rank"):
                self._batch_rank = array.rank(self._logits) - 1
        sizes = array.shape(self._logits, name="logits_shape")
        known, batch = shape.dims_tuple, shape[:-1]
        if known is not None and known[-1] is not None:
            self._event_size = _int32(known[-1], "event_size")
        else:
            with name_scope("event_size"):
                self._event_size = sizes[self._batch_rank]
        if batch.is_fully_defined():
            self._batch_sizes = constant(
                batch.as_list(), dtype=dtypes.int32, name="batch_shape"
            )
        else:
            with name_scope("batch_shape"):
                self._batch_sizes = sizes[:-1]

    @property
    def event_size(self) -> Tensor:
        """How many classes there are."""
        return self._event_size

    @property
    def logits(self) -> Tensor:
        """Unnormalized log-probabilities."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self._probs

    def _batch_shape_tensor(self) -> Tensor:
        return array.identity(self._batch_sizes)

    def _batch_shape(self) -> TensorShape:
        return self.logits.shape[:-1]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        rows = self.logits
        if rows.shape.ndims != 2:
            rows = array.reshape(rows, [-1, self.event_size])
        is_long = self.dtype.size > _INT32_BYTES
        dtype = dtypes.int64 if is_long else dtypes.int32
        drawn = multinomial(rows, n, seed=seed, output_dtype=dtype)
        drawn = array.transpose(drawn)
        sizes = array.concat([[n], self.batch_shape_tensor()], 0)
        return cast(array.reshape(drawn, sizes), self.dtype)

    def _classes(self, value: Tensor, parameter: Tensor) -> tuple[Tensor, Tensor]:
        """A value and a parameter, broadcast."""
        k = convert_to_tensor(value, name="k")
        if self.validate_args:
            k = checked_integer_cast(k, target_dtype=dtypes.int32)
        return _broadcast(k, parameter, self.dtype.base_dtype)

    def _cdf(self, value: Tensor) -> Tensor:
        k, probs = self._classes(value, self.probs)
        rows = array.reshape(probs, (-1, self._event_size))
        classes = array.reshape(k, [-1])
        is_below = sequence_mask(classes, self._event_size)
        below = where(is_below, rows, array.zeros_like(rows))
        total = reduce_tensor("Sum", below, axis=-1)
        return array.reshape(total, array.shape(k))

    def _log_prob(self, value: Tensor) -> Tensor:
        k, logits = self._classes(value, self.logits)
        return -sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _entropy(self) -> Tensor:
        products = log_softmax(self.logits) * self.probs
        return -reduce_tensor("Sum", products, axis=-1)

    def _mode(self) -> Tensor:
        likeliest: Tensor = cast(argmax(self.logits, axis=self._batch_rank), self.dtype)
        likeliest.set_shape(self.batch_shape)
        return likeliest


def _int32(value: int, name: str) -> Tensor:
    return convert_to_tensor(value, dtype=dtypes.int32, name=name)


def _broadcast(
    event: Tensor, parameter: Tensor, base_dtype: DType
) -> tuple[Tensor, Tensor]:
    """Classes `[*batch]` and a parameter `[*batch, k]` of one batch shape.

    Raises:
        TypeError: The classes are not numbers.
    """
    if event.dtype.is_floating:
        event = cast(event, dtypes.int32)
    elif not event.dtype.is_integer:
        raise TypeError(
            f"`value` should have integer `dtype` or `self.dtype` ({base_dtype})"
        )
    batch = parameter.shape[:-1]
    is_known = batch.is_fully_defined() and event.shape.is_fully_defined()
    if not is_known or batch != event.shape:
        parameter *= array.ones_like(event[..., None], dtype=parameter.dtype)
        sizes = array.shape(parameter)[:-1]
        event *= array.ones(sizes, dtype=event.dtype)
        if parameter.shape.ndims is not None:
            event.set_shape(parameter.shape[:-1])
    return event, parameter


@RegisterKL(Categorical, Categorical)
def _kl_categorical_categorical(
    a: Categorical, b: Categorical, name: str | None = None
) -> Tensor:
    with name_scope(name, "kl_categorical_categorical", values=[a.logits, b.logits]):
        delta = log_softmax(a.logits) - log_softmax(b.logits)
        return reduce_tensor("Sum", softmax(a.logits) * delta, axis=-1)
