"""Loops that are compiled as one function."""

from __future__ import annotations

import jax
import numpy as np

from metagraft.kernels.native_loop import HostLoop, native, padded


def _hashed(words: jax.Array) -> jax.Array:
    """Mix words by more operations than XLA itself deems a small loop."""

    def turn(index: jax.Array, state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        word = words[index]
        mixed = []
        for place, part in enumerate(state):
            word = (part + word) * np.uint64(0x9E3779B97F4A7C15)
            mixed.append(word ^ word >> np.uint64(place + 17))
        return tuple(mixed)

    start = tuple(words[:8])
    total = jax.lax.fori_loop(0, len(words), turn, start)
    return sum(total[1:], total[0])


def test_a_loop_is_one_piece_of_machine_code() -> None:
    """XLA keeps the call, with the attribute that its compiler of calls looks for."""
    words = np.random.default_rng(1).integers(0, 2**63, 200).astype(np.uint64)
    with jax.enable_x64(True):
        assert jax.jit(_hashed)(words) == jax.jit(native(_hashed))(words)
        compiled = jax.jit(native(_hashed)).lower(words).compile().as_text()
    calls = [line for line in compiled.splitlines() if " call(" in line]
    assert any('xla_cpu_small_call="true"' in call for call in calls)


def test_a_loop_is_compiled_when_numpy_has_taken_a_while() -> None:
    """The work is counted for each shape of the operands by itself."""
    loop = HostLoop(
        lambda values: jax.lax.fori_loop(
            0, len(values), lambda index, total: total + values[index], np.int64(0)
        )
    )
    few, many = np.arange(4), np.arange(8)
    assert loop.run(10e6, few) is None
    assert loop.run(10e6, many) is None
    assert loop.run(100e6, few) == 6
    assert loop.run(0, few) == 6
    assert loop.run(0, many) is None


def test_arrays_of_many_sizes_are_padded_to_few() -> None:
    """With room behind them, if that is asked for."""
    for size, room, length in ((0, 8, 64), (64, 0, 64), (64, 1, 128), (1000, 24, 1024)):
        array = np.arange(size)
        found = padded(array, room)
        assert len(found) == length
        np.testing.assert_array_equal(found[:size], array)
