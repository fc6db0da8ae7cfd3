"""Small public functions answer as TensorFlow's do."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from tests.programs.name_probes import NAME_PROBES

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "names" / "probes.json"
ANSWERS = json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.golden
@pytest.mark.parametrize("probe", NAME_PROBES, ids=lambda probe: probe.__name__)
def test_same_answer(probe: Callable[[Any], Any]) -> None:
    """The answer is TensorFlow's."""
    with tf.Graph().as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = json.loads(json.dumps(probe(tf)))
    assert answer == ANSWERS[probe.__name__]


def test_every_answer_has_its_question() -> None:
    """No recorded answer is left over."""
    assert set(ANSWERS) == {probe.__name__ for probe in NAME_PROBES}
