"""Records the events that TensorFlow's writers write, and the nodes of one.

Run in the interop environment: python -m tests.golden.record.record_summary_writers
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path

from tests.golden.record.tensorflow_v1 import load
from tests.programs import summary_writers

OUT = Path(__file__).parents[1] / "summary_writers"


def main() -> None:
    """Write tests/golden/summary_writers."""
    tf = load()
    OUT.mkdir(exist_ok=True)
    outcomes = {}
    for name in summary_writers.CASES:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            outcomes[name] = summary_writers.outcome(tf, name)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        nodes = [summary_writers.nodes(tf, suffix) for suffix in (None, ".s")]
    recorded = {"outcomes": outcomes, "nodes": nodes}
    (OUT / "outcomes.json").write_text(
        json.dumps(recorded, indent=1) + "\n", encoding="utf-8"
    )
    (OUT / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{len(outcomes)} cases")


if __name__ == "__main__":
    main()
