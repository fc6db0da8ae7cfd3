"""What a session keeps: positions of random streams, values, resources."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metagraft import errors
from metagraft.runtime.compile import _advanced
from metagraft.runtime.resources import RandomState, Store


def as_number(words: object) -> int:
    """Return the number whose 32-bit words are given, lowest first."""
    return sum(int(word) << (32 * i) for i, word in enumerate(np.asarray(words)))


def test_seeds() -> None:
    """The first seed is the key, the second the high half of the counter."""
    state = RandomState(0x1_0000_0002, 0x3_0000_0004)
    assert state.key.tolist() == [2, 1]
    assert state.counter_words().tolist() == [0, 0, 4, 3]
    state.skip(1 << 33)
    assert state.counter_words(ahead=5).tolist() == [5, 2, 4, 3]


def test_negative_seed() -> None:
    """Seeds are taken as unsigned numbers of 64 bits."""
    assert RandomState(-1, 0).key.tolist() == [0xFFFFFFFF, 0xFFFFFFFF]


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**64))
def test_counters_in_programs(start: int, blocks: int) -> None:
    """A program counts as the host does, carries included."""
    words = np.array([(start >> (32 * i)) & 0xFFFFFFFF for i in range(4)], np.uint32)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        advanced = _advanced(jnp.asarray(words), blocks)
    assert as_number(advanced) == (start + blocks) % 2**128


def test_resources_by_name() -> None:
    """A resource is made once, found by kind, container and name, and cleared."""
    store = Store()
    made = store.create_resource("table", "localhost", "t", dict)
    assert store.create_resource("table", "localhost", "t", dict) is made
    assert store.resource("table", "localhost", "t") is made
    with pytest.raises(errors.NotFoundError, match="no queue named 't'"):
        store.resource("queue", "localhost", "t")
    store.clear(["other"])
    assert store.resource("table", "localhost", "t") is made
    store.clear()
    with pytest.raises(errors.NotFoundError):
        store.resource("table", "localhost", "t")
