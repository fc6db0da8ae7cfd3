"""Cases of `ops.py` whose kernels run on the host: text, tables, paths and boxes."""

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


def host_cases() -> Mapping[str, Case]:
    """Return the cases by name."""
    words, ids = _words(), np.arange(_WORD_COUNT) * 7
    texts = np.array([b" ".join(row) for row in words.reshape(-1, 20)], object)
    decimals = [b"%.4f" % x for x in _NUMBERS.normal(size=1280)]
    rows = np.array([b",".join(row) for row in np.reshape(decimals, (128, 10))], object)
    raw = np.array([_NUMBERS.bytes(3072) for _ in range(128)], object)
    scores = _NUMBERS.uniform(size=2000).astype(np.float32)
    logits = 3 * _NUMBERS.normal(size=(50, 16, 29)).astype(np.float32)

    def decoded(name: str, steps: int, batch: int) -> Case:
        def case(tf: ModuleType, v: Callable[[Any], Any]) -> Any:
            lengths = v(np.full(batch, steps, np.int32)).read_value()
            decode = getattr(tf.nn, name)
            paths, score = decode(v(logits[:steps, :batch]).read_value(), lengths)
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
        "LookupTableFindV2, of 1,000 words": _table("string", words, words[:1000]),
        "LookupTableFindV2, of 1,000 numbers": _table("int64", ids, ids[::5]),
        "DecodeCSV, of 128": lambda tf, v: tf.decode_csv(
            v(rows).read_value(), [[0.0]] * 10
        ),
        "DecodeRaw, of 128": lambda tf, v: tf.decode_raw(v(raw).read_value(), tf.uint8),
        "CTCGreedyDecoder": decoded("ctc_greedy_decoder", 50, 16),
        "CTCBeamSearchDecoder": decoded("ctc_beam_search_decoder", 25, 2),
        "NonMaxSuppressionV3, of 100": chosen(100, 50),
        "NonMaxSuppressionV3, of 2,000": chosen(2000, 300),
    }
