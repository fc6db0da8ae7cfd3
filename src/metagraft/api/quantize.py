"""Quantised numbers, and networks of them (`tf.quantization`, `tf.nn.quantized_*`).

Source: tensorflow python/ops/array_ops.py; core/api_def.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor

__all__ = [
    "dequantize",
    "quantize",
    "quantize_and_dequantize",
    "quantize_and_dequantize_v2",
    "quantize_v2",
    "quantized_avg_pool",
    "quantized_concat",
    "quantized_conv2d",
    "quantized_max_pool",
    "quantized_relu_x",
]

Ranged = tuple[Tensor, Tensor, Tensor]


def _known_axis(input: Any, axis: int | None) -> int:
    """Return an axis that is not negative; -1 for none.

    Raises:
        ValueError: It is negative, and the rank is not known.
    """
    if axis is None:
        return -1
    if axis >= 0:
        return axis
    rank = convert_to_tensor(input).shape.ndims
    if rank is None:
        raise ValueError("input should have known rank to use negative axis.")
    return axis % rank


def quantize(
    input: Any,
    min_range: Any,
    max_range: Any,
    T: Any,  # noqa: N803 - TensorFlow's name
    mode: str = "MIN_COMBINED",
    round_mode: str = "HALF_AWAY_FROM_ZERO",
    name: str | None = None,
    narrow_range: bool = False,
    axis: int | None = None,
    ensure_minimum_range: float = 0.01,
) -> Ranged:
    """Return the quantised numbers next to numbers, and their range.

    Args:
        input: float32.
        min_range: What the lowest number stands for.
        max_range: What the highest number stands for.
        T: The quantised type.
        mode: `MIN_COMBINED`, `MIN_FIRST` or `SCALED`.
        round_mode: `HALF_AWAY_FROM_ZERO`, or for `SCALED` also `HALF_TO_EVEN`.
        name: Name of the operation.
        narrow_range: Whether the lowest number stays unused, in mode `SCALED`.
        axis: The axis along which each slice has a range of its own.
        ensure_minimum_range: Ranges are made at least so wide, in parts of their
            limits.

    Raises:
        ValueError: `axis` is negative, and the rank of `input` is not known.
    """
    quantized: Ranged = op(
        "QuantizeV2",
        input=input,
        min_range=min_range,
        max_range=max_range,
        T=T,
        mode=mode,
        round_mode=round_mode,
        narrow_range=narrow_range,
        axis=_known_axis(input, axis),
        ensure_minimum_range=ensure_minimum_range,
        name=name,
    )
    return quantized


def quantize_v2(
    input: Any,
    min_range: Any,
    max_range: Any,
    T: Any,  # noqa: N803 - TensorFlow's name
    mode: str = "MIN_COMBINED",
    name: str | None = None,
    round_mode: str = "HALF_AWAY_FROM_ZERO",
    narrow_range: bool = False,
    axis: int | None = None,
    ensure_minimum_range: float = 0.01,
) -> Ranged:
    """As `quantize`, with other places of arguments."""
    return quantize(
        input,
        min_range,
        max_range,
        T,
        mode,
        round_mode,
        name,
        narrow_range,
        axis,
        ensure_minimum_range,
    )


def dequantize(
    input: Any,
    min_range: Any,
    max_range: Any,
    mode: str = "MIN_COMBINED",
    name: str | None = None,
    axis: int | None = None,
    narrow_range: bool = False,
    dtype: Any = dtypes.float32,
) -> Tensor:
    """Return what quantised numbers stand for; see `quantize`.

    Raises:
        ValueError: `axis` is negative, and the rank of `input` is not known.
    """
    result: Tensor = op(
        "Dequantize",
        input=input,
        min_range=min_range,
        max_range=max_range,
        mode=mode,
        narrow_range=narrow_range,
        axis=_known_axis(input, axis),
        dtype=dtype,
        name=name,
    )
    return result


def quantize_and_dequantize(
    input: Any,
    input_min: Any,
    input_max: Any,
    signed_input: bool = True,
    num_bits: int = 8,
    range_given: bool = False,
    round_mode: str = "HALF_TO_EVEN",
    name: str | None = None,
    narrow_range: bool = False,
    axis: int | None = None,
) -> Tensor:
    """Round to what quantised numbers stand for.

    Args:
        input: The numbers.
        input_min: The lowest number, if `range_given`.
        input_max: The highest number, if `range_given`.
        signed_input: Whether there are negative numbers.
        num_bits: How many bits a quantised number has.
        range_given: Whether the range is given; else it is that of the numbers.
        round_mode: `HALF_TO_EVEN` or `HALF_UP`.
        name: Name of the operation.
        narrow_range: Whether the lowest number stays unused.
        axis: The axis along which each slice has a range of its own.

    Raises:
        ValueError: `axis` is negative, and the rank of `input` is not known.
    """
    result: Tensor = op(
        "QuantizeAndDequantizeV2",
        input=input,
        input_min=input_min,
        input_max=input_max,
        signed_input=signed_input,
        num_bits=num_bits,
        range_given=range_given,
        round_mode=round_mode,
        narrow_range=narrow_range,
        axis=_known_axis(input, axis),
        name=name,
    )
    return result


def quantize_and_dequantize_v2(
    input: Any,
    input_min: Any,
    input_max: Any,
    signed_input: bool = True,
    num_bits: int = 8,
    range_given: bool = False,
    round_mode: str = "HALF_TO_EVEN",
    name: str | None = None,
    narrow_range: bool = False,
    axis: int | None = None,
) -> Tensor:
    """As `quantize_and_dequantize`; gradients pass only inside of the range."""
    result: Tensor = op(
        "QuantizeAndDequantizeV4",
        input=input,
        input_min=input_min,
        input_max=input_max,
        signed_input=signed_input,
        num_bits=num_bits,
        range_given=range_given,
        round_mode=round_mode,
        narrow_range=narrow_range,
        axis=_known_axis(input, axis),
        name=name,
    )
    return result


def quantized_concat(
    concat_dim: Any,
    values: Sequence[Any],
    input_mins: Sequence[Any],
    input_maxes: Sequence[Any],
    name: str | None = None,
) -> Ranged:
    """Put quantised tensors together along an axis, in a range that holds all."""
    joined: Ranged = op(
        "QuantizedConcat",
        concat_dim=concat_dim,
        values=values,
        input_mins=input_mins,
        input_maxes=input_maxes,
        name=name,
    )
    return joined


def quantized_conv2d(
    input: Any,
    filter: Any,
    min_input: Any,
    max_input: Any,
    min_filter: Any,
    max_filter: Any,
    strides: Sequence[int],
    padding: str,
    out_type: Any = dtypes.qint32,
    dilations: Sequence[int] = (1, 1, 1, 1),
    name: str | None = None,
) -> Ranged:
    """Convolve quantised images; ranges say what numbers stand for."""
    convolved: Ranged = op(
        "QuantizedConv2D",
        input=input,
        filter=filter,
        min_input=min_input,
        max_input=max_input,
        min_filter=min_filter,
        max_filter=max_filter,
        strides=strides,
        padding=padding,
        out_type=out_type,
        dilations=list(dilations),
        name=name,
    )
    return convolved


def _pooled(op_type: str, **arguments: Any) -> Ranged:
    pooled: Ranged = op(op_type, **arguments)
    return pooled


def quantized_avg_pool(
    input: Any,
    min_input: Any,
    max_input: Any,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    name: str | None = None,
) -> Ranged:
    """Average quantised numbers over windows."""
    return _pooled(
        "QuantizedAvgPool",
        input=input,
        min_input=min_input,
        max_input=max_input,
        ksize=ksize,
        strides=strides,
        padding=padding,
        name=name,
    )


def quantized_max_pool(
    input: Any,
    min_input: Any,
    max_input: Any,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    name: str | None = None,
) -> Ranged:
    """Return the largest quantised number of every window."""
    return _pooled(
        "QuantizedMaxPool",
        input=input,
        min_input=min_input,
        max_input=max_input,
        ksize=ksize,
        strides=strides,
        padding=padding,
        name=name,
    )


def quantized_relu_x(
    features: Any,
    max_value: Any,
    min_features: Any,
    max_features: Any,
    out_type: Any = dtypes.quint8,
    name: str | None = None,
) -> Ranged:
    """Clamp quantised numbers to what stands for 0 and `max_value`."""
    return _pooled(
        "QuantizedReluX",
        features=features,
        max_value=max_value,
        min_features=min_features,
        max_features=max_features,
        out_type=out_type,
        name=name,
    )
