"""Random streams inside of a loop that is one loop of a program.

Its body is traced once, for all turns. A turn begins where those before it have
stopped, and each takes as much from a stream: so far ahead is the stream in a turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.kernels.kernel import Array, RandomStream

if TYPE_CHECKING:
    from metagraft.runtime.evaluate import Frame


class TurnStream:
    """A random stream in one turn; see `RandomStream`."""

    __slots__ = ("_ahead", "_outer", "reserved")

    def __init__(self, outer: RandomStream, ahead: Array) -> None:
        """Start a number of blocks ahead of a stream outside."""
        self._outer = outer
        self._ahead = ahead
        self.reserved = 0

    def reserve(self, n_samples_128: int) -> tuple[Array, Array]:
        """Return key and counter of the next samples."""
        key, counter = self._outer.reserve(0)
        ahead = self._ahead + np.uint64(self.reserved)
        self.reserved += int(n_samples_128)
        return key, advanced(counter, ahead)


class TurnFrame:
    """The frame of one turn; see `evaluate.Frame`."""

    __slots__ = ("_blocks", "_outer", "_streams", "_turn")

    def __init__(self, outer: Frame, turn: Array, blocks: Mapping[int, int]) -> None:
        """Start a turn.

        Args:
            outer: The frame around the loop.
            turn: The number of the turn, `uint64[]`.
            blocks: Per random stream how much of it a turn takes.
        """
        self._outer = outer
        self._turn = turn
        self._blocks = blocks
        self._streams: dict[int, TurnStream] = {}

    def stream(self, index: int) -> TurnStream:
        """Return the random stream number `index` of the plan."""
        if index not in self._streams:
            ahead = self._turn * np.uint64(self._blocks.get(index, 0))
            self._streams[index] = TurnStream(self._outer.stream(index), ahead)
        return self._streams[index]

    def truth(self, predicate: Array) -> bool | None:
        """Return what a predicate is, None if a traced one is not known."""
        return self._outer.truth(predicate)

    def adopt(self, value: Array) -> Array:
        """Return an output that is no NumPy array in the form that this run keeps."""
        return self._outer.adopt(value)

    def host_value(self, slot: int) -> Any:
        """Return None: slots inside of a loop are its own."""
        del slot

    def reserved(self) -> dict[int, int]:
        """Return how many blocks of each stream the turn has taken."""
        return {index: s.reserved for index, s in self._streams.items()}


def advanced(counter: Array, ahead: Array) -> Array:
    """Return a 128-bit counter, `uint32[4]` with the lowest word first, plus a number.

    Args:
        counter: The counter.
        ahead: What is added, `uint64[]`.
    """
    from metagraft.kernels.namespace import jax_numpy

    jnp = jax_numpy()
    words = []
    carry = np.uint64(0)
    for i in range(4):
        total = counter[i].astype(jnp.uint64) + carry
        if i < 2:
            total = total + ((ahead >> np.uint64(32 * i)) & np.uint64(0xFFFFFFFF))
        words.append(total.astype(jnp.uint32))
        carry = total >> np.uint64(32)
    return jnp.stack(words)
