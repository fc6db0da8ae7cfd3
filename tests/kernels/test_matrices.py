"""Kernels of linear algebra against recorded values of TensorFlow's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from metagraft.kernels import kernel_for
from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "matrix_kernels" / "values.npz"
CASES = kernel_cases.load(VALUES)
OPS = sorted({case.op for case in CASES})

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
    kernel = kernel_for(case.op)
    assert kernel is not None
    if kernel.host or case.op.startswith("Batch"):
        return False
    return all(x.dtype.name in ("float64", "int32") for x in case.operands.values())


def matrices(*shape: int, dtype: str = "float64") -> Any:
    """Return random matrices."""
    values = np.random.RandomState(5).standard_normal(shape)
    return (values + (1j * values[..., ::-1] if dtype[0] == "c" else 0)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_eigenvectors_belong_to_their_values(dtype: str) -> None:
    """Signs and order depend on the library; what they decompose does not."""
    a = matrices(2, 4, 4, dtype=dtype)
    kernel = kernel_for("Eig")
    assert kernel is not None
    record = kernel_cases.record_of("Eig", {"Tout": np.complex128}, {"input": a})
    values, vectors = kernel.fn(record, a)
    np.testing.assert_allclose(a @ vectors, vectors * values[..., None, :], atol=1e-9)


def test_old_eigenvectors_stand_below_their_values() -> None:
    """The first row are values, the other rows the vectors, column by column."""
    a = matrices(3, 3)
    kernel = kernel_for("SelfAdjointEig")
    assert kernel is not None
    (both,) = kernel.fn(None, a)
    lower = np.tril(a) + np.tril(a, -1).T
    np.testing.assert_allclose(lower @ both[1:], both[1:] * both[0], atol=1e-9)


def test_tridiagonal_systems_without_solution_are_perturbed() -> None:
    """A singular system gives a large vector along its null space."""
    kernel = kernel_for("TridiagonalSolve")
    assert kernel is not None
    a = np.array([[1.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 1.0]])
    attrs = {"partial_pivoting": True, "perturb_singular": True}
    with jax.enable_x64(True):
        x = np.asarray(kernel.fn(attrs, a, np.ones((3, 1)))[0])
    dense = np.diag(a[1]) + np.diag(a[0, :-1], 1) + np.diag(a[2, 1:], -1)
    assert np.linalg.norm(x) > 1e10
    assert np.linalg.norm(dense @ x) < 1e-3 * np.linalg.norm(x)


@pytest.mark.parametrize("pivoting", [(True, False), (True, True), (False, False)])
@pytest.mark.parametrize("batch", [1, 3, 2000])
def test_long_tridiagonal_systems_are_solved_in_one_loop(
    pivoting: tuple[bool, bool], batch: int
) -> None:
    """Of so many that XLA divides a step among threads, step by step."""
    kernel = kernel_for("TridiagonalSolve")
    assert kernel is not None
    attrs = dict(zip(("partial_pivoting", "perturb_singular"), pivoting, strict=True))
    diagonals, rhs = matrices(batch, 3, 20), matrices(batch, 20, 2)
    diagonals[:, 1] += 4

    def solved(diagonals: Any, rhs: Any) -> Any:
        return kernel.fn(attrs, diagonals, rhs)[0]

    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        program = jax.jit(solved).lower(diagonals, rhs)
        found = program.compile()(diagonals, rhs)
    np.testing.assert_allclose(found, solved(diagonals, rhs), rtol=1e-6, atol=1e-9)
    assert ("xla_cpu_small_call" in program.as_text()) == (batch < 2000)


def test_logarithms_of_a_batch_raise_to_the_matrices() -> None:
    """Also of numbers far apart; one that is not finite has none, as TensorFlow's."""
    from scipy import linalg

    kernel = kernel_for("MatrixLogarithm")
    assert kernel is not None
    a = matrices(4, 5, 5, dtype="complex128")
    a[1] = linalg.expm(np.triu(a[1]) * 9)
    a[2, 0, 1], a[3, 0] = np.inf, 0
    with np.errstate(all="ignore"):
        (logs,) = kernel.fn(None, a)
    for matrix, log in zip(a[:2], logs[:2], strict=True):
        size = abs(matrix).max()
        np.testing.assert_allclose(linalg.expm(log) / size, matrix / size, atol=1e-11)
    assert np.isnan(logs[2]).all()
    assert np.isfinite(logs[3]).all()  # singular: of a matrix that is very near
