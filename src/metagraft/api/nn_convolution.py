"""Convolution (`tf.nn.conv2d` and its kin).

Source: tensorflow python/ops/nn_ops.py, nn_impl.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.nn_dilation import dilated
from metagraft.api.nn_window_arguments import (
    channel_index,
    checked_strides_and_rates,
    explicit_padding,
    on_flat_batch,
    per_axis,
)
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "atrous_conv2d",
    "conv1d",
    "conv2d",
    "conv2d_backprop_filter",
    "conv3d",
    "conv3d_backprop_filter",
    "convolution",
]

_CHANNELS_LAST = frozenset(
    (
        *("NWC", "NHC", "NHWC", "NWHC", "NDHWC"),
        *("NDWHC", "NHDWC", "NHWDC", "NWDHC", "NWHDC"),
    )
)
_ONES = (1, 1, 1, 1)


def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str | None = "NHWC",
    dilations: Any = _ONES,
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """Slide filters over an image and sum the products.

    Args:
        input: `[batch, height, width, channels]`.
        filter: `[height, width, channels, outputs]`.
        strides: Steps: a number, two, or four.
        padding: `SAME`, `VALID`, or four pairs `[before, after]`.
        use_cudnn_on_gpu: Kept in the graph.
        data_format: `NHWC` or `NCHW`.
        dilations: Distances between the taps of a filter.
        name: Name of the operation.
        filters: The newer name of `filter`.

    Raises:
        ValueError: The arguments do not fit together.
    """
    filter = renamed_argument("filters", filters, "filter", filter)
    padding, explicit = explicit_padding(padding)
    data_format = data_format or "NHWC"
    channels = channel_index(data_format, 3)
    attrs: dict[str, Any] = {
        "strides": per_axis(strides, 2, channels, "strides"),
        "padding": padding,
        "use_cudnn_on_gpu": use_cudnn_on_gpu,
        "explicit_paddings": explicit,
        "data_format": data_format,
        "dilations": per_axis(dilations, 2, channels, "dilations"),
    }
    return _convolved("Conv2D", input, filter, attrs, 3, name)


def _convolved(
    op_type: str,
    image: Any,
    kernel: Any,
    attrs: dict[str, Any],
    inner_rank: int,
    name: str | None,
) -> Tensor:
    """Add a convolution; more than one batch dimension is made one."""
    dims = getattr(image, "shape", ())
    rank = getattr(dims, "ndims", -1)
    if rank == -1:
        rank = len(dims)
    if rank is None or rank <= inner_rank + 1:
        result: Tensor = op(op_type, input=image, filter=kernel, **attrs, name=name)
        return result
    return on_flat_batch(
        image,
        lambda flat: op(op_type, input=flat, filter=kernel, **attrs),
        inner_rank,
        name,
    )


def conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = _ONES,
    name: str | None = None,
) -> Tensor:
    """The gradient of `conv2d` for its filter."""
    padding, explicit = explicit_padding(padding)
    result: Tensor = op(
        "Conv2DBackpropFilter",
        input=input,
        filter_sizes=filter_sizes,
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


def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: str | None = None,
    use_cudnn_on_gpu: bool | None = None,
    data_format: str | None = None,
    name: str | None = None,
    input: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Slide filters along a sequence: a `conv2d` of height 1.

    Args:
        value: `[batch, width, channels]`.
        filters: `[width, channels, outputs]`.
        stride: The step.
        padding: `SAME` or `VALID`.
        use_cudnn_on_gpu: Kept in the graph.
        data_format: `NWC` or `NCW`.
        name: Name of the scope.
        input: The newer name of `value`.
        dilations: Distance between the taps of a filter.

    Raises:
        ValueError: The format is unknown.
    """
    value = renamed_argument("input", input, "value", value)
    with name_scope(name, "conv1d", [value, filters]) as scope:
        if data_format in (None, "NHWC", "NWC"):
            data_format, spatial, channels = "NHWC", -3, 2
        elif data_format in ("NCHW", "NCW"):
            data_format, spatial, channels = "NCHW", -2, 1
        else:
            raise ValueError(
                "`data_format` must be 'NWC' or 'NCW'. Received: data_format="
                f"{data_format}"
            )
        strides = [1, *per_axis(stride, 1, channels, "stride")]
        rates = [1, *per_axis(dilations, 1, channels, "dilations")]
        image = array.expand_dims(value, spatial)
        kernel = array.expand_dims(filters, 0)
        attrs: dict[str, Any] = {
            "strides": strides,
            "padding": padding,
            "use_cudnn_on_gpu": use_cudnn_on_gpu,
            "data_format": data_format,
            "dilations": rates,
        }
        result = _convolved("Conv2D", image, kernel, attrs, 3, scope)
        return array.squeeze(result, [spatial])


def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: str | None = None,
    data_format: str = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """Slide filters `[d, h, w, c, o]` over a volume `[n, d, h, w, c]`."""
    filter = renamed_argument("filters", filters, "filter", filter)
    result: Tensor = op(
        "Conv3D",
        input=input,
        filter=filter,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=list(dilations),
        name=name,
    )
    return result


