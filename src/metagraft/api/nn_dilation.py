"""Dilated windows as plain ones on an image taken apart into blocks.

Source: tensorflow python/ops/nn_ops.py _WithSpaceToBatch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.api.nn_window_arguments import explicit_padding
from metagraft.api.space_depth import (
    batch_to_space_nd,
    required_space_to_batch_paddings,
    space_to_batch_nd,
)
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor

__all__ = ["with_space_to_batch"]

# Applies the op: (image, number of spatial dimensions, padding) -> result.
Operate = Callable[[Tensor, int, Any], Tensor]


def with_space_to_batch(
    input: Any,
    dilation_rate: Any,
    padding: Any,
    op: Operate,
    filter_shape: Any = None,
    spatial_dims: Sequence[int] | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Apply `op` as if its window had gaps.

    Args:
        input: The image.
        dilation_rate: Distances between the taps, for every spatial dimension.
        padding: `SAME`, `VALID`, or a list of pairs.
        op: `op(image, num_spatial_dims, padding)`.
        filter_shape: Shape of the filter, for `SAME`.
        spatial_dims: The dimensions that the window slides along.
        data_format: A format that begins with `NC` has the channels first.

    Raises:
        ValueError: The arguments do not fit together.
    """
    image = convert_to_tensor(input, name="input")
    return dilated(
        image,
        dilation_rate,
        padding,
        op,
        filter_shape=filter_shape,
        spatial_dims=spatial_dims,
        data_format=data_format,
    )


def dilated(
    image: Tensor,
    dilation_rate: Any,
    padding: Any,
    op: Operate,
    *,
    filter_shape: Any = None,
    spatial_dims: Sequence[int] | None = None,
    data_format: str | None = None,
    num_batch_dims: int = 1,
    out_channels: int | None = None,
) -> Tensor:
    """Do the work of `with_space_to_batch` for a tensor."""
    rates = _rates(dilation_rate)
    count = int(rates.shape[0])
    is_channels_first = data_format is not None and data_format.startswith("NC")
    first = num_batch_dims + 1 if is_channels_first else num_batch_dims
    spatial = _sorted_dims(spatial_dims, first, count)
    _check_rank(image, spatial, is_channels_first)
    known = constant_value(rates)
    if known is not None:
        if np.any(known < 1):
            raise ValueError(
                f"`dilation_rate` must be positive. Received: dilation_rate={known}"
            )
        if np.all(known == 1):
            return op(image, count, padding)
    margins = _margins(
        padding,
        filter_shape,
        count,
        rates if known is None else known,
        is_channels_first=is_channels_first,
    )
    paddings, crops = required_space_to_batch_paddings(
        input_shape=_spatial_shape(image, spatial),
        base_paddings=margins,
        block_shape=rates,
    )
    blocks = _adjusted(rates, 1, spatial)
    paddings = _adjusted(paddings, 0, spatial)
    crops = _adjusted(crops, 0, spatial)
    apart = space_to_batch_nd(input=image, block_shape=blocks, paddings=paddings)
    result = op(apart, count, "VALID")
    together = batch_to_space_nd(input=result, block_shape=blocks, crops=crops)
    if is_channels_first and out_channels is not None:
        sizes = together.shape.as_list()
        if not sizes[1]:
            sizes[1] = out_channels
            together.set_shape(sizes)
    return together


def _rates(dilation_rate: Any) -> Tensor:
    rates = convert_to_tensor(dilation_rate, dtypes.int32, name="dilation_rate")
    if rates.shape.ndims not in (None, 1):
        raise ValueError(
            "`dilation_rate.shape.rank` must be 1. Received: dilation_rate="
            f"{rates} of rank {rates.shape.ndims}"
        )
    if not rates.shape.is_fully_defined():
        raise ValueError(
            "`dilation_rate.shape` must be fully defined. Received: dilation_rate="
            f"{rates} with shape {rates.shape}"
        )
    return rates


def _sorted_dims(
    spatial_dims: Sequence[int] | None, first: int, count: int
) -> list[int]:
    given = list(range(first, first + count) if spatial_dims is None else spatial_dims)
    spatial = sorted({int(dim) for dim in given})
    if spatial != given or any(dim < 1 for dim in spatial):
        raise ValueError(
            "`spatial_dims` must be a monotonically increasing sequence of positive"
            f" integers. Received: spatial_dims={given}"
        )
    return spatial


def _check_rank(image: Tensor, spatial: list[int], is_channels_first: bool) -> None:
    needed = spatial[-1] if is_channels_first else spatial[-1] + 1
    try:
        image.shape.with_rank_at_least(needed)
    except ValueError:
        raise ValueError(
            f"`input.shape.rank` must be at least {needed}. Received: input.shape="
            f"{image.shape} with rank {image.shape.ndims}"
        ) from None


def _margins(
    padding: Any,
    filter_shape: Any,
    count: int,
    rates: Any,
    *,
    is_channels_first: bool,
) -> Any:
    """Return what the padding adds before and after every spatial dimension."""
    padding, explicit = explicit_padding(padding)
    if padding == "SAME":
        if filter_shape is None:
            raise ValueError(
                "`filter_shape` must be specified for `padding='SAME'`. Received:"
                f" filter_shape={filter_shape} and padding={padding}"
            )
        sizes = convert_to_tensor(filter_shape, name="filter_shape")
        known = constant_value(sizes)
        return _same_margins(sizes if known is None else known, count, rates)
    if padding == "VALID":
        return np.zeros([count, 2], np.int32)
    if padding == "EXPLICIT":
        pairs = np.array(explicit).reshape([count + 2, 2])
        return pairs[2:] if is_channels_first else pairs[1:-1]
    raise ValueError(
        f"`padding` must be one of 'SAME' or 'VALID'. Received: padding={padding}"
    )


def _same_margins(sizes: Any, count: int, rates: Any) -> Tensor:
    extra = (sizes[:count] - 1) * rates
    start = extra // 2
    end = extra - start
    return array.stack([[start[i], end[i]] for i in range(count)])


def _spatial_shape(image: Tensor, spatial: list[int]) -> Any:
    if image.dims is not None:
        sizes = [image.dims[dim] for dim in spatial]
        if None not in sizes:
            return sizes
    shape = array.shape(image)
    return array.stack([shape[dim] for dim in spatial])


def _adjusted(values: Tensor, fill: int, spatial: list[int]) -> Any:
    """Fill in rows for dimensions between those that the window slides along."""
    rest = values.shape.as_list()[1:]
    dtype = values.dtype.as_numpy_dtype
    known = constant_value(values)
    rows = values if known is None else known
    parts: list[Any] = []
    previous = 0
    i = 0
    while i < len(spatial):
        start, first = i, spatial[i]
        if first > 1:
            parts.append(np.full([first - 1 - previous, *rest], fill, dtype=dtype))
        while i + 1 < len(spatial) and spatial[i + 1] == spatial[i] + 1:
            i += 1
        parts.append(rows[start : i + 1])
        previous = spatial[i]
        i += 1
    return array.concat(parts, 0) if known is None else np.concatenate(parts)
