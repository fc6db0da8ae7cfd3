"""Drawing a few classes out of many; twin of `ops/candidate_sampling.py`.

How many numbers a draw without repetition takes depends on the numbers, so this runs
on the host.

Source: tensorflow core/kernels/candidate_sampler_ops.cc, range_sampler.cc,
core/lib/random/simple_philox.cc, exact_uniform_int.h.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels import philox
from metagraft.kernels.distributions import uniform_double
from metagraft.kernels.kernel import Array, Kernel, RandomStream

__all__ = [
    "KERNELS",
    "RESERVED_WORDS_PER_SAMPLE",
    "Candidates",
    "check_true",
    "draw",
    "expected_counts",
]

RESERVED_WORDS_PER_SAMPLE = 2048
# Blocks drawn together: at first, and at most.
_AT_FIRST, _AT_ONCE = 64, 4096

# From the words of blocks `[n, 4]` to candidates, in order; and probabilities.
Candidates = Callable[[np.ndarray], np.ndarray]
Probability = Callable[[np.ndarray], np.ndarray]


def _word_blocks(key: Array, counter: Array, first: int) -> Iterator[np.ndarray]:
    """Yield the words of a stream, `[n, 4]` at a time, so many at first."""
    start, count = 0, min(first, _AT_ONCE)
    after = first
    while True:
        index = np.arange(start, start + count, dtype=np.uint64)
        yield np.stack(philox.words(key, counter, index), axis=1)
        start += count
        count, after = min(after, _AT_ONCE), 2 * after


def uniform_candidates(limit: int) -> Candidates:
    """Remainders of 64-bit words, those rejected that would favour small ones."""

    def candidates(words: np.ndarray) -> np.ndarray:
        pairs = words.reshape(-1, 2).astype(np.uint64)
        drawn = pairs[:, 0] | pairs[:, 1] << np.uint64(32)
        if limit & (limit - 1):
            drawn = drawn[drawn >= np.uint64((2**64 - 1) % limit + 1)]
        return (drawn % np.uint64(limit)).astype(np.int64)

    return candidates


def _log_uniform_candidates(limit: int) -> Candidates:
    """Small numbers are drawn more often, as frequent words have small numbers."""
    log_range = math.log1p(limit)

    def candidates(words: np.ndarray) -> np.ndarray:
        pairs = words.reshape(-1, 2)
        uniform = uniform_double(pairs[:, 0], pairs[:, 1])
        drawn = np.exp(uniform * log_range).astype(np.int64) - 1
        return drawn % limit

    return candidates


def _uniform_probability(limit: int) -> Probability:
    return lambda classes: np.full(classes.shape, 1.0 / limit, np.float32)


def _log_uniform_probability(limit: int) -> Probability:
    log_range = math.log1p(limit)

    def probability(classes: np.ndarray) -> np.ndarray:
        wide = classes.astype(np.float64)
        return (np.log((wide + 2.0) / (wide + 1.0)) / log_range).astype(np.float32)

    return probability


def draw(
    key: Array, counter: Array, candidates: Candidates, count: int, *, unique: bool
) -> tuple[np.ndarray, int]:
    """Return the drawn classes and how many candidates that took."""
    # Most samplers take two words for each, and some are drawn again.
    blocks = _word_blocks(key, counter, max(_AT_FIRST, (count + count // 8) // 2))
    if not unique:
        parts, tries = [np.zeros(0, np.int64)], 0
        while tries < count:
            parts.append(candidates(next(blocks)))
            tries += len(parts[-1])
        return np.concatenate(parts)[:count], count
    found: dict[int, None] = {}
    tries = 0
    while len(found) < count:
        now = candidates(next(blocks)).tolist()
        found.update(dict.fromkeys(now))
        tries += len(now)
    drawn = [*found][:count]
    if count:  # all tries after that of the last one are too many
        tries += now.index(drawn[-1]) + 1 - len(now)
    return np.array(drawn, np.int64), tries


def expected_counts(probability: np.ndarray, count: int, tries: int) -> np.ndarray:
    """How often a class is expected among the drawn ones."""
    if tries == count:
        return probability * np.float32(count)
    return -np.expm1(np.float32(tries) * np.log1p(-probability))


def _sampler(
    make_candidates: Callable[[int], Candidates],
    make_probability: Callable[[int], Probability],
) -> Any:
    def sample(rng: RandomStream, attrs: Any, true_classes: Array) -> tuple[Array, ...]:
        count, limit = attrs["num_sampled"], attrs["range_max"]
        check_true(attrs, true_classes, limit)
        key, counter = rng.reserve(-(-RESERVED_WORDS_PER_SAMPLE * count // 4))
        drawn, tries = draw(
            key, counter, make_candidates(limit), count, unique=attrs["unique"]
        )
        probability = make_probability(limit)
        return (
            drawn,
            expected_counts(probability(true_classes), count, tries),
            expected_counts(probability(drawn), count, tries),
        )

    return sample


def check_true(attrs: Any, true_classes: Array, limit: int) -> None:
    """Refuse classes that are none, and more samples than there are classes."""
    if true_classes.ndim != 2:
        raise InvalidArgumentError(None, None, "true_classes must be a matrix")
    if true_classes.shape[1] != attrs["num_true"]:
        raise InvalidArgumentError(
            None,
            None,
            "true_classes must have num_true columns, expected: "
            f"{true_classes.shape[1]} was: {attrs['num_true']}",
        )
    if attrs["unique"] and attrs["num_sampled"] > limit:
        raise InvalidArgumentError(None, None, "Sampler's range is too small.")
    outside = true_classes[(true_classes < 0) | (true_classes >= limit)]
    if outside.size:
        raise InvalidArgumentError(
            None,
            None,
            f"`true_candidate` out of range [0, {limit}), received {outside[0]}",
        )


def all_candidates(
    rng: RandomStream, attrs: Any, true_classes: Array
) -> tuple[Array, ...]:
    """Every class once; nothing is drawn."""
    del rng
    count = attrs["num_sampled"]
    check_true(attrs, true_classes, count)
    return (
        np.arange(count, dtype=np.int64),
        np.ones(true_classes.shape, np.float32),
        np.ones(count, np.float32),
    )


def compute_accidental_hits(
    attrs: Any, true_classes: Array, sampled: Array
) -> tuple[Array, ...]:
    """Find the true classes among the drawn ones: row, place, and minus infinity."""
    if true_classes.ndim != 2 or true_classes.shape[1] != attrs["num_true"]:
        raise InvalidArgumentError(
            None, None, "true_candidates must be a batch_size * num_true matrix"
        )
    if sampled.ndim != 1:
        raise InvalidArgumentError(
            None,
            None,
            "sampled_candidates must be a vector, which is typically an output from "
            "CandidateSampler",
        )
    places = {value: place for place, value in enumerate(sampled.tolist())}
    hits = [
        (row, places[value])
        for row, values in enumerate(true_classes.tolist())
        for value in values
        if value in places
    ]
    rows, ids = zip(*hits, strict=True) if hits else ((), ())
    lowest = np.finfo(np.float32).min
    return (
        np.array(rows, np.int32),
        np.array(ids, np.int64),
        np.full(len(hits), lowest, np.float32),
    )


KERNELS = {
    "UniformCandidateSampler": Kernel(
        _sampler(uniform_candidates, _uniform_probability), host=True, random=True
    ),
    "LogUniformCandidateSampler": Kernel(
        _sampler(_log_uniform_candidates, _log_uniform_probability),
        host=True,
        random=True,
    ),
    "AllCandidateSampler": Kernel(all_candidates, host=True, random=True),
    "ComputeAccidentalHits": Kernel(compute_accidental_hits, host=True),
}
