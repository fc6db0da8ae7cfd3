"""Saving and restoring variables: few large ones, and many small ones.

Both sides use their Saver in a session, without the graph and the state file.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

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
    for name, (count, size) in _CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            prefix = str(Path(folder) / "model")
            save, restore, close = _actions(tf, prefix, count, size)
            for _ in range(_ROUNDS):
                for label, action in (("save", save), ("restore", restore)):
                    start = time.perf_counter()
                    action()
                    elapsed = time.perf_counter() - start
                    key = f"{label} {name}"
                    seconds[key] = min(seconds.get(key, elapsed), elapsed)
            close()
    return seconds


def _actions(
    tf: ModuleType, prefix: str, count: int, size: int
) -> tuple[Callable[[], object], Callable[[], object], Callable[[], object]]:
    """Return functions that save, restore and close."""
    with tf.Graph().as_default():
        for number in range(count):
            name = f"v{number:05d}"
            tf.get_variable(name, [size], initializer=tf.ones_initializer())
        saver = tf.train.Saver()
        session = tf.Session()
        session.run(tf.global_variables_initializer())

    def save() -> None:
        saver.save(session, prefix, write_meta_graph=False, write_state=False)

    return save, lambda: saver.restore(session, prefix), session.close


BENCHMARK = Benchmark(
    title="Checkpoints",
    measure=measure,
    budgets={
        **{f"save {name}": Budget(ratio=1) for name in _CASES},
        **{f"restore {name}": Budget(ratio=2) for name in _CASES},
    },
    repeats=1,
)
