"""Kernels at infinities, NaN, signed zeros and limits of types, as TensorFlow's."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

from metagraft.kernels import kernel_for
from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "extreme_operands"
CASES = [
    case
    for name in ("complex", "whole")
    for case in kernel_cases.load(VALUES / f"{name}.npz")
]

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_host_arrays(op: str) -> None:
    """On NumPy arrays kernels give what TensorFlow's give."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        found = [
            kernel_cases.difference(case, kernel_cases.run_on_host(case))
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
            kernel_cases.difference(case, output)
            for case, output in zip(cases, outputs, strict=True)
        ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


def _is_compiled(case: kernel_cases.Recorded) -> bool:
    kernel = kernel_for(case.op)
    assert kernel is not None
    wide = {"float64", "complex128"}
    operands = [np.asarray(operand) for operand in case.operands.values()]
    return not kernel.host and not any(x.dtype.name in wide for x in operands)
