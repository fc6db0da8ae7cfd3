"""What the convolution layers have in common.

Source: tf_keras layers/convolutional/base_conv.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.initializers import zeros_initializer
from metagraft.api.layer import Layer
from metagraft.api.layer_arguments import (
    activation_function,
    as_tuple,
    checked_format,
    checked_padding,
    op_format,
    output_length,
)
from metagraft.api.layer_input import InputSpec
from metagraft.api.nn_bias import bias_add
from metagraft.api.nn_convolution import convolution
from metagraft.graph.build import array
from metagraft.graph.build.pad import pad
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["CONFIG_NAMES", "ConvolutionLayer", "OfVariable"]

OfVariable = Callable[[Any], Any] | None
# The arguments of a convolution, in the order of `get_config`.
CONFIG_NAMES = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "data_format",
    "dilation_rate",
    "groups",
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


class ConvolutionLayer(Layer):
    """Slides filters over 1, 2 or 3 dimensions; derived classes say how many."""

    _config_names: tuple[str, ...] = CONFIG_NAMES

    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        kernel_regularizer: OfVariable = None,
        bias_regularizer: OfVariable = None,
        activity_regularizer: OfVariable = None,
        kernel_constraint: OfVariable = None,
        bias_constraint: OfVariable = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Remember the arguments; see `conv2d`.

        Raises:
            ValueError: They do not fit together.
        """
        self._take_options(kwargs)
        super().__init__(
            trainable=trainable,
            name=name,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters = int(filters) if isinstance(filters, float) else filters
        if filters is not None and self.filters <= 0:
            raise ValueError(
                "Invalid value for argument `filters`. Expected a strictly positive"
                f" value. Received filters={filters}."
            )
        self.kernel_size = as_tuple(kernel_size, self.rank, "kernel_size")
        self.strides = as_tuple(strides, self.rank, "strides", allow_zero=True)
        self.padding = checked_padding(padding)
        self.data_format = checked_format(data_format)
        self.dilation_rate = as_tuple(dilation_rate, self.rank, "dilation_rate")
        self.activation = activation_function(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = (
            zeros_initializer() if bias_initializer is None else bias_initializer
        )
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.input_spec = InputSpec(min_ndim=self.rank + 2)
        self.kernel: Any = None
        self.bias: Any = None
        self._check_sizes()

    def _take_options(self, options: dict[str, Any]) -> None:
        """Take the arguments away that `Layer` does not know."""
        self.groups: int = options.pop("groups", 1) or 1

    def _check_sizes(self) -> None:
        if self.filters is not None and self.filters % self.groups:
            raise ValueError(
                "The number of filters must be evenly divisible by the number of"
                f" groups. Received: groups={self.groups}, filters={self.filters}"
            )
        if not all(self.strides):
            raise ValueError(
                f"The argument `strides` cannot contains 0(s). Received: {self.strides}"
            )
        if self.padding == "causal" and self.rank != 1:
            raise ValueError(
                "Causal padding is only supported for `Conv1D`and `SeparableConv1D`."
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`."
                f" Received: strides={self.strides} and dilation_rate="
                f"{self.dilation_rate}"
            )

    @property
    def is_channels_first(self) -> bool:
        """Whether the channels are axis 1."""
        return self.data_format == "channels_first"

    @property
    def op_format(self) -> str:
        """The format as operations call it."""
        return op_format(self.data_format, self.rank + 2)

    @property
    def channel_axis(self) -> int:
        """The axis of the channels, counted from the end."""
        return -1 - self.rank if self.is_channels_first else -1

    def input_channels(self, input_shape: TensorShape, what: str = "") -> int:
        """Return how many channels the inputs have.

        Raises:
            TypeError: Not even the rank of the inputs is known.
            ValueError: It is not known.
        """
        if input_shape.rank is None:
            # TF: asks for one of no dimensions.
            raise TypeError("'NoneType' object is not subscriptable")
        size = input_shape[self.channel_axis].value
        if size is None:
            raise ValueError(
                f"The channel dimension of the inputs {what}should be defined. The"
                f" input_shape received is {input_shape}, where axis"
                f" {self.channel_axis} (0-based) is the channel dimension, which found"
                " to be `None`."
            )
        return int(size)

    def filter_count(self) -> int:
        """Return how many filters there are.

        Raises:
            TypeError: Their number is a bool.
            ValueError: It was never said.
        """
        if self.filters is None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} needs a number of `filters`."
            )
        if isinstance(self.filters, bool):
            raise TypeError(f"Expected an int, got a boolean: filters={self.filters}")
        return self.filters

    def make_kernel(self, shape: Any) -> Any:
        """Make the variable `kernel`."""
        return self.add_weight(
            "kernel",
            shape=shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            trainable=True,
            dtype=self.dtype,
        )

    def make_bias(self) -> Any:
        """Make the variable `bias`, if there is to be one."""
        if not self.use_bias:
            return None
        return self.add_weight(
            "bias",
            shape=(self.filters,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            trainable=True,
            dtype=self.dtype,
        )

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias.

        Raises:
            ValueError: The groups do not divide the channels.
        """
        shape = TensorShape(input_shape)
        channels = self.input_channels(shape)
        self.compute_output_shape(shape)
        if channels % self.groups:
            raise ValueError(
                "The number of input channels must be evenly divisible by the number of"
                f" groups. Received groups={self.groups}, but the input has {channels}"
                f" channels (full input shape is {shape})."
            )
        # TF: convolutions of several groups are compiled functions.
        taken = channels // self.groups
        self.kernel = self.make_kernel((*self.kernel_size, taken, self.filter_count()))
        self.bias = self.make_bias()
        self.input_spec = InputSpec(
            min_ndim=self.rank + 2, axes={self.channel_axis: channels}
        )
        self.built = True

    def call(self, inputs: Tensor) -> Any:
        """Add the nodes."""
        given_shape = inputs.shape
        if self.padding == "causal":
            inputs = pad(inputs, self.causal_paddings(inputs))
        outputs = convolution(
            inputs,
            self.kernel,
            strides=list(self.strides),
            padding=self.op_padding(),
            dilations=list(self.dilation_rate),
            data_format=self.op_format,
            name=type(self).__name__,
        )
        if self.use_bias:
            if self.rank == 1 and self.is_channels_first:
                outputs = outputs + array.reshape(self.bias, (1, self.filters, 1))
            else:
                outputs = bias_add(outputs, self.bias, data_format=self.op_format)
        if given_shape.ndims:
            outputs.set_shape(self.compute_output_shape(given_shape))
        return self.activation(outputs)

    def op_padding(self) -> Any:
        """Return the padding as operations call it."""
        if self.padding == "causal":
            return "VALID"
        return self.padding.upper() if isinstance(self.padding, str) else self.padding

    def causal_paddings(self, inputs: Tensor) -> list[list[int]]:
        """Return the paddings after which an output only sees inputs before it."""
        left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        rank = inputs.shape.ndims
        batch = [[0, 0]] * (1 if rank is None else rank - 2)
        if self.is_channels_first:
            return [*batch, [0, 0], [left, 0]]
        return [*batch, [left, 0], [0, 0]]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for inputs of this shape.

        Raises:
            ValueError: A dimension would become zero or negative.
        """
        sizes = TensorShape(input_shape).as_list()
        batch_rank = len(sizes) - self.rank - 1
        first = batch_rank + 1 if self.is_channels_first else batch_rank
        inner = [
            output_length(size, taps, self.padding, stride, dilation)
            for size, taps, stride, dilation in zip(
                sizes[first : first + self.rank],
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        ]
        if any(size is not None and size <= 0 for size in inner):
            raise ValueError(
                "One of the dimensions in the output is <= 0 due to downsampling in"
                f" {self.name}. Consider increasing the input size. Received input"
                f" shape {sizes} which would produce output shape with a zero or"
                " negative value in a dimension."
            )
        batch = sizes[:batch_rank]
        if self.is_channels_first:
            return TensorShape([*batch, self.filters, *inner])
        return TensorShape([*batch, *inner, self.filters])
