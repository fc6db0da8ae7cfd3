"""Importing the package, in new processes, above the start of Python itself."""

from __future__ import annotations

import subprocess
import sys
import time
from types import ModuleType

from benchmarks.side_by_side import Benchmark, Budget

_REPEATS = 5


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds of the import statement."""
    name = tf.__name__.removesuffix(".compat.v1")
    bare = _seconds("pass")
    # TensorFlow loads everything at once; Metagraft's namespace loads by use.
    return {
        "import of the package": max(_seconds(f"import {name}") - bare, 1e-6),
        "import of compat.v1": max(_seconds(f"import {name}.compat.v1") - bare, 1e-6),
    }


def _seconds(statement: str) -> float:
    best = float("inf")
    for _ in range(_REPEATS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        best = min(best, time.perf_counter() - start)
    return best


BENCHMARK = Benchmark(
    title="Importing the package",
    measure=measure,
    budgets={"import of the package": Budget(seconds=0.06)},
    repeats=1,
)
