"""Ops give for random operands what TensorFlow gives, or refuse them as it does."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.graph import catalogue
from tests.programs.random_runs import random_runs, result, run_names

FILE: Final = Path(__file__).parents[1] / "golden" / "random_calls" / "values.json.gz"
VALUES: Final[dict[str, list[Any]]] = json.loads(gzip.decompress(FILE.read_bytes()))
_MISTAKES = "of two mistakes TensorFlow tells the other one"
_SIGNS = "signs of vectors are open, results that are not asked for are not cleared"
# Ops of which some runs differ.
OTHERWISE: Final = {
    "AvgPoolGrad": _MISTAKES,
    "CholeskyGrad": "TensorFlow's has one number left where infinities meet",
    "Conv": _MISTAKES,
    "Conv2DBackpropInput": _MISTAKES,
    "Dilation2DBackpropFilter": _MISTAKES,
    "Eig": _SIGNS,
    "MaxPool3DGrad": _MISTAKES,
    "MaxPoolGradV2": _MISTAKES,
    "MaxPoolV2": _MISTAKES,
    "ResizeBicubicGrad": "TensorFlow's weighs infinities with zero",
    "Round": "TensorFlow's makes zeros of whole numbers",
    "SelfAdjointEigV2": _SIGNS,
    "Svd": _SIGNS,
    "TensorSummaryV2": "what of the metadata is no message is left out",
}

pytestmark = pytest.mark.golden


def assert_same(ours: np.ndarray, shape: list[int], elements: list[Any]) -> None:
    """Numbers are the same to the digits of their type, all else is equal."""
    assert list(ours.shape) == shape
    if ours.dtype.kind in "OS":
        assert [text.decode("latin-1") for text in ours.reshape(-1)] == elements
        return
    flat = ours.reshape(-1)
    if ours.dtype.kind == "c":
        flat = np.stack([flat.real, flat.imag], axis=-1).reshape(-1)
    if ours.dtype.kind in "biu":
        assert flat.tolist() == elements
        return
    rtol = 2e-2 if ours.dtype.itemsize == 2 else 2e-5
    wide = flat.astype(np.float64)
    np.testing.assert_allclose(wide, np.array(elements), rtol=rtol, atol=1e-5)


@pytest.mark.parametrize("name", sorted(VALUES.keys() - OTHERWISE.keys()))
def test_same_values(name: str) -> None:
    """Results have TensorFlow's values, and mistakes its class of error."""
    definition = catalogue.get(name)
    assert definition is not None
    for run, theirs in zip(random_runs(definition), VALUES[name], strict=True):
        if theirs == "":
            continue  # it has no kernel, or ended the process
        ours = result(tf, definition, run)
        if isinstance(ours, str) or isinstance(theirs, str):
            assert ours == theirs, run
            continue
        assert len(ours) == len(theirs)
        for value, (shape, elements) in zip(ours, theirs, strict=True):
            assert_same(value, shape, elements)


def test_all_are_recorded() -> None:
    """All ops from values to values that TensorFlow 2 has a function of."""
    without = {"AudioMicrofrontend", "QuantizedConcatV2"}
    missing = map(catalogue.get, run_names() - VALUES.keys())
    assert {d.name for d in missing if d and d.origin.startswith("tf-")} == without
