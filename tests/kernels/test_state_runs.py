"""Stacks, old arrays, lists, maps and references give what TensorFlow gave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from tests.plain_values import plain
from tests.programs import reference_runs, scatter_runs, state_runs

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "state_runs"
RUNS = state_runs.RUNS | reference_runs.RUNS | scatter_runs.RUNS
_VALUES = json.loads((GOLDEN / "values.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.golden


@pytest.mark.filterwarnings("ignore:Op .* is deprecated")
@pytest.mark.parametrize("name", sorted(RUNS))
def test_runs(name: str) -> None:
    """A program gives the values, shapes and errors of TensorFlow."""
    with tf.Graph().as_default():
        assert plain(RUNS[name](tf)) == _VALUES[name]
