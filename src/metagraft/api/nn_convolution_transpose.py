"""Transposed convolution (`tf.nn.conv2d_transpose` and its kin).

Source: tensorflow python/ops/nn_ops.py.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import numpy as np

from metagraft.api.nn_window_arguments import (
    channel_index,
    explicit_padding,
    per_axis,
)
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.space_batch import batch_to_space, space_to_batch
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "atrous_conv2d_transpose",
    "conv1d_transpose",
    "conv2d_backprop_input",
    "conv2d_transpose",
    "conv3d_transpose",
    "conv_transpose",
]


def conv2d_backprop_input(
    input_sizes: Any,
    filter: Any = None,
    out_backprop: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """The gradient of `conv2d` for its image."""
    filter = renamed_argument("filters", filters, "filter", filter)
    padding, explicit = explicit_padding(padding)
    result: Tensor = op(
        "Conv2DBackpropInput",
        input_sizes=input_sizes,
        filter=filter,
        out_backprop=out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=list(dilations),
        name=name,
    )
    return result


def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The gradient of `conv2d`, used to make images larger.

    Args:
        value: `[batch, height, width, channels]`.
        filter: `[height, width, outputs, channels]`.
        output_shape: Shape of the result.
        strides: Steps: a number, two, or four.
        padding: `SAME`, `VALID`, or four pairs.
        data_format: `NHWC` or `NCHW`.
        name: Name of the operation.
        input: The newer name of `value`.
        filters: The newer name of `filter`.
        dilations: Distances between the taps of a filter.
    """
    value = renamed_argument("input", input, "value", value)
    filter = renamed_argument("filters", filters, "filter", filter)
    with name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as scope:
        data_format = data_format or "NHWC"
        channels = channel_index(data_format, 3)
        steps = per_axis(strides, 2, channels, "strides")
        rates = per_axis(dilations, 2, channels, "dilations")
        padding, explicit = explicit_padding(padding)
        result: Tensor = op(
            "Conv2DBackpropInput",
            input_sizes=output_shape,
            filter=filter,
            out_backprop=value,
            strides=steps,
            padding=padding,
            explicit_paddings=explicit,
            data_format=data_format,
            dilations=rates,
            name=scope,
        )
        return result


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str | None = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """As `conv2d_transpose`, for sequences `[batch, width, channels]`.

    Raises:
        ValueError: The format is unknown.
    """
    with name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as scope:
        if data_format in (None, "NWC"):
            data_format, spatial, channels = "NHWC", 1, 2
        elif data_format == "NCW":
            data_format, spatial, channels = "NCHW", 2, 1
        else:
            raise ValueError(
                "`data_format` must be 'NWC' or 'NCW'. Received: data_format="
                f"{data_format}"
            )
        steps = [1, *per_axis(strides, 1, channels, "stride")]
        rates = [1, *per_axis(dilations, 1, channels, "dilations")]
        image = array.expand_dims(input, spatial)
        kernel = array.expand_dims(filters, 0)
        if not isinstance(output_shape, Tensor):
            output_shape = list(output_shape)
        sizes = array.concat([output_shape[:spatial], [1], output_shape[spatial:]], 0)
        result = op(
            "Conv2DBackpropInput",
            input_sizes=sizes,
            filter=kernel,
            out_backprop=image,
            strides=steps,
            padding=padding,
            data_format=data_format,
            dilations=rates,
            name=scope,
        )
        return array.squeeze(result, spatial)


def conv3d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: str = "SAME",
    data_format: str | None = "NDHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """As `conv2d_transpose`, for volumes."""
    filter = renamed_argument("filters", filters, "filter", filter)
    value = renamed_argument("input", input, "value", value)
    with name_scope(name, "conv3d_transpose", [value, filter, output_shape]) as scope:
        data_format = data_format or "NDHWC"
        channels = channel_index(data_format, 4)
        result: Tensor = op(
            "Conv3DBackpropInputV2",
            input_sizes=output_shape,
            filter=filter,
            out_backprop=value,
            strides=per_axis(strides, 3, channels, "strides"),
            padding=padding,
            data_format=data_format,
            dilations=per_axis(dilations, 3, channels, "dilations"),
            name=scope,
        )
        return result


def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Transposed convolution of as many dimensions as `output_shape` says.

    Raises:
        ValueError: These are not 1, 2 or 3 beside batch and channels.
    """
    with name_scope(name, "conv_transpose", [input, filters, output_shape]) as scope:
        if isinstance(output_shape, Tensor):
            count = int(output_shape.shape[0]) - 2
        elif isinstance(output_shape, Sized):
            count = len(output_shape) - 2
        else:
            raise ValueError(  # noqa: TRY004 - TensorFlow's error
                "`output_shape` must be a tensor or sized collection. Received:"
                f" output_shape={output_shape}"
            )
        if not 1 <= count <= 3:
            raise ValueError(
                "`output_shape` must be of length 3, 4 or 5. Received: output_shape="
                f"{output_shape} of length {count + 2}."
            )
        function = (conv1d_transpose, conv2d_transpose, conv3d_transpose)[count - 1]
        return function(
            input=input,
            filters=filters,
            output_shape=output_shape,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilations=dilations,
            name=scope,
        )


