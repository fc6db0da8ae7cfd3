"""Records the public names of `tensorflow.compat.v1`, and how each is called.

Usage: python -m tests.golden.record.record_public_names
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.public_names import described

FOLDER = Path(__file__).resolve().parent.parent / "public_names"


def main() -> None:
    """Write one compressed table."""
    tf = tensorflow_v1.load()
    _ = tf.layers.Dense, tf.nn.rnn_cell.LSTMCell  # they are loaded when first asked for
    table = described(tf)
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    (FOLDER / "names.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{FOLDER.name}: {len(table)} names")


if __name__ == "__main__":
    main()
