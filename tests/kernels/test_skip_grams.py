"""Pairs of tokens with random neighbours, as TensorFlow 1.15 drew them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.apply_op import op


def test_pairs() -> None:
    """Between 1 and 3 neighbours on both sides, of 9 tokens from the third one on."""
    tokens = [
        *[2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6, 7, 7, 7],
        *[8, 8, 8, 9, 9, 9, 9, 9, 10, 10, 10, 10],
    ]
    labels = [
        *[2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 4, 5, 6, 4, 5, 6, 7, 8, 6, 7, 8],
        *[7, 8, 9, 6, 7, 8, 9, 10, 7, 8, 9, 10],
    ]
    arguments: dict[str, Any] = {
        "input_tensor": np.arange(20),
        "start": 2,
        "limit": 9,
        "emit_self_as_target": True,
        "seed": 3,
        "seed2": 7,
    }
    with tf.Graph().as_default(), tf.Session() as session:
        made = op("SkipGramGenerateCandidates", min_skips=1, max_skips=3, **arguments)
        found = session.run(made)
        assert found[0].tolist() == tokens
        assert found[1].tolist() == labels
        wrong = op("SkipGramGenerateCandidates", min_skips=3, max_skips=1, **arguments)
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="must be <= max_skips"
        ):
            session.run(wrong)
