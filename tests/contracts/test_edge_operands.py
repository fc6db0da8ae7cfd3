"""Ops at the edge of what they take give what TensorFlow gave, errors included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from metagraft.runtime.program import Program
from tests.plain_values import plain
from tests.programs.edge_operands import ERRORS, RUNS, SHAPES, VALUES, result, shape

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "edge_operands"
_FOUND = json.loads((GOLDEN / "results.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("name", sorted(VALUES))
def test_values(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are those of TensorFlow, on the host and in a compiled program."""
    assert plain(result(tf, VALUES[name])) == _FOUND["results"][name]
    monkeypatch.setattr(Program, "run", Program._run_compiled)
    assert plain(result(tf, VALUES[name])) == _FOUND["results"][name]


@pytest.mark.parametrize("name", sorted(RUNS))
def test_runs(name: str) -> None:
    """So are those of what a session keeps."""
    with tf.Graph().as_default():
        assert plain(RUNS[name](tf)) == _FOUND["results"][name]


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_errors(name: str) -> None:
    """Operands whose shapes only the run tells are refused in the same words."""
    found = result(tf, ERRORS[name])
    message = found[1].partition("\n")[0].rstrip(".")
    assert plain((found[0], message)) == _FOUND["results"][name]


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_shapes(name: str) -> None:
    """What is known of one operand tells of the others, or contradicts them."""
    assert shape(tf, SHAPES[name]) == _FOUND["shapes"][name]
