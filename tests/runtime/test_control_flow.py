"""Branches and loops compute what TensorFlow computed, on the host and compiled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.runtime import program
from tests.programs.control_flow_runs import PROGRAMS

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "control_flow_runs"
VALUES = json.loads((FOLDER / "values.json").read_text(encoding="utf-8"))


def check(name: str) -> None:
    """Run a program and compare its values with those recorded."""
    with tf.Graph().as_default():
        found = PROGRAMS[name](tf)
    assert len(found) == len(VALUES[name])
    for value, expected in zip(found, VALUES[name], strict=True):
        np.testing.assert_allclose(value, np.array(expected), rtol=2e-5, atol=1e-6)


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_on_host(name: str) -> None:
    """Plans that run on the host give TensorFlow's values."""
    check(name)


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_compiled(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans that are compiled when first run give TensorFlow's values."""
    monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
    monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)
    check(name)
