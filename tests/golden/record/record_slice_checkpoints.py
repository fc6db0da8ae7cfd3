"""Records checkpoints of version 1: every element type, parts of a tensor, shards.

Usage: python -m tests.golden.record.record_slice_checkpoints
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from tests.golden.record import tensorflow_v1

FOLDER = Path(__file__).resolve().parent.parent / "slice_checkpoints"

TYPES = (
    *("float16", "float32", "float64", "complex64", "complex128", "bool"),
    *("int8", "uint8", "int16", "uint16", "int32", "int64"),
)


def main() -> None:
    """Save one variable of each type, one of strings and one in two parts."""
    tf = tensorflow_v1.load()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    values = {}
    with tf.Graph().as_default(), tf.Session() as sess:
        for name in TYPES:
            value = np.array([[1, 0, 3], [2, 5, 100]]).astype(name)
            values[name] = tf.Variable(value, name=name)
        values["scalar"] = tf.Variable(-2.5, name="scalar")
        values["none"] = tf.Variable(np.zeros((0, 2), np.int32), name="none")
        strings = np.array([b"a", b"", b"\xff\x00c"], object)
        values["strings"] = tf.Variable(strings, name="strings")
        parts = tf.get_variable(
            "parts",
            shape=[5, 3],
            initializer=tf.random_uniform_initializer(seed=1),
            partitioner=tf.fixed_size_partitioner(2),
        )
        values["parts"] = tf.convert_to_tensor(parts)
        sess.run(tf.global_variables_initializer())
        options = {"write_version": tf.train.SaverDef.V1, "max_to_keep": 0}
        saver = tf.train.Saver(**options)
        saver.save(sess, str(FOLDER / "model"), write_state=False)
        saver = tf.train.Saver(
            [*list(parts), *[values[name] for name in ("int64", "strings")]],
            sharded=True,
            **options,
        )
        saver.save(
            sess, str(FOLDER / "shards"), write_state=False, write_meta_graph=False
        )
        arrays = sess.run(values)
    arrays["strings"] = arrays["strings"].astype("S")
    np.savez(FOLDER / "values.npz", **arrays)
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{len(list(FOLDER.iterdir()))} files")


if __name__ == "__main__":
    main()
