"""Many texts hashed at once give what TensorFlow gives for each by itself."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metagraft.kernels.hash_arrays import fingerprints64, hashed_each
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
    "hash64",
    [
        fingerprint64,
        lambda text: murmur_hash64(text, STRING_SEED),
        lambda text: sip_hash64(text, -5, 7),
    ],
    ids=["farm", "murmur", "sip"],
)
def test_texts_of_one_length_are_hashed_together(
    hash64: Callable[[bytes], int],
) -> None:
    """Every length up to those that take several rounds, often and once."""
    chance = random.Random(3)
    sizes = [*(list(range(34)) * 9), *[63, 64, 65, 127, 128, 129, 200] * 9, 55, 300]
    texts = [chance.randbytes(size) for size in sizes]
    assert hashed_each(texts, hash64).tolist() == [hash64(text) for text in texts]
