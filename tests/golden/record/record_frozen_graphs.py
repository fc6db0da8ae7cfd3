"""Records the graphs that TensorFlow makes for `tests.programs.frozen_graphs`.

Usage: python -m tests.golden.record.record_frozen_graphs
"""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.frozen_graphs import PROGRAMS

FOLDER = Path(__file__).resolve().parent.parent / "frozen_graphs"


def main() -> None:
    """Write one compressed graph for each program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    for name, program in PROGRAMS.items():
        with tf.Graph().as_default():
            made = program(tf)
        content = made.SerializeToString(deterministic=True)
        (FOLDER / f"{name}.pb.gz").write_bytes(gzip.compress(content, mtime=0))
        print(f"{name}.pb.gz: {len(made.node)} nodes")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
