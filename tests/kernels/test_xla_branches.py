"""XLA's branches and loops over functions, which TensorFlow runs in XLA programs only."""

from __future__ import annotations

import metagraft.compat.v1 as tf
from tests.programs.xla_runs import branches


def test_branches_and_loops() -> None:
    """Worked by hand: 3 doubled, 3 halved, and 3 doubled until it is no less than 50."""
    with tf.Graph().as_default():
        assert [float(value) for value in branches(tf)] == [6, 1.5, 96]
