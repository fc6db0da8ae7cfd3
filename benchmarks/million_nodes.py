"""A MetaGraph of 1,000,000 nodes: import, export of all and of a part, peak memory.

`python -m benchmarks.million_nodes PATH` writes the file, in a process of its own so
that its memory does not count.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

from benchmarks.meta_graph import layered_meta_graph
from benchmarks.side_by_side import Benchmark

NODE_COUNT = 1_000_000


def measure(tf: ModuleType) -> Mapping[str, float]:
    """Return the seconds of each step, once, and the bytes that the process held."""
    is_tensorflow = tf.__name__.startswith("tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "layers.meta")
        subprocess.run([sys.executable, "-m", __name__, path], check=True)
        found = {"file": float(Path(path).stat().st_size)}
        before = _peak_bytes()
        with tf.Graph().as_default():
            found["import"] = _timed(lambda: tf.train.import_meta_graph(path))
            found["peak memory of import"] = _peak_bytes() - before
            out = str(Path(folder) / "out.meta")
            export = tf.train.export_meta_graph
            found["export, file"] = _timed(lambda: export(out))
            found["peak memory of import and export"] = _peak_bytes() - before
            if not is_tensorflow:  # takes time by the square of the nodes there
                found["export, scope"] = _timed(lambda: export(export_scope="tower_1"))
    return found


def _timed(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


def _peak_bytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def write(path: str) -> None:
    """Write the MetaGraph."""
    import metagraft.compat.v1 as tf

    Path(path).write_bytes(layered_meta_graph(tf, NODE_COUNT).SerializeToString())


BENCHMARK = Benchmark(
    title="A MetaGraph of 1,000,000 nodes",
    measure=measure,
    budgets={},  # it must work, and take memory in proportion
    repeats=1,
    in_bytes=frozenset(
        {"file", "peak memory of import", "peak memory of import and export"}
    ),
)

if __name__ == "__main__":
    write(*sys.argv[1:])
