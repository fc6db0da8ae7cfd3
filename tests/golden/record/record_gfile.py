"""Records what TensorFlow's file functions return, or their errors.

Run in the interop environment: python -m tests.golden.record.record_gfile
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path

from tests.golden.record.tensorflow_v1 import load
from tests.programs import gfile

OUT = Path(__file__).parents[1] / "gfile"


def main() -> None:
    """Write tests/golden/gfile."""
    tf = load()
    OUT.mkdir(exist_ok=True)
    outcomes = {}
    for name in gfile.CASES:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            gfile.fill(Path(folder))
            outcomes[name] = gfile.outcome(tf, name)
    (OUT / "outcomes.json").write_text(
        json.dumps(outcomes, indent=1) + "\n", encoding="utf-8"
    )
    (OUT / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{len(outcomes)} cases")


if __name__ == "__main__":
    main()
