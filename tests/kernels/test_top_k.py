"""The largest values, on the host and in programs."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import ml_dtypes
import numpy as np
import pytest

from metagraft.kernels.top_k import largest

DTYPES = ["bfloat16", "float16", "float32", "float64", "int8", "int32", "int64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "k"), [((7, 300), 5), ((2, 3, 500), 60), ((5, 40), 40), ((50,), 2)]
)
def test_programs_choose_what_the_host_chooses(
    dtype: str, shape: tuple[int, ...], k: int
) -> None:
    """Equal numbers, of which there are many, keep their order; so do zeros."""
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    values = np.random.default_rng(k).normal(size=shape) * 9
    values = np.where(np.abs(values) < 1, -0.0, values).astype(kind)
    compare(values, k)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_nan_is_above_infinity_in_programs(dtype: str) -> None:
    """As XLA sorts them."""
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    row = np.zeros(40, kind)
    row[[3, 5, 9, 11, 20]] = [-np.inf, np.inf, -np.nan, 1, np.nan]
    with jax.enable_x64(True):
        _, places = jax.jit(partial(largest, k=4, index_dtype=np.int32))(row)
    assert places.tolist() == [9, 20, 5, 11]


def compare(values: Any, k: int) -> None:
    """Hold a program against the host."""
    expected, where = largest(values, k, np.int32)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        found, places = jax.jit(lambda values: largest(values, k, np.int32))(values)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(places, where)
    same = np.asarray(found) == np.asarray(expected)
    assert same.all()
