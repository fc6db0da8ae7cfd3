"""`tf.signal`: cosine transforms.

Source: tensorflow python/ops/signal/dct_ops.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from metagraft.api.cond import smart_cond
from metagraft.api.math import exp, rsqrt, sqrt
from metagraft.api.signal_fourier import irfft, rfft
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, complex_number, number_range, real
from metagraft.graph.build.pad import pad
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import as_shape
from metagraft.graph.tensor import Tensor

__all__ = ["dct", "idct"]

_INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}


def dct(
    input: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Return the cosine transform along the last axis.

    Args:
        input: `[..., samples]` of `float32` or `float64`.
        type: 1, 2, 3 or 4.
        n: The length to which signals are cut or filled up with zeros.
        axis: Only -1 is supported.
        norm: None, or `ortho` to scale so that it is orthogonal.
        name: Name scope of the nodes.

    Raises:
        ValueError: An argument is not valid.
        NotImplementedError: `axis` is another.
    """
    _check(input, type, n, axis, norm)
    return _transform(input, type, n, norm, name)


def idct(
    input: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Return the inverse of `dct`, but for a factor unless `norm` is `ortho`."""
    _check(input, type, n, axis, norm)
    return _transform(input, _INVERSE[type], n, norm, name)


def _check(input: Any, type: int, n: int | None, axis: int, norm: str | None) -> None:
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if type not in _INVERSE:
        raise ValueError("Types I, II, III and IV (I)DCT are supported.")
    if type == 1:
        if norm == "ortho":
            raise ValueError("Normalization is not supported for the Type-I DCT.")
        last = as_shape(input.shape)[-1].value
        if last is not None and last < 2:
            raise ValueError(
                "Type-I DCT requires the dimension to be greater than one."
            )
    if norm not in (None, "ortho"):
        raise ValueError(
            f"Unknown normalization. Expected None or 'ortho', got: {norm}"
        )


def _transform(
    input: Any, type: int, n: Any, norm: str | None, name: str | None
) -> Tensor:
    with name_scope(name, "dct", [input]):
        signal = convert_to_tensor(input)
        zero = convert_to_tensor(0.0, dtype=signal.dtype)
        signal = _of_length(signal, n, _last_size(signal))
        size = _last_size(signal)
        count = cast(size, signal.dtype)
        kinds: dict[int, Callable[..., Tensor]] = {
            1: _first,
            2: _second,
            3: _third,
            4: _fourth,
        }
        return kinds[type](signal, zero, size, count, norm == "ortho")


def _last_size(signal: Tensor) -> Any:
    return signal.shape[-1].value or array.shape(signal)[-1]


def _of_length(signal: Tensor, n: Any, size: Any) -> Tensor:
    """Cut a signal, or fill it up with zeros, to a length if one is given."""
    if n is None:
        return signal

    def padded() -> Tensor:
        rank = len(signal.shape)
        paddings: list[list[Any]] = [[0, 0] for _ in range(rank)]
        paddings[rank - 1][1] = n - size
        return pad(signal, paddings=convert_to_tensor(paddings, dtype=dtypes.int32))

    result: Tensor = smart_cond(n <= size, lambda: signal[..., 0:n], padded)
    return result


def _first(signal: Tensor, *_: Any) -> Tensor:
    return real(rfft(array.concat([signal, signal[..., -2:0:-1]], axis=-1)))


def _second(
    signal: Tensor, zero: Tensor, size: Any, count: Any, is_orthogonal: bool
) -> Tensor:
    angles = -number_range(count) * math.pi * 0.5 / count
    scale = 2.0 * exp(complex_number(zero, angles))
    result = real(rfft(signal, fft_length=[2 * size])[..., :size] * scale)
    if is_orthogonal:
        first = 0.5 * rsqrt(count)
        result *= _weights(first, first * math.sqrt(2.0), size)
    return result


def _weights(first: Any, others: Any, size: Any) -> Tensor:
    return pad(array.expand_dims(first, 0), [[0, size - 1]], constant_values=others)


def _third(
    signal: Tensor, zero: Tensor, size: Any, count: Any, is_orthogonal: bool
) -> Tensor:
    if is_orthogonal:
        first = sqrt(count)
        signal = signal * _weights(first, first * math.sqrt(0.5), size)
    else:
        signal = signal * count
    angles = number_range(count) * math.pi * 0.5 / count
    scale = 2.0 * exp(complex_number(zero, angles))
    product = scale * complex_number(signal, zero)
    return real(irfft(product, fft_length=[2 * size]))[..., :size]


def _fourth(
    signal: Tensor, _zero: Tensor, size: Any, count: Any, is_orthogonal: bool
) -> Tensor:
    result = _transform(signal, 2, 2 * size, None, None)[..., 1::2]
    if is_orthogonal:
        result *= math.sqrt(0.5) * rsqrt(count)
    return result