def conv3d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: str,
    data_format: str = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of `conv3d` for its filter."""
    result: Tensor = op(
        "Conv3DBackpropFilterV2",
        input=input,
        filter_sizes=filter_sizes,
        out_backprop=out_backprop,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=list(dilations),
        name=name,
    )
    return result


def convolution(
    input: Any,
    filter: Any = None,
    padding: Any = None,
    strides: Any = None,
    dilation_rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Convolve in 1, 2 or 3 dimensions, with strides or dilations.

    Raises:
        ValueError: The arguments do not fit together.
    """
    kernel = renamed_argument("filters", filters, "filter", filter)
    rates = renamed_argument("dilations", dilations, "dilation_rate", dilation_rate)
    kernel = _in_scope(kernel, "filters", [kernel, input])
    image = _in_scope(input, "input", [kernel, input])
    count = _spatial_count(image, kernel)
    batch_dims = image.shape.ndims - count - 1 if image.shape.ndims else 1
    is_last = data_format is None or data_format in _CHANNELS_LAST
    channels = batch_dims + count if is_last else batch_dims
    all_rates = per_axis(rates, count, channels, "dilations")
    all_strides = per_axis(strides, count, channels, "strides")
    with name_scope(name, "convolution", [image, kernel]) as scope:
        if any(rate != 1 for rate in all_rates):
            inner = slice(2, None) if channels == 1 else slice(1, -1)
            return _dilated_convolution(
                image,
                kernel,
                padding,
                all_strides[inner],
                all_rates[inner],
                data_format,
                scope,
            )
        return _plain_convolution(
            image, kernel, padding, all_strides, all_rates, data_format, scope
        )


def _in_scope(value: Any, name: str, values: list[Any]) -> Any:
    """Turn a plain value into a tensor; variables stay what they are."""
    if isinstance(value, Tensor) or hasattr(value, "_to_graph_tensor"):
        return value
    with name_scope("convolution_internal", None, values):
        return convert_to_tensor(value, name=name)


def _spatial_count(image: Any, kernel: Any) -> int:
    ranks = image.shape.ndims, kernel.shape.ndims
    known = ranks[1] or ranks[0]
    if not known:
        raise ValueError(
            "When `num_spatial_dims` is not set, one of `input.shape.rank` or"
            f" `filters.shape.rank` must be known. Received: input.shape={image.shape}"
            f" of rank {ranks[0]} and filters.shape={kernel.shape} of rank {ranks[1]}"
        )
    count = int(known) - 2
    if count not in (1, 2, 3):
        raise ValueError(
            "`num_spatial_dims` must be 1, 2, or 3. Received: num_spatial_dims="
            f"{count}."
        )
    return count


def _plain_convolution(
    image: Any,
    kernel: Any,
    padding: Any,
    strides: Any,
    rates: Any,
    data_format: str | None,
    name: str,
) -> Tensor:
    """Add the op for as many dimensions as `strides` has, batch and channels too."""
    if len(strides) == 3:
        return conv1d(
            image,
            kernel,
            strides,
            padding=padding,
            data_format=data_format,
            dilations=rates,
            name=name,
        )
    op_type, inner_rank = ("Conv2D", 3) if len(strides) == 4 else ("Conv3D", 4)
    attrs: dict[str, Any] = {
        "strides": [int(stride) for stride in strides],
        "padding": padding,
        "data_format": data_format,
        "dilations": [int(rate) for rate in rates],
    }
    return _convolved(op_type, image, kernel, attrs, inner_rank, name)


def _dilated_convolution(
    image: Any,
    kernel: Any,
    padding: Any,
    strides: Any,
    rates: Any,
    data_format: str | None,
    name: str,
) -> Tensor:
    count = len(strides)
    is_first = data_format is not None and data_format.startswith("NC")
    rank = image.shape.ndims
    batch_dims = 1 if rank is None else rank - count - 1
    if batch_dims < 1:
        raise ValueError(
            f"Batch dims should be >= 1, but found {batch_dims}. Received: input.shape="
            f"{image.shape} of rank {rank}, filters.shape={kernel.shape} and"
            f" num_spatial_dims={count}"
        )
    _check_channels(image, kernel, count, batch_dims if is_first else -1)
    strides, rates = checked_strides_and_rates(count, strides, rates)

    def apply(part: Tensor, _count: int, part_padding: Any) -> Tensor:
        ones = [1] * (count + 2)
        inner = [int(stride) for stride in strides]
        whole = [1, 1, *inner] if is_first else [1, *inner, 1]
        if count == 2:
            return conv2d(
                part,
                kernel,
                whole,
                part_padding,
                data_format=data_format or "NHWC",
                name=name,
            )
        if count == 1:
            return conv1d(
                part,
                kernel,
                inner[0],
                part_padding,
                data_format=data_format or "NWC",
                name=name,
            )
        return _plain_convolution(
            part, kernel, part_padding, whole, ones, data_format, name
        )

    first = batch_dims + 1 if is_first else batch_dims
    return dilated(
        convert_to_tensor(image),
        rates,
        padding,
        apply,
        filter_shape=kernel.shape,
        spatial_dims=range(first, first + count),
        data_format=data_format,
        num_batch_dims=batch_dims,
        out_channels=kernel.shape[-1].value if kernel.shape.ndims else None,
    )


def _check_channels(image: Any, kernel: Any, count: int, axis: int) -> None:
    if image.shape.ndims is None or kernel.shape.ndims is None:
        return
    channels = image.shape[axis].value
    taken = kernel.shape[count].value
    if channels is not None and taken is not None and channels % taken:
        raise ValueError(
            "The number of input channels is not divisible by the corresponding number"
            f" of output filters. Received: input.shape={image.shape} with {channels}"
            f" channels and filters.shape={kernel.shape} with {taken} output filters."
        )


def atrous_conv2d(
    value: Any, filters: Any, rate: int, padding: str, name: str | None = None
) -> Tensor:
    """A `convolution` in 2 dimensions whose filters have gaps."""
    return convolution(
        input=value,
        filter=filters,
        padding=padding,
        dilation_rate=np.broadcast_to(rate, (2,)),
        name=name,
    )
