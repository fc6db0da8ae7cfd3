"""Separable convolution layers (`tf.layers.separable_conv2d` and its kin).

Source: tf_keras layers/convolutional/base_separable_conv.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.initializers import zeros_initializer
from metagraft.api.layer_arguments import op_format
from metagraft.api.layer_convolution import CONFIG_NAMES, ConvolutionLayer, OfVariable
from metagraft.api.layer_input import InputSpec
from metagraft.api.nn_bias import bias_add
from metagraft.api.nn_depthwise import separable_conv2d as convolve
from metagraft.graph.build import array
from metagraft.graph.build.pad import pad
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "SeparableConv1D",
    "SeparableConv2D",
    "separable_conv1d",
    "separable_conv2d",
]

_ZEROS = zeros_initializer()


class _Separable(ConvolutionLayer):
    """Convolves each channel on its own, then mixes the channels."""

    _config_names = (
        *CONFIG_NAMES,
        "depth_multiplier",
        "depthwise_initializer",
        "pointwise_initializer",
        "depthwise_regularizer",
        "pointwise_regularizer",
        "depthwise_constraint",
        "pointwise_constraint",
    )

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        depthwise_regularizer: OfVariable = None,
        pointwise_regularizer: OfVariable = None,
        bias_regularizer: OfVariable = None,
        activity_regularizer: OfVariable = None,
        depthwise_constraint: OfVariable = None,
        pointwise_constraint: OfVariable = None,
        bias_constraint: OfVariable = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Remember the arguments; see `separable_conv2d`."""
        kwargs.setdefault("kernel_initializer", "glorot_uniform")
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            trainable=trainable,
            name=name,
            **kwargs,
        )
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = depthwise_initializer
        self.pointwise_initializer = pointwise_initializer
        self.depthwise_regularizer = depthwise_regularizer
        self.pointwise_regularizer = pointwise_regularizer
        self.depthwise_constraint = depthwise_constraint
        self.pointwise_constraint = pointwise_constraint

    def build(self, input_shape: Any) -> None:
        """Make both kernels and the bias."""
        channels = self.input_channels(TensorShape(input_shape))
        self.input_spec = InputSpec(
            ndim=self.rank + 2, axes={self.channel_axis: channels}
        )
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            trainable=True,
            dtype=self.dtype,
        )
        mixed = self.depth_multiplier * channels
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            shape=(*(1,) * self.rank, mixed, self.filter_count()),
            initializer=self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
            trainable=True,
            dtype=self.dtype,
        )
        self.bias = self.make_bias()
        self.built = True


class SeparableConv1D(_Separable):
    """Separable convolution of sequences: an image of height 1."""

    rank = 1

    def call(self, inputs: Tensor) -> Any:
        """Add the nodes."""
        if self.padding == "causal":
            inputs = pad(inputs, self.causal_paddings(inputs))
        is_first = self.is_channels_first
        axis = 2 if is_first else 1
        strides = (1, 1, *self.strides * 2) if is_first else (1, *self.strides * 2, 1)
        image_format = op_format(self.data_format, 4)
        image = array.expand_dims(inputs, axis)
        depthwise = array.expand_dims(self.depthwise_kernel, 0)
        pointwise = array.expand_dims(self.pointwise_kernel, 0)
        outputs = convolve(
            image,
            depthwise,
            pointwise,
            strides=strides,
            padding=self.op_padding(),
            rate=(1, *self.dilation_rate),
            data_format=image_format,
        )
        if self.use_bias:
            outputs = bias_add(outputs, self.bias, data_format=image_format)
        return self.activation(array.squeeze(outputs, [axis]))


class SeparableConv2D(_Separable):
    """Separable convolution of images."""

    rank = 2

    def call(self, inputs: Tensor) -> Any:
        """Add the nodes."""
        is_first = self.is_channels_first
        outputs = convolve(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            strides=(1, 1, *self.strides) if is_first else (1, *self.strides, 1),
            padding=self.padding.upper(),
            rate=self.dilation_rate,
            data_format=self.op_format,
        )
        if self.use_bias:
            outputs = bias_add(outputs, self.bias, data_format=self.op_format)
        return self.activation(outputs)


def separable_conv1d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
    depth_multiplier: int = 1,
    activation: Any = None,
    use_bias: bool = True,
    depthwise_initializer: Any = None,
    pointwise_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    depthwise_regularizer: OfVariable = None,
    pointwise_regularizer: OfVariable = None,
    bias_regularizer: OfVariable = None,
    activity_regularizer: OfVariable = None,
    depthwise_constraint: OfVariable = None,
    pointwise_constraint: OfVariable = None,
    bias_constraint: OfVariable = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Convolve each feature of a sequence on its own, then mix them.

    The arguments are those of `separable_conv2d`.
    """
    layer = SeparableConv1D(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        depth_multiplier=depth_multiplier,
        activation=activation,
        use_bias=use_bias,
        depthwise_initializer=depthwise_initializer,
        pointwise_initializer=pointwise_initializer,
        bias_initializer=bias_initializer,
        depthwise_regularizer=depthwise_regularizer,
        pointwise_regularizer=pointwise_regularizer,
        bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer,
        depthwise_constraint=depthwise_constraint,
        pointwise_constraint=pointwise_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
        name=name,
        _reuse=reuse,
        _scope=name,
    )
    outputs: Tensor = layer(inputs)
    return outputs


def separable_conv2d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = (1, 1),
    depth_multiplier: int = 1,
    activation: Any = None,
    use_bias: bool = True,
    depthwise_initializer: Any = None,
    pointwise_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    depthwise_regularizer: OfVariable = None,
    pointwise_regularizer: OfVariable = None,
    bias_regularizer: OfVariable = None,
    activity_regularizer: OfVariable = None,
    depthwise_constraint: OfVariable = None,
    pointwise_constraint: OfVariable = None,
    bias_constraint: OfVariable = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Convolve each channel of an image on its own, then mix the channels.

    Args:
        inputs: `[batch, height, width, channels]`, or with channels first.
        filters: Channels of the result.
        kernel_size: Size of a filter: a number, or two.
        strides: Steps of a filter, likewise.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`.
        dilation_rate: Distances between the taps of a filter.
        depth_multiplier: Filters for every channel.
        activation: A function; None for none.
        use_bias: Whether there is a bias.
        depthwise_initializer: Initial value of the filters of the channels.
        pointwise_initializer: Initial value of what mixes the channels.
        bias_initializer: Initial value of the bias.
        depthwise_regularizer: A function of the first that returns a loss.
        pointwise_regularizer: A function of the second that returns a loss.
        bias_regularizer: A function of the bias that returns a loss.
        activity_regularizer: A function of the result that returns a loss.
        depthwise_constraint: Applied to the first after each training step.
        pointwise_constraint: Applied to the second after each training step.
        bias_constraint: Applied to the bias after each training step.
        trainable: Whether the variables are to be trained.
        name: Name of the variable scope.
        reuse: Whether variables of an earlier layer of this name are used.
    """
    layer = SeparableConv2D(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        depth_multiplier=depth_multiplier,
        activation=activation,
        use_bias=use_bias,
        depthwise_initializer=depthwise_initializer,
        pointwise_initializer=pointwise_initializer,
        bias_initializer=bias_initializer,
        depthwise_regularizer=depthwise_regularizer,
        pointwise_regularizer=pointwise_regularizer,
        bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer,
        depthwise_constraint=depthwise_constraint,
        pointwise_constraint=pointwise_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
        name=name,
        _reuse=reuse,
        _scope=name,
    )
    outputs: Tensor = layer(inputs)
    return outputs
