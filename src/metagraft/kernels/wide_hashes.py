"""FarmHash's Fingerprint128, which CityHash128 is: equal on every machine.

Source: FarmHash farmhashcc.cc CityHash128.
"""

from __future__ import annotations

from typing import Final

from metagraft.kernels.hashes import fingerprint64, folded, mixed, rotated, weak, word

__all__ = ["fingerprint128"]

_MASK: Final = 0xFFFFFFFFFFFFFFFF
_K0: Final = 0xC3A5C85C97CB3127
_K1: Final = 0xB492B66FBE98F273
_MUL: Final = 0x9DDFEA08EB382D69


def fingerprint128(text: bytes) -> tuple[int, int]:
    """Return the lower and the higher 64 bits."""
    if len(text) < 16:
        return _short(text, 0, _K0, _K1)
    seed = word(text, 0), word(text, 8) + _K0 & _MASK
    if len(text) < 16 + 128:
        return _short(text, 16, *seed)
    return _long(text, 16, *seed)


def _two(u: int, v: int) -> int:
    return folded(u & _MASK, v & _MASK, _MUL)


def _short(text: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    """Hash less than 128 bytes: those from `start` on."""
    size = len(text) - start
    if size <= 16:
        a = mixed(a * _K1) * _K1 & _MASK
        # The hashes of few bytes are those of the smaller fingerprint.
        c = b * _K1 + fingerprint64(text[start:]) & _MASK
        d = mixed(a + (word(text, start) if size >= 8 else c))
    else:
        c = _two(word(text, len(text) - 8) + _K1, a)
        d = _two(b + size, c + word(text, len(text) - 16))
        a = a + d & _MASK
        for place in range(start, len(text) - 16, 16):
            a = (a ^ mixed(word(text, place) * _K1) * _K1 & _MASK) * _K1 & _MASK
            b ^= a
            c = (c ^ mixed(word(text, place + 8) * _K1) * _K1 & _MASK) * _K1 & _MASK
            d ^= c
    a, b = _two(a, c), _two(d, b)
    return a ^ b, _two(b, a)


def _long(text: bytes, start: int, x: int, y: int) -> tuple[int, int]:
    """Take 64 bytes at a time, then 32 from the end."""
    size = len(text) - start
    z = size * _K1 & _MASK
    first = rotated(y ^ _K1, 49) * _K1 + word(text, start) & _MASK
    v = first, rotated(first, 42) * _K1 + word(text, start + 8) & _MASK
    w = (
        rotated(y + z, 35) * _K1 + x & _MASK,
        rotated(x + word(text, start + 88), 53) * _K1 & _MASK,
    )
    for place in range(start, start + size // 128 * 128, 64):
        x = rotated(x + y + v[0] + word(text, place + 8), 37) * _K1 & _MASK
        y = rotated(y + v[1] + word(text, place + 48), 42) * _K1 & _MASK
        x ^= w[1]
        y = y + v[0] + word(text, place + 40) & _MASK
        z = rotated(z + w[0], 33) * _K1 & _MASK
        v = weak(text, place, v[1] * _K1, x + w[0])
        w = weak(text, place + 32, z + w[1], y + word(text, place + 16))
        x, z = z, x
    x += rotated(v[0] + z, 49) * _K0
    y = y * _K0 + rotated(w[1], 37)
    z = z * _K0 + rotated(w[0], 27)
    w, v = (w[0] * 9, w[1]), (v[0] * _K0, v[1])
    for done in range(32, size % 128 + 32, 32):
        place = len(text) - done
        y = rotated(x + y, 42) * _K0 + v[1]
        w = w[0] + word(text, place + 16), w[1]
        x = x * _K0 + w[0]
        z += w[1] + word(text, place)
        w = w[0], w[1] + v[0]
        v = weak(text, place, v[0] + z, v[1])
        v = v[0] * _K0, v[1]
    x, y = _two(x, v[0]), _two(y + z, w[0])
    return _two(x + v[1], w[1]) + y & _MASK, _two(x + w[1], y + v[1])
