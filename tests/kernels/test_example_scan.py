"""Examples read all at once against the same examples read by protobuf."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.example_scan import places_alike, scan
from metagraft.proto import Example, Feature, Features
from tests.kernel_cases import Recorded, run_on_host

KEYS = [b"a", b"bb", b"a long name of a feature", b"a long name of another one", b""]
KINDS = ("float32", "int64", "string", "int64", "string")


def values_of(kind: str, chance: random.Random) -> list[Any]:
    """Return some values of a type."""
    count = chance.choice([0, 1, 1, 2, 3, 70])
    if kind == "float32":
        return [float(np.float32(chance.gauss(0, 1))) for _ in range(count)]
    if kind == "int64":
        return [chance.randint(-(2**63), 2**63 - 1) >> chance.choice([0, 40, 57])
                for _ in range(count)]  # fmt: skip
    return [chance.randbytes(chance.choice([0, 1, 5, 200])) for _ in range(count)]


def feature(kind: str, values: list[Any]) -> Feature:
    """Return a feature of a type."""
    made = Feature()
    fields = {"float32": made.float_list, "int64": made.int64_list}
    fields.get(kind, made.bytes_list).SetInParent()  # type: ignore[call-overload]
    fields.get(kind, made.bytes_list).value.extend(values)  # type: ignore[call-overload]
    return made


def examples(seed: int, count: int) -> tuple[list[bytes], list[dict[bytes, list[Any]]]]:
    """Return examples, and what they hold."""
    chance = random.Random(seed)
    texts, held = [], []
    for _ in range(count):
        values = {
            key: values_of(kind, chance)
            for key, kind in zip(KEYS, KINDS, strict=True)
            if chance.random() < 0.8
        }
        features = {
            key.decode(): feature(kind, values[key])
            for key, kind in zip(KEYS, KINDS, strict=True)
            if key in values
        }
        features["of no interest"] = feature("int64", [1])
        message = Example(features=Features(feature=features))
        texts.append(message.SerializeToString())
        held.append(values)
    return texts, held


def parsed(texts: list[bytes]) -> Any:
    """Read every feature as a ragged one."""
    attrs = {
        "num_sparse": 0,
        "sparse_types": [],
        "dense_shapes": [],
        "ragged_value_types": list(KINDS),
        "ragged_split_types": ["int64"] * len(KINDS),
    }
    empty = np.zeros(0, object)
    serialized = np.empty(len(texts), object)
    serialized[:] = texts
    operands = {
        "serialized": serialized,
        "names": empty,
        "sparse_keys": empty,
        "dense_keys": empty,
        "ragged_keys": np.array(KEYS, object),
        "dense_defaults": [],
    }
    return run_on_host(Recorded(0, "", "ParseExampleV2", attrs, operands, []))


@pytest.mark.parametrize("count", [1, 15, 16, 50])
def test_batches_hold_what_each_example_holds(count: int) -> None:
    """Every value is read, in its place, whichever way the batch is read."""
    texts, held = examples(count, count)
    assert scan(texts) is not None
    outputs = parsed(texts)
    for place, key in enumerate(KEYS):
        values, splits = outputs[place], outputs[len(KEYS) + place]
        rows = [values[start:end].tolist() for start, end in pairwise(splits)]
        assert rows == [each.get(key, []) for each in held]


def alike(chance: random.Random, seed: int) -> tuple[bytes, dict[bytes, list[Any]]]:
    """Return an example with numbers of its own, as long as others of the seed."""
    shape = random.Random(seed)
    counts = {key: shape.choice([0, 1, 3, 90]) for key in KEYS if shape.random() < 0.8}
    held: dict[bytes, list[Any]] = {}
    features = {}
    for key, kind in zip(KEYS, KINDS, strict=True):
        if key in counts:
            held[key] = [
                float(np.float32(chance.gauss(0, 1)))
                if kind == "float32"
                else chance.randint(128, 2**14 - 1)
                if kind == "int64"
                else chance.randbytes(9)
                for _ in range(counts[key])
            ]
            features[key.decode()] = feature(kind, held[key])
    message = Example(features=Features(feature=features))
    return message.SerializeToString(deterministic=True), held


@pytest.mark.parametrize("seed", range(8))
def test_examples_of_one_layout_hold_what_each_holds(seed: int) -> None:
    """Examples that are laid out alike are read by the places of the first one."""
    chance = random.Random(seed)
    pairs = [alike(chance, seed) for _ in range(20)]
    texts = [text for text, _ in pairs]
    assert places_alike(texts, KEYS) is not None
    outputs = parsed(texts)
    for place, key in enumerate(KEYS):
        values, splits = outputs[place], outputs[len(KEYS) + place]
        rows = [values[start:end].tolist() for start, end in pairwise(splits)]
        assert rows == [each.get(key, []) for _, each in pairs]
    # A length or a tag of one that differs is not overlooked.
    for at in range(0, len(texts[0]), 7):
        other = bytearray(texts[5])
        other[at] ^= 1
        found = places_alike([*texts[:5], bytes(other), *texts[6:]], KEYS)
        assert found is None or any(
            begin <= at + 5 * len(other) < end
            for begin, end in zip(found[1][:, 5], found[2][:, 5], strict=True)
        )


def test_damaged_examples_are_refused_or_read() -> None:
    """Bytes that are cut or changed raise TensorFlow's error, and no other."""
    texts, _ = examples(7, 20)
    chance = random.Random(7)
    refused = 0
    for _ in range(150):
        damaged = bytearray(texts[3])
        if chance.random() < 0.3:
            del damaged[chance.randrange(len(damaged)) :]
        else:
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        try:
            parsed([*texts[:3], bytes(damaged), *texts[4:]])
        except InvalidArgumentError:
            refused += 1
    assert refused > 20
