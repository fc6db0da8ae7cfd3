"""What all distributions share: names, shapes, samples, and what follows from what.

A distribution writes the methods that begin with `_`; the public methods open the
scopes, convert their argument, and use a related method where one is missing.

Source: tensorflow python/ops/distributions/distribution.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from metagraft.api.distributions import divergence
from metagraft.api.distributions.shape_choice import chosen_vector
from metagraft.api.math import exp, log, log1p, sqrt, square
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import equal
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor, is_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape, as_shape, unknown_shape
from metagraft.graph.tensor import Tensor

__all__ = [
    "FULLY_REPARAMETERIZED",
    "NOT_REPARAMETERIZED",
    "Distribution",
    "ReparameterizationType",
]


class ReparameterizationType:
    """Whether gradients reach the parameters of a distribution through its samples."""

    def __init__(self, rep_type: str) -> None:
        """Name a kind."""
        self._rep_type = rep_type

    def __repr__(self) -> str:
        """The kind's name."""
        return f"<Reparameterization Type: {self._rep_type}>"

    def __eq__(self, other: object) -> bool:
        """A kind equals itself alone."""
        return self is other

    __hash__ = object.__hash__


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


class Distribution:
    """A batch of probability distributions of one family.

    Shapes are `[sample_shape, batch_shape, event_shape]`: what one draw looks like,
    how many distributions there are, and how many draws are taken.
    """

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: ReparameterizationType,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: dict[str, Any] | None = None,
        graph_parents: Sequence[Tensor] | None = None,
        name: str | None = None,
    ) -> None:
        """Remember what is known of a distribution.

        Args:
            dtype: Type of the samples.
            reparameterization_type: Whether gradients pass through samples.
            validate_args: Whether parameters and values are checked when run.
            allow_nan_stats: Whether an undefined statistic is NaN; else a run fails.
            parameters: The arguments of the constructor, by name.
            graph_parents: Tensors that the methods use.
            name: The scope; if it does not end with a slash, a new one is opened.

        Raises:
            ValueError: One of `graph_parents` is no tensor.
        """
        parents = list(graph_parents or ())
        for index, parent in enumerate(parents):
            if parent is None or not is_tensor(parent):
                raise ValueError(
                    f"Graph parent item {index} is not a Tensor; {parent}."
                )
        if not name or not name.endswith("/"):
            with name_scope(name or type(self).__name__) as name:
                pass
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._allow_nan_stats = allow_nan_stats
        self._validate_args = validate_args
        self._parameters = parameters or {}
        self._graph_parents = parents
        self._name: str = name

    # -- what it was made of -------------------------------------------------------

    @classmethod
    def param_shapes(
        cls, sample_shape: Any, name: str = "DistributionParamShapes"
    ) -> dict[str, Tensor]:
        """The shapes of the parameters with which samples are of `sample_shape`."""
        with name_scope(name, values=[sample_shape]):
            return cls._param_shapes(sample_shape)

    @classmethod
    def param_static_shapes(cls, sample_shape: Any) -> dict[str, TensorShape]:
        """As `param_shapes`, without tensors.

        Raises:
            ValueError: `sample_shape` is not fully known.
        """
        if isinstance(sample_shape, TensorShape):
            if not sample_shape.is_fully_defined():
                raise ValueError("TensorShape sample_shape must be fully defined")
            sample_shape = sample_shape.as_list()
        known = {}
        for name, shape in cls.param_shapes(sample_shape).items():
            value = constant_value(shape)
            if value is None:
                raise ValueError(
                    "sample_shape must be a fully-defined TensorShape or list/tuple"
                )
            known[name] = TensorShape(value)
        return known

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        raise NotImplementedError("_param_shapes not implemented")

    @property
    def name(self) -> str:
        """The scope of its nodes, with a slash at the end."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The type of the samples."""
        return self._dtype

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        return {
            name: value
            for name, value in self._parameters.items()
            if not name.startswith("__") and name != "self"
        }

    @property
    def reparameterization_type(self) -> ReparameterizationType:
        """Whether gradients reach the parameters through samples."""
        return self._reparameterization_type

    @property
    def allow_nan_stats(self) -> bool:
        """Whether statistics that are undefined are NaN."""
        return self._allow_nan_stats

    @property
    def validate_args(self) -> bool:
        """Whether parameters and values are checked when run."""
        return self._validate_args

    def copy(self, **override_parameters_kwargs: Any) -> Self:
        """The same distribution with some arguments changed."""
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    def _missing(self, method: str) -> NotImplementedError:
        return NotImplementedError(
            f"{method} is not implemented: {type(self).__name__}"
        )

    # -- shapes --------------------------------------------------------------------

    def _batch_shape_tensor(self) -> Tensor:
        raise self._missing("batch_shape_tensor")

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """How many distributions there are, as a vector of int32."""
        with self._name_scope(name):
            if self.batch_shape.is_fully_defined():
                return _vector(self.batch_shape, "batch_shape")
            return self._batch_shape_tensor()

    def _batch_shape(self) -> TensorShape:
        return unknown_shape()

    @property
    def batch_shape(self) -> TensorShape:
        """How many distributions there are, as far as known."""
        return as_shape(self._batch_shape())

    def _event_shape_tensor(self) -> Tensor:
        raise self._missing("event_shape_tensor")

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Tensor:
        """The shape of one draw, as a vector of int32."""
        with self._name_scope(name):
            if self.event_shape.is_fully_defined():
                return _vector(self.event_shape, "event_shape")
            return self._event_shape_tensor()

    def _event_shape(self) -> TensorShape:
        return unknown_shape()

    @property
    def event_shape(self) -> TensorShape:
        """The shape of one draw, as far as known."""
        return as_shape(self._event_shape())

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Whether a draw is a number."""
        with self._name_scope(name):
            is_scalar = _is_scalar(self.event_shape, self.event_shape_tensor)
            return convert_to_tensor(is_scalar, name="is_scalar_event")

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Whether there is one distribution, not a batch."""
        with self._name_scope(name):
            is_scalar = _is_scalar(self.batch_shape, self.batch_shape_tensor)
            return convert_to_tensor(is_scalar, name="is_scalar_batch")

    # -- samples -------------------------------------------------------------------

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        raise self._missing("sample_n")

    def _call_sample_n(
        self, sample_shape: Any, seed: int | None, name: str, **kwargs: Any
    ) -> Tensor:
        with self._name_scope(name, values=[sample_shape]):
            shape = convert_to_tensor(
                sample_shape, dtype=dtypes.int32, name="sample_shape"
            )
            shape, count = _as_vector(shape, "sample_shape")
            samples = self._sample_n(count, seed, **kwargs)
            of_one = array.shape(samples)[1:]
            samples = array.reshape(samples, array.concat([shape, of_one], 0))
            self._note_sample_shape(samples, shape)
            return samples

    def sample(
        self, sample_shape: Any = (), seed: int | None = None, name: str = "sample"
    ) -> Tensor:
        """Draw.

        Args:
            sample_shape: How many draws of each distribution, as a shape.
            seed: Seed of the operation.
            name: Name of the scope.

        Returns:
            `[*sample_shape, *batch_shape, *event_shape]`.
        """
        return self._call_sample_n(sample_shape, seed, name)

    def _note_sample_shape(self, samples: Tensor, sample_shape: Tensor) -> None:
        """Note what is known of the shape of samples."""
        drawn = TensorShape(constant_value(sample_shape))
        batch, event = self.batch_shape, self.event_shape
        parts = [drawn.ndims, batch.ndims, event.ndims]
        rank = samples.shape.ndims
        if rank is None and None not in parts:
            rank = sum(part or 0 for part in parts)
            samples.set_shape([None] * rank)
        if rank is None:
            return
        if parts.count(None) == 1:  # the ranks of two parts tell that of the third
            missing = parts.index(None)
            parts[missing] = rank - sum(part or 0 for part in parts)
        if drawn.ndims is not None:
            samples.set_shape(drawn.concatenate([None] * (rank - drawn.ndims)))
        if event.ndims is not None:
            before = unknown_shape(rank - event.ndims)
            samples.set_shape(before.concatenate(event))
        if batch.ndims is not None and parts[0] is not None and parts[2] is not None:
            before, after = unknown_shape(parts[0]), unknown_shape(parts[2])
            samples.set_shape(before.concatenate(batch).concatenate(after))

    # -- functions of a value ------------------------------------------------------

    def _log_prob(self, value: Tensor) -> Tensor:
        raise self._missing("log_prob")

    def _prob(self, value: Tensor) -> Tensor:
        raise self._missing("prob")

    def _log_cdf(self, value: Tensor) -> Tensor:
        raise self._missing("log_cdf")

    def _cdf(self, value: Tensor) -> Tensor:
        raise self._missing("cdf")

    def _log_survival_function(self, value: Tensor) -> Tensor:
        raise self._missing("log_survival_function")

    def _survival_function(self, value: Tensor) -> Tensor:
        raise self._missing("survival_function")

    def _quantile(self, value: Tensor) -> Tensor:
        raise self._missing("quantile")

    def _of_value(
        self,
        value: Any,
        name: str,
        wanted: Callable[..., Tensor],
        instead: Callable[[Tensor], Tensor] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Call a method with a value, or what stands in where it is missing."""
        with self._name_scope(name, values=[value]):
            tensor = convert_to_tensor(value, name="value", preferred_dtype=self.dtype)
            if instead is None:
                return wanted(tensor, **kwargs)
            return _first_written(
                lambda: wanted(tensor, **kwargs), lambda: instead(tensor)
            )

    def _call_log_prob(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        def instead(x: Tensor) -> Tensor:
            return log(self._prob(x, **kwargs))

        return self._of_value(value, name, self._log_prob, instead, **kwargs)

    def log_prob(self, value: Any, name: str = "log_prob") -> Tensor:
        """The logarithm of the probability, or of its density, at `value`."""
        return self._call_log_prob(value, name)

    def _call_prob(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        def instead(x: Tensor) -> Tensor:
            return exp(self._log_prob(x, **kwargs))

        return self._of_value(value, name, self._prob, instead, **kwargs)

    def prob(self, value: Any, name: str = "prob") -> Tensor:
        """The probability, or its density, at `value`."""
        return self._call_prob(value, name)

    def _call_log_cdf(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        def instead(x: Tensor) -> Tensor:
            return log(self._cdf(x, **kwargs))

        return self._of_value(value, name, self._log_cdf, instead, **kwargs)

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Tensor:
        """The logarithm of the probability of at most `value`."""
        return self._call_log_cdf(value, name)

    def _call_cdf(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        def instead(x: Tensor) -> Tensor:
            return exp(self._log_cdf(x, **kwargs))

        return self._of_value(value, name, self._cdf, instead, **kwargs)

    def cdf(self, value: Any, name: str = "cdf") -> Tensor:
        """The probability of at most `value`."""
        return self._call_cdf(value, name)

    def _call_log_survival_function(
        self, value: Any, name: str, **kwargs: Any
    ) -> Tensor:
        def instead(x: Tensor) -> Tensor:
            return log1p(-self.cdf(x, **kwargs))

        wanted = self._log_survival_function
        return self._of_value(value, name, wanted, instead, **kwargs)

    def log_survival_function(
        self, value: Any, name: str = "log_survival_function"
    ) -> Tensor:
        """The logarithm of the probability of more than `value`."""
        return self._call_log_survival_function(value, name)

    def _call_survival_function(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        def instead(x: Tensor) -> Tensor:
            return 1.0 - self.cdf(x, **kwargs)

        return self._of_value(value, name, self._survival_function, instead, **kwargs)

    def survival_function(self, value: Any, name: str = "survival_function") -> Tensor:
        """The probability of more than `value`."""
        return self._call_survival_function(value, name)

    def _call_quantile(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        return self._of_value(value, name, self._quantile, **kwargs)

    def quantile(self, value: Any, name: str = "quantile") -> Tensor:
        """The number that a draw is below with probability `value`."""
        return self._call_quantile(value, name)

    # -- statistics ----------------------------------------------------------------

    def _entropy(self) -> Tensor:
        raise self._missing("entropy")

    def _mean(self) -> Tensor:
        raise self._missing("mean")

    def _variance(self) -> Tensor:
        raise self._missing("variance")

    def _stddev(self) -> Tensor:
        raise self._missing("stddev")

    def _covariance(self) -> Tensor:
        raise self._missing("covariance")

    def _mode(self) -> Tensor:
        raise self._missing("mode")

    def _cross_entropy(self, other: Distribution) -> Tensor:
        return divergence.cross_entropy(
            self, other, allow_nan_stats=self.allow_nan_stats
        )

    def _kl_divergence(self, other: Distribution) -> Tensor:
        return divergence.kl_divergence(
            self, other, allow_nan_stats=self.allow_nan_stats
        )

    def entropy(self, name: str = "entropy") -> Tensor:
        """The entropy, in nats."""
        with self._name_scope(name):
            return self._entropy()

    def mean(self, name: str = "mean") -> Tensor:
        """The mean."""
        with self._name_scope(name):
            return self._mean()

    def variance(self, name: str = "variance") -> Tensor:
        """The variance of each element."""
        with self._name_scope(name):
            return _first_written(self._variance, lambda: square(self._stddev()))

    def stddev(self, name: str = "stddev") -> Tensor:
        """The standard deviation of each element."""
        with self._name_scope(name):
            return _first_written(self._stddev, lambda: sqrt(self._variance()))

    def covariance(self, name: str = "covariance") -> Tensor:
        """The covariance of the elements of a draw: `[*batch_shape, k, k]`."""
        with self._name_scope(name):
            return self._covariance()

    def mode(self, name: str = "mode") -> Tensor:
        """The likeliest value."""
        with self._name_scope(name):
            return self._mode()

    def cross_entropy(self, other: Distribution, name: str = "cross_entropy") -> Tensor:
        """The cross entropy with another distribution."""
        with self._name_scope(name):
            return self._cross_entropy(other)

    def kl_divergence(self, other: Distribution, name: str = "kl_divergence") -> Tensor:
        """The Kullback-Leibler divergence from another distribution."""
        with self._name_scope(name):
            return self._kl_divergence(other)

    # -- for people ----------------------------------------------------------------

    def __str__(self) -> str:
        """Name, shapes as far as known, and type."""
        batch, event = self.batch_shape, self.event_shape
        shapes = "" if batch.ndims is None else f", batch_shape={batch}"
        shapes += "" if event.ndims is None else f", event_shape={event}"
        return (
            f'tfp.distributions.{type(self).__name__}("{self.name}"{shapes},'
            f" dtype={self.dtype.name})"
        )

    def __repr__(self) -> str:
        """Name, shapes and type."""
        return (
            f"<tfp.distributions.{type(self).__name__} '{self.name}'"
            f" batch_shape={self.batch_shape} event_shape={self.event_shape}"
            f" dtype={self.dtype.name}>"
        )

    @contextmanager
    def _name_scope(
        self, name: str | None = None, values: Sequence[Any] | None = None
    ) -> Iterator[str]:
        with (
            name_scope(self.name),
            name_scope(name, values=[*(values or ()), *self._graph_parents]) as scope,
        ):
            yield scope


def _first_written(
    wanted: Callable[[], Tensor], instead: Callable[[], Tensor]
) -> Tensor:
    """The result of the first method that a distribution has.

    Raises:
        NotImplementedError: It has neither; the error names the first.
    """
    try:
        return wanted()
    except NotImplementedError as missing:
        try:
            return instead()
        except NotImplementedError:
            raise missing from None


def _vector(shape: TensorShape, name: str) -> Tensor:
    return convert_to_tensor(shape.as_list(), dtype=dtypes.int32, name=name)


def _is_scalar(known: TensorShape, shape_tensor: Callable[[], Tensor]) -> Any:
    if known.ndims is not None:
        return known.ndims == 0
    shape = shape_tensor()
    length = shape.shape.dims_tuple
    if length is not None and length[0] is not None:
        return shape.shape.as_list() == [0]
    return equal(array.shape(shape)[0], 0)


def _as_vector(x: Tensor, name: str) -> tuple[Tensor, Any]:
    """A number or vector as a vector, and the product of its elements.

    Raises:
        ValueError: It is a matrix or more.
    """
    known = constant_value(x)
    dtype = x.dtype.as_numpy_dtype
    product = reduce_tensor("Prod", x) if known is None else np.prod(known, dtype=dtype)
    rank = x.shape.ndims
    if rank is None:
        is_number = equal(array.rank(x), 0)
        sizes = chosen_vector(is_number, np.array([1], dtype=np.int32), array.shape(x))
        x = array.reshape(x, sizes)
    elif rank == 0 and known is not None:
        x = convert_to_tensor(np.array([known], dtype=dtype), name=name)
    elif rank == 0:
        x = array.reshape(x, [1])
    elif rank != 1:
        raise ValueError("Input is neither scalar nor vector.")
    return x, product
