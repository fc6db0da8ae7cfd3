"""Saving and restoring variables: few large tensors, and many small ones.

TensorFlow's side is its Saver within a session, without the graph and the state file;
Metagraft's is the checkpoint format itself, to which its Saver adds little. On both
sides the content ends up as arrays in memory of the process.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks.side_by_side import Benchmark, Budget

# Name of the case: number of tensors, elements of each.
_CASES = {
    "500 MB in 64 tensors": (64, 1_953_125),
    "100 MB in 20,000 tensors": (20_000, 1_250),
}
_ROUNDS = 4


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds of the fastest save and restore of each case."""
    seconds: dict[str, float] = {}
    is_tensorflow = tf.__name__.startswith("tensorflow")
    for name, (count, size) in _CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            prefix = str(Path(folder) / "model")
            if is_tensorflow:
                save, restore, close = _with_saver(tf, prefix, count, size)
            else:
                save, restore, close = _with_bundle(prefix, count, size)
            for _ in range(_ROUNDS):
                for label, action in (("save", save), ("restore", restore)):
                    start = time.perf_counter()
                    action()
                    elapsed = time.perf_counter() - start
                    key = f"{label} {name}"
                    seconds[key] = min(seconds.get(key, elapsed), elapsed)
            close()
    return seconds


_Actions = tuple[Callable[[], object], Callable[[], object], Callable[[], object]]


def _with_saver(tf: ModuleType, prefix: str, count: int, size: int) -> _Actions:
    with tf.Graph().as_default():
        for number in range(count):
            initial = tf.random_normal_initializer(seed=number)
            tf.get_variable(f"v{number:05d}", [size], initializer=initial)
        saver = tf.train.Saver()
        session = tf.Session()
        session.run(tf.global_variables_initializer())

    def save() -> None:
        saver.save(session, prefix, write_meta_graph=False, write_state=False)

    return save, lambda: saver.restore(session, prefix), session.close


def _with_bundle(prefix: str, count: int, size: int) -> _Actions:
    from metagraft.formats.bundle.reader import BundleReader
    from metagraft.formats.bundle.writer import BundleWriter

    numbers = np.random.default_rng(0)
    arrays = {
        f"v{number:05d}": numbers.standard_normal(size, dtype=np.float32)
        for number in range(count)
    }

    def save() -> None:
        with BundleWriter(prefix) as writer:
            for name, array in arrays.items():
                writer.add(name, array)
            writer.finish()

    def restore() -> None:
        with BundleReader(prefix) as reader:
            arrays.update(reader.read_many(reader.keys()))

    return save, restore, lambda: None


BENCHMARK = Benchmark(
    title="Checkpoints",
    measure=measure,
    budgets={
        **{f"save {name}": Budget(ratio=1) for name in _CASES},
        **{f"restore {name}": Budget(ratio=2) for name in _CASES},
    },
    repeats=1,
)
