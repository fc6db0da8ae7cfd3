"""Records what a current TensorFlow makes of the files of TensorFlow 1.15.

It takes only those without batch normalization, whose stored shapes it refuses, and
without ops of contrib.

Usage: python -m tests.golden.record.record_old_imports
"""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.golden.record import tensorflow_v1

GOLDEN = Path(__file__).resolve().parent.parent
FOLDER = GOLDEN / "old_imports"


def main() -> None:
    """Import the file in two ways and export the graph again."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    for scope in ("", "s"):
        with tf.Graph().as_default():
            path = str(GOLDEN / "tensorflow_1_15" / "loops" / "model.meta")
            saver = tf.train.import_meta_graph(path, import_scope=scope or None)
            again = tf.train.export_meta_graph(saver_def=saver.as_saver_def())
        content = again.SerializeToString(deterministic=True)
        name = f"loops_in_{scope}.pb.gz" if scope else "loops.pb.gz"
        (FOLDER / name).write_bytes(gzip.compress(content, mtime=0))
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
