"""Imports answer as TensorFlow's do: names, collections, savers, state, errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from tests.programs.import_collection_probes import STATE_PROBES
from tests.programs.import_graph_def_probes import GRAPH_DEF_PROBES
from tests.programs.import_probes import GRAPH_PROBES, Probe

ANSWERS = json.loads(
    (Path(__file__).parents[1] / "golden" / "import_probes" / "answers.json").read_text(
        encoding="utf-8"
    )
)


PROBES = [*GRAPH_PROBES, *STATE_PROBES, *GRAPH_DEF_PROBES]


@pytest.mark.golden
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_answers_as_tensorflow_does(probe: Probe) -> None:
    """Every answer equals the recorded one."""
    with tf.Graph().as_default():
        found = json.loads(json.dumps(probe(tf)))
    assert found == ANSWERS[probe.__name__]


def test_every_recording_has_its_probe() -> None:
    """No recorded answer is left over."""
    assert set(ANSWERS) == {probe.__name__ for probe in PROBES}
