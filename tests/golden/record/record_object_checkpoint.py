"""Records a checkpoint that names tensors by their place in a tree of objects.

Usage: python -m tests.golden.record.record_object_checkpoint
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.golden.record import tensorflow_v1

FOLDER = Path(__file__).resolve().parent.parent / "object_checkpoint"


def main() -> None:
    """Save two variables below a `tf.train.Checkpoint`."""
    tf = tensorflow_v1.load()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with tf.Graph().as_default(), tf.Session() as sess:
        kernel = tf.get_variable(
            "dense/kernel", initializer=[[1.0, 2.0]], use_resource=True
        )
        bias = tf.get_variable("dense/bias", initializer=[3.0], use_resource=True)
        sess.run(tf.global_variables_initializer())
        checkpoint = tf.train.Checkpoint(first=kernel, second=bias)
        checkpoint.write(str(FOLDER / "tree"), session=sess)
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{len(list(FOLDER.iterdir()))} files")


if __name__ == "__main__":
    main()
