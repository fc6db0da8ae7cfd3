"""Commands about files, from the start of Python to the output, in new processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from benchmarks.side_by_side import Benchmark, Budget

_REPEATS = 7


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds per command; TensorFlow has none to compare with."""
    if tf.__name__.startswith("tensorflow"):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.meta")
        with tf.Graph().as_default():
            image = tf.placeholder(tf.float32, [None, 28, 28, 1])
            for filters in (16, 32, 64):
                image = tf.layers.conv2d(image, filters, 3, activation=tf.nn.relu)
            loss = tf.reduce_mean(tf.layers.dense(tf.layers.flatten(image), 10))
            tf.train.AdamOptimizer().minimize(loss)
            tf.train.Saver()
            tf.train.export_meta_graph(path)
        return {"metagraft check": _seconds("check", path)}


def _seconds(*arguments: str) -> float:
    best = float("inf")
    for _ in range(_REPEATS):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "metagraft", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        best = min(best, time.perf_counter() - start)
    return best


BENCHMARK = Benchmark(
    title="Commands about files",
    measure=measure,
    budgets={"metagraft check": Budget(seconds=0.25)},
    repeats=1,
)
