"""Records whole input pipelines as MetaGraphs, and the batches that they give.

Usage: python -m tests.golden.record.record_input_pipelines
       python -m tests.golden.record.record_input_pipelines old

The second runs in an environment with TensorFlow 1.15, whose Python is 3.7.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "input_pipelines"
# What the pipelines read, in the folder that is current when they run.
FILES = {
    "0.txt": "the cat sat\n\non the mat\n",
    "1.txt": "a dog ran\nfar\n",
    "words.txt": "far\ncat\non the mat\n",
}


def build(tf: Any) -> Any:
    """Add lines, their numbers from a table, batches, a step of training, a saver."""
    with tf.name_scope("input"):
        files = tf.train.string_input_producer(
            ["0.txt", "1.txt"], num_epochs=2, shuffle=False
        )
        _, line = tf.TextLineReader().read(files)
        line, length = tf.train.batch(
            [line, tf.size(tf.reshape(line, [1]))],
            2,
            allow_smaller_final_batch=True,
            name="lines",
        )
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            "words.txt",
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        -1,
    )
    known = table.lookup(line, name="known")
    w = tf.get_variable("w", initializer=0.5)
    loss = tf.reduce_sum(w * tf.cast(length, tf.float32))
    step = tf.train.get_or_create_global_step()
    train = tf.train.GradientDescentOptimizer(0.25).minimize(loss, global_step=step)
    for tensor in (line, known, loss):
        tf.add_to_collection("fetches", tensor)
    tf.add_to_collection("train", train)
    return tf.train.Saver().as_saver_def()


def run(tf: Any) -> list:
    """Run the default graph to the end of its input and return what is fetched."""
    found = []
    fetches = tf.get_collection("fetches")
    (train,) = tf.get_collection("train")
    with tf.Session() as session:
        session.run(
            [tf.global_variables_initializer(), tf.local_variables_initializer()]
        )
        session.run(tf.tables_initializer())
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        try:
            while not coordinator.should_stop():
                lines, numbers, loss = session.run([*fetches, train])[:3]
                texts = [line.decode() for line in lines]
                found.append([texts, numbers.tolist(), float(loss)])
        except tf.errors.OutOfRangeError:
            pass
        finally:
            coordinator.request_stop()
            coordinator.join(threads)
    return found


def main(age: str) -> None:
    """Write a MetaGraph and what it gives."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow.compat.v1 as tf

    tf.logging.set_verbosity(tf.logging.FATAL)
    tf.disable_v2_behavior()
    FOLDER.mkdir(exist_ok=True)
    with tf.Graph().as_default(), tempfile.TemporaryDirectory() as folder:
        saver_def = build(tf)
        tf.train.export_meta_graph(str(FOLDER / f"{age}.meta"), saver_def=saver_def)
        before = Path.cwd()
        os.chdir(folder)
        for name, content in FILES.items():
            Path(name).write_text(content, encoding="utf-8")
        values = run(tf)
        os.chdir(before)
    text = json.dumps(values, indent=1)
    (FOLDER / f"{age}.json").write_text(text + "\n", encoding="utf-8")
    name = "VERSION" if age == "new" else f"VERSION_{age}"
    (FOLDER / name).write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "new")
