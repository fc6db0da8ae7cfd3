"""Programs with sparse tensors compute what TensorFlow computed, and fail alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from tests.golden.record.record_sparse_runs import storable
from tests.programs import sparse_mistakes, sparse_runs

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "sparse_runs"
_ERRORS = json.loads((GOLDEN / "errors.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("name", sorted(sparse_runs.RUNS))
def test_runs(name: str) -> None:
    """A program gives the values of TensorFlow."""
    with tf.Graph().as_default():
        found = [storable(value) for value in sparse_runs.RUNS[name](tf)]
    with np.load(GOLDEN / "values.npz") as stored:
        expected = [stored[f"{name}.{place}"] for place in range(len(found))]
        assert f"{name}.{len(found)}" not in stored
    for place, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert one.dtype == other.dtype, place
        if one.dtype.kind == "f":
            np.testing.assert_allclose(one, other, 2e-5, 1e-6, err_msg=f"{place}")
        else:
            np.testing.assert_array_equal(one, other, err_msg=f"{place}")


@pytest.mark.parametrize("name", sorted(sparse_mistakes.MISTAKES))
def test_mistakes(name: str) -> None:
    """A mistake ends with TensorFlow's error class and text."""
    with tf.Graph().as_default():
        found = sparse_mistakes.error_of(tf, sparse_mistakes.MISTAKES[name])
    assert found == _ERRORS[name]
