"""Hashes of bytes whose values are part of models: equal on every machine.

Source: FarmHash (farmhashna.cc Hash64, which Fingerprint64 is); SipHash-2-4
(Aumasson and Bernstein, "SipHash: a fast short-input PRF"); MurmurHash64A
(Appleby), as tensorflow core/platform/hash.cc has it.

The functions take one text, or many as `hash_arrays.Texts`; words are then arrays of 64
bits, which wrap round by themselves and are not changed in place. In the programs of
`hash_loops` they are one text of many, with words of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

__all__ = [
    "FARM_FORMULAS",
    "LONG_FARM",
    "STRING_SEED",
    "BlockHash",
    "fingerprint64",
    "folded",
    "mixed",
    "murmur",
    "murmur_hash64",
    "rotated",
    "sip",
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


@dataclass(frozen=True, slots=True)
class BlockHash:
    """A hash that takes so many bytes at a time.

    Attributes:
        count: Returns how many blocks a text of a size has.
        start: Returns the words that it begins with.
        step: Returns the next words, given these, a text and the place of a block.
        finish: Returns the hash, given the last words and the text.
        block: How many bytes there are in a block.
    """

    count: Callable[[Any], Any]
    start: Callable[[Any], tuple[Any, ...]]
    step: Callable[[tuple[Any, ...], Any, int], tuple[Any, ...]]
    finish: Callable[[tuple[Any, ...], Any], Any]
    block: int = 8

    def __call__(self, text: Any) -> Any:
        """Return the hash of one text, or of texts of one length."""
        state = self.start(text)
        for place in range(0, self.count(len(text)) * self.block, self.block):
            state = self.step(state, text, place)
        return self.finish(state, text)


def fingerprint64(text: bytes) -> int:
    """Return FarmHash's Fingerprint64, below 2^64."""
    size = len(text)
    for least, formula in FARM_FORMULAS:
        if size >= least:
            found: int = formula(text)
            return found
    return _K2


def word(text: Any, place: int, size: int = 8) -> Any:
    """Return some bytes, from the end if `place` is below 0, the lowest first."""
    if not isinstance(text, bytes):
        return text.word(place, size)
    if place < 0:
        place += len(text)
    return int.from_bytes(text[place : place + size], "little")


def _size(text: Any) -> Any:
    return len(text) if isinstance(text, bytes) else text.sizes


