"""Convolution layers (`tf.layers.conv2d` and its kin).

Source: tf_keras legacy_tf_layers/convolutional.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.initializers import zeros_initializer
from metagraft.api.layer_convolution import ConvolutionLayer, OfVariable
from metagraft.graph.tensor import Tensor

__all__ = ["Conv1D", "Conv2D", "Conv3D", "conv1d", "conv2d", "conv3d"]

_ZEROS = zeros_initializer()


class Conv1D(ConvolutionLayer):
    """Slides filters along a sequence `[batch, steps, features]`."""

    rank = 1


class Conv2D(ConvolutionLayer):
    """Slides filters over an image `[batch, height, width, channels]`."""

    rank = 2


class Conv3D(ConvolutionLayer):
    """Slides filters over a volume `[batch, depth, height, width, channels]`."""

    rank = 3


def conv1d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
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
    """Slide filters along a sequence.

    Args:
        inputs: `[batch, ..., channels]`, or with channels first.
        filters: How many filters, and channels of the result.
        kernel_size: Size of a filter: a number, or one for every dimension.
        strides: Steps of a filter, likewise.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`.
        dilation_rate: Distances between the taps of a filter.
        activation: A function; None for none.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial value of the filters; `glorot_uniform` if None.
        bias_initializer: Initial value of the bias.
        kernel_regularizer: A function of the filters that returns a loss.
        bias_regularizer: A function of the bias that returns a loss.
        activity_regularizer: A function of the result that returns a loss.
        kernel_constraint: Applied to the filters after each training step.
        bias_constraint: Applied to the bias after each training step.
        trainable: Whether the variables are to be trained.
        name: Name of the variable scope.
        reuse: Whether variables of an earlier layer of this name are used.
    """
    layer = Conv1D(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
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
        _reuse=reuse,
        _scope=name,
    )
    outputs: Tensor = layer(inputs)
    return outputs


def conv2d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = (1, 1),
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
    """Slide filters over an image; see `conv1d`."""
    layer = Conv2D(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
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
        _reuse=reuse,
        _scope=name,
    )
    outputs: Tensor = layer(inputs)
    return outputs


def conv3d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = (1, 1, 1),
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
    """Slide filters over a volume; see `conv1d`."""
    layer = Conv3D(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
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
        _reuse=reuse,
        _scope=name,
    )
    outputs: Tensor = layer(inputs)
    return outputs
