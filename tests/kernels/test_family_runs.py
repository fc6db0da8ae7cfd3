"""Programs of rarer op families compute what TensorFlow computed, and fail alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from tests.programs import every_family_run as families

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "family_runs"

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("name", sorted(families.RUNS))
def test_runs(name: str) -> None:
    """A program gives the values of TensorFlow."""
    module, _, run = name.partition(".")
    found = families.results(tf, name)
    with np.load(GOLDEN / f"{module}.npz") as stored:
        expected = [stored[f"{run}.{place}"] for place in range(len(found))]
        assert f"{run}.{len(found)}" not in stored
    for place, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert one.dtype == other.dtype, place
        if one.dtype.kind in "fc":
            np.testing.assert_allclose(one, other, 2e-5, 1e-6, err_msg=f"{place}")
        else:
            np.testing.assert_array_equal(one, other, err_msg=f"{place}")


@pytest.mark.parametrize("name", sorted(families.MISTAKES))
def test_mistakes(name: str) -> None:
    """A mistake ends with TensorFlow's error class and text."""
    module, _, mistake = name.partition(".")
    errors = json.loads((GOLDEN / f"{module}.json").read_text(encoding="utf-8"))
    assert families.error_of(tf, name) == errors[mistake]
