"""Dense, dropout and flatten layers (`tf.layers.dense` and its kin).

Source: tf_keras legacy_tf_layers/core.py, layers/core/dense.py.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

from metagraft.api.cond import smart_cond
from metagraft.api.initializers import zeros_initializer
from metagraft.api.layer import Layer
from metagraft.api.layer_arguments import activation_function, checked_format
from metagraft.api.layer_input import InputSpec
from metagraft.api.learning_phase import training_or_phase
from metagraft.api.matrix import tensordot
from metagraft.api.nn_activation import dropout as drop
from metagraft.api.nn_bias import bias_add
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.matmul import matmul
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["Dense", "Dropout", "Flatten", "dense", "dropout", "flatten"]

OfVariable = Callable[[Any], Any] | None
_ZEROS = zeros_initializer()


class Dense(Layer):
    """`activation(inputs @ kernel + bias)`."""

    _config_names = (
        "units",
        "activation",
        "use_bias",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "kernel_constraint",
        "bias_constraint",
    )

    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: OfVariable = None,
        bias_regularizer: OfVariable = None,
        activity_regularizer: OfVariable = None,
        kernel_constraint: OfVariable = None,
        bias_constraint: OfVariable = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Remember the arguments.

        Raises:
            ValueError: `units` is negative.
        """
        super().__init__(
            trainable=trainable,
            name=name,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.units = int(units)
        if self.units < 0:
            raise ValueError(
                "Received an invalid value for `units`, expected a positive integer."
                f" Received: units={units}"
            )
        self.activation = activation_function(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.input_spec = InputSpec(min_ndim=2)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias.

        Raises:
            TypeError: The type is not floating-point.
            ValueError: The last dimension of the inputs is not known.
        """
        dtype = as_dtype(self.dtype or dtypes.float32)
        if not (dtype.is_floating or dtype.is_complex):
            raise TypeError(
                "A Dense layer can only be built with a floating-point dtype."
                f" Received: dtype={dtype}"
            )
        shape = TensorShape(input_shape)
        size = shape[-1].value
        if size is None:
            raise ValueError(
                "The last dimension of the inputs to a Dense layer should be defined."
                f" Found None. Full input shape received: {shape}"
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})
        self.kernel = self.add_weight(
            "kernel",
            shape=[size, self.units],
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            dtype=self.dtype,
            trainable=True,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                shape=[self.units],
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                dtype=self.dtype,
                trainable=True,
            )
        self.built = True

    def call(self, inputs: Tensor) -> Any:
        """Add the nodes."""
        inputs = cast(inputs, as_dtype(self.dtype))
        rank = inputs.shape.ndims
        if rank in (None, 2):
            outputs = matmul(inputs, self.kernel)
        else:
            assert rank is not None
            outputs = tensordot(inputs, self.kernel, [[rank - 1], [0]])
            outputs.set_shape([*inputs.shape.as_list()[:-1], self.units])
        if self.use_bias:
            outputs = bias_add(outputs, self.bias)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for inputs of this shape."""
        shape = TensorShape(input_shape).with_rank_at_least(2)
        if shape[-1].value is None:
            raise ValueError(
                "The last dimension of the input shape of a Dense layer should be"
                f" defined. Found None. Received: input_shape={shape}"
            )
        return shape[:-1].concatenate(self.units)


def dense(
    inputs: Any,
    units: int,
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    kernel_regularizer: OfVariable = None,
    bias_regularizer: OfVariable = None,
    activity_regularizer: OfVariable = None,
    kernel_constraint: OfVariable = None,
    bias_constraint: OfVariable = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Return `activation(inputs @ kernel + bias)`, making kernel and bias.

    Args:
        inputs: `[..., features]`.
        units: Size of the last dimension of the result.
        activation: A function; None for none.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial value of the kernel; `glorot_uniform` if None.
        bias_initializer: Initial value of the bias.
        kernel_regularizer: A function of the kernel that returns a loss.
        bias_regularizer: A function of the bias that returns a loss.
        activity_regularizer: A function of the result that returns a loss.
        kernel_constraint: Applied to the kernel after each training step.
        bias_constraint: Applied to the bias after each training step.
        trainable: Whether the variables are to be trained.
        name: Name of the variable scope.
        reuse: Whether variables of an earlier layer of this name are used.
    """
    layer = Dense(
        units,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        bias_initializer=bias_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer,
        kernel_constraint=kernel_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
        name=name,
        _scope=name,
        _reuse=reuse,
    )
    outputs: Tensor = layer(inputs)
    return outputs


class Dropout(Layer):
    """Sets elements to zero at random while training."""

    _config_names = (
        "rate",
        "noise_shape",
        "seed",
    )

    supports_masking = True

    def __init__(
        self,
        rate: Any = 0.5,
        noise_shape: Any = None,
        seed: int | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Remember the arguments.

        Raises:
            ValueError: The rate is not in `[0, 1]`.
        """
        super().__init__(name=name, **kwargs)
        if isinstance(rate, (int, float)) and not 0 <= rate <= 1:
            raise ValueError(
                f"Invalid value {rate} received for `rate`, expected a value between 0"
                " and 1."
            )
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed

    def call(self, inputs: Tensor, training: Any = False) -> Any:
        """Add the nodes; `training` is a boolean or a tensor, or None for the phase."""
        if isinstance(self.rate, numbers.Real) and self.rate == 0:
            return array.identity(inputs)
        training = training_or_phase(training)

        def dropped() -> Tensor:
            noise_shape = self._noise_shape(inputs)
            return drop(
                inputs, rate=self.rate, noise_shape=noise_shape, seed=self._next_seed()
            )

        return smart_cond(training, dropped, lambda: array.identity(inputs))

    def _next_seed(self) -> int | None:
        """Every use of the layer draws other numbers."""
        seed = self.seed
        if seed is not None:
            self.seed = seed + 1
        return seed

    def _noise_shape(self, inputs: Tensor) -> Any:
        if self.noise_shape is None:
            return None
        sizes = array.shape(inputs)
        return convert_to_tensor(
            [sizes[i] if n is None else n for i, n in enumerate(self.noise_shape)]
        )

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the inputs."""
        return TensorShape(input_shape)


def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: Any = None,
) -> Tensor:
    """Set elements to zero at random while training, and scale up the rest.

    Args:
        inputs: A tensor.
        rate: The probability that an element is dropped.
        noise_shape: Shape of the random choices; broadcasts to that of the inputs.
        seed: Seed of the choices.
        training: Whether to drop: a boolean or a tensor.
        name: Name of the scope.
    """
    layer = Dropout(rate, noise_shape=noise_shape, seed=seed, name=name)
    outputs: Tensor = layer(inputs, training=training)
    return outputs


class Flatten(Layer):
    """Makes all dimensions but the first a single one."""

    _config_names = ("data_format",)

    def __init__(
        self, data_format: str | None = None, name: Any = None, **kwargs: Any
    ) -> None:
        """Remember the format."""
        super().__init__(name=name, **kwargs)
        self.data_format = checked_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        """Add the nodes."""
        rank = inputs.shape.ndims
        if self.data_format == "channels_first" and rank is not None and rank > 1:
            inputs = array.transpose(inputs, [0, *range(2, rank), 1])
        if rank == 1:
            return array.expand_dims(inputs, 1)
        dims = inputs.dims
        batch = None if dims is None else dims[0]
        inner = None if dims is None else dims[1:]
        shape: Any
        if inner is not None and None not in inner:
            shape = array.constant([-1, math.prod(d for d in inner if d is not None)])
        elif batch is not None:
            shape = array.constant([batch, -1])
        else:
            shape = [array.shape(inputs)[0], -1]
        return array.reshape(inputs, shape)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for inputs of this shape."""
        sizes = TensorShape(input_shape).as_list()
        if not sizes:
            return TensorShape([1])
        inner = sizes[1:]
        return TensorShape([sizes[0], None if None in inner else math.prod(inner)])


def flatten(
    inputs: Any, name: Any = None, data_format: str = "channels_last"
) -> Tensor:
    """Make all dimensions but the first a single one."""
    outputs: Tensor = Flatten(name=name, data_format=data_format)(inputs)
    return outputs
