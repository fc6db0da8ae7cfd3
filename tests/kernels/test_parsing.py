"""Kernels of examples, of text and of characters against recorded values."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import kernel_cases, kernel_errors

GOLDEN = Path(__file__).parents[1] / "golden"
FOLDERS = (GOLDEN / "parsing_kernels", GOLDEN / "unicode_kernels")
CASES = [case for f in FOLDERS for case in kernel_cases.load(f / "values.npz")]
ERRORS = [case for f in FOLDERS for case in kernel_errors.load(f / "errors.json")]


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
