"""What kernels of uniformly quantised numbers refuse, as TensorFlow does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import kernel_errors

FOLDER = Path(__file__).parents[1] / "golden" / "network_kernels"
ERRORS = kernel_errors.load(FOLDER / "uniform_quantized_errors.json")


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
