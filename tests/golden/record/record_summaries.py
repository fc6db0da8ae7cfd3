"""Records the summaries that TensorFlow makes, or its errors.

Run in the interop environment: python -m tests.golden.record.record_summaries
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.golden.record.tensorflow_v1 import load
from tests.programs import summaries

OUT = Path(__file__).parents[1] / "summaries"


def main() -> None:
    """Write tests/golden/summaries."""
    tf = load()
    OUT.mkdir(exist_ok=True)
    outcomes = {name: summaries.outcome(tf, name) for name in summaries.CASES}
    (OUT / "outcomes.json").write_text(
        json.dumps(outcomes, indent=1) + "\n", encoding="utf-8"
    )
    (OUT / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{len(outcomes)} summaries")


if __name__ == "__main__":
    main()
