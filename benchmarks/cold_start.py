"""From nothing to the first inference of a stored model, in a new process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks.side_by_side import Benchmark, Budget

_PROGRAM = """
import sys
import numpy as np
import {module} as tf
if tf.__name__.startswith("tensorflow"):
    tf.disable_v2_behavior()
saver = tf.train.import_meta_graph(sys.argv[1] + ".meta")
with tf.Session() as session:
    saver.restore(session, sys.argv[1])
    images = np.load(sys.argv[1] + ".npy")
    print(session.run("probabilities:0", {{"images:0": images}}).sum())
"""


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds from the start of Python to the printed result."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = str(Path(folder) / "model")
        _store(tf, prefix)
        program = _PROGRAM.format(module=tf.__name__)
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", program, prefix],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            best = min(best, time.perf_counter() - start)
    return {"start, import, restore, one inference": best}


def _store(tf: ModuleType, prefix: str) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, 28, 28, 1], name="images")
        y = tf.layers.conv2d(images, 16, 3, activation=tf.nn.relu)
        y = tf.layers.max_pooling2d(y, 2, 2)
        y = tf.layers.conv2d(y, 32, 3, activation=tf.nn.relu)
        y = tf.layers.dense(tf.layers.flatten(y), 10)
        tf.nn.softmax(y, name="probabilities")
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix)
    numbers = np.random.default_rng(0)
    np.save(prefix + ".npy", numbers.standard_normal((8, 28, 28, 1), dtype=np.float32))


BENCHMARK = Benchmark(
    title="Cold start",
    measure=measure,
    budgets={"start, import, restore, one inference": Budget(ratio=2)},
    repeats=1,
)