def _rest(text: Any) -> Any:
    """Return what follows the last whole word."""
    return word(text, len(text) // 8 * 8) if isinstance(text, bytes) else text.rest()


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
    a = mixed(_wrapped(u ^ v) * mul)
    b = mixed((v ^ a) * mul)
    return _wrapped(b * mul)


def _from_1_to_3(text: Any) -> Any:
    size = _size(text)
    first, middle, last = (
        text.ends_and_middle()
        if not isinstance(text, bytes)
        else (text[0], text[size >> 1], text[-1])
    )
    y = first + (middle << 8)
    z = size + (last << 2)
    return _wrapped(mixed(_wrapped(y * _K2) ^ _wrapped(z * _K0)) * _K2)


def _from_4_to_7(text: Any) -> Any:
    size = _size(text)
    first, last = word(text, 0, 4), word(text, -4, 4)
    return folded(size + (first << 3), last, _K2 + size * 2)


def _from_8_to_16(text: Any) -> Any:
    mul = _K2 + _size(text) * 2
    a, b = _wrapped(word(text, 0) + _K2), word(text, -8)
    c = rotated(b, 37) * mul + a
    d = (rotated(a, 25) + b) * mul
    return folded(_wrapped(c), _wrapped(d), mul)


def _from_17_to_32(text: Any) -> Any:
    mul = _K2 + _size(text) * 2
    a, b = word(text, 0) * _K1, word(text, 8)
    c, d = word(text, -8) * mul, word(text, -16) * _K2
    return folded(
        _wrapped(rotated(a + b, 43) + rotated(c, 30) + d),
        _wrapped(a + rotated(b + _K2, 18) + c),
        mul,
    )


def _from_33_to_64(text: Any) -> Any:
    mul = _K2 + _size(text) * 2
    a, b = word(text, 0) * _K2, word(text, 8)
    c, d = word(text, -8) * mul, word(text, -16) * _K2
    y = _wrapped(rotated(a + b, 43) + rotated(c, 30) + d)
    z = folded(y, _wrapped(a + rotated(b + _K2, 18) + c), mul)
    e, f = word(text, 16) * mul, word(text, 24)
    g = (y + word(text, -32)) * mul
    h = (z + word(text, -24)) * mul
    return folded(
        _wrapped(rotated(e + f, 43) + rotated(g, 30) + h),
        _wrapped(e + rotated(f + a, 18) + g),
        mul,
    )


_Pair = tuple[Any, Any]


def weak(text: Any, place: int, a: Any, b: Any) -> _Pair:
    """Hash 32 bytes with two seeds to two words."""
    w, x, y, z = (word(text, place + at) for at in (0, 8, 16, 24))
    c = a + w
    b = rotated(b + c + z, 21)
    a = c + x + y
    return _wrapped(a + z), _wrapped(b + rotated(a, 44) + c)


def _long_start(text: Any) -> tuple[Any, ...]:
    x, y = 81 * _K2 & _MASK, (81 * _K1 + 113) & _MASK
    z = mixed(y * _K2 + 113) * _K2 & _MASK
    return (_wrapped(word(text, 0) + x), y, z, 0, 0, 0, 0)


def _long_step(state: tuple[Any, ...], text: Any, place: int) -> tuple[Any, ...]:
    x, y, z, v, v_1, w, w_1 = state
    x = _wrapped(rotated(x + y + v + word(text, place + 8), 37) * _K1)
    y = _wrapped(rotated(y + v_1 + word(text, place + 48), 42) * _K1)
    x = x ^ w_1
    y = _wrapped(y + v + word(text, place + 40))
    z = _wrapped(rotated(z + w, 33) * _K1)
    v, v_1 = weak(text, place, v_1 * _K1, x + w)
    w, w_1 = weak(text, place + 32, z + w_1, y + word(text, place + 16))
    return (z, y, x, v, v_1, w, w_1)


def _long_finish(state: tuple[Any, ...], text: Any) -> Any:
    """Take the last 64 bytes, which may overlap those before."""
    x, y, z, v, v_1, w, w_1 = state
    mul = _K1 + ((z & 0xFF) << 1)
    w = w + ((_size(text) - 1) & 63)
    v = v + w
    w = w + v
    x = _wrapped(rotated(x + y + v + word(text, -56), 37) * mul)
    y = _wrapped(rotated(y + v_1 + word(text, -16), 42) * mul)
    x = x ^ _wrapped(w_1 * 9)
    y = _wrapped(y + v * 9 + word(text, -24))
    z = _wrapped(rotated(z + w, 33) * mul)
    v, v_1 = weak(text, -64, v_1 * mul, x + w)
    w, w_1 = weak(text, -32, z + w_1, y + word(text, -48))
    return folded(
        _wrapped(folded(v, w, mul) + mixed(y) * _K0 + x),
        _wrapped(folded(v_1, w_1, mul) + z),
        mul,
    )


# For texts of more than 64 bytes.
LONG_FARM: Final = BlockHash(
    lambda size: (size - 1) // 64, _long_start, _long_step, _long_finish, 64
)
# What is done from which size on, but for no bytes at all.
FARM_FORMULAS: Final[tuple[tuple[int, Callable[[Any], Any]], ...]] = (
    (65, LONG_FARM),
    (33, _from_33_to_64),
    (17, _from_17_to_32),
    (8, _from_8_to_16),
    (4, _from_4_to_7),
    (1, _from_1_to_3),
)

_M: Final = 0xC6A4A7935BD1E995


def murmur(seed: int) -> BlockHash:
    """Return MurmurHash64A with a seed; hashes are below 2^64."""

    def start(text: Any) -> tuple[Any, ...]:
        return (seed ^ _wrapped(_size(text) * _M),)

    def step(state: tuple[Any, ...], text: Any, place: int) -> tuple[Any, ...]:
        part = _wrapped(mixed(word(text, place) * _M) * _M)
        return (_wrapped((state[0] ^ part) * _M),)

    def finish(state: tuple[Any, ...], text: Any) -> Any:
        (value,) = state
        ended = _wrapped((value ^ _rest(text)) * _M)
        if isinstance(text, bytes):
            value = ended if len(text) % 8 else value
        else:
            value = text.if_rest(ended, value)
        return mixed(mixed(value) * _M)

    return BlockHash(_whole_words, start, step, finish)


def _whole_words(size: Any) -> Any:
    return size // 8


_string_murmur: Final = murmur(STRING_SEED)


def murmur_hash64(text: bytes, seed: int) -> int:
    """Return MurmurHash64A, below 2^64."""
    return (_string_murmur if seed == STRING_SEED else murmur(seed))(text)


def sip_hash64(text: bytes, low: int, high: int) -> int:
    """Return SipHash-2-4 of a text; see `sip`."""
    return sip(low, high)(text)


@lru_cache(32)
def sip(low: int, high: int) -> BlockHash:
    """Return SipHash-2-4 with a key of two words; hashes are below 2^64.

    Args:
        low: First word of the key; negative numbers stand for their 64 bits.
        high: Second word.
    """
    low, high = low & _MASK, high & _MASK
    first = (
        low ^ 0x736F6D6570736575,
        high ^ 0x646F72616E646F6D,
        low ^ 0x6C7967656E657261,
        high ^ 0x7465646279746573,
    )

    def taken(state: tuple[Any, ...], part: Any) -> tuple[Any, ...]:
        a, b, c, d = state
        a, b, c, d = _sip_rounds((a, b, c, d ^ part), 2)
        return (a ^ part, b, c, d)

    def step(state: tuple[Any, ...], text: Any, place: int) -> tuple[Any, ...]:
        return taken(state, word(text, place))

    def finish(state: tuple[Any, ...], text: Any) -> Any:
        part = (_size(text) & 0xFF) << 56 | _rest(text)
        a, b, c, d = taken(state, part)
        a, b, c, d = _sip_rounds((a, b, c ^ 0xFF, d), 4)
        return a ^ b ^ c ^ d

    return BlockHash(_whole_words, lambda text: first, step, finish)


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
