"""NaN, infinities and zeros of both signs: kernels give what TensorFlow gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from metagraft.kernels import kernel_for
from tests import kernel_cases, kernel_errors

FOLDER = Path(__file__).parents[1] / "golden" / "odd_values"
ERRORS = kernel_errors.load(FOLDER / "errors.json")
FAMILIES = sorted(path.stem for path in FOLDER.glob("*.npz"))

# Every digit is TensorFlow's: on the host, and of the last also in programs.
ON_THE_HOST = ("narrow", "narrow_rows")
EXACT = (*ON_THE_HOST, "rounded")

pytestmark = pytest.mark.golden


def difference(case: kernel_cases.Recorded, outputs: tuple[Any, ...]) -> str:
    """Return how outputs differ; empty if they agree, signs of zeros included."""
    found = kernel_cases.difference(case, outputs)
    if found:
        return found
    if case.family in EXACT:
        found = last_digits(case, outputs)
        if found:
            return found
    for output, expected in zip(outputs, case.outputs, strict=True):
        if expected.dtype.kind in "fV":
            pair = [np.asarray(x).astype(np.float64) for x in (output, expected)]
            is_zero = (pair[0] == 0) & (pair[1] == 0)
            if np.any(is_zero & (np.signbit(pair[0]) != np.signbit(pair[1]))):
                return f"{case}: a zero is\n  {output}, expected\n  {expected}"
    return ""


def last_digits(case: kernel_cases.Recorded, outputs: tuple[Any, ...]) -> str:
    """Return where the last digits of outputs differ; empty if they agree."""
    for output, expected in zip(outputs, case.outputs, strict=True):
        if not np.array_equal(output, expected):
            return f"{case}: last digits of\n  {output}, expected\n  {expected}"
    return ""


@pytest.mark.parametrize("family", FAMILIES)
def test_on_the_host(family: str) -> None:
    """What NumPy computes is what TensorFlow computes."""
    for case in kernel_cases.load(FOLDER / f"{family}.npz"):
        if getattr(kernel_for(case.op), "takes_op", False):
            continue  # it asks for its name
        with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
            assert not difference(case, kernel_cases.run_on_host(case))


@pytest.mark.parametrize(
    "family", [name for name in FAMILIES if name not in (*ON_THE_HOST, "matrices")]
)
def test_compiled(family: str) -> None:
    """So is what a compiled program computes, but for signs of zeros.

    It does not round the sums of narrow types at every step.
    """
    cases = [
        case
        for case in kernel_cases.load(FOLDER / f"{family}.npz")
        if not getattr(kernel_for(case.op), "host", True)
        # Programs take their time to compile: two types stand for four.
        and case.outputs[0].dtype.name in ("float32", "bfloat16")
    ]
    if not cases:
        pytest.skip("All of them run on the host.")
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        results = kernel_cases.run_compiled(cases)
    for case, outputs in zip(cases, results, strict=True):
        assert not kernel_cases.difference(case, outputs)
        assert case.family not in EXACT or not last_digits(case, outputs)


def test_compiled_svd() -> None:
    """Singular values and vectors of infinities come to an end in programs, too."""
    cases = [
        case for case in kernel_cases.load(FOLDER / "matrices.npz") if case.op == "Svd"
    ]
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        results = kernel_cases.run_compiled(cases)
    for case, outputs in zip(cases, results, strict=True):
        assert not kernel_cases.difference(case, outputs)


def test_what_is_refused() -> None:
    """Operands of the wrong rank, or beyond what is there, are refused in its words."""
    for case, kind, message in ERRORS:
        assert not kernel_errors.difference(case, kind, message)
