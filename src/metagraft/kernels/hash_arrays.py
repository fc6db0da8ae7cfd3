"""Hashes of many texts at once, with NumPy: the values of `hashes.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from metagraft.kernels.hash_loops import fingerprints_in_a_loop, hashed_in_a_loop
from metagraft.kernels.hashes import (
    FARM_FORMULAS,
    LONG_FARM,
    STRING_SEED,
    BlockHash,
    fingerprint64,
    murmur,
    sip,
)
from metagraft.kernels.joined_texts import joined
from metagraft.kernels.native_loop import padded

__all__ = ["Texts", "fingerprints64", "murmur_hashes64", "row_fingerprints64"]
__all__ += ["sip_hashes64"]

Words = np.ndarray[Any, np.dtype[np.uint64]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_WORD: Final = 8
# Fewer texts are not worth some dozens of calls of NumPy; SipHash takes many steps.
_MANY: Final = 24
_MANY_SIP: Final = 12
# So many are, in a loop (10 of 15 bytes: 0.03 ms, otherwise 0.16), with what Python
# takes for a block of one.
_SOME_SIP: Final = 4
_PYTHON_NS: Final = 6000.0
# Nor are few texts taken together, unless they have so many bytes.
_LONG: Final = 4096
# Texts of so many bytes are hashed in a loop (10,000 of 10 bytes: 0.4 ms by NumPy, 0.6
# so; of 50 bytes: 1.5 and 1.0 ms).
_LOOPED: Final = 32
# Which bytes of a word are of a text, if so many are.
_FIRST: Final = np.array([2 ** (8 * count) - 1 for count in range(_WORD)], np.uint64)
_NO_TEXT: Final = fingerprint64(b"")
_MURMUR: Final = murmur(STRING_SEED)


class Texts:
    """Texts that lie in the same bytes, taken as one by the functions of `hashes`.

    Attributes:
        sizes: How long each is, as `uint64`.
    """

    def __init__(self, content: Bytes, begins: Any, sizes: Any, span: int) -> None:
        """Take texts.

        Args:
            content: The bytes; there is room for a word behind the last text.
            begins: Where each text begins.
            sizes: How long each is.
            span: How many bytes are read together; a power of two.
        """
        self.sizes: Words = sizes.astype(np.uint64)
        self._content, self._begins, self._lengths = content, begins, sizes
        self._span = span
        self._read: tuple[int, Any] = -1, None
        self._last: Any = None

    def word(self, place: int, size: int) -> Words:
        """Return some bytes of every text as a number, the lowest first.

        Args:
            place: Where; below 0 from the end, and then in the last `span` bytes.
            size: How many: 4 or 8.
        """
        within = place % self._span // size
        if place < 0:
            if self._last is None:
                self._last = self._words(-self._span, size)
            words = self._last
        else:
            first = place - place % self._span
            if self._read[0] != first:
                self._read = first, self._words(first, size)
            words = self._read[1]
        found: Words = words[within]
        return found

    def _words(self, place: int, size: int) -> Words:
        """Return the words of the span at a place: `uint64[words, texts]`."""
        places = self._begins + self._lengths + place if place < 0 else self._begins
        if place > 0:
            places = places + place
        if self._span == size:
            single = _at_each(self._content, f"<u{size}")[places]
            return single.astype(np.uint64, copy=False)[None]
        spans = _at_each(self._content, f"V{self._span}")[places]
        return _columns(spans.view(f"<u{size}").reshape(len(places), -1))

    def ends_and_middle(self) -> tuple[Words, Words, Words]:
        """Return the first byte of each text, the one in the middle and the last."""
        begins, sizes = self._begins, self._lengths
        first, middle, last = (
            self._content[at].astype(np.uint64)
            for at in (begins, begins + (sizes >> 1), begins + (sizes - 1))
        )
        return first, middle, last

    def rest(self) -> Words:
        """Return what follows the last whole word of each text."""
        places = self._begins + (self._lengths & ~(_WORD - 1))
        words = _at_each(self._content, "<u8")[places].astype(np.uint64, copy=False)
        return words & _FIRST[self._lengths & (_WORD - 1)]

    def if_rest(self, some: Words, none: Words) -> Words:
        """Return `some` for texts with a rest, `none` for others."""
        return np.where(self._lengths & (_WORD - 1), some, none)

    def first(self, count: int) -> Texts:
        """Return the first so many."""
        if count == len(self._begins):
            return self
        return Texts(
            self._content, self._begins[:count], self._lengths[:count], self._span
        )


class _Rows(Texts):
    """Texts of one length, one behind the other."""

    def __init__(self, content: Bytes, span: int) -> None:
        """Take the texts `[n, length]`."""
        count, size = content.shape
        begins = np.arange(0, count * size, size)
        super().__init__(content.reshape(-1), begins, np.full(count, size), span)
        self._rows = content

    def __len__(self) -> int:
        """Return the length of every text."""
        return self._rows.shape[1]

    def _words(self, place: int, size: int) -> Words:
        place = place % self._rows.shape[1] if place < 0 else place
        spans = np.ascontiguousarray(self._rows[:, place : place + self._span])
        return _columns(spans.view(f"<u{size}"))


def _columns(words: np.ndarray[Any, Any]) -> Words:
    return np.ascontiguousarray(words.T).astype(np.uint64, copy=False)


def _at_each(content: Bytes, form: str) -> np.ndarray[Any, Any]:
    """Return what begins at each byte, as elements of a form."""
    count = content.size - np.dtype(form).itemsize + 1
    return np.ndarray(count, form, content.data, strides=(1,))


def fingerprints64(texts: Sequence[bytes]) -> Words:
    """Return `fingerprint64` of every text, in `uint64[n]`."""
    if _are_few(texts, _MANY):
        return np.array([fingerprint64(text) for text in texts], np.uint64)
    return _fingerprints(*_joined(texts))


def murmur_hashes64(texts: Sequence[bytes]) -> Words:
    """Return MurmurHash64A from `STRING_SEED` of every text, in `uint64[n]`."""
    if _are_few(texts, _MANY):
        return np.array([_MURMUR(text) for text in texts], np.uint64)
    return _by_blocks(_MURMUR, *_joined(texts))


def sip_hashes64(texts: Sequence[bytes], low: int, high: int) -> Words:
    """Return `sip_hash64` of every text, in `uint64[n]`."""
    found = sip(low, high)
    if _are_few(texts, _MANY_SIP):
        looped = None
        if len(texts) >= _SOME_SIP:
            looped = hashed_in_a_loop(found, *_joined(texts), block_ns=_PYTHON_NS)
        if looped is None:
            looped = np.array([found(text) for text in texts], np.uint64)
        return looped
    return _by_blocks(found, *_joined(texts))


def _are_few(texts: Sequence[bytes], many: int) -> bool:
    return len(texts) < many and sum(map(len, texts)) < _LONG


def row_fingerprints64(content: Bytes) -> Words:
    """Return `fingerprint64` of every row of bytes, in `uint64[n]`."""
    count, size = content.shape
    if count < _MANY:
        return np.array([fingerprint64(row.tobytes()) for row in content], np.uint64)
    for least, formula in FARM_FORMULAS:
        if size >= least:
            rows = _Rows(np.ascontiguousarray(content), _span(least))
            found: Words = formula(rows)
            return found
    return np.full(count, _NO_TEXT, np.uint64)


def _span(least: int) -> int:
    """Return how many bytes are read together of texts from a size on."""
    return 1 << least.bit_length() - 1


def _joined(texts: Sequence[bytes]) -> tuple[Bytes, Any, Any]:
    """Return the bytes of all texts, where each begins and how long it is."""
    whole, begins, sizes = joined(texts)
    return padded(np.frombuffer(whole, np.uint8), _WORD), begins, sizes


def _fingerprints(content: Bytes, begins: Any, sizes: Any) -> Words:
    if sizes.sum() >= _LOOPED * len(sizes):
        found = fingerprints_in_a_loop(content, begins, sizes)
        if found is not None:
            return found
    result = np.empty(len(sizes), np.uint64)
    least, most = int(sizes.min(initial=0)), int(sizes.max(initial=0))
    above: float = np.inf
    for first, formula in FARM_FORMULAS:
        if first <= least and most < above:
            return _of_formula(formula, first, content, begins, sizes)
        if first <= most and least < above:
            chosen = ((sizes >= first) & (sizes < above)).nonzero()[0]
            if chosen.size:
                part = begins[chosen], sizes[chosen]
                result[chosen] = _of_formula(formula, first, content, *part)
        above = first
    if least == 0:
        result[sizes == 0] = _NO_TEXT
    return result


def _of_formula(
    formula: Callable[[Any], Any], first: int, content: Bytes, begins: Any, sizes: Any
) -> Words:
    """Hash texts of sizes for which there is one formula."""
    if formula is LONG_FARM:
        return _each_by_blocks(LONG_FARM, content, begins, sizes)
    found: Words = formula(Texts(content, begins, sizes, _span(first)))
    return found


def _by_blocks(hashed: BlockHash, content: Bytes, begins: Any, sizes: Any) -> Words:
    found = hashed_in_a_loop(hashed, content, begins, sizes)
    if found is not None:
        return found
    return _each_by_blocks(hashed, content, begins, sizes)


def _each_by_blocks(
    hashed: BlockHash, content: Bytes, begins: Any, sizes: Any
) -> Words:
    """Hash block after block; those with the most blocks come first."""
    if len(sizes) < _MANY:
        places = zip(begins.tolist(), sizes.tolist(), strict=True)
        texts = [content[at : at + size].tobytes() for at, size in places]
        return np.array([hashed(text) for text in texts], np.uint64)
    counts = hashed.count(sizes)
    order = (-counts).argsort(kind="stable")
    sorted_texts = Texts(content, begins[order], sizes[order], hashed.block)
    state = [
        np.array(np.broadcast_to(np.asarray(value, np.uint64), len(sizes)))
        for value in hashed.start(sorted_texts)
    ]
    # How many texts have more blocks than 0, 1, ...
    active = len(counts) - np.bincount(counts).cumsum()
    for index, count in enumerate(active[:-1].tolist()):
        now = tuple(value[:count] for value in state)
        after = hashed.step(now, sorted_texts.first(count), index * hashed.block)
        for value, new in zip(now, after, strict=True):
            value[...] = new
    result = np.empty(len(sizes), np.uint64)
    result[order] = hashed.finish(tuple(state), sorted_texts)
    return result