def atrous_conv2d_transpose(
    value: Any,
    filters: Any,
    output_shape: Any,
    rate: int,
    padding: str,
    name: str | None = None,
) -> Tensor:
    """The gradient of `atrous_conv2d`.

    Raises:
        ValueError: The channels or the rate do not fit.
    """
    with name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]):
        value = convert_to_tensor(value, name="value")
        filters = convert_to_tensor(filters, name="filters")
        if not value.shape[3].is_compatible_with(filters.shape[3]):
            raise ValueError(
                "`value` channel count must be compatible with `filters` input channel"
                f" count. Received: value.shape={value.shape} with channel count"
                f" {value.shape[3]} and filters.shape={filters.shape} with input"
                f" channel count {filters.shape[3]}."
            )
        if rate < 1:
            raise ValueError(f"`rate` cannot be less than one. Received: rate={rate}")
        if rate == 1:
            return conv2d_transpose(
                value, filters, output_shape, [1, 1, 1, 1], padding=padding
            )
        sizes = _checked_output_shape(output_shape, filters)
        pads = _dilated_pads(filters, rate, padding)
        return _transposed_in_blocks(value, filters, sizes, rate, pads)


def _checked_output_shape(output_shape: Any, filters: Tensor) -> Any:
    as_tensor = convert_to_tensor(output_shape, name="output_shape")
    if not as_tensor.shape.is_compatible_with(TensorShape([4])):
        raise ValueError(
            "`output_shape` must have shape (4,). Received: output_shape="
            f"{as_tensor.shape}"
        )
    if isinstance(output_shape, tuple):
        output_shape = list(output_shape)
    if isinstance(output_shape, (list, np.ndarray)) and not filters.shape[
        2
    ].is_compatible_with(output_shape[3]):
        raise ValueError(
            "`output_shape` channel count must be compatible with `filters` output"
            f" channel count. Received: output_shape={output_shape} with channel count"
            f" {output_shape[3]} and filters.shape={filters.shape} with output channel"
            f" count {filters.shape[3]}."
        )
    return output_shape


def _dilated_pads(filters: Tensor, rate: int, padding: str) -> tuple[Any, ...]:
    """Return the padding above, below, left and right."""
    if padding == "VALID":
        return 0, 0, 0, 0
    if padding != "SAME":
        raise ValueError(
            f"`padding` must be either 'VALID' or 'SAME'. Received: padding={padding}"
        )
    shape: Any = (
        filters.shape.as_list()
        if filters.shape.is_fully_defined()
        else array.shape(filters)
    )
    height, width = shape[0], shape[1]
    total_height = height + (height - 1) * (rate - 1)
    total_width = width + (width - 1) * (rate - 1)
    total_height = total_height - 1
    total_width = total_width - 1
    top = total_height // 2
    bottom = total_height - top
    left = total_width // 2
    return top, bottom, left, total_width - left


def _transposed_in_blocks(
    value: Tensor, filters: Tensor, sizes: Any, rate: int, pads: tuple[Any, ...]
) -> Tensor:
    top, bottom, left, right = pads
    height = sizes[1] + top + bottom
    width = sizes[2] + left + right
    more_below = (rate - height % rate) % rate
    more_right = (rate - width % rate) % rate
    apart = space_to_batch(value, [[0, more_below], [0, more_right]], rate)
    block_sizes = [
        rate * rate * sizes[0],
        (height + more_below) // rate,
        (width + more_right) // rate,
        sizes[3],
    ]
    result = op(
        "Conv2DBackpropInput",
        input_sizes=block_sizes,
        filter=filters,
        out_backprop=apart,
        strides=[1, 1, 1, 1],
        padding="VALID",
        data_format="NHWC",
    )
    crops = [[top, bottom + more_below], [left, right + more_right]]
    return batch_to_space(result, crops, rate)
