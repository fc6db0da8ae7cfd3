"""Cases of `ops.py` that run on the host: text, tables, lists, paths and boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["host_cases"]

_NUMBERS = np.random.default_rng(0)
_WORD_COUNT = 5000

Case = Callable[[ModuleType, Callable[[Any], Any]], Any]


def _words() -> Any:
    return np.array([b"%x" % n for n in _NUMBERS.integers(0, 2**40, 5000)], object)


def _boxes(count: int) -> Any:
    middle = _NUMBERS.uniform(0, 100, (count, 2))
    half = _NUMBERS.uniform(1, 15, (count, 2))
    return np.concatenate([middle - half, middle + half], 1).astype(np.float32)


def _table(key_dtype: str, keys: Any, wanted: Any) -> Case:
    def case(tf: ModuleType, operand: Callable[[Any], Any]) -> Any:
        content = tf.lookup.KeyValueTensorInitializer(
            keys.tolist(), np.arange(len(keys)), getattr(tf, key_dtype), tf.int64
        )
        table = tf.lookup.StaticHashTable(content, -1)
        tf.get_default_session().run(tf.tables_initializer())
        return table.lookup(operand(wanted).read_value())

    return case


def _crossed(tf: ModuleType, operand: Callable[[Any], Any]) -> Any:
    places = np.stack([np.arange(1000), np.zeros(1000)], 1).astype(np.int64)
    column = operand(places).read_value(), operand(_words()[:1000]).read_value()
    crossed = tf.raw_ops.SparseCrossHashed(
        indices=[column[0]] * 2,
        values=[column[1]] * 2,
        shapes=[[1000, 1]] * 2,
        dense_inputs=[],
        num_buckets=1000,
        strong_hash=False,
        salt=[1, 2],
    )
    return crossed[1]


def _text_cases(words: Any) -> Mapping[str, Case]:
    numbers = _NUMBERS.normal(size=1000).astype(np.float32)
    few = words[:1000]
    return {
        "StringLength, of 1,000": lambda tf, v: tf.strings.length(v(few).read_value()),
        "AsString, of 1,000": lambda tf, v: tf.as_string(v(numbers).read_value()),
        "StringFormat, of 1,000": lambda tf, v: tf.strings.format(
            "{}", v(numbers).read_value(), summarize=-1
        ),
        "RegexReplace, of 1,000": lambda tf, v: tf.strings.regex_replace(
            v(few).read_value(), "[0-9]+", "-"
        ),
        "SparseCrossHashed, of 1,000": _crossed,
    }


def _unpacked(tf: ModuleType, operand: Callable[[Any], Any]) -> Any:
    places = np.argwhere(_NUMBERS.uniform(size=(128, 100)) < 0.1)
    values = _NUMBERS.normal(size=len(places)).astype(np.float32)
    packed = tf.serialize_many_sparse(tf.SparseTensor(places, values, (128, 100)))
    rows = operand(tf.get_default_session().run(packed)).read_value()
    return tf.deserialize_many_sparse(rows, tf.float32).values


def _list_cases() -> Mapping[str, Case]:
    ids = _NUMBERS.integers(0, 5000, 10_000)
    rows = _NUMBERS.normal(size=(10_000, 16)).astype(np.float32)
    odds = _NUMBERS.normal(size=(100, 10)).astype(np.float32)
    return {
        "Unique, of 10,000": lambda tf, v: list(tf.unique(v(ids).read_value())),
        "ListDiff, of 10,000": lambda tf, v: list(
            tf.setdiff1d(v(ids).read_value(), v(ids[:500]).read_value())
        ),
        "DynamicPartition, of 10,000": lambda tf, v: tf.dynamic_partition(
            v(rows).read_value(), v((ids % 2).astype(np.int32)).read_value(), 2
        ),
        "RandomShuffle, of 100,000": lambda tf, v: tf.random_shuffle(
            v(np.arange(100_000)).read_value(), seed=3
        ),
        "RandomShuffle, of 10,000 rows": lambda tf, v: tf.random_shuffle(
            v(rows).read_value(), seed=3
        ),
        "LogUniformCandidateSampler, 1,000 of 10,000": lambda tf, v: list(
            tf.random.log_uniform_candidate_sampler(
                v(ids[:128, None]).read_value(), 1, 1000, True, 10_000, seed=3
            )
        ),
        "DeserializeManySparse, of 128": _unpacked,
        "NearestNeighbors, of 1,000 in 100": lambda tf, v: list(
            tf.raw_ops.NearestNeighbors(
                points=v(rows[:1000]).read_value(),
                centers=v(rows[-100:]).read_value(),
                k=v(np.int64(3)).read_value(),
            )
        ),
        "Multinomial, of 100x10": lambda tf, v: tf.multinomial(
            v(odds).read_value(), 1, seed=3
        ),
    }


def host_cases() -> Mapping[str, Case]:
    """Return the cases by name."""
    words, ids = _words(), np.arange(_WORD_COUNT) * 7
    texts = np.array([b" ".join(row) for row in words.reshape(-1, 20)], object)
    decimals = [b"%.4f" % x for x in _NUMBERS.normal(size=1280)]
    rows = np.array([b",".join(row) for row in np.reshape(decimals, (128, 10))], object)
    raw = np.array([_NUMBERS.bytes(3072) for _ in range(128)], object)
    scores = _NUMBERS.uniform(size=2000).astype(np.float32)
    logits = 3 * _NUMBERS.normal(size=(50, 16, 29)).astype(np.float32)

    def decoded(name: str, steps: int, batch: int, **given: Any) -> Case:
        def case(tf: ModuleType, v: Callable[[Any], Any]) -> Any:
            lengths = v(np.full(batch, steps, np.int32)).read_value()
            decode = getattr(tf.nn, name)
            paths, score = decode(
                v(logits[:steps, :batch]).read_value(), lengths, **given
            )
            return [paths[0].values, score]

        return case

    def chosen(count: int, size: int) -> Case:
        return lambda tf, v: tf.image.non_max_suppression(
            v(_boxes(count)).read_value(), v(scores[:count]).read_value(), size
        )

    return {
        "Substr, of 1,000": lambda tf, v: tf.substr(v(words[:1000]).read_value(), 0, 3),
        "StringSplit, of 250 texts": lambda tf, v: (
            tf.string_split(v(texts).read_value()).values
        ),
        "StringToNumber, of 1,280": lambda tf, v: tf.string_to_number(
            v(np.array(decimals, object)).read_value()
        ),
        "StringToHashBucketFast, of 128": lambda tf, v: tf.string_to_hash_bucket_fast(
            v(words[:128]).read_value(), 1000
        ),
        "StringToHashBucketStrong, of 128 long": lambda tf, v: (
            tf.string_to_hash_bucket_strong(v(raw).read_value(), 1000, [1, 2])
        ),
        "LookupTableFindV2, of 1,000 words": _table("string", words, words[:1000]),
        "LookupTableFindV2, of 1,000 numbers": _table("int64", ids, ids[::5]),
        "DecodeCSV, of 128": lambda tf, v: tf.decode_csv(
            v(rows).read_value(), [[0.0]] * 10
        ),
        "DecodeRaw, of 128": lambda tf, v: tf.decode_raw(v(raw).read_value(), tf.uint8),
        "CTCGreedyDecoder": decoded("ctc_greedy_decoder", 50, 16),
        "CTCBeamSearchDecoder": decoded("ctc_beam_search_decoder", 25, 2),
        "CTCBeamSearchDecoder, of width 10": decoded(
            "ctc_beam_search_decoder", 50, 8, beam_width=10
        ),
        "NonMaxSuppressionV3, of 100": chosen(100, 50),
        "NonMaxSuppressionV3, of 2,000": chosen(2000, 300),
        **_text_cases(words),
        **_list_cases(),
    }
