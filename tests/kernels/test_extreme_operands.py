"""Kernels at infinities, NaN, signed zeros and limits of types, as TensorFlow's.

Numbers that are too large for the integers that they are cast to are among them, and
choices of the largest from rows with NaN.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from metagraft.kernels import kernel_for
from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "extreme_operands"
CASES = [
    case
    for name in sorted(path.stem for path in VALUES.glob("*.npz"))
    for case in kernel_cases.load(VALUES / f"{name}.npz")
]

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_host_arrays(op: str) -> None:
    """On NumPy arrays kernels give what TensorFlow's give."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        found = [
            _difference(case, kernel_cases.run_on_host(case))
            for case in CASES
            if case.op == op
        ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


def test_compiled_programs() -> None:
    """So they do compiled, in single precision, whose formulas are those of double."""
    cases = [case for case in CASES if _is_compiled(case)]
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        outputs = kernel_cases.run_compiled(cases)
        found = [
            _difference(case, output)
            for case, output in zip(cases, outputs, strict=True)
        ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


def _difference(case: kernel_cases.Recorded, outputs: tuple[Any, ...]) -> str:
    if case.family == "apart":
        return _difference_of_parts(case, outputs)
    found = kernel_cases.difference(case, outputs)
    if found or case.family != "rows":
        return found
    signs = [np.signbit(_reals(x))[_reals(x) == 0] for x in (outputs[0], *case.outputs)]
    return "" if np.array_equal(*signs) else f"{case}: signs of zeros in {outputs[0]}"


def _difference_of_parts(case: kernel_cases.Recorded, outputs: tuple[Any, ...]) -> str:
    """Compare each part by itself, however small it is beside the other."""
    found, expected = (_reals(x) for x in (outputs[0], case.outputs[0]))
    places = 64 * np.finfo(case.outputs[0].dtype).eps
    is_close = np.isclose(found, expected, rtol=places, atol=0, equal_nan=True)
    return "" if is_close.all() else f"{case}: {outputs[0]}, expected {case.outputs[0]}"


def _reals(values: Any) -> Any:
    wide = np.asarray(values).astype(np.complex128)
    real = np.asarray(values).dtype.kind != "c"
    return wide.real if real else np.stack([wide.real, wide.imag])


def _is_compiled(case: kernel_cases.Recorded) -> bool:
    kernel = kernel_for(case.op)
    assert kernel is not None
    types = {np.asarray(operand).dtype.name for operand in case.operands.values()}
    if case.op == "Log" and case.family == "apart":
        return False  # XLA's distance from zero has a digit less
    if case.family in {"casts", "order"}:  # some of them; each takes its time
        is_chosen = bool(types & {"bfloat16", "float64"})
        return is_chosen and case.operands.get("k", 1) == 1 and "n" not in case.operands
    return not kernel.host and not types & {"float64", "complex128"}
