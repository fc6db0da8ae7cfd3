"""Kernels of strings against recorded values of TensorFlow's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "string_kernels" / "values.npz"
CASES = kernel_cases.load(VALUES)


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_recorded_values(op: str) -> None:
    """Every kernel gives TensorFlow's strings and numbers."""
    found = [
        kernel_cases.difference(case, kernel_cases.run_on_host(case))
        for case in CASES
        if case.op == op
    ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))
