"""Words and the words around them; twin of `ops/skip_grams.py`.

Source: tensorflow core/kernels/word2vec_kernels.cc, contrib/text/kernels/
skip_gram_kernels.cc.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.formats.files import read_bytes
from metagraft.formats.names import decode_name
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel, RandomStream, RunContext
from metagraft.kernels.simple_philox import SimplePhilox
from metagraft.kernels.unigram_sampling import alias_table

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_PRECOMPUTED = 3000
_SENTENCE_SIZE = 1000


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def candidates(
    rng: RandomStream,
    _attrs: Attrs,
    tokens: Array,
    min_skips: Array,
    max_skips: Array,
    start: Array,
    limit: Array,
    emit_self_as_target: Array,
) -> tuple[Array, Array]:
    """Pair each token with those before and after it, a random number of them."""
    least, most = int(min_skips), int(max_skips)
    first, count, total = int(start), int(limit), len(tokens)
    if least < 0 or most < 0:
        raise _invalid("Both min_skips and max_skips must be >= 0.")
    if least > most:
        raise _invalid("min_skips must be <= max_skips.")
    if first < 0:
        raise _invalid("start must be >= 0.")
    end = total if count < 0 else min(first + count, total)
    random = SimplePhilox(*rng.reserve(-(-max(end - first + 1, 0) // 4)))
    pairs = []
    for i in range(first, end):
        skips = least + random.below(most - least + 1)
        pairs += [
            (i, j)
            for j in range(max(i - skips, first), min(i + skips + 1, end))
            if i != j or emit_self_as_target
        ]
    places = np.array(pairs, np.int64).reshape(-1, 2)
    return tokens[places[:, 0]], tokens[places[:, 1]]


class _Corpus:
    """A text as numbers of words, and where reading it has come to."""

    def __init__(self, path: str, attrs: Any) -> None:
        words = read_bytes(path).split()
        self.size = len(words)
        self._window = attrs["window_size"]
        self._share = np.float32(attrs["subsample"])
        if self.size < self._window * 10:
            raise _invalid(
                f"The text file {path} contains too little data: {self.size} words"
            )
        # TF: words of one frequency are in the order of a hash table.
        common = [
            (word, count)
            for word, count in Counter(words).most_common()
            if count >= attrs["min_count"]
        ]
        numbers = {word: i + 1 for i, (word, _) in enumerate(common)}
        self.words = np.array([b"UNK", *(word for word, _ in common)], object)
        rare = self.size - sum(count for _, count in common)
        counts = [rare, *(count for _, count in common)]
        self.frequencies = np.array(counts, np.int32)
        self._kept = self._probabilities()
        self._corpus = [numbers.get(word, 0) for word in words]
        self._random = SimplePhilox.seeded(0)
        self.lock = threading.Lock()
        self.epoch, self.processed = -1, 0
        self._next = self._label = self._label_end = self.size
        self._place = _SENTENCE_SIZE
        self._sentence: list[int] = []
        self._ready: list[tuple[int, int]] = []
        self._taken = 0
        self._precompute()

    def _probabilities(self) -> Array:
        """How probably each word is kept; see Mikolov et al., arXiv:1310.4546, 5."""
        if self._share <= 0:
            return np.ones(len(self.frequencies), np.float32)
        common = self._share * np.float32(self.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.frequencies.astype(np.float32) / common
            return (np.sqrt(share) + 1) * common / self.frequencies.astype(np.float32)

    def _precompute(self) -> None:
        self._ready = [self._example() for _ in range(_PRECOMPUTED)]
        self._taken = 0

    def _fill_sentence(self) -> None:
        found: list[int] = []
        while len(found) < _SENTENCE_SIZE:
            if self._next >= self.size:
                self.epoch += 1
                self._next = 0
            word = self._corpus[self._next]
            self._next += 1
            if self._share <= 0 or self._random.uniform_float() <= self._kept[word]:
                found.append(word)
        self._sentence = found

    def _example(self) -> tuple[int, int]:
        while True:
            if self._label >= self._label_end:
                self.processed += 1
                self._place += 1
                if self._place >= _SENTENCE_SIZE:
                    self._place = 0
                    self._fill_sentence()
                skip = 1 + self._random.below(self._window)
                self._label = max(0, self._place - skip)
                self._label_end = min(_SENTENCE_SIZE, self._place + skip + 1)
            if self._place != self._label:
                break
            self._label += 1
        label = self._sentence[self._label]
        self._label += 1
        return self._sentence[self._place], label

    def batch(self, size: int) -> tuple[Array, Array]:
        """Return the next examples and their labels."""
        found = []
        for _ in range(size):
            found.append(self._ready[self._taken])
            self._taken += 1
            if self._taken >= _PRECOMPUTED:
                self._precompute()
        pairs = np.array(found, np.int32).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


def skipgram(run: RunContext, op: Operation) -> tuple[Array, ...]:
    attrs = op.attrs
    corpus: _Corpus = run.store.create_resource(
        "corpus",
        "localhost",
        op.name,
        lambda: _Corpus(decode_name(attrs["filename"]), attrs),
    )
    with corpus.lock:
        examples, labels = corpus.batch(attrs["batch_size"])
        return (
            corpus.words,
            corpus.frequencies,
            np.int64(corpus.size),
            np.int32(corpus.epoch),
            np.int64(corpus.processed),
            examples,
            labels,
        )


def train(
    rng: RandomStream,
    attrs: Attrs,
    w_in: Array,
    w_out: Array,
    examples: Array,
    labels: Array,
    lr: Array,
) -> tuple[Array, Array]:
    """Take a step for each pair, with words drawn by how common they are.

    See Mikolov et al., arXiv:1310.4546, 2.2.
    """
    counts, tries = np.array(attrs["vocab_count"]), attrs["num_negative_samples"]
    _check_pairs(w_in, w_out, examples, labels, lr)
    sample = _sampler(counts.astype(np.float32) ** np.float32(0.75))
    random = SimplePhilox(*rng.reserve(-(-len(examples) * tries * 8 // 4)))
    words, contexts = np.array(w_in), np.array(w_out)
    rate, one = np.float32(lr), np.float32(1)
    for example, label in zip(examples.tolist(), labels.tolist(), strict=True):
        word = words[example]
        step = rate / (np.exp(word @ contexts[label]) + one)
        change = contexts[label] * step
        contexts[label] += word * step
        for _ in range(tries):
            other = sample(random)
            if other == label:
                continue
            step = -rate / (np.exp(-(word @ contexts[other])) + one)
            change += contexts[other] * step
            contexts[other] += word * step
        word += change
    return words, contexts


def _sampler(weights: Array) -> Callable[[SimplePhilox], int]:
    """Return what draws a word; a place is kept, or given to another."""
    shares, others = alias_table(weights)

    def sample(random: SimplePhilox) -> int:
        share = float(random.uniform_float())
        place = random.below(len(shares))
        return place if share < shares[place] else others[place]

    return sample


def _check_pairs(
    w_in: Array, w_out: Array, examples: Array, labels: Array, lr: Array
) -> None:
    if w_in.ndim != 2:
        raise _invalid("Must be a matrix")
    if w_in.shape != w_out.shape:
        raise _invalid("w_in.shape == w_out.shape")
    if examples.ndim != 1:
        raise _invalid("Must be a vector")
    if examples.shape != labels.shape:
        raise _invalid("examples.shape == labels.shape")
    if lr.ndim:
        raise _invalid("Must be a scalar")
    for places in (examples, labels):
        if ((places < 0) | (places >= len(w_in))).any():
            raise _invalid(f"Words must be in [0, {len(w_in)})")


KERNELS = {
    "NegTrain": Kernel(train, host=True, random=True, updates=("w_in", "w_out")),
    "SkipGramGenerateCandidates": Kernel(candidates, host=True, random=True),
    "Skipgram": Kernel(skipgram, host=True, on_run=True, files=True),
}
