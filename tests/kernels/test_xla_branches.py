"""XLA's branches and loops over functions: TensorFlow has them in XLA programs only."""

from __future__ import annotations

import metagraft.compat.v1 as tf
from tests.programs.xla_runs import branches


def test_branches_and_loops() -> None:
    """Worked by hand: 3 doubled, 3 halved, and 3 doubled until it is 50 or more."""
    with tf.Graph().as_default():
        assert [float(value) for value in branches(tf)] == [6, 1.5, 96]
