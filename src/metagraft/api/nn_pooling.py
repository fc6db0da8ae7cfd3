"""Pooling (`tf.nn.max_pool` and its kin).

Source: tensorflow python/ops/nn_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.nn_dilation import dilated
from metagraft.api.nn_window_arguments import (
    channel_index,
    checked_strides_and_rates,
    explicit_padding,
    per_axis,
)
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "avg_pool",
    "avg_pool1d",
    "avg_pool3d",
    "avg_pool_v2",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_pool_v2",
    "max_pool_with_argmax",
    "pool",
]


def _sizes(
    ksize: Any, strides: Any, count: int, data_format: str, last: int | None = None
) -> dict[str, Any]:
    channels = channel_index(data_format, count + 1 if last is None else last)
    return {
        "ksize": per_axis(ksize, count, channels, "ksize"),
        "strides": per_axis(strides, count, channels, "strides"),
    }


def _check_explicit(padding: Any, data_format: str | None) -> None:
    if isinstance(padding, (list, tuple)) and data_format == "NCHW_VECT_C":
        raise ValueError(
            "`data_format='NCHW_VECT_C'` is not supported with explicit padding."
            f" Received: padding={padding}"
        )


def max_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The largest value of every window.

    Args:
        value: `[batch, height, width, channels]`.
        ksize: Size of the window: a number, two, or four.
        strides: Steps of the window, likewise.
        padding: `SAME`, `VALID`, or four pairs.
        data_format: `NHWC` or `NCHW`.
        name: Name of the operation.
        input: The newer name of `value`.

    Raises:
        ValueError: The arguments do not fit together.
    """
    value = renamed_argument("input", input, "value", value)
    with name_scope(name, "MaxPool", [value]) as scope:
        return _max_pooled(value, ksize, strides, padding, data_format, scope)


def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    name: str | None = None,
) -> Tensor:
    """As `max_pool`, under another default name."""
    with name_scope(name, "MaxPool2d", [input]) as scope:
        return _max_pooled(input, ksize, strides, padding, data_format, scope)


def _max_pooled(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None,
    scope: str,
) -> Tensor:
    data_format = data_format or "NHWC"
    sizes = _sizes(ksize, strides, 2, data_format)
    _check_explicit(padding, data_format)
    padding, explicit = explicit_padding(padding)
    if any(size == 0 for size in sizes["ksize"]):
        raise ValueError(f"`ksize` cannot be zero. Received: ksize={sizes['ksize']}")
    result: Tensor = op(
        "MaxPool",
        input=value,
        **sizes,
        padding=padding,
        explicit_paddings=explicit,
        data_format=data_format,
        name=scope,
    )
    return result


def max_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NWC",
    name: str | None = None,
) -> Tensor:
    """The largest value of every window of a sequence `[batch, width, channels]`."""
    with name_scope(name, "MaxPool1d", [input]) as scope:
        _check_explicit(padding, data_format)
        data_format = data_format or "NWC"
        sizes = _line_sizes(ksize, strides, data_format)
        padding, explicit = explicit_padding(padding, 3)
        if padding == "EXPLICIT":
            explicit = [0, 0, *explicit]
        axis, image_format = _image_of_line(data_format)
        image = array.expand_dims(input, axis)
        result = op(
            "MaxPool",
            input=image,
            **sizes,
            padding=padding,
            explicit_paddings=explicit,
            data_format=image_format,
            name=scope,
        )
        return array.squeeze(result, axis)


def _line_sizes(ksize: Any, strides: Any, data_format: str) -> dict[str, Any]:
    sizes = _sizes(ksize, strides, 1, data_format)
    return {name: [1, *values] for name, values in sizes.items()}


def _image_of_line(data_format: str) -> tuple[int, str]:
    return (1, "NHWC") if data_format == "NWC" else (2, "NCHW")


