"""Strides, windows and paddings in the many forms that users write them.

Source: tensorflow python/ops/nn_ops.py _get_sequence, convert_padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "channel_index",
    "checked_strides_and_rates",
    "explicit_padding",
    "on_flat_batch",
    "per_axis",
]


def channel_index(data_format: str, last: int) -> int:
    """Return the axis of the channels."""
    return 1 if data_format.startswith("NC") else last


def per_axis(value: Any, count: int, channels: int, name: str) -> list[Any]:
    """Return a value for every axis, with 1 for batch and channels.

    Args:
        value: A number, or one for every spatial axis, or for every axis.
        count: How many spatial axes there are.
        channels: The axis of the channels.
        name: What the value is called in errors.

    Raises:
        ValueError: There are more or fewer values.
    """
    if value is None:
        return [1] * (count + 2)
    values = list(value) if isinstance(value, Iterable) else [value]
    if len(values) == count + 2:
        return values
    if len(values) == 1:
        values = values * count
    elif len(values) != count:
        raise ValueError(
            f"{name} should be of length 1, {count} or {count + 2}. Received:"
            f" {name}={values} of length {len(values)}"
        )
    return [1, 1, *values] if channels == 1 else [1, *values, 1]


def explicit_padding(padding: Any, expected_length: int = 4) -> tuple[Any, list[int]]:
    """Split a padding argument into the attributes `padding`, `explicit_paddings`.

    Raises:
        ValueError: A list has not the form `[[before, after], ...]`.
    """
    if padding == "EXPLICIT":
        raise ValueError(
            "'EXPLICIT' is not a valid value for `padding`. To use explicit padding,"
            " `padding` must be a list."
        )
    if not isinstance(padding, (list, tuple)):
        return padding, []
    flat: list[int] = []
    rule = "When `padding` is a list, each element of `padding` must be a list/tuple"
    for place, pair in enumerate(padding):
        if not isinstance(pair, (list, tuple)):
            raise ValueError(  # noqa: TRY004 - TensorFlow's error
                f"{rule} of size 2. Received: padding={padding} with element at index"
                f" {place} of type {type(pair)}"
            )
        if len(pair) != 2:
            raise ValueError(
                f"{rule} of size 2. Received: padding={padding} with element at index"
                f" {place} of size {len(pair)}"
            )
        flat.extend(pair)
    if len(padding) != expected_length:
        raise ValueError(
            f"When padding is a list, it must be of size {expected_length}. Received:"
            f" padding={padding} of size {len(padding)}"
        )
    return "EXPLICIT", flat


def checked_strides_and_rates(
    count: int, strides: Any, rates: Any
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return strides and dilation rates for every spatial axis.

    Raises:
        ValueError: They have the wrong length, are not positive, or are both above 1.
    """
    rates = _positive("dilation_rate", rates, count)
    strides = _positive("strides", strides, count)
    if np.any(strides > 1) and np.any(rates > 1):
        raise ValueError(
            "`strides > 1` not supported in conjunction with `dilation_rate > 1`."
            f" Received: strides={strides} and dilation_rate={rates}"
        )
    return strides, rates


def _positive(name: str, values: Any, count: int) -> np.ndarray[Any, Any]:
    if values is None:
        values = [1] * count
    elif len(values) != count:
        raise ValueError(
            f"`len({name})` should be {count}. Received: {name}={values} of length"
            f" {len(values)}"
        )
    numbers = np.array(values, dtype=np.int32)
    if np.any(numbers < 1):
        raise ValueError(
            f"all values of `{name}` must be positive. Received: {name}={numbers}"
        )
    return numbers


def on_flat_batch(
    image: Any,
    apply: Callable[[Tensor], Tensor],
    inner_rank: int,
    name: str | None = None,
) -> Tensor:
    """Apply an op to an image whose leading dimensions are made one batch.

    Source: tensorflow python/ops/nn_ops.py squeeze_batch_dims.
    """
    with name_scope(name, "squeeze_batch_dims", [image]):
        image = convert_to_tensor(image, name="input")
        inner: Any = image.shape[-inner_rank:]
        if not inner.is_fully_defined():
            inner = array.shape(image)[-inner_rank:]
        batch: Any = image.shape[:-inner_rank]
        if not batch.is_fully_defined():
            batch = array.shape(image)[:-inner_rank]
        if isinstance(inner, TensorShape):
            flat = array.reshape(image, [-1, *inner.as_list()])
        else:
            flat = array.reshape(image, array.concat(([-1], inner), axis=-1))
        result = apply(flat)
        out: Any = result.shape[-inner_rank:]
        if not out.is_fully_defined():
            out = array.shape(result)[-inner_rank:]
        whole = array.reshape(result, array.concat((batch, out), axis=-1))
        whole.set_shape(image.shape[:-inner_rank] + whole.shape[-inner_rank:])
        return whole
