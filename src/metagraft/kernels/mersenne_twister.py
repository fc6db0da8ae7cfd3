"""The 64-bit Mersenne Twister of the C++ library, and how that shuffles with it.

Source: Nishimura and Matsumoto, mt19937-64; libstdc++ bits/uniform_int_dist.h and
bits/stl_algo.h.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["MersenneTwister64"]

_SIZE: Final = 312
_MIDDLE: Final = 156
_MATRIX: Final = 0xB5026F5AA96619E9
_WORD: Final = (1 << 64) - 1
_LOWER: Final = (1 << 31) - 1
_UPPER: Final = _WORD ^ _LOWER


class MersenneTwister64:
    """`std::mt19937_64`."""

    def __init__(self, seed: int) -> None:
        """Begin with a seed, of which 64 bits count."""
        state = [seed & _WORD]
        for i in range(1, _SIZE):
            before = state[-1]
            state.append((6364136223846793005 * (before ^ before >> 62) + i) & _WORD)
        self._state = state
        self._place = _SIZE

    def word(self) -> int:
        """Return 64 random bits."""
        if self._place == _SIZE:
            self._turn()
        word = self._state[self._place]
        self._place += 1
        word ^= word >> 29 & 0x5555555555555555
        word ^= word << 17 & 0x71D67FFFEDA60000
        word ^= word << 37 & 0xFFF7EEE000000000
        return word ^ word >> 43

    def _turn(self) -> None:
        state = self._state
        for i in range(_SIZE):
            mixed = state[i] & _UPPER | state[(i + 1) % _SIZE] & _LOWER
            odd = _MATRIX if mixed & 1 else 0
            state[i] = state[(i + _MIDDLE) % _SIZE] ^ mixed >> 1 ^ odd
        self._place = 0

    def below(self, limit: int) -> int:
        """Return a whole number below a limit, as `std::uniform_int_distribution`."""
        share = _WORD // limit
        while (found := self.word()) >= limit * share:
            pass
        return found // share

    def shuffle(self, values: list[Any]) -> None:
        """Shuffle in place as `std::shuffle`: one number serves for two exchanges."""
        count = len(values)
        if not count:
            return
        place = 1
        if count % 2 == 0:
            _exchange(values, place, self.below(2))
            place += 1
        while place < count:
            both = self.below((place + 1) * (place + 2))
            _exchange(values, place, both // (place + 2))
            _exchange(values, place + 1, both % (place + 2))
            place += 2


def _exchange(values: list[Any], one: int, other: int) -> None:
    values[one], values[other] = values[other], values[one]
