"""Many texts hashed at once give what TensorFlow gives for each by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metagraft.kernels import hash_arrays, hash_loops
from metagraft.kernels.hash_arrays import (
    fingerprints64,
    murmur_hashes64,
    row_fingerprints64,
    sip_hashes64,
)
from metagraft.kernels.hashes import (
    STRING_SEED,
    fingerprint64,
    murmur_hash64,
    sip_hash64,
)


@given(st.lists(st.binary(max_size=20)))
def test_many_texts(texts: list[bytes]) -> None:
    """Texts of every length, zeros at their ends among them."""
    many = [*texts, *(bytes([0, 255] * 9)[:size] for size in range(18)), *texts, *texts]
    many += [text + b"\0" for text in many]
    assert fingerprints64(many).tolist() == [fingerprint64(text) for text in many]


@pytest.mark.parametrize(
    ("hashes64", "hash64"),
    [
        (fingerprints64, fingerprint64),
        (murmur_hashes64, lambda text: murmur_hash64(text, STRING_SEED)),
        (
            lambda texts: sip_hashes64(texts, -5, 7),
            lambda text: sip_hash64(text, -5, 7),
        ),
    ],
    ids=["farm", "murmur", "sip"],
)
@pytest.mark.parametrize("is_compiled", [False, True])
def test_texts_of_all_lengths_are_hashed_together(
    hashes64: Callable[[Sequence[bytes]], Any],
    hash64: Callable[[bytes], int],
    is_compiled: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every length up to those that take several rounds, often and once."""
    if is_compiled:
        monkeypatch.setattr(hash_loops, "_BLOCK_NS", 1e12)
    chance = random.Random(3)
    sizes = [*(list(range(34)) * 9), *[63, 64, 65, 127, 128, 129, 200] * 9, 55, 300]
    chance.shuffle(sizes)
    texts = [chance.randbytes(size) for size in sizes]
    assert hashes64(texts).tolist() == [hash64(text) for text in texts]
    large = chance.randbytes(5000)
    for few in (texts[:30], texts[:3], [b""] * 30, [], [large], [b"a", large, b""]):
        assert hashes64(few).tolist() == [hash64(text) for text in few]


@pytest.mark.parametrize("size", [0, 1, 4, 8, 17, 64, 65, 200])
def test_rows(size: int) -> None:
    """Rows of bytes have one length."""
    rows = np.random.default_rng(size).integers(0, 256, (5, size), np.uint8)
    assert row_fingerprints64(rows).tolist() == [
        fingerprint64(row.tobytes()) for row in rows
    ]


def test_few_texts_are_hashed_in_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as that pays; the hashes are the same."""
    texts = [b"", b"a", b"abcdefgh", b"x" * 50, b"abc"]
    looped = []

    def spied(*operands: Any, **options: Any) -> Any:
        looped.append(hash_loops.hashed_in_a_loop(*operands, **options))
        return looped[-1]

    monkeypatch.setattr(hash_arrays, "hashed_in_a_loop", spied)
    monkeypatch.setattr(hash_arrays, "_PYTHON_NS", 1e9)
    expected = [sip_hash64(text, 3, 4) for text in texts]
    assert sip_hashes64(texts, 3, 4).tolist() == expected
    assert looped[0].tolist() == expected
