"""Programs about fine points give what TensorFlow gave, errors included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from tests.plain_values import plain
from tests.programs import corner_points, fine_points, list_refusals

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "fine_points"
RUNS = {**fine_points.RUNS, **corner_points.RUNS, **list_refusals.RUNS}
_VALUES = json.loads((GOLDEN / "values.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("name", sorted(RUNS))
def test_runs(name: str) -> None:
    """A program gives the values, shapes and errors of TensorFlow."""
    with tf.Graph().as_default():
        assert plain(RUNS[name](tf)) == _VALUES[name]
