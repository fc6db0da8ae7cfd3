"""Pooling layers (`tf.layers.max_pooling2d` and its kin).

Source: tf_keras legacy_tf_layers/pooling.py, layers/pooling/.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api import nn_pooling
from metagraft.api.layer import Layer
from metagraft.api.layer_arguments import (
    as_tuple,
    checked_format,
    checked_padding,
    op_format,
    output_length,
)
from metagraft.api.layer_input import InputSpec
from metagraft.graph.build import array
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "average_pooling1d",
    "average_pooling2d",
    "average_pooling3d",
    "max_pooling1d",
    "max_pooling2d",
    "max_pooling3d",
]


class _Pooling(Layer):
    """Slides a window over 1, 2 or 3 dimensions."""

    _config_names: tuple[str, ...] = ("pool_size", "padding", "strides", "data_format")

    _count: int
    pool_function: Callable[..., Tensor]

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Remember the arguments.

        Raises:
            ValueError: `strides` is None.
        """
        if strides is None:
            raise ValueError("Argument `strides` must not be None.")
        super().__init__(name=name, **kwargs)
        self.pool_size = as_tuple(pool_size, self._count, "pool_size")
        self.strides = as_tuple(strides, self._count, "strides", allow_zero=True)
        self.padding = checked_padding(padding)
        self.data_format = checked_format(data_format)
        self.input_spec = InputSpec(ndim=self._count + 2)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the outputs for inputs of this shape."""
        sizes = TensorShape(input_shape).as_list()
        first = 2 if self.data_format == "channels_first" else 1
        for place in range(self._count):
            sizes[first + place] = output_length(
                sizes[first + place],
                self.pool_size[place],
                self.padding,
                self.strides[place],
            )
        return TensorShape(sizes)


class _Pooling1D(_Pooling):
    _count = 1
    _config_names = (
        "strides",
        "pool_size",
        "padding",
        "data_format",
    )

    def call(self, inputs: Tensor) -> Tensor:
        """Pool an image of width 1."""
        is_last = self.data_format == "channels_last"
        axis = 2 if is_last else 3
        image = array.expand_dims(inputs, axis)
        if not is_last:
            image = array.transpose(image, (0, 2, 3, 1))
        pooled = self.pool_function(
            image,
            (1, *self.pool_size, 1, 1),
            (1, *self.strides, 1, 1),
            padding=self.padding.upper(),
            data_format="NHWC",
        )
        if not is_last:
            pooled = array.transpose(pooled, (0, 3, 1, 2))
        return array.squeeze(pooled, axis)


class _Pooling2D(_Pooling):
    _count = 2

    def call(self, inputs: Tensor) -> Tensor:
        """Add the nodes."""
        ends = ((1,), (1,)) if self.data_format == "channels_last" else ((1, 1), ())
        return self.pool_function(
            inputs,
            ksize=(*ends[0], *self.pool_size, *ends[1]),
            strides=(*ends[0], *self.strides, *ends[1]),
            padding=self.padding.upper(),
            data_format=op_format(self.data_format, 4),
        )


class _Pooling3D(_Pooling):
    _count = 3

    def call(self, inputs: Tensor) -> Tensor:
        """Add the nodes."""
        is_first = self.data_format == "channels_first"
        if is_first:
            inputs = array.transpose(inputs, (0, 2, 3, 4, 1))
        pooled = self.pool_function(
            inputs,
            ksize=(1, *self.pool_size, 1),
            strides=(1, *self.strides, 1),
            padding=self.padding.upper(),
        )
        return array.transpose(pooled, (0, 4, 1, 2, 3)) if is_first else pooled


class MaxPooling1D(_Pooling1D):
    """The largest value of every window of `[batch, steps, features]`."""

    pool_function = staticmethod(nn_pooling.max_pool)


class MaxPooling2D(_Pooling2D):
    """The largest value of every window of `[batch, height, width, channels]`."""

    pool_function = staticmethod(nn_pooling.max_pool)


class MaxPooling3D(_Pooling3D):
    """The largest value of every window of a volume."""

    pool_function = staticmethod(nn_pooling.max_pool3d)


class AveragePooling1D(_Pooling1D):
    """The average of every window of `[batch, steps, features]`."""

    pool_function = staticmethod(nn_pooling.avg_pool)


def _average_of_images(images: Tensor, **options: Any) -> Tensor:
    if images.shape.rank is None:
        raise ValueError("Cannot take the length of shape with unknown rank.")
    return nn_pooling.avg_pool(images, **options)


class AveragePooling2D(_Pooling2D):
    """The average of every window of `[batch, height, width, channels]`."""

    pool_function = staticmethod(_average_of_images)


class AveragePooling3D(_Pooling3D):
    """The average of every window of a volume."""

    pool_function = staticmethod(nn_pooling.avg_pool3d)


def max_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The largest value of every window of a sequence.

    Args:
        inputs: `[batch, steps, features]`, or with channels first.
        pool_size: Size of the window.
        strides: Step of the window.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`.
        name: Name of the scope.
    """
    layer = MaxPooling1D(pool_size, strides, padding, data_format, name)
    outputs: Tensor = layer(inputs)
    return outputs


def max_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The largest value of every window of an image; see `max_pooling1d`."""
    layer = MaxPooling2D(pool_size, strides, padding, data_format, name)
    outputs: Tensor = layer(inputs)
    return outputs


def max_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The largest value of every window of a volume; see `max_pooling1d`."""
    layer = MaxPooling3D(pool_size, strides, padding, data_format, name)
    outputs: Tensor = layer(inputs)
    return outputs


def average_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The average of every window of a sequence; see `max_pooling1d`."""
    layer = AveragePooling1D(pool_size, strides, padding, data_format, name)
    outputs: Tensor = layer(inputs)
    return outputs


def average_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The average of every window of an image; see `max_pooling1d`."""
    layer = AveragePooling2D(pool_size, strides, padding, data_format, name)
    outputs: Tensor = layer(inputs)
    return outputs


def average_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The average of every window of a volume; see `max_pooling1d`."""
    layer = AveragePooling3D(pool_size, strides, padding, data_format, name)
    outputs: Tensor = layer(inputs)
    return outputs
