"""Hashes of many texts at once, with NumPy: the values of `hashes.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from metagraft.kernels.hashes import fingerprint64

__all__ = ["fingerprints64", "hashed_each"]

Words = np.ndarray[Any, np.dtype[np.uint64]]

_K0: Final = np.uint64(0xC3A5C85C97CB3127)
_K2: Final = np.uint64(0x9AE16A3B2F90404F)
# Fewer texts are not worth two dozen calls of NumPy.
_MANY: Final = 32
_SHORT: Final = 16


def hashed_each(texts: Sequence[bytes], hash64: Callable[[bytes], int]) -> Words:
    """Return the hash of every text; equal texts are hashed once."""
    seen = {text: hash64(text) for text in set(texts)}
    return np.fromiter(map(seen.__getitem__, texts), np.uint64, len(texts))


def fingerprints64(texts: Sequence[bytes]) -> Words:
    """Return `fingerprint64` of every text, in `uint64[n]`."""
    if len(texts) < _MANY:
        return hashed_each(texts, fingerprint64)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    result = np.empty(len(texts), np.uint64)
    long = np.flatnonzero(sizes > _SHORT)
    if long.size:
        result[long] = hashed_each([texts[i] for i in long.tolist()], fingerprint64)
    ends = np.cumsum(sizes)
    # Words are read 8 bytes at a time, also from the ends of texts.
    joined = np.frombuffer(b"".join(texts) + bytes(8), np.uint8)
    for least, most, formula in (
        (8, _SHORT, _from_8_to_16),
        (4, 7, _from_4_to_7),
        (1, 3, _from_1_to_3),
    ):
        chosen = np.flatnonzero((sizes >= least) & (sizes <= most))
        if chosen.size:
            size = sizes[chosen]
            result[chosen] = formula(joined, ends[chosen] - size, size)
    result[sizes == 0] = _K2
    return result


def _words(joined: np.ndarray[Any, Any], places: Any, size: int = 8) -> Words:
    """Return the little-endian numbers of `size` bytes at some places."""
    rows = joined[places[:, np.newaxis] + np.arange(size)]
    return rows.view(f"<u{size}")[:, 0].astype(np.uint64)


def _rotated(value: Words, bits: int) -> Words:
    return value >> np.uint64(bits) | value << np.uint64(64 - bits)


def _mixed(value: Words) -> Words:
    return value ^ value >> np.uint64(47)


def _folded(u: Words, v: Words, mul: Words) -> Words:
    a = _mixed((u ^ v) * mul)
    return _mixed((v ^ a) * mul) * mul


def _from_8_to_16(joined: np.ndarray[Any, Any], places: Any, size: Any) -> Words:
    mul = _K2 + size.astype(np.uint64) * np.uint64(2)
    a = _words(joined, places) + _K2
    b = _words(joined, places + size - 8)
    return _folded(_rotated(b, 37) * mul + a, (_rotated(a, 25) + b) * mul, mul)


def _from_4_to_7(joined: np.ndarray[Any, Any], places: Any, size: Any) -> Words:
    lengths = size.astype(np.uint64)
    first = _words(joined, places, 4)
    last = _words(joined, places + size - 4, 4)
    mul = _K2 + lengths * np.uint64(2)
    return _folded(lengths + (first << np.uint64(3)), last, mul)


def _from_1_to_3(joined: np.ndarray[Any, Any], places: Any, size: Any) -> Words:
    first, middle, last = (
        joined[at].astype(np.uint64)
        for at in (places, places + (size >> 1), places + size - 1)
    )
    y = first + (middle << np.uint64(8))
    z = size.astype(np.uint64) + (last << np.uint64(2))
    return _mixed(y * _K2 ^ z * _K0) * _K2
