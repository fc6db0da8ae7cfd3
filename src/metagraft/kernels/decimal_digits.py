"""Decimal numbers of many texts, read at once from their bytes.

Eight digits are read as one word. What has a sign, digits with or without a point, an
exponent and spaces around it is read, if the number is exact or if it is certain how it
is rounded; of anything else it is said that it has to be read otherwise.

Source: IEEE 754; T. J. Dekker, A floating-point technique for extending the available
precision, 1971.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array

__all__ = ["Spans", "read_decimals", "read_integers"]

_WORD = 8
_AT_ONCE = 8192
# Digits are read in words that end with them, so there is room before the first text;
# and behind the last, because its end is looked at.
_MARGIN = 3 * _WORD
_MOST_FRACTION = _MARGIN
_MOST_WHOLE = 2 * _WORD
_MOST_EXPONENT = 4
_ZEROS = np.uint64(0x3030303030303030)
# Which bytes of a word count, if so many at its end do.
_LAST = np.array(
    [2**64 - 2 ** (8 * (_WORD - count)) for count in range(_WORD + 1)], np.uint64
)
_POWERS = np.array([10**power for power in range(20)], np.uint64)
# All powers of ten that are doubles.
_EXACT_POWERS = np.array([float(10**power) for power in range(23)])
_MOST_POWER = len(_EXACT_POWERS) - 1
_LARGEST = 1.6e19
_SPLIT = float(2**27 + 1)
_NEARLY = 2.0**-30
_MANTISSA = np.uint64(2**52 - 1)


@dataclass(frozen=True, slots=True)
class Spans:
    """Where texts lie in bytes that all of them share.

    Attributes:
        text: The bytes, with some before the first text and behind the last.
        bytes: The same as `uint8`.
        begins: Where each text begins, in ascending order.
        ends: Where it ends.
    """

    text: bytes
    bytes: Array
    begins: Array
    ends: Array

    @classmethod
    def of(cls, texts: Sequence[bytes], between: bytes = b"") -> Spans:
        """Put texts one after the other, with something between them."""
        margin = bytes(_MARGIN)
        text = b"".join((margin, between.join(texts), margin))
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        ends = (sizes + len(between)).cumsum() + (_MARGIN - len(between))
        return cls(text, np.frombuffer(text, np.uint8), ends - sizes, ends)

    def within(self, begins: Array, ends: Array) -> Spans:
        """Return other texts of the same bytes."""
        return Spans(self.text, self.bytes, begins, ends)

    def __getitem__(self, place: int) -> bytes:
        """Return one text."""
        return self.text[self.begins[place] : self.ends[place]]

    def items(self) -> list[bytes]:
        """Return all texts."""
        text = self.text
        places = zip(self.begins.tolist(), self.ends.tolist(), strict=True)
        return [text[begin:end] for begin, end in places]

    def trimmed(self) -> Spans:
        """Return the texts without spaces around them."""
        begins, ends = self.begins, self.ends
        while (spaces := (self.bytes[begins] == 0x20) & (begins < ends)).any():
            begins = begins + spaces
        while (spaces := (self.bytes[ends - 1] == 0x20) & (begins < ends)).any():
            ends = ends - spaces
        return self.within(begins, ends)

    def unsigned(self) -> tuple[Spans, Array]:
        """Return the texts without their signs, and which of these is a minus."""
        first = self.bytes[self.begins]
        negative = first == 0x2D
        signed = (negative | (first == 0x2B)) & (self.begins < self.ends)
        return self.within(self.begins + signed, self.ends), negative

    def find(self, *marks: int) -> tuple[Array, Array]:
        """Return the first of some bytes in each text.

        Returns:
            Its place, the end of the text if there is none; and whether there are more.
        """
        places = self.ends.copy()
        repeated = np.zeros(places.shape, bool)
        first = self.begins[0]
        content = self.bytes[first : self.ends[-1]]
        found = content == marks[0]
        for mark in marks[1:]:
            found |= content == mark
        at = found.nonzero()[0] + first
        if at.size == places.size and ((at >= self.begins) & (at < self.ends)).all():
            return at, repeated
        # From the last to the first, which is what stays.
        rows = self.begins.searchsorted(at, "right")[::-1] - 1
        at = at[::-1]
        inside = (rows >= 0) & (at < self.ends[rows])
        rows, at = rows[inside], at[inside]
        places[rows] = at
        repeated[rows[1:][rows[1:] == rows[:-1]]] = True
        return places, repeated

    def digits(self, most: int) -> tuple[Array, Array]:
        """Read texts of digits as `uint64`.

        Args:
            most: How many digits a text may have.

        Returns:
            The numbers, and which are right; texts without digits are zero.
        """
        sizes = self.ends - self.begins
        right = (sizes >= 0) & (sizes <= most)
        longest = int(sizes.max(initial=0, where=right))
        words = np.ndarray(
            self.bytes.size - _WORD + 1, "<u8", self.bytes.data, strides=(1,)
        )
        total = np.zeros(sizes.shape, np.uint64)
        for start in range(0, longest, _WORD):
            mask = _LAST[(sizes - start).clip(0, _WORD)]
            word = words[self.ends - _WORD - start] & mask
            word ^= _ZEROS & mask
            # Digits have no more than nine left, of which six more are no carry.
            over = word + np.uint64(0x0606060606060606)
            right &= (word | over) & np.uint64(0xF0F0F0F0F0F0F0F0) == 0
            number = _number_of(word)
            if start > _WORD:
                right &= number < 1000
            total += number * _POWERS[start]
        return total, right


def _number_of(digits: Array) -> Array:
    """Put together eight digits, the first in the lowest byte."""
    pairs = digits * np.uint64(10) + (digits >> np.uint64(8))
    pairs &= np.uint64(0x00FF00FF00FF00FF)
    fours = pairs * np.uint64(100) + (pairs >> np.uint64(16))
    fours &= np.uint64(0x0000FFFF0000FFFF)
    eight = fours * np.uint64(10000) + (fours >> np.uint64(32))
    return eight & np.uint64(0xFFFFFFFF)


def read_integers(texts: Spans) -> tuple[Array, Array]:
    """Read whole numbers as `int64`; tell which are right."""
    return _by_parts(_integers, texts, np.int64)


def read_decimals(texts: Spans) -> tuple[Array, Array]:
    """Read decimals as the nearest `float64`; tell which are right."""
    return _by_parts(_decimals, texts, np.float64)


def _by_parts(
    read: Callable[[Spans], tuple[Array, Array]], texts: Spans, dtype: Any
) -> tuple[Array, Array]:
    """Read so many texts at a time that what is computed of them stays in the cache."""
    count = texts.begins.size
    numbers, right = np.empty(count, dtype), np.empty(count, bool)
    for start in range(0, count, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        numbers[part], right[part] = read(
            texts.within(texts.begins[part], texts.ends[part])
        )
    return numbers, right


def _integers(texts: Spans) -> tuple[Array, Array]:
    unsigned, negative = texts.trimmed().unsigned()
    numbers, right = unsigned.digits(_MOST_WHOLE)
    right &= unsigned.ends > unsigned.begins
    whole = numbers.view(np.int64)
    np.negative(whole, out=whole, where=negative)
    return whole, right


def _decimals(texts: Spans) -> tuple[Array, Array]:
    unsigned, negative = texts.trimmed().unsigned()
    unsigned, exponents, right = _without_exponents(unsigned)
    points, repeated = unsigned.find(0x2E)
    right &= ~repeated
    whole, is_whole = unsigned.within(unsigned.begins, points).digits(_MOST_WHOLE)
    after = np.minimum(points + 1, unsigned.ends)
    fraction, is_fraction = unsigned.within(after, unsigned.ends).digits(_MOST_FRACTION)
    places = unsigned.ends - after
    right &= is_whole & is_fraction & (points - unsigned.begins + places > 0)
    places[~right] = 0
    powers = places - exponents
    shift = places.clip(max=len(_POWERS) - 1)
    right &= (
        whole.astype(np.float64) * _EXACT_POWERS[places.clip(max=_MOST_POWER)]
        + fraction.astype(np.float64)
        < _LARGEST
    )
    right &= (places == shift) | (whole == 0)
    right &= (powers <= _MOST_POWER) & (powers >= -_MOST_POWER)
    powers[~right] = 0
    numbers, is_certain = _scaled(whole * _POWERS[shift] + fraction, powers)
    np.negative(numbers, out=numbers, where=negative)
    return numbers, right & is_certain


def _without_exponents(texts: Spans) -> tuple[Spans, Array, Array]:
    """Return what stands before exponents, these, and which are right."""
    places, repeated = texts.find(0x65, 0x45)
    exponents = np.zeros(places.shape, np.int64)
    right = ~repeated
    given = (places < texts.ends).nonzero()[0]
    if given.size:
        behind = texts.within(places[given] + 1, texts.ends[given])
        behind, negative = behind.unsigned()
        numbers, is_number = behind.digits(_MOST_EXPONENT)
        right[given] &= is_number & (behind.ends > behind.begins)
        exponents[given] = np.where(negative, -1, 1) * numbers.astype(np.int64)
    return texts.within(texts.begins, places), exponents, right


def _scaled(numbers: Array, powers: Array) -> tuple[Array, Array]:
    """Divide numbers by powers of ten; tell which are certainly the nearest ones."""
    near = numbers.astype(np.float64)
    rest = (numbers - near.astype(np.uint64)).view(np.int64).astype(np.float64)
    scale = _EXACT_POWERS[np.abs(powers)]
    found = near / scale
    product, error = _product(found, scale)
    correction = ((near - product) - error + rest) / scale
    up = (powers < 0).nonzero()[0]
    if up.size:
        found[up], error = _product(near[up], scale[up])
        correction[up] = error + rest[up] * scale[up]
    result = found + correction
    missed = np.abs(correction - (result - found))
    half = np.spacing(result) / 2
    certain = np.abs(missed - half) > half * _NEARLY
    # Numbers below a power of two are closer together than those above.
    certain &= (result.view(np.uint64) & _MANTISSA != 0) | (missed == 0)
    return result, certain


def _product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a product and what rounding took from it."""
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    product = a * b
    error = a_low * b_low - (
        product - a_high * b_high - a_low * b_high - a_high * b_low
    )
    return product, error


def _halves(numbers: Array) -> tuple[Array, Array]:
    large = numbers * _SPLIT
    high = large - (large - numbers)
    return high, numbers - high
