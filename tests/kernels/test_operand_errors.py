"""What kernels make of operands that do not fit, and of empty and small ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import kernel_cases, kernel_errors

FOLDER = Path(__file__).parents[1] / "golden" / "network_kernels"
ERRORS = kernel_errors.load(FOLDER / "operand_errors.json")
CASES = kernel_cases.load(FOLDER / "small_operands.npz")

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("op", sorted({case.op for case, _, _ in ERRORS}))
def test_what_is_refused(op: str) -> None:
    """What TensorFlow refuses is refused with its error class and text."""
    found = [
        kernel_errors.difference(case, kind, message)
        for case, kind, message in ERRORS
        if case.op == op
    ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_taken(case: kernel_cases.Recorded) -> None:
    """Operands with nothing or little in them give what TensorFlow gives."""
    assert not kernel_cases.difference(case, kernel_cases.run_on_host(case))
