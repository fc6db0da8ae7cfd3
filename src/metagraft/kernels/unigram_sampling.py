"""Drawing classes by how frequent they are; the frequencies are given or learnt.

Twin of `ops/unigram_sampling.py`.

Source: tensorflow core/kernels/range_sampler.cc, candidate_sampler_ops.cc,
core/lib/random/distribution_sampler.cc, weighted_picker.cc.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.formats.files import read_bytes
from metagraft.graph.operation import Operation
from metagraft.kernels import philox
from metagraft.kernels.candidate_sampling import (
    RESERVED_WORDS_PER_SAMPLE,
    Candidates,
    check_true,
    draw,
    expected_counts,
)
from metagraft.kernels.distributions import uniform_float
from metagraft.kernels.kernel import Array, Kernel, RandomStream, RunContext

__all__ = ["KERNELS"]

_WORD = 2**32


class _Words:
    """Words of a stream one by one; what is not used waits for the next block."""

    def __init__(self) -> None:
        """Start without words."""
        self._left: deque[int] = deque()

    def add(self, blocks: np.ndarray) -> None:
        """Take the words of blocks `[n, 4]`."""
        self._left.extend(blocks.reshape(-1).tolist())

    def transaction(self, sample: Callable[[Iterator[int]], int]) -> int | None:
        """Make one sample, or None if there are too few words for it."""
        used = 0

        def words() -> Iterator[int]:
            nonlocal used
            for word in self._left:
                used += 1
                yield word

        try:
            value = sample(words())
        except StopIteration:
            return None
        for _ in range(used):
            self._left.popleft()
        return value


def _candidates(sample: Callable[[Iterator[int]], int]) -> Candidates:
    """Return what makes candidates of blocks of words, one after the other."""
    words = _Words()

    def candidates(blocks: np.ndarray) -> np.ndarray:
        words.add(blocks)
        found = []
        while (value := words.transaction(sample)) is not None:
            found.append(value)
        return np.array(found, np.int64)

    return candidates


def _uniform(words: Iterator[int], limit: int) -> int:
    """Return a number below `limit`; words that favour small ones are rejected."""
    word = next(words)
    if limit & (limit - 1):
        least = (_WORD - 1) % limit + 1
        while word < least:
            word = next(words)
    return word % limit


# Given frequencies.


def alias_table(weights: np.ndarray) -> tuple[list[float], list[int]]:
    """Return for each class the share it keeps of its place, and who has the rest."""
    count = len(weights)
    total = float(np.cumsum(weights, dtype=np.float64)[-1])
    shares = ((weights * np.float32(count)).astype(np.float64) / total).tolist()
    others = [-1] * count
    low = [i for i, share in enumerate(shares) if share < 1]
    high = [i for i, share in enumerate(shares) if share >= 1]
    while high and low:
        small, large = low.pop(), high.pop()
        others[small] = large
        shares[large] -= 1.0 - shares[small]
        (low if shares[large] < 1 else high).append(large)
    for i in (*high, *low):
        shares[i], others[i] = 1.0, i
    return np.array(shares, np.float32).tolist(), others


class _Same:
    """A value that is equal to nothing but itself."""

    def __init__(self, value: Any) -> None:
        """Keep the value, so that no other takes its place in memory."""
        self.value = value

    def __eq__(self, other: object) -> bool:
        """Tell whether it is the same value."""
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        """Return where it is."""
        return id(self.value)


@dataclass(frozen=True, slots=True)
class _Given:
    """Frequencies and what is drawn by: the arrays of `alias_table`."""

    shares: np.ndarray
    others: np.ndarray
    probabilities: np.ndarray


def _given(attrs: Any) -> _Given:
    # What a file says may change from run to run.
    return _prepared(attrs) if attrs["vocab_file"] else _known(_Same(attrs))


@lru_cache(maxsize=16)
def _known(attrs: _Same) -> _Given:
    return _prepared(attrs.value)


def _prepared(attrs: Any) -> _Given:
    weights = _weights(attrs)
    shares, others = alias_table(weights)
    total = np.cumsum(weights, dtype=np.float32)[-1]
    return _Given(np.array(shares, np.float32), np.array(others), weights / total)


def _aliased(given: _Given) -> Candidates:
    """Return what makes candidates of pairs of words; one by one if one is rejected."""
    limit = len(given.shares)
    least = (_WORD - 1) % limit + 1 if limit & (limit - 1) else 0

    def sample(words: Iterator[int]) -> int:
        share = uniform_float(np.array([next(words)], np.uint32))[0]
        place = _uniform(words, limit)
        return int(place if share < given.shares[place] else given.others[place])

    one_by_one: list[Candidates] = []

    def candidates(blocks: np.ndarray) -> np.ndarray:
        words = blocks.reshape(-1, 2)
        if not one_by_one and (words[:, 1] < least).any():
            one_by_one.append(_candidates(sample))
        if one_by_one:
            return one_by_one[0](blocks)
        places = words[:, 1].astype(np.int64) % limit
        keeps = uniform_float(words[:, 0]) < given.shares[places]
        return np.where(keeps, places, given.others[places])

    return candidates


def _weights(attrs: Any) -> np.ndarray:
    """Return the weights of the classes of this shard."""
    reserved = range(attrs["num_reserved_ids"])
    shards, shard = attrs["num_shards"], attrs["shard"]
    found = [0.0 for number in reserved if number % shards == shard]
    path, given = attrs["vocab_file"], list(attrs["unigrams"])
    if not path and not given:
        raise InvalidArgumentError(
            None, None, "Must provide either vocab_file or unigrams."
        )
    if path and given:
        raise InvalidArgumentError(
            None, None, "Must only provide one of vocab_file and unigrams."
        )
    number = len(found)
    for value in _of_file(path.decode()) if path else given:
        if number % shards == shard:
            weight = np.float32(value) ** np.float32(attrs["distortion"])
            found.append(float(weight))
        number += 1
    if len(found) != attrs["range_max"]:
        raise InvalidArgumentError(
            None,
            None,
            f"range is {attrs['range_max']} must be equal to weights size {len(found)}",
        )
    return np.array(found, np.float32)


def _of_file(path: str) -> Iterator[float]:
    """Yield the last column of each line."""
    for line in read_bytes(path).splitlines():
        last = line.split(b",")[-1]
        try:
            yield float(last)
        except ValueError:
            text = line.decode(errors="replace")
            raise InvalidArgumentError(
                None, None, f"Wrong vocabulary format at line: {text}"
            ) from None


def fixed_unigram(
    rng: RandomStream, attrs: Any, true_classes: np.ndarray
) -> tuple[Array, ...]:
    """Draw by given frequencies."""
    given = _given(attrs)
    key, counter = rng.reserve(_blocks(attrs))
    return _drawn(
        attrs, true_classes, key, counter, _aliased(given), given.probabilities
    )


def _blocks(attrs: Any) -> int:
    return -(-RESERVED_WORDS_PER_SAMPLE * attrs["num_sampled"] // 4)


def _drawn(
    attrs: Any,
    true_classes: np.ndarray,
    key: Array,
    counter: Array,
    candidates: Candidates,
    probabilities: np.ndarray,
) -> tuple[Array, ...]:
    count, limit = attrs["num_sampled"], attrs["range_max"]
    check_true(attrs, true_classes, limit)
    drawn, tries = draw(key, counter, candidates, count, unique=attrs["unique"])
    return (
        drawn,
        expected_counts(probabilities[true_classes], count, tries),
        expected_counts(probabilities[drawn], count, tries),
    )


# Learnt frequencies.


@dataclass
class _Learnt:
    """What an op has seen.

    Attributes:
        weights: How often it saw each class, and once more.
        key: Of its random numbers.
        counter: Where they go on.
    """

    weights: np.ndarray
    key: Array
    counter: Array
    total: int = field(init=False)

    def __post_init__(self) -> None:
        """Add the weights up."""
        self.total = int(self.weights.sum())

    def learn(self, classes: np.ndarray) -> None:
        """Count classes."""
        np.add.at(self.weights, classes, 1)
        self.total += len(classes)


def _fresh(seeds: tuple[int, int], limit: int) -> _Learnt:
    if not any(seeds):
        first, second = np.frombuffer(os.urandom(16), np.int64).tolist()
        seeds = (first, second)
    return _Learnt(np.ones(limit, np.int64), *philox.stream_of_seeds(*seeds))


def learned_unigram(
    run: RunContext, op: Operation, true_classes: np.ndarray
) -> tuple[Array, ...]:
    """Draw by how often the op has seen classes; then count the true ones."""
    attrs = op.attrs
    seeds = (attrs["seed"], attrs["seed2"])
    state: _Learnt = run.store.create_resource(
        "unigram_sampler",
        "localhost",
        op.name,
        lambda: _fresh(seeds, attrs["range_max"]),
    )
    ends = np.cumsum(state.weights)
    total = state.total

    least = (_WORD - 1) % total + 1 if total & (total - 1) else 0

    def candidates(blocks: np.ndarray) -> np.ndarray:
        words = blocks.reshape(-1).astype(np.int64)
        # Words that favour small classes are rejected.
        return ends.searchsorted(words[words >= least] % total, side="right")

    probabilities = state.weights.astype(np.float32) / np.float32(total)
    results = _drawn(
        attrs, true_classes, state.key, state.counter, candidates, probabilities
    )
    state.counter = philox.skip(state.counter, _blocks(attrs))
    state.learn(true_classes.reshape(-1))
    return results


KERNELS = {
    "FixedUnigramCandidateSampler": Kernel(
        fixed_unigram, host=True, random=True, files=True
    ),
    "LearnedUnigramCandidateSampler": Kernel(learned_unigram, host=True, on_run=True),
    "ThreadUnsafeUnigramCandidateSampler": Kernel(
        learned_unigram, host=True, on_run=True
    ),
}
