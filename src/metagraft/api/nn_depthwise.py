"""Convolution of each channel on its own (`tf.nn.depthwise_conv2d` and its kin).

Source: tensorflow python/ops/nn_ops.py, nn_impl.py.
"""

from __future__ import annotations

import warnings
from typing import Any

from metagraft.api.nn_convolution import conv2d
from metagraft.api.nn_dilation import with_space_to_batch
from metagraft.api.nn_window_arguments import explicit_padding
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "depthwise_conv2d",
    "depthwise_conv2d_backprop_filter",
    "depthwise_conv2d_backprop_input",
    "depthwise_conv2d_native",
    "separable_conv2d",
]

_ONES = (1, 1, 1, 1)


def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    dilations: Any = _ONES,
    name: str | None = None,
) -> Tensor:
    """Slide filters `[h, w, c, m]` over each of c channels on its own."""
    padding, explicit = explicit_padding(padding)
    result: Tensor = op(
        "DepthwiseConv2dNative",
        input=input,
        filter=filter,
        strides=strides,
        padding=padding,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=list(dilations),
        name=name,
    )
    return result


def depthwise_conv2d_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = _ONES,
    name: str | None = None,
) -> Tensor:
    """The gradient of `depthwise_conv2d_native` for its image."""
    padding, explicit = explicit_padding(padding)
    result: Tensor = op(
        "DepthwiseConv2dNativeBackpropInput",
        input_sizes=input_sizes,
        filter=filter,
        out_backprop=out_backprop,
        strides=strides,
        padding=padding,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=list(dilations),
        name=name,
    )
    return result


def depthwise_conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = _ONES,
    name: str | None = None,
) -> Tensor:
    """The gradient of `depthwise_conv2d_native` for its filter."""
    padding, explicit = explicit_padding(padding)
    result: Tensor = op(
        "DepthwiseConv2dNativeBackpropFilter",
        input=input,
        filter_sizes=filter_sizes,
        out_backprop=out_backprop,
        strides=strides,
        padding=padding,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=list(dilations),
        name=name,
    )
    return result


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """As `depthwise_conv2d_native`, with gaps of `rate` between the taps."""
    rate = renamed_argument("dilations", dilations, "rate", rate)
    with name_scope(name, "depthwise", [input, filter]) as scope:
        image = convert_to_tensor(input, name="tensor_in")
        kernel = convert_to_tensor(filter, name="filter_in")
        rate = [1, 1] if rate is None else rate
        if any(r > 1 for r in rate) and any(s != 1 for s in strides):
            warnings.warn(
                "When dilation rate is greater than 1, then all values of strides must"
                f" be 1. Received: `dilation rate` {rate} and `strides` {strides}",
                stacklevel=2,
            )

        def apply(part: Tensor, _count: int, part_padding: Any) -> Tensor:
            return depthwise_conv2d_native(
                part,
                kernel,
                strides,
                part_padding,
                data_format=data_format,
                name=scope,
            )

        return with_space_to_batch(
            image,
            filter_shape=array.shape(kernel),
            dilation_rate=rate,
            padding=padding,
            data_format=data_format,
            op=apply,
        )


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Convolve each channel on its own, then mix the channels."""
    rate = renamed_argument("dilations", dilations, "rate", rate)
    with name_scope(
        name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]
    ) as scope:
        image = convert_to_tensor(input, name="tensor_in")
        depthwise = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        sizes = pointwise.shape.with_rank(4)
        sizes[0].assert_is_compatible_with(1)
        sizes[1].assert_is_compatible_with(1)

        def apply(part: Tensor, _count: int, part_padding: Any) -> Tensor:
            return depthwise_conv2d_native(
                part,
                depthwise,
                strides,
                part_padding,
                data_format=data_format,
                name="depthwise",
            )

        channelwise = with_space_to_batch(
            image,
            filter_shape=array.shape(depthwise),
            dilation_rate=[1, 1] if rate is None else rate,
            padding=padding,
            data_format=data_format,
            op=apply,
        )
        return conv2d(
            channelwise,
            pointwise,
            [1, 1, 1, 1],
            padding="VALID",
            data_format=data_format,
            name=scope,
        )
