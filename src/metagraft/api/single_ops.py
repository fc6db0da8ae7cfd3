"""Functions that add one op, for ops without a function of their own elsewhere.

Source: tensorflow core/ops/nn_ops.cc, sparse_ops.cc; its functions are made of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor

__all__ = [
    "approx_top_k",
    "check_pinned",
    "conv",
    "conv2d_backprop_filter_v2",
    "conv2d_backprop_input_v2",
    "ragged_fill_empty_rows",
    "ragged_fill_empty_rows_grad",
]


def approx_top_k(
    input: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    is_max_k: bool = True,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> Any:
    """Return the k largest or smallest values and their places; some may be missed.

    Args:
        input: The values.
        k: How many.
        reduction_dimension: Along which axis.
        recall_target: Which share has to be found.
        is_max_k: Whether to return the largest.
        reduction_input_size_override: How many values there are in all, if these are
            a part.
        aggregate_to_topk: Whether to return k, not more candidates.
        name: Name of the operation.
    """
    return op(
        "ApproxTopK",
        input=input,
        k=k,
        reduction_dimension=reduction_dimension,
        recall_target=recall_target,
        is_max_k=is_max_k,
        reduction_input_size_override=reduction_input_size_override,
        aggregate_to_topk=aggregate_to_topk,
        name=name,
    )


def conv(
    input: Any,
    filter: Any,
    strides: Any,
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "CHANNELS_LAST",
    dilations: Sequence[int] = (),
    batch_dims: int = 1,
    groups: int = 1,
    name: str | None = None,
) -> Tensor:
    """Return the convolution of images or volumes with filters.

    Args:
        input: Axes of the batch, of space, and channels.
        filter: Axes of space, channels in, channels out.
        strides: A step for each axis of one image, the batch's and channels' too.
        padding: `SAME`, `VALID` or `EXPLICIT`.
        explicit_paddings: Rows to add before and after each axis, if explicit.
        data_format: `CHANNELS_LAST` or `CHANNELS_FIRST`.
        dilations: A distance for each axis; ones by default.
        batch_dims: How many axes the batch has.
        groups: Into how many groups the channels are divided.
        name: Name of the operation.
    """
    result: Tensor = op(
        "Conv",
        input=input,
        filter=filter,
        strides=strides,
        padding=padding,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        batch_dims=batch_dims,
        groups=groups,
        name=name,
    )
    return result


def conv2d_backprop_filter_v2(
    input: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: str,
    use_cudnn_on_gpu: bool = True,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Return the gradient of a convolution with respect to its filter.

    Args:
        input: The images.
        filter: A tensor of the filter's shape.
        out_backprop: The gradient with respect to the result.
        strides: Four steps.
        padding: `SAME`, `VALID` or `EXPLICIT`.
        use_cudnn_on_gpu: Kept in the node.
        explicit_paddings: Rows to add before and after each axis, if explicit.
        data_format: `NHWC` or `NCHW`.
        dilations: Four distances.
        name: Name of the operation.
    """
    result: Tensor = op(
        "Conv2DBackpropFilterV2",
        input=input,
        filter=filter,
        out_backprop=out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
    return result


def conv2d_backprop_input_v2(
    input: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: str,
    use_cudnn_on_gpu: bool = True,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Return the gradient of a convolution with respect to its images.

    Args:
        input: A tensor of the images' shape.
        filter: The filter.
        out_backprop: The gradient with respect to the result.
        strides: Four steps.
        padding: `SAME`, `VALID` or `EXPLICIT`.
        use_cudnn_on_gpu: Kept in the node.
        explicit_paddings: Rows to add before and after each axis, if explicit.
        data_format: `NHWC` or `NCHW`.
        dilations: Four distances.
        name: Name of the operation.
    """
    result: Tensor = op(
        "Conv2DBackpropInputV2",
        input=input,
        filter=filter,
        out_backprop=out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
    return result


def ragged_fill_empty_rows(
    value_rowids: Any,
    values: Any,
    nrows: Any,
    default_value: Any,
    name: str | None = None,
) -> Any:
    """Give each empty row one value.

    Args:
        value_rowids: The row of each value.
        values: The values.
        nrows: How many rows there are.
        default_value: What goes into empty rows.
        name: Name of the operation.

    Returns:
        The new rows, the new values, which rows were empty, and where each old value is
        now.
    """
    return op(
        "RaggedFillEmptyRows",
        value_rowids=value_rowids,
        values=values,
        nrows=nrows,
        default_value=default_value,
        name=name,
    )


def ragged_fill_empty_rows_grad(
    reverse_index_map: Any, grad_values: Any, name: str | None = None
) -> Any:
    """Return the gradients of the values and the default of `ragged_fill_empty_rows`.

    Args:
        reverse_index_map: Where each old value is now.
        grad_values: The gradient with respect to the new values.
        name: Name of the operation.
    """
    return op(
        "RaggedFillEmptyRowsGrad",
        reverse_index_map=reverse_index_map,
        grad_values=grad_values,
        name=name,
    )


def check_pinned(tensor: Any, name: str | None = None) -> Tensor:
    """Return a tensor that lies in memory from which an accelerator can read."""
    return op("CheckPinned", tensor=tensor, name=name)
