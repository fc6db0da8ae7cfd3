"""Training that TensorFlow began goes on in Metagraft as in TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from tests import training_runs

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "resume"
TOLERANCE = 1e-4  # relative, at every step


def recorded(model: str) -> dict[str, list[float]]:
    """Return TensorFlow's losses: `started` and `resumed`."""
    text = (GOLDEN / model / "losses.json").read_text(encoding="utf-8")
    losses: dict[str, list[float]] = json.loads(text)
    return losses


@pytest.mark.golden
@pytest.mark.parametrize("model", training_runs.MODELS)
def test_goes_on_from_tensorflow(model: str) -> None:
    """From TensorFlow's files the losses are TensorFlow's, dropout included."""
    losses = training_runs.go_on(tf, model, GOLDEN / model / "model")
    np.testing.assert_allclose(losses, recorded(model)["resumed"], rtol=TOLERANCE)


@pytest.mark.golden
def test_goes_on_from_text() -> None:
    """A graph in text form is as good as one in binary form."""
    folder = GOLDEN / "mlp"
    losses = training_runs.go_on(tf, "mlp", folder / "model", meta=folder / "text.meta")
    np.testing.assert_allclose(losses, recorded("mlp")["resumed"], rtol=TOLERANCE)


@pytest.mark.golden
@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("model", training_runs.MODELS)
def test_goes_on_from_itself(model: str, *, as_text: bool, tmp_path: Path) -> None:
    """Built, trained, saved and resumed here, the losses are TensorFlow's as well."""
    prefix = tmp_path / "model"
    started = training_runs.start(tf, model, prefix, as_text=as_text)
    resumed = training_runs.go_on(tf, model, prefix)
    expected = recorded(model)
    np.testing.assert_allclose(started, expected["started"], rtol=TOLERANCE)
    np.testing.assert_allclose(resumed, expected["resumed"], rtol=TOLERANCE)
