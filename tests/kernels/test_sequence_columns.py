"""Sequences read all at once against what was written into them."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.sequence_columns import SequenceColumns
from metagraft.proto import FeatureList, FeatureLists, Features, SequenceExample
from tests.kernel_cases import Recorded, run_on_host
from tests.kernels.test_example_scan import KEYS, KINDS, feature, values_of

# Steps: of any length; all of one length; of one short number, few and many of them.
_LISTS = {
    b"any": ("int64", None),
    b"text": ("string", None),
    b"vectors": ("float32", 16),
    b"tokens": ("int64", 1),
    b"": ("string", 1),
}


def _steps(kind: str, size: int | None, chance: random.Random) -> list[list[Any]]:
    count = chance.choice([0, 1, 2, 5, 20, 70])
    if size is None:
        return [values_of(kind, chance)[:5] for _ in range(count)]
    if kind == "float32":
        return [list(map(float, range(size))) for _ in range(count)]
    if kind == "int64":
        numbers = [chance.randrange(2 ** chance.choice([3, 10, 20, 60]))]
        return [numbers * size for _ in range(count)]
    return [[chance.randbytes(chance.choice([1, 2, 3]))] * size for _ in range(count)]


def sequences(seed: int, count: int) -> tuple[list[bytes], list[dict[str, Any]]]:
    """Return sequences, and the context and the lists that they hold."""
    chance = random.Random(seed)
    texts, held = [], []
    for _ in range(count):
        context = {
            key: values_of(kind, chance)
            for key, kind in zip(KEYS, KINDS, strict=True)
            if chance.random() < 0.7
        }
        lists = {
            key: _steps(kind, size, chance)
            for key, (kind, size) in _LISTS.items()
            if chance.random() < 0.8
        }
        message = SequenceExample(
            context=Features(
                feature={
                    key.decode(): feature(kind, context[key])
                    for key, kind in zip(KEYS, KINDS, strict=True)
                    if key in context
                }
            ),
            feature_lists=FeatureLists(
                feature_list={
                    key.decode(): FeatureList(
                        feature=[feature(_LISTS[key][0], step) for step in steps]
                    )
                    for key, steps in lists.items()
                }
            ),
        )
        texts.append(message.SerializeToString())
        held.append({"context": context, "lists": lists})
    return texts, held


def parsed(texts: list[bytes]) -> Any:
    """Read everything as ragged features."""
    none = np.zeros(0, object)
    kinds = [kind for kind, _ in _LISTS.values()]
    attrs = {
        "Ncontext_sparse": 0,
        "context_sparse_types": [],
        "context_ragged_value_types": list(KINDS),
        "context_ragged_split_types": ["int64"] * len(KINDS),
        "context_dense_shapes": [],
        "Tcontext_dense": [],
        "Nfeature_list_sparse": 0,
        "Nfeature_list_dense": 0,
        "feature_list_sparse_types": [],
        "feature_list_dense_types": [],
        "feature_list_dense_shapes": [],
        "feature_list_ragged_value_types": kinds,
        "feature_list_ragged_split_types": ["int64"] * len(kinds),
    }
    serialized = np.empty(len(texts), object)
    serialized[:] = texts
    operands = {
        "serialized": serialized,
        "debug_name": none,
        "context_sparse_keys": none,
        "context_dense_keys": none,
        "context_ragged_keys": np.array(KEYS, object),
        "feature_list_sparse_keys": none,
        "feature_list_dense_keys": none,
        "feature_list_ragged_keys": np.array(list(_LISTS), object),
        "feature_list_dense_missing_assumed_empty": np.zeros(0, bool),
        "context_dense_defaults": [],
    }
    return run_on_host(Recorded(0, "", "ParseSequenceExampleV2", attrs, operands, []))


def _rows(values: Any, splits: Any) -> list[Any]:
    return [values[start:end].tolist() for start, end in pairwise(splits)]


@pytest.mark.parametrize("count", [1, 15, 16, 40])
def test_batches_hold_what_each_sequence_holds(count: int) -> None:
    """Every value of contexts and of steps is read, in its place."""
    texts, held = sequences(count, count)
    keys = list(_LISTS)
    assert (SequenceColumns.of(texts, KEYS, keys) is None) == (count < 16)
    outputs = parsed(texts)
    for place, key in enumerate(KEYS):
        rows = _rows(outputs[place], outputs[len(KEYS) + place])
        assert rows == [each["context"].get(key, []) for each in held]
    found = outputs[2 * len(KEYS) :]
    for place, key in enumerate(keys):
        values, outer, inner = found[place :: len(keys)]
        steps = _rows(values, inner)
        lists = [steps[start:end] for start, end in pairwise(outer)]
        assert lists == [each["lists"].get(key, []) for each in held]


def test_damaged_sequences_are_refused_or_read() -> None:
    """Bytes that are cut or changed raise TensorFlow's error, and no other."""
    texts, _ = sequences(7, 20)
    chance = random.Random(7)
    refused = 0
    for _ in range(80):
        damaged = bytearray(texts[3])
        if chance.random() < 0.3:
            del damaged[chance.randrange(len(damaged)) :]
        else:
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        try:
            parsed([*texts[:3], bytes(damaged), *texts[4:]])
        except InvalidArgumentError:
            refused += 1
    assert refused > 10
