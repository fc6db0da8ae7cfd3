"""Records a graph that reads its batches from queues, with a checkpoint.

Usage: python -m tests.golden.record.record_input_queues
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from tests.golden.record import tensorflow_v1

FOLDER = Path(__file__).resolve().parent.parent / "input_queues"


def main() -> None:
    """Save a dense layer that is fed by a file name queue and a batch queue."""
    tf = tensorflow_v1.load()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with tf.Graph().as_default(), tf.Session() as sess:
        with tf.name_scope("input"):
            names = tf.train.string_input_producer(["a.csv", "b.csv"], shuffle=False)
            _, line = tf.TextLineReader().read(names)
            features = tf.stack(tf.decode_csv(line, [[0.0], [0.0]]))
            batch = tf.train.shuffle_batch([features], 4, 20, 8, name="batch")
        kernel = tf.get_variable("kernel", initializer=[[1.0, -2.0], [0.5, 3.0]])
        out = tf.matmul(batch, kernel, name="out")
        sess.run(tf.global_variables_initializer())
        tf.train.Saver().save(sess, str(FOLDER / "model"), write_state=False)
        tf.train.export_meta_graph(str(FOLDER / "input.meta"), export_scope="input")
        rows = np.arange(8, dtype=np.float32).reshape(4, 2)
        values = sess.run(out, {batch: rows})
    np.savez(FOLDER / "values.npz", rows=rows, out=values)
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{len(list(FOLDER.iterdir()))} files")


if __name__ == "__main__":
    main()
