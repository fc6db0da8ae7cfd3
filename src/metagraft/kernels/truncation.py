"""Normal numbers between bounds, as many as wanted out of one stream.

The stream is read in order and what is refused is dropped, so where one row of
outputs begins depends on all rows before it.

TF: its CPU kernel may cut the rows in shards by the number of threads, each with an
offset of its own; these are the numbers of one shard.

Source: tensorflow core/kernels/parameterized_truncated_normal_op.cc.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from metagraft.errors import InternalError, InvalidArgumentError
from metagraft.kernels import philox
from metagraft.kernels.distributions import (
    normal_values,
    uniform_values,
    values_per_block,
)
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax
from metagraft.kernels.native_loop import HostLoop, padded

__all__ = ["Bounds", "TruncatedStream"]

_MOST_REFUSALS = 1000
_PLAIN_WITHIN = 1.3  # deviations; bounds further out keep enough of plain numbers
_MOST_BLOCKS = 4096  # drawn at a time
_SHORT_ROW = 64  # below, NumPy takes longer than looking at the numbers one by one
_FEWEST_ROWS = 4  # drawn together
_FEW = 500  # numbers
# What a row and a number of it take without a program.
_ROW_NS = 2000.0
_NUMBER_NS = 100.0


class Bounds(NamedTuple):
    """Mean, deviation, lower and upper bound: of one type, a number for each row."""

    mean: Any
    deviation: Any
    low: Any
    high: Any


def _are_plain(lows: Any, highs: Any) -> Any:
    """Tell between which bounds there are enough of plain numbers."""
    within = lows.dtype.type(_PLAIN_WITHIN)
    return ((lows < -within) & (highs >= 0)) | ((highs > within) & (lows <= 0))


def _runs(is_other: np.ndarray) -> Iterator[tuple[int, int]]:
    """Return first and last of each run, given which differ from those before."""
    edges = [0, *(np.flatnonzero(is_other) + 1).tolist(), len(is_other) + 1]
    return itertools.pairwise(edges)


def _scan(numbers: Array, lows: Array, highs: Array, position: Array) -> Any:
    """Take what is between the bounds of rows out of plain numbers.

    Args:
        numbers: Of whole blocks.
        lows: The lower bound of each row.
        highs: The upper bounds.
        position: `int64[6]`: how many numbers a block and a row have, how many are
            wanted, the row, how many numbers it has already, and how many were refused.

    Returns:
        The numbers, `[n]`, and `int64[4]`: how many they are, how many of the operand
        were looked at, the row and how many numbers it has, and how many were refused.
    """
    per_block, per_row, wanted, *start = position
    zero = np.int64(0)

    def is_open(state: Any) -> Any:
        place, count, _, _, refused, _ = state
        is_left = (place < numbers.shape[0]) & (count < wanted)
        return is_left & (refused <= _MOST_REFUSALS)

    def look(state: Any) -> Any:
        place, count, row, in_row, refused, found = state
        number = numbers[place]
        is_taken = (lows[row] <= number) & (number <= highs[row])
        found = found.at[count].set(number, mode="promise_in_bounds")
        one = is_taken.astype(np.int64)
        in_row = in_row + one
        is_end = in_row == per_row
        place = place + 1
        # The next row begins with another block.
        whole = (place + per_block - 1) // per_block * per_block
        xp = jax_numpy()
        return (
            xp.where(is_end, whole, place),
            count + one,
            row + is_end.astype(np.int64),
            xp.where(is_end, zero, in_row),
            xp.where(is_taken, zero, refused + 1),
            found,
        )

    found = jax_numpy().zeros_like(numbers)
    state = (zero, zero, *start, found)
    place, count, *rest, found = lax().while_loop(is_open, look, state)
    return found, jax_numpy().stack([place, count, *rest])


_SCAN: Final = HostLoop(_scan)


def _of_each(parameter: np.ndarray, wanted: int, size: int) -> Any:
    """Return the parameter of each number, or of all if it is the same."""
    if np.all(parameter == parameter[0]):
        return parameter[0]
    counts = np.full(len(parameter), wanted)
    counts[-1] += size - counts.sum()
    return np.repeat(parameter, counts)


def _no_sample() -> InternalError:
    return InternalError(
        None, None, "TruncatedNormal sampler failed to accept a sample."
    )


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
        # Plain numbers of blocks from this one on.
        self._first_ahead = 0
        self._ahead: list[float] = []
        # For what turns blocks to numbers, the first block and the numbers of each.
        self._kept: dict[Any, tuple[int, np.ndarray]] = {}

    def take_rows(self, bounds: Bounds, wanted: int, size: int) -> np.ndarray:
        """Return `size` numbers, of which each row has `wanted`, the last what is left.

        Args:
            bounds: Arrays with a number for each row.
            wanted: How many numbers a row has.
            size: How many there are in all.

        Raises:
            InvalidArgumentError: There is nothing between the bounds of a row.
            InternalError: A thousand numbers in a row were refused.
        """
        mean, deviation, low, high = bounds
        is_bounded = np.isfinite(low) | np.isfinite(high)
        if not np.all((deviation > 0) & (low < high) & is_bounded):
            raise InvalidArgumentError(None, None, "Invalid parameters")
        with np.errstate(all="ignore"):
            is_mirrored = (np.isinf(low) & (low < 0)) | (high < mean)
            low, high = (
                np.where(is_mirrored, *pair) for pair in ((high, low), (low, high))
            )
            deviation = np.where(is_mirrored, -deviation, deviation)
            lows, highs = (low - mean) / deviation, (high - mean) / deviation
            standard = self._of_rows(lows, highs, wanted, size)
            scale, middle = (_of_each(x, wanted, size) for x in (deviation, mean))
            standard *= scale
            standard += middle
            return standard

    def _of_rows(
        self, lows: np.ndarray, highs: np.ndarray, wanted: int, size: int
    ) -> np.ndarray:
        """Draw rows of standard numbers, those of equal bounds together."""
        standard = np.empty(size, self._dtype)
        is_plain = _are_plain(lows, highs)
        for first, last in _runs(is_plain[1:] != is_plain[:-1]):
            part = standard[first * wanted : last * wanted]
            bounds = lows[first:last], highs[first:last]
            is_new = (np.diff(bounds[0]) != 0) | (np.diff(bounds[1]) != 0)
            is_scanned = is_plain[first] and np.count_nonzero(is_new) >= _FEWEST_ROWS
            if not (is_scanned and self._scan(part, *bounds, wanted)):
                self._fill_part(part, *bounds, wanted, is_new)
        return standard

    def _fill_part(
        self,
        standard: np.ndarray,
        lows: np.ndarray,
        highs: np.ndarray,
        wanted: int,
        is_new: np.ndarray,
    ) -> None:
        """Fill rows, given where bounds differ from those before."""
        for first, last in _runs(is_new):
            part = standard[first * wanted : last * wanted]
            low, high = lows[first], highs[first]
            if last == first + 1 and _are_plain(low, high):
                if wanted <= _SHORT_ROW:
                    part[:] = self._scanned(float(low), float(high), part.size)
                else:
                    self._fill_row(part, low, high)
            else:
                self._fill_rows(part, low, high, wanted)

    def _scan(
        self, out: np.ndarray, lows: np.ndarray, highs: np.ndarray, wanted: int
    ) -> bool:
        """Fill rows of many bounds with plain numbers; return whether that was done."""
        work = _ROW_NS * len(lows) + _NUMBER_NS * out.size
        bounds = [padded(x.astype(np.float64)) for x in (lows, highs)]
        first = self._block
        done = 0
        rest = [0, 0, 0]  # the row, how many numbers it has, how many were refused
        while done < out.size:
            blocks = min(2 * (out.size - done) // self._per_block + 1, _MOST_BLOCKS)
            blocks = 1 << (blocks - 1).bit_length()
            numbers = self._drawn(normal_values, blocks).reshape(-1)
            position = np.array([self._per_block, wanted, out.size - done, *rest])
            taken = _SCAN.run(work, numbers.astype(np.float64), *bounds, position)
            if taken is None:
                self._block = first
                return False
            found, state = taken
            place, count, *rest = state.tolist()
            if rest[2] > _MOST_REFUSALS:
                raise _no_sample()
            out[done : done + count] = found[:count]
            done += count
            self._block += -(-place // self._per_block)
        return True

    def _fill_rows(self, out: np.ndarray, low: Any, high: Any, wanted: int) -> None:
        """Fill rows of the same bounds: all from as many turns as the cache holds."""
        blocks, draw = self._sampler(low, high)
        done = 0
        while out.size - done >= _FEWEST_ROWS * wanted:
            turns = 2 * -(-(out.size - done) // self._per_block) + 4
            values, accepted = draw(min(turns, _MOST_BLOCKS))
            places = np.flatnonzero(accepted)
            passed = np.cumsum(accepted.reshape(-1), dtype=np.int32)
            if not np.diff(passed[::_FEW]).all():
                break  # a thousand may be refused
            rows: list[int] = []
            turn, per_turn = 0, accepted.shape[1]
            first, most = 0, (out.size - done) // wanted
            while len(rows) < most and first + wanted <= places.size:
                rows.append(first)
                # The next row begins with another turn.
                turn = int(places[first + wanted - 1]) // per_turn + 1
                first = int(passed[turn * per_turn - 1])
            if not rows:
                break
            taken = np.array(rows)[:, None] + np.arange(wanted)
            found = values.reshape(-1)[places[taken]].reshape(-1)
            out[done : done + found.size] = found
            done += found.size
            self._block += turn * blocks
        while done < out.size:
            count = min(wanted, out.size - done)
            out[done : done + count] = self._fill(count, blocks, draw)
            done += count

    def _fill_row(self, out: np.ndarray, low: Any, high: Any) -> None:
        """Fill a row with plain numbers."""
        done = refused = 0
        while done < out.size:
            missing = out.size - done
            blocks = -(-min(2 * missing, _MOST_REFUSALS) // self._per_block)
            window = self._drawn(normal_values, blocks).reshape(-1)
            at = ((window >= low) & (window <= high)).nonzero()[0][:missing]
            if refused + (at[0] if at.size else window.size) > _MOST_REFUSALS:
                raise _no_sample()
            if not at.size:
                refused += window.size
            else:
                out[done : done + at.size] = window[at]
                done += at.size
                refused = window.size - 1 - int(at[-1])
                if done == out.size:
                    blocks = int(at[-1]) // self._per_block + 1
            self._block += blocks

    def _scanned(self, low: float, high: float, wanted: int) -> list[float]:
        """Return a short row of plain numbers, looked at one by one."""
        found: list[float] = []
        refused = 0
        place = (self._block - self._first_ahead) * self._per_block
        while len(found) < wanted:
            if place >= len(self._ahead):
                place = self._look_ahead(place)
            number = self._ahead[place]
            place += 1
            if low <= number <= high:
                found.append(number)
                refused = 0
                continue
            refused += 1
            if refused > _MOST_REFUSALS:
                raise _no_sample()
        self._block = self._first_ahead - (-place // self._per_block)
        return found

    def _look_ahead(self, place: int) -> int:
        """Draw plain numbers from a place on; return where it is among them."""
        self._first_ahead += place // self._per_block
        index = np.arange(_MOST_BLOCKS, dtype=np.uint64) + np.uint64(self._first_ahead)
        lanes = philox.words(self._key, self._counter, index)
        numbers = np.stack(normal_values(lanes, self._dtype), axis=1)
        self._ahead = numbers.reshape(-1).astype(np.float64).tolist()
        return place % self._per_block

    def _sampler(self, low: Any, high: Any) -> tuple[int, Any]:
        """Return how many blocks a turn takes, and what draws so many turns."""
        kind = self._dtype.type
        root = np.sqrt(low * low + kind(4))
        cutoff = kind(2) * np.exp(kind(0.5) + low * (low - root) / kind(4))
        if _are_plain(low, high):
            return 1, lambda turns: self._plain(turns, low, high)
        if high - low < cutoff / (low + root):
            return 2, lambda turns: self._uniform(turns, low, high)
        return 1, lambda turns: self._exponential(turns, low, high)

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
                raise _no_sample()
            per_turn = accepted.shape[1]
            used = places[-1] // per_turn + 1 if is_last else turns
            self._block += int(used) * blocks
            parts.append(values.reshape(-1)[places])
            wanted -= places.size
        return np.concatenate(parts)

    def _drawn(self, values: Any, count: int) -> np.ndarray:
        """Return the numbers of the next blocks, one row each.

        Those of more and more blocks are kept, for the rows that come next.
        """
        first, numbers = self._kept.get(values, (0, None))
        start = self._block - first
        if numbers is None or not 0 <= start <= len(numbers) - count:
            least = 0 if numbers is None else min(4 * len(numbers), 2 * _MOST_BLOCKS)
            end = self._block + max(least, count)
            index = np.arange(self._block, end, dtype=np.uint64)
            lanes = philox.words(self._key, self._counter, index)
            numbers = np.stack(values(lanes, self._dtype), axis=1)
            self._kept[values] = self._block, numbers
            start = 0
        found: np.ndarray = numbers[start : start + count]
        return found

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
