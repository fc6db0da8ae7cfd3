"""Hashes of bytes whose values are part of models: equal on every machine.

Source: FarmHash (farmhashna.cc Hash64, which Fingerprint64 is); SipHash-2-4
(Aumasson and Bernstein, "SipHash: a fast short-input PRF"); MurmurHash64A
(Appleby), as tensorflow core/platform/hash.cc has it.

Every function takes one text, or many of one length as `hash_arrays.EqualTexts`; words
are then arrays of 64 bits, which wrap round by themselves and are not changed in place.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = [
    "STRING_SEED",
    "fingerprint64",
    "folded",
    "mixed",
    "murmur_hash64",
    "rotated",
    "sip_hash64",
    "weak",
    "word",
]

# What TensorFlow's `Hash64` starts from where nothing else is asked for.
STRING_SEED: Final = 0xDECAFCAFFE
_MASK: Final = 0xFFFFFFFFFFFFFFFF
# Primes between 2^63 and 2^64 (FarmHash).
_K0: Final = 0xC3A5C85C97CB3127
_K1: Final = 0xB492B66FBE98F273
_K2: Final = 0x9AE16A3B2F90404F


def fingerprint64(text: Any) -> Any:
    """Return FarmHash's Fingerprint64, below 2^64."""
    if len(text) <= 16:
        return _up_to_16(text)
    if len(text) <= 32:
        return _up_to_32(text)
    if len(text) <= 64:
        return _up_to_64(text)
    return _longer(text)


def word(text: Any, place: int, size: int = 8) -> Any:
    """Return some bytes as a number, the lowest first."""
    if not isinstance(text, bytes):
        return text.word(place, size)
    return int.from_bytes(text[place : place + size], "little")


def rotated(value: Any, bits: int) -> Any:
    """Rotate 64 bits to the right."""
    value = _wrapped(value)
    return _wrapped(value >> bits | value << (64 - bits))


def _wrapped(value: Any) -> Any:
    return value & _MASK if isinstance(value, int) else value


def mixed(value: Any) -> Any:
    """Mix the higher bits of a word into the lower ones."""
    value = _wrapped(value)
    return value ^ value >> 47


def folded(u: Any, v: Any, mul: Any) -> Any:
    """Hash two words to one."""
    a = mixed(((u ^ v) & _MASK) * mul)
    b = mixed((v ^ a) * mul)
    return b * mul & _MASK


def _up_to_16(text: Any) -> Any:
    size = len(text)
    mul = _K2 + size * 2
    if size >= 8:
        a, b = word(text, 0) + _K2 & _MASK, word(text, size - 8)
        c = rotated(b, 37) * mul + a
        d = (rotated(a, 25) + b) * mul
        return folded(c & _MASK, d & _MASK, mul)
    if size >= 4:
        first, last = word(text, 0, 4), word(text, size - 4, 4)
        return folded(size + (first << 3), last, mul)
    if size:
        y = text[0] + (text[size >> 1] << 8)
        z = size + (text[-1] << 2)
        return mixed(y * _K2 & _MASK ^ z * _K0 & _MASK) * _K2 & _MASK
    return _K2


def _up_to_32(text: Any) -> Any:
    size = len(text)
    mul = _K2 + size * 2
    a, b = word(text, 0) * _K1, word(text, 8)
    c, d = word(text, size - 8) * mul, word(text, size - 16) * _K2
    return folded(
        rotated(a + b, 43) + rotated(c, 30) + d & _MASK,
        a + rotated(b + _K2, 18) + c & _MASK,
        mul,
    )


def _up_to_64(text: Any) -> Any:
    size = len(text)
    mul = _K2 + size * 2
    a, b = word(text, 0) * _K2, word(text, 8)
    c, d = word(text, size - 8) * mul, word(text, size - 16) * _K2
    y = rotated(a + b, 43) + rotated(c, 30) + d & _MASK
    z = folded(y, a + rotated(b + _K2, 18) + c & _MASK, mul)
    e, f = word(text, 16) * mul, word(text, 24)
    g = (y + word(text, size - 32)) * mul
    h = (z + word(text, size - 24)) * mul
    return folded(
        rotated(e + f, 43) + rotated(g, 30) + h & _MASK,
        e + rotated(f + a, 18) + g & _MASK,
        mul,
    )


_Pair = tuple[Any, Any]


