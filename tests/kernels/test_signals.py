"""Kernels of signals and sound against recorded values of TensorFlow's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metagraft.kernels import kernel_for
from tests import kernel_cases, kernel_errors

FOLDER = Path(__file__).parents[1] / "golden" / "signal_kernels"
CASES = kernel_cases.load(FOLDER / "values.npz")
ERRORS = kernel_errors.load(FOLDER / "errors.json")
FAMILIES = sorted({case.family for case in CASES})


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_recorded_values(op: str) -> None:
    """Every kernel computes what TensorFlow's does."""
    found = [
        kernel_cases.difference(case, kernel_cases.run_on_host(case))
        for case in CASES
        if case.op == op
    ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


@pytest.mark.golden
@pytest.mark.parametrize("family", FAMILIES)
def test_compiled_programs(family: str) -> None:
    """Compiled, the kernels of a family give TensorFlow's values."""
    cases = [case for case in CASES if case.family == family and _is_compiled(case)][
        ::5
    ]
    if not cases:
        pytest.skip("these run on the host")
    kernel_cases.check_compiled(cases)


def _is_compiled(case: Any) -> bool:
    kernel = kernel_for(case.op)
    return kernel is not None and not kernel.host


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


def transformed(kind: str, attrs: dict[str, Any], *operands: Any) -> Any:
    """Run a transform along axes, for which TensorFlow's CPU has no kernel."""
    names = ("input", "fft_length", "axes")
    given = dict(zip(names, operands, strict=True))
    case = kernel_cases.Recorded(0, "", kind, attrs, given, [])
    return kernel_cases.run_on_host(case)[0]


def test_transforms_along_axes() -> None:
    """They are transforms along one axis after the other, as NumPy's are."""
    random = np.random.RandomState(3)
    z = random.randn(3, 4, 5) + 1j * random.randn(3, 4, 5)
    lengths, axes = np.array([4, 6], np.int32), np.array([0, 2], np.int32)
    expected = np.fft.fftn(z, [4, 6], [0, 2])
    found = transformed("FFTND", {"Tcomplex": "complex128"}, z, lengths, axes)
    np.testing.assert_allclose(found, expected)
    found = transformed("IFFTND", {"Tcomplex": "complex128"}, z, lengths, axes)
    np.testing.assert_allclose(found, np.fft.ifftn(z, [4, 6], [0, 2]))
    attrs = {"Tcomplex": "complex64"}
    x = z.real.astype(np.float32)
    found = transformed("RFFTND", attrs, x, lengths, axes)
    np.testing.assert_allclose(found, np.fft.rfftn(x, [4, 6], [0, 2]), rtol=1e-4)
    assert found.dtype == np.complex64
    found = transformed("IRFFTND", {"Treal": "float64"}, z, lengths, axes)
    np.testing.assert_allclose(found, np.fft.irfftn(z, [4, 6], [0, 2]))
