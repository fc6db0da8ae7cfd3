"""Fourier transforms of 16-bit numbers in fixed point, as Kiss FFT computes them.

Every sum and product is rounded as there: a step of a transform halves or quarters its
numbers, so that none is too large.

Source: kiss_fft.c, kiss_fftr.c, with FIXED_POINT 16.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from metagraft.kernels.kernel import Array

__all__ = ["real_transform"]

_BITS: Final = 15
_LARGEST: Final = (1 << _BITS) - 1
# Real and imaginary parts.
_Pair = tuple[Array, Array]


def real_transform(x: Array) -> _Pair:
    """Return the first half of the transforms of rows, and the element after it.

    Args:
        x: `int16[rows, size]`; the size is a power of two, at least four.

    Returns:
        Real and imaginary parts, `int16[rows, size // 2 + 1]`, divided by the size.
    """
    count = x.shape[1] // 2
    real, imaginary = _transform((x[:, 0::2], x[:, 1::2]), count, 1)
    out = np.zeros((2, len(x), count + 1), np.int16)
    first = _divided((real[:, :1], imaginary[:, :1]), 2)
    out[0, :, :1] = first[0] + first[1]
    out[0, :, count:] = first[0] - first[1]
    place = np.arange(1, count // 2 + 1)
    one = _divided((real[:, place], imaginary[:, place]), 2)
    other = _divided((real[:, count - place], -imaginary[:, count - place]), 2)
    total, rest = _add(one, other), _subtract(one, other)
    phases = -np.pi * (np.arange(1, len(place) + 1) / count + 0.5)
    turned = _multiply(rest, _turns(phases))
    wide = [part.astype(np.int32) for part in (*total, *turned)]
    out[0, :, place] = ((wide[0] + wide[2]) >> 1).T
    out[1, :, place] = ((wide[1] + wide[3]) >> 1).T
    out[0, :, count - place] = ((wide[0] - wide[2]) >> 1).T
    out[1, :, count - place] = ((wide[3] - wide[1]) >> 1).T
    return out[0], out[1]


def _transform(x: _Pair, size: int, stride: int) -> _Pair:
    """Transform rows; `stride` is the step between the roots of unity to use."""
    if size == 1:
        return x
    radix = 4 if size % 4 == 0 else 2
    part = size // radix
    inner = [
        _transform((x[0][:, i::radix], x[1][:, i::radix]), part, stride * radix)
        for i in range(radix)
    ]
    roots = _roots(size * stride)
    place = np.arange(part) * stride
    scaled = [_divided(one, radix) for one in inner]
    turned = [scaled[0]] + [
        _multiply(one, (roots[0][place * i], roots[1][place * i]))
        for i, one in enumerate(scaled[1:], 1)
    ]
    joined = _two(turned) if radix == 2 else _four(turned)
    real, imaginary = zip(*joined, strict=True)
    return np.concatenate(real, axis=1), np.concatenate(imaginary, axis=1)


def _two(x: list[_Pair]) -> list[_Pair]:
    return [_add(x[0], x[1]), _subtract(x[0], x[1])]


def _four(x: list[_Pair]) -> list[_Pair]:
    low, high = _add(x[0], x[2]), _subtract(x[0], x[2])
    total, rest = _add(x[1], x[3]), _subtract(x[1], x[3])
    return [
        _add(low, total),
        (high[0] + rest[1], high[1] - rest[0]),
        _subtract(low, total),
        (high[0] - rest[1], high[1] + rest[0]),
    ]


def _rounded(x: Array) -> Array:
    return ((x + (1 << (_BITS - 1))) >> _BITS).astype(np.int16)


def _divided(x: _Pair, by: int) -> _Pair:
    factor = np.int32(_LARGEST // by)
    real, imaginary = (_rounded(part.astype(np.int32) * factor) for part in x)
    return real, imaginary


def _multiply(x: _Pair, y: _Pair) -> _Pair:
    a, b, c, d = (part.astype(np.int32) for part in (*x, *y))
    return _rounded(a * c - b * d), _rounded(a * d + b * c)


def _add(x: _Pair, y: _Pair) -> _Pair:
    return x[0] + y[0], x[1] + y[1]


def _subtract(x: _Pair, y: _Pair) -> _Pair:
    return x[0] - y[0], x[1] - y[1]


def _turns(phases: Array) -> _Pair:
    real, imaginary = (
        np.floor(0.5 + _LARGEST * part).astype(np.int16)
        for part in (np.cos(phases), np.sin(phases))
    )
    return real, imaginary


@lru_cache(maxsize=8)
def _roots(size: int) -> _Pair:
    return _turns(-2 * np.pi * np.arange(size) / size)