def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The largest value of every window of a volume."""
    with name_scope(name, "MaxPool3D", [input]) as scope:
        data_format = data_format or "NDHWC"
        sizes = _sizes(ksize, strides, 3, data_format)
        result: Tensor = op(
            "MaxPool3D",
            input=input,
            **sizes,
            padding=padding,
            data_format=data_format,
            name=scope,
        )
        return result


def max_pool_v2(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Max pooling of as many dimensions as the image has.

    Raises:
        ValueError: The image has not 3, 4 or 5 dimensions.
    """
    count = _spatial_count(input)
    sizes = _sizes(ksize, strides, count, data_format or "")
    _check_explicit(padding, data_format)
    if count == 3:
        if isinstance(padding, (list, tuple)):
            raise ValueError(
                "Explicit padding is not supported with an input tensor of rank 5."
                f" Received: padding={padding}"
            )
        result: Tensor = op(
            "MaxPool3D",
            input=input,
            **sizes,
            padding=padding,
            data_format=data_format,
            name=name,
        )
        return result
    function = max_pool1d if count == 1 else max_pool2d
    return function(input, **sizes, padding=padding, data_format=data_format, name=name)


def _spatial_count(image: Any) -> int:
    count = len(image.shape) - 2
    if not 1 <= count <= 3:
        raise ValueError(
            "`input.shape.rank` must be 3, 4 or 5. Received: input.shape="
            f"{image.shape} of rank {count + 2}."
        )
    return count


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    Targmax: Any = None,  # noqa: N803 - TensorFlow's public name
    name: str | None = None,
    output_dtype: Any = None,
    include_batch_in_index: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest values, and their places in the flattened image.

    Raises:
        ValueError: The format is not `NHWC`.
    """
    if data_format != "NHWC":
        raise ValueError(
            "`data_format` values other  than 'NHWC' are not supported. Received:"
            f" data_format={data_format}"
        )
    index_dtype = renamed_argument("output_dtype", output_dtype, "Targmax", Targmax)
    result: tuple[Tensor, Tensor] = op(
        "MaxPoolWithArgmax",
        input=input,
        ksize=ksize,
        strides=strides,
        padding=padding,
        Targmax=dtypes.int64 if index_dtype is None else index_dtype,
        include_batch_in_index=include_batch_in_index,
        name=name,
    )
    return result


def avg_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The average of every window; padding does not count.

    The arguments are those of `max_pool`.
    """
    with name_scope(name, "AvgPool", [value]) as scope:
        value = renamed_argument("input", input, "value", value)
        return _averaged(value, ksize, strides, padding, data_format, scope)


def _averaged(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    scope: str | None,
) -> Tensor:
    data_format = data_format or "NHWC"
    result: Tensor = op(
        "AvgPool",
        value=value,
        **_sizes(ksize, strides, 2, data_format),
        padding=padding,
        data_format=data_format,
        name=scope,
    )
    return result


def avg_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NWC",
    name: str | None = None,
) -> Tensor:
    """The average of every window of a sequence `[batch, width, channels]`."""
    with name_scope(name, "AvgPool1D", [input]) as scope:
        data_format = data_format or "NWC"
        sizes = _line_sizes(ksize, strides, data_format)
        axis, image_format = _image_of_line(data_format)
        result = op(
            "AvgPool",
            value=array.expand_dims(input, axis),
            **sizes,
            padding=padding,
            data_format=image_format,
            name=scope,
        )
        return array.squeeze(result, axis)


