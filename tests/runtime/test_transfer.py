"""Arrays on their way out of programs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from metagraft.runtime.transfer import to_host


def test_results_are_whole_when_they_are_given_out() -> None:
    """A program goes on after it is called; its result is read when it has ended."""

    @jax.jit
    def slow(x: jax.Array) -> jax.Array:
        for _ in range(4):
            x = x @ x
        return x

    rows = jnp.full((1024, 1024), 2.0**-10, jnp.float32)
    slow(rows).block_until_ready()  # compiles
    for _ in range(3):
        # Each product of the matrix with itself is the matrix again.
        first = to_host(slow(rows)).copy()
        np.testing.assert_array_equal(first, np.full(first.shape, 2.0**-10))
