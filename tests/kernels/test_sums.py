"""Sums that XLA's CPU backend is kept from giving to YNNPACK, where that is slow."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from metagraft.kernels.ynnpack import summed
from metagraft.runtime.compiler_options import COMPILER_OPTIONS

CASES = {
    "few numbers side by side": ((8192, 8), (1,), False),
    "few long rows": ((64, 16384), (0,), False),
    "few numbers in the middle": ((64, 8, 32), (1,), False),
    "many numbers side by side": ((256, 1024), (1,), True),
    "many short rows": ((16, 16, 16, 32), (0, 1, 2), True),
}


def _numbers(shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("case", CASES)
def test_which_sums_go_to_ynnpack(case: str) -> None:
    """Those of many numbers each; the numbers are the same."""
    if jax.default_backend() != "cpu":
        pytest.skip("only the CPU backend has it")
    shape, axes, goes = CASES[case]
    x = _numbers(shape)
    function = jax.jit(lambda x: summed(x, axes, x.dtype))
    program = function.lower(x).compile(compiler_options=COMPILER_OPTIONS["cpu"])
    assert ("%ynn_fusion" in program.as_text()) == goes
    np.testing.assert_allclose(program(x), x.sum(axes), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kept_axes_and_derivatives(dtype: str) -> None:
    """They are those of any sum, forwards, backwards and over many examples."""
    with jax.enable_x64(True):
        x = _numbers((4, 9000), dtype)
        found = jax.jit(lambda x: summed(x, (0,), dtype, keep=True))(x)
        assert (found.shape, found.dtype) == ((1, 9000), dtype)
        slopes = jax.jit(jax.grad(lambda x: (summed(x, (0,), dtype) ** 2).sum()))(x)
        expected = np.broadcast_to(2 * x.sum(0), x.shape)
        np.testing.assert_allclose(slopes, expected, rtol=1e-4, atol=1e-4)
        pairs = np.stack([x, 2 * x])
        each = jax.jit(jax.vmap(lambda x: summed(x, (0,), dtype)))(pairs)
        np.testing.assert_allclose(each, pairs.sum(1), rtol=1e-4, atol=1e-4)
