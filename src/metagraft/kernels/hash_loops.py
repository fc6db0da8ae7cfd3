"""Hashes of long texts, block by block in a loop: the values of `hashes.py`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np

from metagraft.kernels.hashes import FARM_FORMULAS, BlockHash, fingerprint64
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax
from metagraft.kernels.native_loop import HostLoop, padded

__all__ = ["fingerprints_in_a_loop", "hashed_in_a_loop"]

# What NumPy takes for a block of one of many texts, and for a text.
_BLOCK_NS: Final = 100.0
_TEXT_NS: Final = 30.0
# A block of FarmHash, which takes what is shorter as a whole.
_FARM_BLOCK: Final = 64
_WORD: Final = 8
# Keys of SipHash that are remembered, each with its programs.
_LOOPS_MAX: Final = 32


def hashed_in_a_loop(
    hashed: BlockHash,
    content: Array,
    begins: Array,
    sizes: Array,
    *,
    block_ns: float = _BLOCK_NS,
) -> Array | None:
    """Return the hash of every text, `uint64[n]`; None if NumPy is the better way.

    Args:
        hashed: Which hash.
        content: The bytes of all texts, and of one more word at least.
        begins: Where each text begins, `int64[n]`.
        sizes: How long each is, `int64[n]`.
        block_ns: What the other way takes for a block of a text.
    """
    # To begin and to end a text takes as long as a block.
    work = block_ns * float(hashed.count(sizes).sum() + len(sizes))
    return _run(_block_loop(hashed), work, content, begins, sizes)


def fingerprints_in_a_loop(content: Array, begins: Array, sizes: Array) -> Array | None:
    """Return `fingerprint64` of every text; see `hashed_in_a_loop`."""
    blocks = float(sizes.sum()) / _FARM_BLOCK
    work = _BLOCK_NS * blocks + _TEXT_NS * len(sizes)
    return _run(_fingerprint_loop(), work, content, begins, sizes)


def _run(
    loop: HostLoop, work: float, content: Array, begins: Array, sizes: Array
) -> Array | None:
    operands = padded(content), padded(begins), padded(sizes)
    found = loop.run(work, *operands, np.asarray(np.int64(len(sizes))))
    return None if found is None else found[: len(sizes)]


@lru_cache(_LOOPS_MAX)
def _block_loop(hashed: BlockHash) -> HostLoop:
    return _loop(lambda text: _by_blocks(hashed, text))


@lru_cache
def _fingerprint_loop() -> HostLoop:
    return _loop(_fingerprint)


def _loop(hashed: Callable[[_Text], Array]) -> HostLoop:
    def all_texts(content: Array, begins: Array, sizes: Array, count: Array) -> Array:
        def one(index: Array, hashes: Array) -> Array:
            found = hashed(_Text(content, begins[index], sizes[index]))
            return hashes.at[index].set(found, mode="promise_in_bounds")

        hashes = jax_numpy().zeros(begins.shape, np.uint64)
        return lax().fori_loop(np.int64(0), count, one, hashes)

    return HostLoop(all_texts)


def _by_blocks(hashed: BlockHash, text: _Text) -> Array:
    def step(block: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        words = tuple(map(_Word, state))
        return _values(hashed.step(words, text, block * hashed.block))

    blocks = hashed.count(text.length)
    first = _values(hashed.start(text))
    state = lax().fori_loop(np.int64(0), blocks, step, first)
    return hashed.finish(tuple(map(_Word, state)), text).value


def _fingerprint(text: _Text) -> Array:
    def of_size(formula: Any) -> Callable[[], Array]:
        if isinstance(formula, BlockHash):
            return lambda: _by_blocks(formula, text)
        return lambda: formula(text).value

    rising = FARM_FORMULAS[::-1]
    formulas = [of_size(formula) for _, formula in rising]
    chosen = sum((text.length >= least).astype(np.int32) for least, _ in rising)
    nothing = np.uint64(fingerprint64(b""))
    return lax().switch(chosen, [lambda: jax_numpy().asarray(nothing), *formulas])


class _Word:
    """A word of 64 bits in a program, for which numbers beside it are such words."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __add__(self, other: Any) -> _Word:
        return _Word(self.value + _value(other))

    def __sub__(self, other: Any) -> _Word:
        return _Word(self.value - _value(other))

    def __mul__(self, other: Any) -> _Word:
        return _Word(self.value * _value(other))

    def __and__(self, other: Any) -> _Word:
        return _Word(self.value & _value(other))

    def __or__(self, other: Any) -> _Word:
        return _Word(self.value | _value(other))

    def __xor__(self, other: Any) -> _Word:
        return _Word(self.value ^ _value(other))

    def __lshift__(self, count: int) -> _Word:
        return _Word(self.value << _value(count))

    def __rshift__(self, count: int) -> _Word:
        return _Word(self.value >> _value(count))

    __radd__, __rmul__, __rxor__ = __add__, __mul__, __xor__


def _value(word: Any) -> Any:
    return word.value if isinstance(word, _Word) else np.uint64(word)


def _values(words: tuple[Any, ...]) -> tuple[Array, ...]:
    return tuple(jax_numpy().asarray(_value(word)) for word in words)


class _Text:
    """One of the texts, as the functions of `hashes` take it."""

    def __init__(self, content: Array, begin: Array, size: Array) -> None:
        self._content, self._begin, self.length = content, begin, size
        self.sizes = _Word(size.astype(np.uint64))

    def word(self, place: Any, size: int) -> _Word:
        """Return some bytes at a place, which counts from the end if below 0."""
        is_from_end = isinstance(place, int) and place < 0
        begin = self._begin + self.length if is_from_end else self._begin
        return self._at(begin + place, size)

    def _at(self, place: Array, size: int) -> _Word:
        some = lax().dynamic_slice(
            self._content, (place,), (size,), allow_negative_indices=False
        )
        found = some[0] if size == 1 else lax().bitcast_convert_type(some, f"u{size}")
        return _Word(found.astype(np.uint64))

    def ends_and_middle(self) -> tuple[_Word, _Word, _Word]:
        """Return the first byte, the one in the middle and the last."""
        places = 0, self.length >> 1, self.length - 1
        first, middle, last = (self._at(self._begin + place, 1) for place in places)
        return first, middle, last

    def rest(self) -> _Word:
        """Return what follows the last whole word."""
        last = self._at(self._begin + (self.length & -_WORD), _WORD)
        bits = (self.length & _WORD - 1).astype(np.uint64) * np.uint64(8)
        return last & _Word((np.uint64(1) << bits) - np.uint64(1))

    def if_rest(self, some: _Word, none: _Word) -> _Word:
        """Return one of two words: whether something follows the last whole word."""
        has_rest = self.length & _WORD - 1 != 0
        return _Word(jax_numpy().where(has_rest, some.value, none.value))
