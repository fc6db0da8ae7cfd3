"""Hashes of many texts at once, with NumPy: the values of `hashes.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from metagraft.kernels.hashes import fingerprint64

__all__ = ["EqualTexts", "fingerprints64", "hashed_each", "hashed_rows"]

Words = np.ndarray[Any, np.dtype[np.uint64]]

_K0: Final = np.uint64(0xC3A5C85C97CB3127)
_K2: Final = np.uint64(0x9AE16A3B2F90404F)
# Fewer texts are not worth two dozen calls of NumPy.
_MANY: Final = 32
_ALIKE: Final = 8
_SHORT: Final = 16


class EqualTexts:
    """Texts of one length, taken as one by the functions of `hashes`."""

    def __init__(self, content: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Take the texts `[n, length]`."""
        count, self._length = content.shape
        # Words may go beyond the end, where zeros are read.
        room = np.zeros((count, (self._length + 15) // 8 * 8), np.uint8)
        room[:, : self._length] = content
        # Equal words of all texts, one after the other.
        self._words = np.ascontiguousarray(room.view("<u8").T).astype(
            np.uint64, copy=False
        )

    def __len__(self) -> int:
        """Return the length of every text."""
        return self._length

    def __getitem__(self, place: int) -> Words:
        """Return a byte of every text."""
        return self.word(place % self._length, 1)

    def word(self, place: int, size: int) -> Words:
        """Return some bytes of every text as a number, the lowest first."""
        index, passed = divmod(place, 8)
        found: Words = self._words[index]
        if passed:
            bits = np.uint64(8 * passed)
            found = found >> bits | self._words[index + 1] << np.uint64(64) - bits
        return found if size == 8 else found & np.uint64(2 ** (8 * size) - 1)


def hashed_rows(
    content: np.ndarray[Any, np.dtype[np.uint8]], hash64: Callable[[Any], Any]
) -> Words:
    """Return the hash of every row of bytes, in `uint64[n]`."""
    if not content.shape[1]:
        return np.full(len(content), hash64(b""), np.uint64)
    return np.asarray(hash64(EqualTexts(content)), np.uint64)


def hashed_each(texts: Sequence[bytes], hash64: Callable[[Any], Any]) -> Words:
    """Return the hash of every text; those of one length are hashed together."""
    if len(texts) < _MANY:
        return np.array([hash64(text) for text in texts], np.uint64)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = sizes.cumsum()
    joined = np.frombuffer(b"".join(texts), np.uint8)
    result = np.empty(len(texts), np.uint64)
    order = sizes.argsort(kind="stable")
    runs = np.flatnonzero(np.diff(sizes[order])) + 1
    for places in np.split(order, runs):
        size = int(sizes[places[0]])
        if len(places) < _ALIKE:
            result[places] = [hash64(texts[i]) for i in places.tolist()]
        else:
            starts = ends[places] - size
            content = _at_each(joined, f"V{size}")[starts] if size else starts[:0]
            rows = content.view(np.uint8).reshape(len(places), size)
            result[places] = hashed_rows(rows, hash64)
    return result


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
    joined = np.frombuffer(b"".join((*texts, bytes(8))), np.uint8)
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
    return _at_each(joined, f"<u{size}")[places].astype(np.uint64, copy=False)


def _at_each(joined: np.ndarray[Any, Any], form: str) -> np.ndarray[Any, Any]:
    """Return what begins at each byte, as elements of a form."""
    count = joined.size - np.dtype(form).itemsize + 1
    return np.ndarray(count, form, joined.data, strides=(1,))


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
