"""Normal numbers between bounds, as many as wanted out of one stream.

The stream is read in order and what is refused is dropped, so where one row of
outputs begins depends on all rows before it.

TF: its CPU kernel may cut the rows in shards by the number of threads, each with an
offset of its own; these are the numbers of one shard.

Source: tensorflow core/kernels/parameterized_truncated_normal_op.cc.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from metagraft.errors import InternalError, InvalidArgumentError
from metagraft.kernels import philox
from metagraft.kernels.distributions import (
    normal_values,
    uniform_values,
    values_per_block,
)

__all__ = ["Bounds", "TruncatedStream"]

_MOST_REFUSALS = 1000
_PLAIN_WITHIN = 1.3  # deviations; bounds further out keep enough of plain numbers
_MOST_BLOCKS = 4096  # drawn at a time


class Bounds(NamedTuple):
    """Mean, deviation, lower and upper bound: four numbers of one type."""

    mean: Any
    deviation: Any
    low: Any
    high: Any


class TruncatedStream:
    """Normal numbers between bounds, out of one stream of blocks.

    Args:
        key: `uint32[2]`.
        counter: `uint32[4]`.
        dtype: The type of the numbers, in which everything is computed.
    """

    def __init__(self, key: np.ndarray, counter: np.ndarray, dtype: np.dtype) -> None:
        """Start at the first block."""
        self._key, self._counter = key, counter
        self._dtype = dtype
        self._per_block = values_per_block(dtype)
        self._block = 0

    def take(self, bounds: Bounds, wanted: int) -> np.ndarray:
        """Return the next `wanted` numbers between the bounds.

        Raises:
            InvalidArgumentError: There is nothing between the bounds.
            InternalError: A thousand numbers in a row were refused.
        """
        mean, deviation, low, high = bounds
        is_bounded = np.isfinite(low) or np.isfinite(high)
        if not (deviation > 0 and low < high and is_bounded):
            raise InvalidArgumentError(None, None, "Invalid parameters")
        if (np.isinf(low) and low < 0) or high < mean:
            low, high, deviation = high, low, -deviation
        with np.errstate(all="ignore"):
            standard = self._standard(
                (low - mean) / deviation, (high - mean) / deviation, wanted
            )
            return (standard * deviation + mean).astype(self._dtype)

    def _standard(self, low: Any, high: Any, wanted: int) -> np.ndarray:
        kind = self._dtype.type
        within = kind(_PLAIN_WITHIN)
        root = np.sqrt(low * low + kind(4))
        cutoff = kind(2) * np.exp(kind(0.5) + low * (low - root) / kind(4))
        if (low < -within and high >= 0) or (high > within and low <= 0):
            return self._fill(wanted, 1, lambda b: self._plain(b, low, high))
        if high - low < cutoff / (low + root):
            return self._fill(wanted, 2, lambda b: self._uniform(b, low, high))
        return self._fill(wanted, 1, lambda b: self._exponential(b, low, high))

    def _fill(self, wanted: int, blocks: int, draw: Any) -> np.ndarray:
        """Take what `draw` accepts until there is enough.

        Args:
            wanted: How many numbers.
            blocks: How many blocks one turn of the sampler takes.
            draw: From the number of turns to candidates `[turns, k]` and which of
                them are accepted.
        """
        parts = [np.zeros(0, self._dtype)]
        refused = 0
        while wanted:
            turns = min(2 * -(-wanted // self._per_block) + 4, _MOST_BLOCKS)
            values, accepted = draw(turns)
            places = np.flatnonzero(accepted)[:wanted]
            gaps = np.diff(places, prepend=-1) - 1
            if places.size:
                gaps[0] += refused
            is_last = places.size == wanted
            tail = accepted.size - (places[-1] + 1 if places.size else 0)
            refused = int(tail) + (0 if places.size else refused)
            if gaps.size and gaps.max() > _MOST_REFUSALS:
                refused = _MOST_REFUSALS + 1
            if refused > _MOST_REFUSALS and not is_last:
                raise InternalError(
                    None, None, "TruncatedNormal sampler failed to accept a sample."
                )
            per_turn = accepted.shape[1]
            used = places[-1] // per_turn + 1 if is_last else turns
            self._block += int(used) * blocks
            parts.append(values.reshape(-1)[places])
            wanted -= places.size
        return np.concatenate(parts)

    def _drawn(self, values: Any, count: int) -> np.ndarray:
        """Return the numbers of the next blocks, one row each."""
        index = np.arange(self._block, self._block + count, dtype=np.uint64)
        lanes = philox.words(self._key, self._counter, index)
        return np.stack(values(lanes, self._dtype), axis=1)

    def _plain(self, turns: int, low: Any, high: Any) -> tuple[np.ndarray, np.ndarray]:
        drawn = self._drawn(normal_values, turns)
        return drawn, (drawn >= low) & (drawn <= high)

    def _uniform(
        self, turns: int, low: Any, high: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        kind = self._dtype.type
        drawn = self._drawn(uniform_values, 2 * turns)
        z = drawn[0::2] * (high - low) + low
        plus = kind(0) if low < 0 else low * low
        return z, drawn[1::2] <= np.exp((plus - z * z) / kind(2))

    def _exponential(
        self, turns: int, low: Any, high: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        kind = self._dtype.type
        alpha = (low + np.sqrt(low * low + kind(4))) / kind(2)
        drawn = self._drawn(uniform_values, turns)
        z = -np.log(drawn[:, 0::2]) / alpha + low
        x = alpha - z if low < alpha else np.full_like(z, low - alpha)
        accepted = drawn[:, 1::2] <= np.exp(-x * x / kind(2))
        return z, accepted & (z < high)
