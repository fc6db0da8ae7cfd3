"""Kernels that take examples and text apart against recorded values of TensorFlow's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import kernel_cases, kernel_errors

FOLDER = Path(__file__).parents[1] / "golden" / "parsing_kernels"
CASES = kernel_cases.load(FOLDER / "values.npz")
ERRORS = kernel_errors.load(FOLDER / "errors.json")


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_recorded_values(op: str) -> None:
    """Every kernel reads what TensorFlow reads."""
    found = [
        kernel_cases.difference(case, kernel_cases.run_on_host(case))
        for case in CASES
        if case.op == op
    ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case.op for case, _, _ in ERRORS}))
def test_recorded_errors(op: str) -> None:
    """What TensorFlow refuses is refused with its error class and text."""
    found = [
        kernel_errors.difference(case, kind, message)
        for case, kind, message in ERRORS
        if case.op == op
    ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))
