"""Records the graphs that TensorFlow builds for the programs of `tests.programs`.

Usage: python -m tests.golden.record.record_same_graph [PROGRAM ...]
"""

from __future__ import annotations

import gzip
import sys
import warnings
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.every_program import PROGRAMS

FOLDER = Path(__file__).resolve().parent.parent / "same_graph"


def main(names: list[str]) -> None:
    """Write one compressed graph definition for each program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    for name in names or PROGRAMS:
        with tf.Graph().as_default() as graph:
            PROGRAMS[name](tf)
            content = graph.as_graph_def().SerializeToString(deterministic=True)
        path = FOLDER / f"{name}.pb.gz"
        path.write_bytes(gzip.compress(content, mtime=0))
        print(f"{path.name}: {len(graph.get_operations())} nodes")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