def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The average of every window of a volume."""
    with name_scope(name, "AvgPool3D", [input]) as scope:
        data_format = data_format or "NDHWC"
        return _averaged_volume(input, ksize, strides, padding, data_format, scope)


def _averaged_volume(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    name: str | None,
) -> Tensor:
    result: Tensor = op(
        "AvgPool3D",
        input=input,
        **_sizes(ksize, strides, 3, data_format or ""),
        padding=padding,
        data_format=data_format,
        name=name,
    )
    return result


def avg_pool_v2(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Average pooling of as many dimensions as the image has.

    Raises:
        ValueError: The image has not 3, 4 or 5 dimensions.
    """
    count = _spatial_count(input)
    if count == 1:
        return avg_pool1d(input, ksize, strides, padding, data_format, name)
    if count == 2:
        return _averaged(input, ksize, strides, padding, data_format, name)
    return _averaged_volume(input, ksize, strides, padding, data_format, name)


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    padding: str,
    dilation_rate: Any = None,
    strides: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Pool in 1, 2 or 3 dimensions.

    Args:
        input: `[batch, spatial..., channels]`.
        window_shape: Size of the window along every spatial dimension.
        pooling_type: `MAX` or `AVG`.
        padding: `SAME` or `VALID`.
        dilation_rate: Distances between the places of a window.
        strides: Steps of the window.
        name: Name of the scope.
        data_format: A format that begins with `NC` has the channels first.
        dilations: The newer name of `dilation_rate`.

    Raises:
        ValueError: The arguments do not fit together.
    """
    rates = renamed_argument("dilations", dilations, "dilation_rate", dilation_rate)
    with name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        image = convert_to_tensor(input, name="input")
        count = len(window_shape)
        if not 1 <= count <= 3:
            raise ValueError(
                "`len(window_shape)` must be 1, 2, or 3. Received: window_shape="
                f"{window_shape} of length {count}"
            )
        image.shape.with_rank(count + 2)
        strides, rates = checked_strides_and_rates(count, strides, rates)
        _check_pool(window_shape, pooling_type, padding, strides, rates)
        is_first = data_format is not None and data_format.startswith("NC")
        apply = _Pooling(
            pooling_type, window_shape, strides, data_format, is_first, scope
        )
        first = 2 if is_first else 1
        return dilated(
            image,
            rates,
            padding,
            apply,
            filter_shape=window_shape,
            spatial_dims=range(first, first + count),
        )


def _check_pool(
    window_shape: Any, pooling_type: str, padding: str, strides: Any, rates: Any
) -> None:
    if padding == "SAME" and np.any(rates > 1):
        raise ValueError(
            "pooling with 'SAME' padding is not implemented for `dilation_rate` > 1."
            f" Received: padding={padding} and dilation_rate={rates}"
        )
    if np.any(strides > window_shape):
        raise ValueError(
            "`strides` > `window_shape` not supported due to inconsistency between CPU"
            f" and GPU implementations. Received: strides={strides} and window_shape="
            f"{window_shape}"
        )
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(
            f"{len(window_shape)}-D {pooling_type} pooling is not supported."
        )


class _Pooling:
    """One pooling op, ready to be applied to an image or to blocks of it."""

    def __init__(
        self,
        pooling_type: str,
        window_shape: Any,
        strides: Any,
        data_format: str | None,
        is_first: bool,
        scope: str,
    ) -> None:
        self._count = len(window_shape)
        self._axis = 2 if is_first else 1
        self._scope = scope
        ones = ([1, 1], []) if is_first else ([1], [1])
        if self._count == 1:
            ones = ([1, *ones[0]], ones[1])
            data_format = _line_format(data_format)
        self._format = data_format
        self._ksize = [*ones[0], *(int(w) for w in window_shape), *ones[1]]
        self._strides = [*ones[0], *(int(s) for s in strides), *ones[1]]
        functions = {
            ("MAX", False): max_pool,
            ("AVG", False): avg_pool,
            ("MAX", True): _max_volume,
            ("AVG", True): _averaged_volume,
        }
        self._function: Any = functions[pooling_type, self._count == 3]

    def __call__(self, image: Tensor, _count: int, padding: Any) -> Tensor:
        if self._count == 1:
            image = array.expand_dims(image, self._axis)
        result: Tensor = self._function(
            image,
            self._ksize,
            self._strides,
            padding,
            data_format=self._format,
            name=self._scope,
        )
        return array.squeeze(result, [self._axis]) if self._count == 1 else result


def _line_format(data_format: str | None) -> str:
    if data_format in (None, "NWC"):
        return "NHWC"
    if data_format == "NCW":
        return "NCHW"
    raise ValueError(
        "data_format must be either 'NWC' or 'NCW'. Received: data_format="
        f"{data_format}"
    )


def _max_volume(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    name: str | None,
) -> Tensor:
    result: Tensor = op(
        "MaxPool3D",
        input=input,
        ksize=ksize,
        strides=strides,
        padding=padding,
        data_format=data_format,
        name=name,
    )
    return result
