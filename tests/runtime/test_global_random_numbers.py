"""NumPy's global random numbers belong to the program."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import numpy as np
import metagraft.compat.v1 as tf

with tf.Graph().as_default(), tf.Session() as session:
    x = tf.placeholder(tf.float32, [200, 200])
    y = tf.matmul(x, x)
    np.random.seed(3)
    first = np.random.rand(2)
    for _ in range(3):
        session.run(y, {x: np.ones((200, 200))})
    session.list_devices()
    assert "jax" in sys.modules
    again = np.random.rand(2)
np.random.seed(3)
expected = np.random.rand(4)
assert [*first, *again] == expected.tolist()
"""


def test_loading_jax_draws_none() -> None:
    """Seeded data stays the same, whenever a session loads what it computes with."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
