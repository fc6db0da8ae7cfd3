"""Functions of `tf.image` in a session, against what TensorFlow computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from tests.programs import image_runs

VALUES = np.load(Path(__file__).parents[1] / "golden" / "image_runs" / "values.npz")


@pytest.mark.golden
@pytest.mark.parametrize("name", image_runs.RUNS)
def test_runs(name: str) -> None:
    """Images, numbers and indices are TensorFlow's, and so are their types."""
    for part, value in image_runs.run(tf, name).items():
        expected = VALUES[f"{name}.{part}"]
        found = np.asarray(value)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape), part
        tolerance = 2e-5 if expected.dtype.kind == "f" else 0
        np.testing.assert_allclose(
            found, expected, rtol=tolerance, atol=tolerance, err_msg=part
        )
