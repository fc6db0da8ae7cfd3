"""Ops in every type that TensorFlow's CPU has kernels for give its values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from tests.kernel_cases import TOLERANCE, dtype_of, values_differ
from tests.programs.typed_ops import runs
from tests.programs.typed_ops.case import Case

FOLDER = Path(__file__).parents[1] / "golden" / "typed_ops"

pytestmark = pytest.mark.golden


class Recorded:
    """What one group of ops gave, and how they refused."""

    def __init__(self, group: str) -> None:
        stored = np.load(FOLDER / f"{group}.npz")
        index = json.loads(str(stored["index"]))
        self.cases: dict[str, list[Any]] = index["values"]
        self.refused: dict[str, dict[str, str]] = index["refused"]
        self._places = json.loads(str(stored["places"]))
        self._stored = {
            kind: stored[kind] for kind in stored if kind not in ("index", "places")
        }

    def values(self, name: str, number: int, run: int) -> list[Any]:
        """Return the outputs of a case; runs that are not there are as the first."""
        about = self.cases[name][number]["runs"]
        run = min(run, len(about) - 1)
        found = []
        for place, (kind, shape) in enumerate(about[run]):
            part, start, end = self._places[f"{name}.{number}.{run}.{place}"]
            values = self._stored[part][start:end]
            values = runs.opened(values) if part == "S" else values
            found.append(values.astype(dtype_of(kind)).reshape(shape))
        return found


GOLDEN = {group: Recorded(group) for group in runs.GROUPS}
PLACES = [(group, name) for group in runs.GROUPS for name in GOLDEN[group].cases]


@pytest.mark.parametrize(("group", "name"), PLACES, ids=[name for _, name in PLACES])
def test_values(group: str, name: str) -> None:
    """Each run gives TensorFlow's values in its types, on the host and compiled."""
    cases = GOLDEN[group].cases[name]
    found = runs.values(tf, name, [case["types"] for case in cases])
    wrong = []
    for number, (case, outputs) in enumerate(zip(cases, found, strict=True)):
        for run, values in enumerate(outputs):
            expected = GOLDEN[group].values(name, number, run)
            said = _difference(values, expected)
            if said:
                wrong.append(f"{name} {case['types']} run {run}: {said}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("group", "name"), PLACES, ids=[name for _, name in PLACES])
def test_static_shapes(group: str, name: str) -> None:
    """What is inferred of operands of known shapes is true of the values."""
    types = GOLDEN[group].cases[name][0]["types"]
    with tf.Graph().as_default():
        runs.allow(tf, name)
        built = runs.OPS[name].build(Case(tf, name, types))
        inferred = [tensor.shape for tensor in tf.nest.flatten(built)]
    given = [value.shape for value in GOLDEN[group].values(name, 0, 0)]
    for shape, actual in zip(inferred, given, strict=True):
        assert shape.is_compatible_with(actual), (shape, actual)


def _difference(found: list[Any], expected: list[Any]) -> str:
    if len(found) != len(expected):
        return f"{len(found)} outputs, expected {len(expected)}"
    for one, other in zip(found, expected, strict=True):
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            return f"{one.dtype}{one.shape}, expected {other.dtype}{other.shape}"
        is_equal = (
            one.tolist() == other.tolist()
            if one.dtype == object
            else not values_differ(one, other, TOLERANCE.get(one.dtype.name, 0))
        )
        if not is_equal:
            return f"\n{one}, expected\n{other}"
    return ""


REFUSED = [(group, name) for group in runs.GROUPS for name in GOLDEN[group].refused]


@pytest.mark.parametrize(("group", "name"), REFUSED, ids=[name for _, name in REFUSED])
def test_refusals(group: str, name: str) -> None:
    """What TensorFlow refuses while it makes a node is refused alike."""
    for spelled, expected in GOLDEN[group].refused[name].items():
        assert runs.error_of(tf, name, json.loads(spelled)) == expected, spelled
