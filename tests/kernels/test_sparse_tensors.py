"""Kernels of sparse tensors against recorded values of TensorFlow's."""

from __future__ import annotations

from pathlib import Path

import pytest

from metagraft.kernels import kernel_for
from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "sparse_kernels" / "values.npz"
CASES = kernel_cases.load(VALUES)
# One compilation for each family; the formulas are the same for all types.
COMPILED = {"float32", "int32", "int64", "complex64", "bool"}

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_host_arrays(op: str) -> None:
    """On NumPy arrays every kernel gives TensorFlow's values in TensorFlow's types."""
    kernel_cases.check_on_host([case for case in CASES if case.op == op])


def _is_compiled(case: kernel_cases.Recorded) -> bool:
    kernel = kernel_for(case.op)
    kinds = {
        array.dtype.name
        for operand in case.operands.values()
        for array in (operand if isinstance(operand, list) else [operand])
    }
    return kernel is not None and not kernel.host and kinds <= COMPILED


@pytest.mark.parametrize(
    "family", sorted({case.family for case in CASES if _is_compiled(case)})
)
def test_compiled_programs(family: str) -> None:
    """Compiled, the kernels of a family give TensorFlow's values."""
    kernel_cases.check_compiled(
        [c for c in CASES if c.family == family and _is_compiled(c)]
    )
