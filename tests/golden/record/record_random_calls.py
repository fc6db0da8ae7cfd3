"""Records what TensorFlow infers of, and gives for, calls of single ops at random.

Usage: python -m tests.golden.record.record_random_calls
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

# Its other kernels find fewer faults.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

from metagraft.graph import catalogue
from tests.golden.record.tensorflow_v1 import load
from tests.programs.random_calls import names, outcome, random_calls
from tests.programs.random_runs import plain_result, random_runs, run_names

FOLDER = Path(__file__).parents[1] / "random_calls"


def outcomes(calls: Sequence[Any], outcome: Callable[[Any], Any]) -> list[Any]:
    """Return the outcomes of all calls; "" for one that ends a copy of this process."""
    found: list[Any] = []
    while len(found) < len(calls):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(writing, "w") as answers:
                for call in calls[len(found) :]:
                    print(json.dumps(outcome(call)), file=answers)
                    answers.flush()
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answers:
            found += map(json.loads, answers)
        if os.waitpid(child, 0)[1]:
            print(f"call {len(found)} ended the process: {calls[len(found)]}")
            found.append("")
    return found


def _write(name: str, found: dict[str, list[Any]]) -> None:
    lines = ",\n".join(f'"{op}": {json.dumps(found[op])}' for op in found)
    (FOLDER / name).write_bytes(gzip.compress(f"{{\n{lines}\n}}\n".encode(), mtime=0))
    print(f"{name}: {len(found)} ops")


def main() -> None:
    """Write the outcomes of all ops to two files."""
    tf = load()
    shapes, values = {}, {}
    for name in sorted(names() | run_names()):
        definition = catalogue.get(name)
        if definition is None or not hasattr(tf.raw_ops, name):
            continue
        if name in names():
            calls = random_calls(definition)
            shapes[name] = outcomes(calls, partial(outcome, tf, definition))
        if name in run_names():
            runs = random_runs(definition)
            values[name] = outcomes(runs, partial(plain_result, tf, definition))
    FOLDER.mkdir(exist_ok=True)
    _write("outcomes.json.gz", shapes)
    _write("values.json.gz", values)
    version = f"tensorflow {tf.__version__}\n"
    (FOLDER / "VERSION").write_text(version, encoding="utf-8")


if __name__ == "__main__":
    main()
