"""Classes drawn by frequencies, against what TensorFlow drew in the same runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import InvalidArgumentError

GOLDEN = Path(__file__).parents[1] / "golden" / "network_kernels"
RECORDED = json.loads((GOLDEN / "unigram_sampling.json").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = RECORDED["cases"]


@pytest.mark.golden
@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_same_classes_are_drawn(number: int) -> None:
    """Run after run, with the expected counts; learnt frequencies go on from there."""
    case = CASES[number]
    with tf.Graph().as_default(), tf.Session() as session:
        made = getattr(tf.raw_ops, case["op"])(
            true_classes=RECORDED["true_classes"], **case["attrs"]
        )
        for run in case["runs"]:
            drawn, *counts = session.run(list(made))
            assert drawn.tolist() == run[0]
            for found, expected in zip(counts, run[1:], strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_frequencies_come_from_a_file(tmp_path: Path) -> None:
    """The last column counts."""
    path = tmp_path / "vocabulary.csv"
    path.write_text("a,1\nb,2\nc,x,5\n", encoding="utf-8")
    given = {"true_classes": [[0]], "num_true": 1, "num_sampled": 3, "unique": False}
    with tf.Graph().as_default(), tf.Session() as session:
        arguments = {**given, "range_max": 3, "seed": 1}
        one = tf.nn.fixed_unigram_candidate_sampler(
            **arguments, unigrams=[1.0, 2.0, 5.0]
        )
        two = tf.nn.fixed_unigram_candidate_sampler(**arguments, vocab_file=str(path))
        counts = session.run([one[1], two[1]])
    assert counts[0].tolist() == counts[1].tolist() == [[np.float32(3 / 8)]]


@pytest.mark.parametrize(
    ("attrs", "text"),
    [
        ({}, "either vocab_file or unigrams"),
        ({"unigrams": [1.0], "vocab_file": "x"}, "only provide one"),
        ({"unigrams": [1.0, 2.0]}, "must be equal to weights size 2"),
    ],
)
def test_frequencies_that_do_not_fit(attrs: dict[str, Any], text: str) -> None:
    """The error says what is missing."""
    with tf.Graph().as_default(), tf.Session() as session:
        made = tf.nn.fixed_unigram_candidate_sampler([[0]], 1, 1, False, 3, **attrs)
        with pytest.raises(InvalidArgumentError, match=text):
            session.run(made[0])
