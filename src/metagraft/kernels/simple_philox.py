"""Random numbers one after the other, as kernels draw that loop.

Source: tensorflow core/lib/random/simple_philox.h, exact_uniform_int.h.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from metagraft.kernels.philox import stream_of_seeds, words

__all__ = ["SimplePhilox"]

_BLOCKS = 256


class SimplePhilox:
    """The words of a Philox stream, in order."""

    def __init__(self, key: np.ndarray, counter: np.ndarray) -> None:
        """Begin at a counter.

        Args:
            key: `uint32[2]`.
            counter: `uint32[4]`, lowest word first.
        """
        self._words = _stream(key, counter)

    @classmethod
    def seeded(cls, seed: int) -> SimplePhilox:
        """Begin the stream of one seed."""
        return cls(*stream_of_seeds(seed, 0))

    def word(self) -> int:
        """Return 32 random bits."""
        return next(self._words)

    def uniform_float(self) -> np.float32:
        """Return a number in `[0, 1)`."""
        bits = np.uint32(self.word() & 0x7FFFFF | 127 << 23)
        return bits.view(np.float32) - np.float32(1)

    def below(self, limit: int) -> int:
        """Return a whole number below a limit, from 32 bits."""
        return self._below(limit, 32)

    def below64(self, limit: int) -> int:
        """Return a whole number below a limit, from 64 bits."""
        return self._below(limit, 64)

    def _below(self, limit: int, bits: int) -> int:
        found = self._bits(bits)
        if not limit & (limit - 1):
            return found & (limit - 1)
        # Those that would make small numbers more likely are drawn again.
        rejected = ((1 << bits) - 1) % limit + 1
        while found < rejected:
            found = self._bits(bits)
        return found % limit

    def _bits(self, bits: int) -> int:
        low = self.word()
        return low if bits == 32 else low | self.word() << 32


def _stream(key: np.ndarray, counter: np.ndarray) -> Iterator[int]:
    start = 0
    while True:
        index = np.arange(start, start + _BLOCKS, dtype=np.uint64)
        block = np.stack(words(key, counter, index), axis=1)
        yield from block.reshape(-1).tolist()
        start += _BLOCKS
