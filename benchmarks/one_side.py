"""Run one benchmark on one side: `python -m benchmarks.one_side MODULE TF_MODULE`."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from types import ModuleType

from benchmarks.side_by_side import Benchmark


def load_side(name: str) -> ModuleType:
    """Import the module that programs call `tf`, with version 1 behaviour."""
    tf = import_module(name)
    if name.startswith("tensorflow"):
        tf.disable_v2_behavior()
    return tf


def main(module_name: str, side_module: str) -> None:
    """Print the seconds by name as one line of JSON."""
    benchmark: Benchmark = import_module(f"benchmarks.{module_name}").BENCHMARK
    print(json.dumps(dict(benchmark.measure(load_side(side_module)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
