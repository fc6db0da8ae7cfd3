"""Answers to questions about exports that TensorFlow gave too."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from tests.programs.export_collection_probes import COLLECTION_PROBES
from tests.programs.export_probes import EXPORT_PROBES, Probe
from tests.programs.graph_util_probes import UTILITY_PROBES

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "meta_graphs"
PROBES = (*EXPORT_PROBES, *COLLECTION_PROBES, *UTILITY_PROBES)
ANSWERS = json.loads((GOLDEN / "probes.json").read_text("utf-8"))


@pytest.mark.golden
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_same_answer(probe: Probe) -> None:
    """The answer is TensorFlow's."""
    with tf.Graph().as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = json.loads(json.dumps(probe(tf)))
    assert answer == ANSWERS[probe.__name__]


def test_every_answer_has_its_question() -> None:
    """No recorded answer is left over."""
    assert set(ANSWERS) == {probe.__name__ for probe in PROBES}
