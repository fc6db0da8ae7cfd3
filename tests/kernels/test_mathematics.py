"""Kernels of mathematics against recorded values of TensorFlow's."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from metagraft.kernels import kernel_for
from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "math_kernels" / "values.npz"
CASES = kernel_cases.load(VALUES)
OPS = sorted({case.op for case in CASES})
# One compilation for each family; the formulas are the same for all types.
COMPILED = {"float32", "int32", "complex64", "bool"}
# Loops inside, slow to compile; on host arrays they are the same JAX functions.
SERIES = {"Igamma", "IgammaGradA", "Igammac", "Polygamma", "Zeta"}

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("op", OPS)
def test_host_arrays(op: str) -> None:
    """On NumPy arrays every kernel gives TensorFlow's values in TensorFlow's types."""
    kernel_cases.check_on_host([case for case in CASES if case.op == op])


@pytest.mark.parametrize("family", sorted({case.family for case in CASES}))
def test_compiled_programs(family: str) -> None:
    """Compiled, the kernels of a family give TensorFlow's values."""
    kernel_cases.check_compiled(
        [c for c in CASES if c.family == family and _is_compiled(c)]
    )


def _is_compiled(case: kernel_cases.Recorded) -> bool:
    kinds = {
        array.dtype.name
        for operand in case.operands.values()
        for array in (operand if isinstance(operand, list) else [operand])
    }
    return kinds <= COMPILED and case.op not in SERIES


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("op", ["Max", "Min"])
def test_extremes_of_large_arrays_with_nan_are_nan(op: str, dtype: str) -> None:
    """As of small ones, which are recorded, though other code reduces them."""
    x = np.arange(64 * 1024).reshape(64, 1024) % 101
    x = x.astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))
    x[3, 500] = x[60, 0] = x[63, 1023] = np.nan
    kernel = kernel_for(op)
    assert kernel is not None
    for axes, places in (([1], [3, 60, 63]), ([0], [0, 500, 1023]), ([0, 1], [0])):
        indices = np.array(axes, np.int32)
        operands = {"input": x, "reduction_indices": indices}
        record = kernel_cases.record_of(op, {"keep_dims": False}, operands)
        with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
            compute = functools.partial(kernel.fn, record, indices=indices)
            (found,) = jax.jit(compute)(x)
        is_nan = np.isnan(np.asarray(found).astype(np.float64)).reshape(-1)
        assert np.flatnonzero(is_nan).tolist() == places


@pytest.mark.parametrize("dtype", ["int64", "uint64", "uint8", "int32"])
@pytest.mark.parametrize("rows", [2, 20])
def test_products_of_whole_numbers_wrap(dtype: str, rows: int) -> None:
    """Compiled, batches of matrices of all sizes give what NumPy's do."""
    kernel = kernel_for("BatchMatMulV2")
    assert kernel is not None
    chance = np.random.default_rng(rows)
    a = chance.integers(0, 2**63, (3, rows, 30)).astype(dtype)
    b = chance.integers(0, 2**63, (3, 9, 30)).astype(dtype)
    attrs = {"adj_x": False, "adj_y": True}
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        (found,) = jax.jit(lambda *x: kernel.fn(attrs, *x))(a, b)
    np.testing.assert_array_equal(found, a @ b.swapaxes(1, 2), strict=True)


_EDGES = [0.0, 1.0, 0.5, 2**0.5 - 1, 2**0.5 + 1, 2.0, 1e-30, 1e30, np.inf]


@pytest.mark.parametrize(
    ("op", "name"),
    [("Acos", "acos"), ("Asin", "asin"), ("Atan", "atan"), ("Atan2", "atan2")],
)
def test_angles_in_programs_are_rounded_once(op: str, name: str) -> None:
    """Also of zeros and infinities with signs; the derivatives are those of JAX."""
    kernel = kernel_for(op)
    assert kernel is not None
    chance = np.random.default_rng(3)
    edges = [*_EDGES, *(-edge for edge in _EDGES), np.nan]
    many = chance.normal(size=2000) * np.exp(chance.normal(size=2000))
    x = np.float32([*edges, *chance.uniform(-1, 1, 2000), *many])
    pairs = np.repeat(x[:19], 19), np.tile(x[:19], 19)
    operands = pairs if name == "atan2" else (x,)

    def angle(*operands: Any) -> Any:
        return kernel.fn(None, *operands)[0]

    def slope(function: Any) -> Any:
        return jax.grad(lambda *operands: function(*operands).sum())(*operands)

    with (
        np.errstate(all="ignore"),
        jax.enable_x64(True),
        jax.numpy_dtype_promotion("strict"),
    ):
        found = np.asarray(jax.jit(angle)(*operands))
        wide = [operand.astype(np.float64) for operand in operands]
        expected = getattr(np, name)(*wide).astype(np.float32)
        np.testing.assert_array_equal(slope(angle), slope(getattr(jnp, name)))
    np.testing.assert_array_max_ulp(found, expected, 1)
    is_zero = expected == 0
    signs = np.signbit(found[is_zero]), np.signbit(expected[is_zero])
    np.testing.assert_array_equal(*signs)
