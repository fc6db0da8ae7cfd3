"""Records the profiles that TensorFlow makes in `tests.programs.profiles`.

Usage: python -m tests.golden.record.record_profiles
"""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.profiles import answers

FOLDER = Path(__file__).resolve().parent.parent / "profiles"


def main() -> None:
    """Write one compressed table of texts and messages."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        table = answers(tf, Path(folder))
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    (FOLDER / "profiles.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{FOLDER.name}: {len(table)} profiles")


if __name__ == "__main__":
    main()
