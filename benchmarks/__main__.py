"""`python -m benchmarks [NAME ...]`: run all benchmarks or some."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.side_by_side import Benchmark, compare

MODULES = (
    "package_import",
    "commands",
    "graph_building",
    "meta_graph",
    "million_nodes",
    "checkpoint_io",
    "checkpoint_memory",
    "session_run",
    "training_step",
    "convolution",
    "ops",
    "cold_start",
)


def main(names: list[str]) -> int:
    """Run the benchmarks; return 1 if a budget was missed."""
    unknown = set(names) - set(MODULES)
    if unknown:
        print(f"no benchmark {sorted(unknown)}; there are: {', '.join(MODULES)}")
        return 2
    kept = True
    for name in names or MODULES:
        benchmark: Benchmark = import_module(f"benchmarks.{name}").BENCHMARK
        kept = compare(name, benchmark) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
