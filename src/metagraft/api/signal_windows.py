"""`tf.signal`: windows.

Source: tensorflow python/ops/signal/window_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.cond import cond
from metagraft.api.math import cos, exp, sin, sqrt, square
from metagraft.api.nn_activation import relu
from metagraft.api.special_math import bessel_i0e
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, cumsum, equal, mod, number_range, power
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "hamming_window",
    "hann_window",
    "kaiser_bessel_derived_window",
    "kaiser_window",
    "vorbis_window",
]


def _checked(dtype: Any) -> DType:
    found = as_dtype(dtype)
    if not found.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype}")
    return found


def _length(window_length: Any, name: str | None = None) -> Tensor:
    length = convert_to_tensor(window_length, dtype=dtypes.int32, name=name)
    length.shape.assert_has_rank(0)
    return length


def kaiser_window(
    window_length: Any,
    beta: Any = 12.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Return a Kaiser window, `[window_length]`.

    Args:
        window_length: A scalar.
        beta: How narrow it is.
        dtype: A type of floating-point numbers.
        name: Name scope of the nodes.

    Raises:
        ValueError: `dtype` is of another kind.
    """
    with name_scope(name, "kaiser_window"):
        kind = _checked(dtype)
        length = _length(window_length)
        if constant_value(length) == 1:
            return array.ones([1], dtype=kind)
        half = (cast(length, dtypes.float32) - 1.0) / 2.0
        places = number_range(-half, half + 0.1, dtype=dtypes.float32)
        places = cast(places, kind)
        beta = cast(beta, kind)
        one = cast(1.0, kind)
        half = cast(half, kind)
        num = beta * sqrt(relu(one - square(places / half)))
        return exp(num - beta) * (bessel_i0e(num) / bessel_i0e(beta))


def kaiser_bessel_derived_window(
    window_length: Any,
    beta: Any = 12.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Return a window made of sums of a Kaiser window, `[window_length]`."""
    with name_scope(name, "kaiser_bessel_derived_window"):
        kind = _checked(dtype)
        half = _length(window_length) // 2
        sums = cumsum(kaiser_window(half + 1, beta, dtype=kind))
        rising = sqrt(sums[:-1] / sums[-1])
        window: Tensor = array.concat((rising, rising[::-1]), axis=0)
        return window


def vorbis_window(
    window_length: Any, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Return the window of Vorbis, `[window_length]`."""
    with name_scope(name, "vorbis_window"):
        kind = _checked(dtype)
        length = _length(window_length)
        places = cast(number_range(length), kind)
        inner = sin(np.pi / cast(length, kind) * (places + 0.5))
        return sin(np.pi / 2.0 * power(inner, 2.0))


def hann_window(
    window_length: Any,
    periodic: Any = True,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Return a Hann window, `[window_length]`.

    Args:
        window_length: A scalar.
        periodic: Whether it is one period, for spectra, or symmetric, for filters.
        dtype: A type of floating-point numbers.
        name: Name scope of the nodes.

    Raises:
        ValueError: `dtype` is of another kind.
    """
    return _raised_cosine(
        name, "hann_window", window_length, periodic, dtype, (0.5, 0.5)
    )


def hamming_window(
    window_length: Any,
    periodic: Any = True,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Return a Hamming window, `[window_length]`; see `hann_window`."""
    return _raised_cosine(
        name, "hamming_window", window_length, periodic, dtype, (0.54, 0.46)
    )


def _raised_cosine(
    name: str | None,
    default_name: str,
    window_length: Any,
    periodic: Any,
    dtype: Any,
    weights: tuple[float, float],
) -> Any:
    """Return `a - b * cos(...)` for the weights `(a, b)`."""
    kind = _checked(dtype)
    a, b = weights
    with name_scope(name, default_name, [window_length, periodic]):
        length = _length(window_length, "window_length")
        known = constant_value(length)
        if known == 1:
            return array.ones([1], dtype=kind)
        flag = convert_to_tensor(periodic, dtype=dtypes.bool, name="periodic")
        is_periodic = cast(flag, dtypes.int32)
        is_periodic.shape.assert_has_rank(0)
        is_even = 1 - mod(length, 2)
        period = cast(length + is_periodic * is_even - 1, kind)
        places = cast(number_range(length), kind)
        angles = convert_to_tensor(2 * np.pi, dtype=kind, name="Const")
        angles = angles * places / period
        if known is not None:
            return cast(a - b * cos(angles), kind)
        return cond(
            equal(length, 1),
            lambda: array.ones([length], dtype=kind),
            lambda: cast(a - b * cos(angles), kind),
        )