def weak(text: Any, place: int, a: Any, b: Any) -> _Pair:
    """Hash 32 bytes with two seeds to two words."""
    w, x, y, z = (word(text, place + at) for at in (0, 8, 16, 24))
    c = a + w
    b = rotated(b + c + z, 21)
    a = c + x + y
    return (a + z) & _MASK, (b + rotated(a, 44) + c) & _MASK


def _longer(text: Any) -> Any:
    """Take 64 bytes at a time; the last 64 may overlap those before."""
    x, y = 81, (81 * _K1 + 113) & _MASK
    z = mixed(y * _K2 + 113) * _K2 & _MASK
    v: _Pair = (0, 0)
    w: _Pair = (0, 0)
    x = (x * _K2 & _MASK) + word(text, 0) & _MASK
    for place in range(0, (len(text) - 1) // 64 * 64, 64):
        x = rotated(x + y + v[0] + word(text, place + 8), 37) * _K1 & _MASK
        y = rotated(y + v[1] + word(text, place + 48), 42) * _K1 & _MASK
        x = x ^ w[1]
        y = (y + v[0] + word(text, place + 40)) & _MASK
        z = rotated(z + w[0], 33) * _K1 & _MASK
        v = weak(text, place, v[1] * _K1, x + w[0])
        w = weak(text, place + 32, z + w[1], y + word(text, place + 16))
        x, z = z, x
    return _last_64(text, x, y, z, v, w)


def _last_64(text: Any, x: Any, y: Any, z: Any, v: _Pair, w: _Pair) -> Any:
    place = len(text) - 64
    mul = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + ((len(text) - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x = rotated(x + y + v[0] + word(text, place + 8), 37) * mul & _MASK
    y = rotated(y + v[1] + word(text, place + 48), 42) * mul & _MASK
    x = x ^ w[1] * 9 & _MASK
    y = (y + v[0] * 9 + word(text, place + 40)) & _MASK
    z = rotated(z + w[0], 33) * mul & _MASK
    v = weak(text, place, v[1] * mul, x + w[0])
    w = weak(text, place + 32, z + w[1], y + word(text, place + 16))
    x, z = z, x
    return folded(
        folded(v[0], w[0], mul) + mixed(y) * _K0 + z & _MASK,
        folded(v[1], w[1], mul) + x & _MASK,
        mul,
    )


def murmur_hash64(text: Any, seed: int) -> Any:
    """Return MurmurHash64A, below 2^64."""
    m = 0xC6A4A7935BD1E995
    value = seed ^ len(text) * m & _MASK
    whole = len(text) // 8 * 8
    for place in range(0, whole, 8):
        part = mixed(word(text, place) * m) * m & _MASK
        value = (value ^ part) * m & _MASK
    if whole < len(text):
        value = (value ^ word(text, whole)) * m & _MASK
    return mixed(mixed(value) * m)


def sip_hash64(text: Any, low: int, high: int) -> Any:
    """Return SipHash-2-4 with a key of two words, below 2^64.

    Args:
        text: What is hashed.
        low: First word of the key; negative numbers stand for their 64 bits.
        high: Second word.
    """
    low, high = low & _MASK, high & _MASK
    state: tuple[Any, Any, Any, Any] = (
        low ^ 0x736F6D6570736575,
        high ^ 0x646F72616E646F6D,
        low ^ 0x6C7967656E657261,
        high ^ 0x7465646279746573,
    )
    whole = len(text) // 8 * 8
    words = [word(text, place) for place in range(0, whole, 8)]
    words.append((len(text) & 0xFF) << 56 | word(text, whole))
    for part in words:
        a, b, c, d = state
        a, b, c, d = _sip_rounds((a, b, c, d ^ part), 2)
        state = (a ^ part, b, c, d)
    a, b, c, d = state
    a, b, c, d = _sip_rounds((a, b, c ^ 0xFF, d), 4)
    return a ^ b ^ c ^ d


def _sip_rounds(
    state: tuple[Any, Any, Any, Any], count: int
) -> tuple[Any, Any, Any, Any]:
    a, b, c, d = state
    for _ in range(count):
        a, c = _wrapped(a + b), _wrapped(c + d)
        b, d = rotated(b, 64 - 13) ^ a, rotated(d, 64 - 16) ^ c
        a = rotated(a, 32)
        c, a = _wrapped(c + b), _wrapped(a + d)
        b, d = rotated(b, 64 - 17) ^ c, rotated(d, 64 - 21) ^ a
        c = rotated(c, 32)
    return a, b, c, d
