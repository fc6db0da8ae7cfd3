"""Batch normalization (`tf.layers.batch_normalization`).

Source: tf_keras layers/normalization/batch_normalization.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from metagraft.api.cond import smart_cond, smart_constant_value
from metagraft.api.initializers import ones_initializer, zeros_initializer
from metagraft.api.layer import Layer
from metagraft.api.layer_input import InputSpec
from metagraft.api.layer_normalization import (
    Spread,
    composed,
    fused_format,
    mean_of_batches,
    ones_like,
    valid_axes,
)
from metagraft.api.learning_phase import training_or_phase
from metagraft.api.nn_normalization import (
    batch_normalization as normalize,
)
from metagraft.api.nn_normalization import (
    fused_batch_norm,
    moments,
)
from metagraft.api.state import assign, assign_sub
from metagraft.api.variables import VariableAggregation, VariableSynchronization
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.scopes import colocate_with, control_dependencies, name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable

__all__ = ["BatchNormalization", "batch_normalization"]

_HALF = (dtypes.float16, dtypes.bfloat16)
_CLIPPING = ("rmax", "rmin", "dmax")
OfVariable = Callable[[Any], Any] | None
_ZEROS = zeros_initializer()
_ONES = ones_initializer()


class BatchNormalization(Layer):
    """Normalizes every channel with the moments of the batch, or with moving averages.

    While it trains, it adds operations that move the averages; they are in the
    collection `UPDATE_OPS`.
    """

    _config_names = (
        "axis",
        "momentum",
        "epsilon",
        "center",
        "scale",
        "beta_initializer",
        "gamma_initializer",
        "moving_mean_initializer",
        "moving_variance_initializer",
        "beta_regularizer",
        "gamma_regularizer",
        "beta_constraint",
        "gamma_constraint",
    )

    supports_masking = True

    def __init__(
        self,
        axis: Any = -1,
        momentum: Any = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = _ZEROS,
        gamma_initializer: Any = _ONES,
        moving_mean_initializer: Any = _ZEROS,
        moving_variance_initializer: Any = _ONES,
        beta_regularizer: OfVariable = None,
        gamma_regularizer: OfVariable = None,
        beta_constraint: OfVariable = None,
        gamma_constraint: OfVariable = None,
        renorm: bool = False,
        renorm_clipping: Mapping[str, Any] | None = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Remember the arguments; see `batch_normalization`.

        Raises:
            TypeError: `axis` is neither a number nor a list.
            ValueError: A key of `renorm_clipping` is unknown.
        """
        super().__init__(trainable=trainable, name=name, **kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(
                "Expected an int or a list/tuple of ints for the argument 'axis', but"
                f" received: {axis!r}"
            )
        unknown = set(renorm_clipping or ()) - set(_CLIPPING)
        if renorm and unknown:
            raise ValueError(
                "Received invalid keys for `renorm_clipping` argument:"
                f" {renorm_clipping}. Supported values: {list(_CLIPPING)}."
            )
        self.axis: Any = axis if isinstance(axis, int) else list(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint
        self.renorm = renorm
        self.renorm_clipping = dict(renorm_clipping or {})
        self.renorm_momentum = renorm_momentum
        self.virtual_batch_size = virtual_batch_size
        self.adjustment = adjustment
        self.fused = True if fused is None else fused
        self.gamma: Any = None
        self.beta: Any = None

    # -- variables -----------------------------------------------------------------

    @property
    def _param_dtype(self) -> DType:
        dtype = as_dtype(self.dtype or dtypes.float32)
        return dtypes.float32 if dtype in _HALF else dtype

    def _can_be_fused(self) -> bool:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        return (
            not self.renorm
            and len(axes) == 1
            and axes[0] in (-4, -3, -1, 1, 3, 4)
            and self.virtual_batch_size is None
            and self.adjustment is None
            and self.dtype in ("float16", "bfloat16", "float32", None)
        )

    def build(self, input_shape: Any) -> None:
        """Make scale, offset and moving averages.

        Raises:
            ValueError: Rank or axis of the inputs is unknown or does not fit.
        """
        shape = TensorShape(input_shape)
        self.axis = valid_axes(self.axis, shape)
        rank = len(shape.as_list())
        self._check_virtual_batch()
        if self.fused:
            self.fused = rank in (4, 5) and self._can_be_fused()
        if self.fused:
            self._data_format = fused_format(self.axis[0], rank)
            self.fused = self._data_format is not None
        sizes = {axis: shape[axis].value for axis in self.axis}
        if None in sizes.values():
            raise ValueError(
                "Input has undefined `axis` dimension. Received input with shape"
                f" {tuple(shape.as_list())} and axis={tuple(self.axis)}"
            )
        self.input_spec = InputSpec(ndim=rank, axes=sizes)
        self._param_shape = self._parameter_shape(sizes, rank)
        self._make_parameters()
        self._make_averages()
        self.built = True

    def _check_virtual_batch(self) -> None:
        if self.virtual_batch_size is None:
            return
        if self.virtual_batch_size <= 0:
            raise ValueError(
                "`virtual_batch_size` must be a positive integer that divides the true"
                " batch size of the input tensor. Received: virtual_batch_size="
                f"{self.virtual_batch_size}"
            )
        if 0 in self.axis:
            raise ValueError(
                "When using `virtual_batch_size`, the batch dimension must be 0 and"
                f" thus axis cannot include 0. Received axis={self.axis}"
            )
        if self.adjustment is not None:
            raise ValueError(
                "When using `virtual_batch_size`, adjustment cannot be specified"
            )

    def _parameter_shape(
        self, sizes: Mapping[int, int | None], rank: int
    ) -> list[int | None]:
        if len(sizes) == 1 and self.virtual_batch_size is None:
            return list(sizes.values())
        shape = [sizes.get(axis, 1) for axis in range(rank)]
        if self.virtual_batch_size is not None:
            shape.insert(1, 1)
            self.axis = [axis + 1 for axis in self.axis]
        return shape

    def _make_parameters(self) -> None:
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                shape=self._param_shape,
                dtype=self._param_dtype,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                trainable=True,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                shape=self._param_shape,
                dtype=self._param_dtype,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                trainable=True,
            )

    def _make_averages(self) -> None:
        """Make the moving averages; they are never partitioned."""
        scope = self._scope
        partitioner = None if scope is None else scope.partitioner
        if scope is not None:
            scope.set_partitioner(None)
        try:
            self.moving_mean = self._average(
                "moving_mean", self.moving_mean_initializer
            )
            self.moving_variance = self._average(
                "moving_variance", self.moving_variance_initializer
            )
            if self.renorm:
                self._make_renorm_averages()
        finally:
            if scope is not None and partitioner:
                scope.set_partitioner(partitioner)

    def _make_renorm_averages(self) -> None:
        def deviation(*args: Any, **kwargs: Any) -> Tensor:
            root: Tensor = op(
                "Sqrt", x=self.moving_variance_initializer(*args, **kwargs)
            )
            return root

        with colocate_with(self.moving_variance):
            self.moving_stddev = self._average("moving_stddev", deviation)
        with colocate_with(self.moving_mean):
            self.renorm_mean = self._average(
                "renorm_mean", self.moving_mean_initializer
            )
        with colocate_with(self.moving_stddev):
            self.renorm_stddev = self._average("renorm_stddev", deviation)

    def _average(self, name: str, initializer: Any) -> Any:
        return self.add_weight(
            name,
            shape=self._param_shape,
            dtype=self._param_dtype,
            initializer=initializer,
            synchronization=VariableSynchronization.ON_READ,
            trainable=False,
            aggregation=VariableAggregation.MEAN,
        )

    # -- nodes ---------------------------------------------------------------------

    def call(self, inputs: Tensor, training: Any = False) -> Tensor:
        """Add the nodes; `training` is a boolean or a tensor, or None for the phase."""
        training = training_or_phase(training)
        inputs = cast(inputs, as_dtype(self.dtype))
        if self.virtual_batch_size is not None:
            sizes = array.shape(inputs)
            whole = array.concat([array.constant([-1]), sizes[1:]], axis=0)
            virtual = array.constant([self.virtual_batch_size, -1])
            split = array.concat([virtual, whole[1:]], axis=0)
            outputs = self._normalized(array.reshape(inputs, split), training)
            return array.reshape(outputs, whole)
        if self.fused:
            return self._fused(inputs, training)
        return self._normalized(inputs, training)

    def _fused(self, inputs: Tensor, training: Any) -> Tensor:
        beta, gamma = self.beta, self.gamma
        fixed: dict[str, Any] = {
            "dtype": self._param_dtype,
            "shape": self._param_shape,
        }
        if not self.center:
            beta = array.constant(0.0, **fixed)
        if not self.scale:
            gamma = array.constant(1.0, **fixed)
        common: dict[str, Any] = {
            "epsilon": self.epsilon,
            "data_format": self._data_format,
        }

        def trained() -> tuple[Tensor, Tensor, Tensor]:
            return fused_batch_norm(
                inputs,
                gamma,
                beta,
                mean=self.moving_mean,
                variance=self.moving_variance,
                is_training=True,
                **common,
            )

        def inferred() -> tuple[Tensor, Tensor, Tensor]:
            return fused_batch_norm(
                inputs,
                gamma,
                beta,
                mean=self.moving_mean,
                variance=self.moving_variance,
                is_training=False,
                **common,
            )

        known = _known(training)
        output, mean, variance = smart_cond(training, trained, inferred)
        if known is False:
            return output
        if known is None:
            momentum = smart_cond(training, lambda: self.momentum, lambda: 1.0)
        else:
            momentum = convert_to_tensor(self.momentum)
        self.add_update(lambda: self._move(self.moving_mean, mean, momentum))
        self.add_update(lambda: self._move(self.moving_variance, variance, momentum))
        return output

    def _move(self, variable: Any, value: Tensor, momentum: Any) -> Any:
        """Move an average towards a value."""
        with name_scope("AssignMovingAvg") as scope, colocate_with(variable):
            decay = convert_to_tensor(1.0 - momentum, name="decay")
            decay = cast(decay, variable.dtype.base_dtype)
            delta = (variable - cast(value, variable.dtype)) * decay
            return assign_sub(variable, delta, name=scope)

    def _set(self, variable: Any, value: Tensor) -> Any:
        with name_scope("AssignNewValue") as scope, colocate_with(variable):
            return assign(variable, value, name=scope)

    def _normalized(self, inputs: Tensor, training: Any) -> Tensor:
        given_dtype = inputs.dtype.base_dtype
        if given_dtype in _HALF:
            inputs = cast(inputs, dtypes.float32)
        shape = inputs.shape
        rank = len(shape.as_list())
        axes = [axis for axis in range(rank) if axis not in self.axis]
        if self.virtual_batch_size is not None:
            del axes[1]  # the virtual batch keeps its moments apart
        spread = Spread(shape, self.axis[0], axes)
        scale, offset = spread(self.gamma), spread(self.beta)
        if _known(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance, scale, offset = self._batch_moments(
                inputs, training, axes, spread, (scale, offset)
            )
        mean, variance = cast(mean, inputs.dtype), cast(variance, inputs.dtype)
        offset = None if offset is None else cast(offset, inputs.dtype)
        scale = None if scale is None else cast(scale, inputs.dtype)
        outputs = normalize(
            inputs, spread(mean), spread(variance), offset, scale, self.epsilon
        )
        if given_dtype in _HALF:
            outputs = cast(outputs, given_dtype)
        outputs.set_shape(shape)
        return outputs

    def _batch_moments(
        self,
        inputs: Tensor,
        training: Any,
        axes: list[int],
        spread: Spread,
        transform: tuple[Any, Any],
    ) -> tuple[Any, ...]:
        """Return the moments to normalize with, and scale and offset."""
        if self.adjustment is not None:
            transform = self._adjusted(inputs, training, transform)
        keeps = self.virtual_batch_size is not None or len(self.axis) > 1
        mean, variance = moments(cast(inputs, self._param_dtype), axes, keepdims=keeps)
        batch = mean, variance
        mean = smart_cond(
            training, lambda: batch[0], lambda: convert_to_tensor(self.moving_mean)
        )
        variance = smart_cond(
            training, lambda: batch[1], lambda: convert_to_tensor(self.moving_variance)
        )
        new_mean, new_variance = mean, variance
        if self.virtual_batch_size is not None:
            new_mean = mean_of_batches(mean)
            new_variance = mean_of_batches(variance)
        if self.renorm:
            r, d, new_mean, new_variance = self._renormalized(
                new_mean, new_variance, training
            )
            r = spread(op("StopGradient", input=r, name="renorm_r"))
            d = spread(op("StopGradient", input=d, name="renorm_d"))
            transform = composed(r, d, *transform)
        self._add_moves(new_mean, new_variance, training)
        return mean, variance, *transform

    def _adjusted(
        self, inputs: Tensor, training: Any, transform: tuple[Any, Any]
    ) -> tuple[Any, Any]:
        assert self.adjustment is not None
        scale, bias = self.adjustment(array.shape(inputs))
        used_scale = smart_cond(training, lambda: scale, lambda: ones_like(scale))
        used_bias = smart_cond(training, lambda: bias, lambda: array.zeros_like(bias))
        return composed(used_scale, used_bias, *transform)

    def _add_moves(self, mean: Tensor, variance: Tensor, training: Any) -> None:
        def move_mean() -> Any:
            return self._move(self.moving_mean, mean, self.momentum)

        def move_variance() -> Any:
            if not self.renorm:
                return self._move(self.moving_variance, variance, self.momentum)
            deviation = op("Sqrt", x=variance + self.epsilon)
            moved = self._move(self.moving_stddev, deviation, self.momentum)
            square = op("Relu", features=moved * moved - self.epsilon)
            return self._set(self.moving_variance, square)

        self.add_update(
            lambda: smart_cond(training, move_mean, lambda: self.moving_mean)
        )
        self.add_update(
            lambda: smart_cond(training, move_variance, lambda: self.moving_variance)
        )

    def _renormalized(
        self, mean: Tensor, variance: Tensor, training: Any
    ) -> tuple[Tensor, ...]:
        """Return the correction towards the moving averages, and the moments."""
        stddev = op("Sqrt", x=variance + self.epsilon)
        least = op("Sqrt", x=self.epsilon)
        renorm_stddev = op("Maximum", x=self.renorm_stddev, y=least)
        r = stddev / renorm_stddev
        d = (mean - self.renorm_mean) / renorm_stddev
        with control_dependencies([r, d]):
            mean = array.identity(mean)
            stddev = array.identity(stddev)
        r, d = self._clipped(r, d)
        correction = r, d
        r = smart_cond(
            training, lambda: correction[0], lambda: ones_like(correction[0])
        )
        d = smart_cond(
            training, lambda: correction[1], lambda: array.zeros_like(correction[1])
        )
        moved_mean = self._move_renorm(self.renorm_mean, mean, training)
        moved_stddev = self._move_renorm(self.renorm_stddev, stddev, training)
        with control_dependencies([moved_mean, moved_stddev]):
            return r, d, array.identity(mean), array.identity(variance)

    def _clipped(self, r: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        limits = self.renorm_clipping
        low, high, limit = (limits.get(key) for key in ("rmin", "rmax", "dmax"))
        if low is not None:
            r = op("Maximum", x=r, y=low)
        if high is not None:
            r = op("Minimum", x=r, y=high)
        if limit is not None:
            d = op("Maximum", x=d, y=-limit)
            d = op("Minimum", x=d, y=limit)
        return r, d

    def _move_renorm(self, variable: Any, value: Tensor, training: Any) -> Any:
        value = array.identity(value)
        return smart_cond(
            training,
            lambda: self._move(variable, value, self.renorm_momentum),
            lambda: array.identity(variable),
        )

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the inputs."""
        return TensorShape(input_shape)


def _known(training: Any) -> bool | None:
    if isinstance(training, GraphVariable):
        return None
    try:
        return smart_constant_value(training)
    except TypeError:
        raise TypeError(
            "`pred` must be a Tensor, or a Python bool, or 1 or 0. Received:"
            f" {type(training)}"
        ) from None


def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: Any = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Any = _ZEROS,
    gamma_initializer: Any = _ONES,
    moving_mean_initializer: Any = _ZEROS,
    moving_variance_initializer: Any = _ONES,
    beta_regularizer: OfVariable = None,
    gamma_regularizer: OfVariable = None,
    beta_constraint: OfVariable = None,
    gamma_constraint: OfVariable = None,
    training: Any = False,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: Mapping[str, Any] | None = None,
    renorm_momentum: float = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
) -> Tensor:
    """Normalize every channel, with the moments of the batch while training.

    Args:
        inputs: A tensor.
        axis: The axis of the channels, or several.
        momentum: Share of the old value in a moving average.
        epsilon: Added to the variance.
        center: Whether there is an offset, `beta`.
        scale: Whether there is a scale, `gamma`.
        beta_initializer: Initial value of the offset.
        gamma_initializer: Initial value of the scale.
        moving_mean_initializer: Initial value of the moving mean.
        moving_variance_initializer: Initial value of the moving variance.
        beta_regularizer: A function of the offset that returns a loss.
        gamma_regularizer: A function of the scale that returns a loss.
        beta_constraint: Applied to the offset after each training step.
        gamma_constraint: Applied to the scale after each training step.
        training: Whether to use the moments of the batch: a boolean or a tensor.
        trainable: Whether the variables are to be trained.
        name: Name of the variable scope.
        reuse: Whether variables of an earlier layer of this name are used.
        renorm: Whether to correct towards the moving averages while training.
        renorm_clipping: Limits `rmin`, `rmax` and `dmax` of the correction.
        renorm_momentum: Share of the old value in the averages of the correction.
        fused: Whether one operation does the work; where possible if None.
        virtual_batch_size: Size of the parts of a batch that keep moments apart.
        adjustment: A function of the shape that returns a random scale and offset.
    """
    layer = BatchNormalization(
        axis=axis,
        momentum=momentum,
        epsilon=epsilon,
        center=center,
        scale=scale,
        beta_initializer=beta_initializer,
        gamma_initializer=gamma_initializer,
        moving_mean_initializer=moving_mean_initializer,
        moving_variance_initializer=moving_variance_initializer,
        beta_regularizer=beta_regularizer,
        gamma_regularizer=gamma_regularizer,
        beta_constraint=beta_constraint,
        gamma_constraint=gamma_constraint,
        renorm=renorm,
        renorm_clipping=renorm_clipping,
        renorm_momentum=renorm_momentum,
        fused=fused,
        trainable=trainable,
        virtual_batch_size=virtual_batch_size,
        adjustment=adjustment,
        name=name,
        _reuse=reuse,
        _scope=name,
    )
    outputs: Tensor = layer(inputs, training=training)
    return outputs
