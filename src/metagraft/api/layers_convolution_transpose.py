"""Transposed convolution layers (`tf.layers.conv2d_transpose` and its kin).

Source: tf_keras layers/convolutional/conv2d_transpose.py, conv3d_transpose.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.initializers import zeros_initializer
from metagraft.api.layer_arguments import op_format, transposed_length
from metagraft.api.layer_convolution import CONFIG_NAMES, ConvolutionLayer, OfVariable
from metagraft.api.layer_input import InputSpec
from metagraft.api.nn_bias import bias_add
from metagraft.api.nn_convolution_transpose import (
    conv2d_transpose as transpose_2d,
)
from metagraft.api.nn_convolution_transpose import (
    conv3d_transpose as transpose_3d,
)
from metagraft.errors import UnimplementedError
from metagraft.graph.build import array
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["Conv2DTranspose", "Conv3DTranspose", "conv2d_transpose", "conv3d_transpose"]

_ZEROS = zeros_initializer()


class _Transposed(ConvolutionLayer):
    """Makes images larger: the gradient of a convolution."""

    _config_names: tuple[str, ...] = (*CONFIG_NAMES, "output_padding")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
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
        """Remember the arguments; see `conv2d_transpose`."""
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
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
            **kwargs,
        )

    def _take_options(self, options: dict[str, Any]) -> None:
        """Take the arguments away that `Layer` does not know.

        Raises:
            UnimplementedError: The result is to be padded, or there are groups.
        """
        super()._take_options(options)
        self.output_padding = options.pop("output_padding", None)
        if self.output_padding is not None or self.groups != 1:
            raise UnimplementedError(
                None, None, "`output_padding` and `groups` are not built."
            )

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias.

        Raises:
            ValueError: The inputs have another rank.
        """
        shape = TensorShape(input_shape)
        if len(shape.as_list()) != self.rank + 2:
            raise ValueError(
                f"Inputs should have rank {self.rank + 2}. Received input_shape="
                f"{shape}."
            )
        channels = self.input_channels(shape, f"to `{type(self).__name__}` ")
        self.input_spec = InputSpec(
            ndim=self.rank + 2, axes={self.channel_axis: channels}
        )
        self.kernel = self.make_kernel(
            (*self.kernel_size, self.filter_count(), channels)
        )
        self.bias = self.make_bias()
        self.built = True

    @property
    def _first_axis(self) -> int:
        return 2 if self.is_channels_first else 1

    def _lengths(self, sizes: list[Any]) -> list[Any]:
        rows = zip(
            sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True
        )
        return [
            transposed_length(size, taps, self.padding, stride, dilation)
            for size, taps, stride, dilation in rows
        ]

    def _output_sizes(self, batch: Any, lengths: list[Any]) -> Tensor:
        if self.is_channels_first:
            return array.stack([batch, self.filters, *lengths])
        return array.stack([batch, *lengths, self.filters])

    def _op_strides(self) -> tuple[int, ...]:
        if self.is_channels_first:
            return (1, 1, *self.strides)
        return (1, *self.strides, 1)

    def _finished(self, outputs: Tensor, given_shape: TensorShape) -> Any:
        if given_shape.ndims:
            outputs.set_shape(self.compute_output_shape(given_shape))
        if self.use_bias:
            bias_format = op_format(self.data_format, 4)
            outputs = bias_add(outputs, self.bias, data_format=bias_format)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for inputs of this shape."""
        sizes = TensorShape(input_shape).as_list()
        first = self._first_axis
        lengths = self._lengths(sizes[first : first + self.rank])
        if self.is_channels_first:
            return TensorShape([sizes[0], self.filters, *lengths])
        return TensorShape([sizes[0], *lengths, self.filters])


class Conv2DTranspose(_Transposed):
    """Transposed convolution of images."""

    rank = 2

    def call(self, inputs: Tensor) -> Any:
        """Add the nodes."""
        shape = array.shape(inputs)
        batch = shape[0]
        dims = inputs.dims
        axes = range(self._first_axis, self._first_axis + 2)
        known = [None if dims is None else dims[axis] for axis in axes]
        sizes = [
            shape[axis] if size is None else size
            for axis, size in zip(axes, known, strict=True)
        ]
        output_shape = self._output_sizes(batch, self._lengths(sizes))
        outputs = self._transposed(inputs, output_shape)
        return self._finished(outputs, inputs.shape)

    def _transposed(self, inputs: Tensor, output_shape: Tensor) -> Tensor:
        # TF: images with channels first are transposed, as on its CPU.
        strides = (1, *self.strides, 1)
        padding = self.padding.upper()
        if not self.is_channels_first:
            # TF: asks whether the batch is None, which adds a node.
            _ = output_shape[0]
            return transpose_2d(
                inputs, self.kernel, output_shape, strides, padding=padding
            )
        image = array.transpose(inputs, (0, 2, 3, 1))
        sizes = array.stack([output_shape[axis] for axis in (0, 2, 3, 1)])
        result = transpose_2d(image, self.kernel, sizes, strides, padding=padding)
        return array.transpose(result, (0, 3, 1, 2))


class Conv3DTranspose(_Transposed):
    """Transposed convolution of volumes."""

    rank = 3
    _config_names = tuple(
        name for name in (*CONFIG_NAMES, "output_padding") if name != "dilation_rate"
    )

    def call(self, inputs: Tensor) -> Any:
        """Add the nodes."""
        shape = array.shape(inputs)
        batch = shape[0]
        first = self._first_axis
        sizes = [shape[axis] for axis in range(first, first + 3)]
        output_shape = self._output_sizes(batch, self._lengths(sizes))
        outputs = transpose_3d(
            inputs,
            self.kernel,
            output_shape,
            self._op_strides(),
            data_format=self.op_format,
            padding=self.padding.upper(),
        )
        return self._finished(outputs, inputs.shape)


def conv2d_transpose(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
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
    """Make an image larger by a transposed convolution.

    The arguments are those of `conv1d`.
    """
    layer = Conv2DTranspose(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
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


def conv3d_transpose(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
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
    """Make a volume larger by a transposed convolution.

    The arguments are those of `conv1d`.
    """
    layer = Conv3DTranspose(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
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
