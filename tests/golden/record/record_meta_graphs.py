"""Records the MetaGraphs that TensorFlow exports for `tests.programs.meta_graphs`.

Usage: python -m tests.golden.record.record_meta_graphs [PROGRAM ...]
"""

from __future__ import annotations

import gzip
import sys
import warnings
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.meta_graphs import EXPORTS

FOLDER = Path(__file__).resolve().parent.parent / "meta_graphs"


def main(names: list[str]) -> None:
    """Write one compressed MetaGraph for each program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    for name in names or EXPORTS:
        with tf.Graph().as_default():
            exported = EXPORTS[name](tf)
        path = FOLDER / f"{name}.pb.gz"
        content = exported.SerializeToString(deterministic=True)
        path.write_bytes(gzip.compress(content, mtime=0))
        print(f"{path.name}: {len(exported.graph_def.node)} nodes")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
