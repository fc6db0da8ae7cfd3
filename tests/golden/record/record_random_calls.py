"""Records what TensorFlow infers of calls of single ops, or how it refuses them.

Usage: python -m tests.golden.record.record_random_calls
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from metagraft.graph import catalogue
from metagraft.graph.catalogue import OpDef
from tests.golden.record.tensorflow_v1 import load
from tests.programs.random_calls import names, outcome, random_calls

FILE = Path(__file__).parents[1] / "random_calls" / "outcomes.json.gz"


def outcomes(tf: ModuleType, definition: OpDef) -> list[Any]:
    """Return the outcomes of all calls; "" for one that ends a copy of this process."""
    calls = random_calls(definition)
    found: list[Any] = []
    while len(found) < len(calls):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(writing, "w") as answers:
                for call in calls[len(found) :]:
                    print(json.dumps(outcome(tf, definition, call)), file=answers)
                    answers.flush()
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answers:
            found += map(json.loads, answers)
        if os.waitpid(child, 0)[1]:
            print(f"{definition.name}: call {len(found)} ended the process")
            found.append("")
    return found


def main() -> None:
    """Write the outcomes of all ops to one file."""
    tf = load()
    found = {}
    for name in sorted(names()):
        definition = catalogue.get(name)
        if definition and hasattr(tf.raw_ops, name):
            found[name] = outcomes(tf, definition)
    lines = ",\n".join(f'"{name}": {json.dumps(found[name])}' for name in found)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(gzip.compress(f"{{\n{lines}\n}}\n".encode(), mtime=0))
    version = f"tensorflow {tf.__version__}\n"
    FILE.with_name("VERSION").write_text(version, encoding="utf-8")
    print(f"{FILE.name}: {len(found)} ops")


if __name__ == "__main__":
    main()
