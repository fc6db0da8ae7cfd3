"""Sizes, formats and activations in the forms that layers take them.

Source: tf_keras utils/conv_utils.py, activations.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api import nn_activation, nn_softmax
from metagraft.graph.apply_op import op

__all__ = [
    "activation_function",
    "as_tuple",
    "checked_format",
    "checked_padding",
    "op_format",
    "output_length",
    "transposed_length",
]

_OP_FORMATS = {
    "channels_last": {3: "NWC", 4: "NHWC", 5: "NDHWC"},
    "channels_first": {3: "NCW", 4: "NCHW", 5: "NCDHW"},
}


def as_tuple(
    value: Any, count: int, name: str, *, allow_zero: bool = False
) -> tuple[int, ...]:
    """Return a number, or as many as wanted, as a tuple.

    Raises:
        ValueError: There are more or fewer, or one is too small or no integer.
    """
    begin = f"The `{name}` argument must be a tuple of {count} integers. Received:"
    if isinstance(value, int):
        sizes: tuple[Any, ...] = (value,) * count
    else:
        try:
            sizes = tuple(value)
        except TypeError:
            raise ValueError(f"{begin} {value}") from None
        if len(sizes) != count:
            raise ValueError(f"{begin} {value}")
    for size in sizes:
        try:
            int(size)
        except (ValueError, TypeError):
            raise ValueError(
                f"{begin} {value}including element {size} of type {type(size)}"
            ) from None
    too_small = {size for size in sizes if size < (0 if allow_zero else 1)}
    if too_small:
        raise ValueError(
            f"{begin} {value} including {too_small} that does not satisfy the"
            f" requirement `{'>= 0' if allow_zero else '> 0'}`."
        )
    return sizes


def checked_padding(value: Any) -> Any:
    """Return `valid`, `same` or `causal`; lists stay.

    Raises:
        ValueError: It is none of them.
    """
    if isinstance(value, (list, tuple)):
        return value
    padding = value.lower()
    if padding not in {"valid", "same", "causal"}:
        raise ValueError(
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or'
            f' "causal", only for `Conv1D). Received: {padding}'
        )
    return padding


def checked_format(value: str | None) -> str:
    """Return `channels_last` (also for None) or `channels_first`.

    Raises:
        ValueError: It is neither.
    """
    data_format = "channels_last" if value is None else value.lower()
    if data_format not in _OP_FORMATS:
        raise ValueError(
            'The `data_format` argument must be one of "channels_first",'
            f' "channels_last". Received: {value}'
        )
    return data_format


def op_format(data_format: str, rank: int) -> str:
    """Return the format as operations call it: `NHWC`."""
    return _OP_FORMATS[data_format][rank]


def output_length(
    length: int | None, taps: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Return how many windows fit along an axis."""
    if length is None:
        return None
    if padding == "valid":
        length = length - (taps + (taps - 1) * (dilation - 1)) + 1
    return (length + stride - 1) // stride


def transposed_length(
    length: Any, taps: int, padding: str, stride: int, dilation: int = 1
) -> Any:
    """Return the size that a transposed convolution makes of an axis."""
    if length is None:
        return None
    extent = taps + (taps - 1) * (dilation - 1)
    if padding == "valid":
        return length * stride + max(extent - stride, 0)
    return length * stride


def exponential(x: Any) -> Any:
    """`e**x`."""
    return op("Exp", x=x)


def linear(x: Any) -> Any:
    """The same."""
    return x


def mish(x: Any) -> Any:
    """`x * tanh(softplus(x))`."""
    return x * op("Tanh", x=op("Softplus", features=x))


def sigmoid(x: Any) -> Any:
    """`1 / (1 + e**-x)`."""
    return op("Sigmoid", x=x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return op("Tanh", x=x)


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "elu": nn_activation.elu,
    "exponential": exponential,
    "leaky_relu": nn_activation.leaky_relu,
    "linear": linear,
    "mish": mish,
    "relu": nn_activation.relu,
    "relu6": nn_activation.relu6,
    "selu": nn_activation.selu,
    "sigmoid": sigmoid,
    "softmax": nn_softmax.softmax,
    "softplus": nn_activation.softplus,
    "softsign": nn_activation.softsign,
    "swish": nn_activation.swish,
    "tanh": tanh,
}


def activation_function(value: Any) -> Callable[[Any], Any]:
    """Return the function that an `activation` argument means.

    Raises:
        TypeError: It is neither a function nor a name.
        ValueError: No activation has this name.
    """
    if value is None:
        return linear
    if callable(value):
        function: Callable[[Any], Any] = value
        return function
    if not isinstance(value, str):
        raise TypeError(f"Could not interpret activation function identifier: {value}")
    if value not in _ACTIVATIONS:
        raise ValueError(
            f"Unknown activation function: '{value}'. Known are"
            f" {sorted(_ACTIVATIONS)}; any function of a tensor does."
        )
    return _ACTIVATIONS[value]
