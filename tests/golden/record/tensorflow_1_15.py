"""Records MetaGraphs, checkpoints and values with TensorFlow 1.15, the last of 1.x.

It is not called `record_*`, as `make golden` has a current TensorFlow. This one needs
Python 3.7 and `tensorflow==1.15.5`, and imports nothing else of the tests.

Usage: python tests/golden/record/tensorflow_1_15.py
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tensorflow_1_15"
IMAGES = np.linspace(-1.0, 1.0, 2 * 6 * 6 * 2, dtype=np.float32).reshape(2, 6, 6, 2)
LABELS = np.array([1, 0], np.int64)


def convnet():
    """A network with all that files of that time have; returns feeds and fetches."""
    x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")
    with tf.device("/device:GPU:0"):
        h = tf.layers.conv2d(x, 4, 3, padding="same", name="conv")
    h = tf.layers.batch_normalization(h, training=training, name="bn")
    h = tf.nn.max_pool(tf.nn.relu(h), [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    h = tf.layers.flatten(h)
    with tf.variable_scope("head", use_resource=True):
        logits = tf.layers.dense(h, 3, name="logits")
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 2, 0.9)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates):
        train = tf.train.MomentumOptimizer(rate, 0.9).minimize(loss, step, name="train")
    tf.summary.scalar("loss", loss)
    tf.summary.merge_all()
    tf.add_to_collection("train_op", train)
    tf.add_to_collection("names", x.name)
    return {"x": IMAGES, "labels": LABELS, "training": True}, ["logits", loss]


def loops():
    """Loops and branches of version 1, with their gradients, and a recurrent cell."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    w = tf.get_variable("w", initializer=np.ones((3, 3), np.float32) * 0.3)

    def body(i, y):
        y = tf.cond(tf.reduce_sum(y) > 4.0, lambda: y * 0.5, lambda: tf.matmul(y, w))
        return i + 1, y

    _, y = tf.while_loop(lambda i, _: i < 4, body, [0, x], name="loop")
    cell = tf.nn.rnn_cell.GRUCell(2)
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.expand_dims(y, 1), dtype=tf.float32)
    loss = tf.reduce_sum(outputs) + tf.reduce_sum(y)
    (gradient,) = tf.gradients(loss, [w])
    tf.identity(gradient, name="gradient")
    mapped = tf.map_fn(tf.square, x, name="map")
    tf.reduce_sum(mapped, name="squares")
    return {"x": np.arange(6, dtype=np.float32).reshape(2, 3)}, [
        loss,
        "gradient",
        "squares",
    ]


def contrib():
    """Ops that only contrib has, beside some that everybody has."""
    x = tf.placeholder(tf.float32, [1, 4, 4, 1], name="x")
    for name in ("first", "second"):
        parts = tf.contrib.image.connected_components(x[0, :, :, 0] > 0.5)
        tf.identity(parts, name=name)
    matches = tf.contrib.image.bipartite_match(x[0, :, :, 0], 2, name="match")
    tf.identity(matches[0], name="matched")
    v = tf.Variable(2.0, name="v")
    total = tf.add(tf.reduce_sum(x), v, name="total")
    return {"x": np.ones((1, 4, 4, 1), np.float32)}, [total]


def write(name, build) -> None:
    """Write the files of one model, and what it computes."""
    folder = FOLDER / name
    folder.mkdir(parents=True)
    config = tf.ConfigProto(allow_soft_placement=True)
    with tf.Graph().as_default() as graph, tf.Session(config=config) as sess:
        tf.set_random_seed(1)
        feeds, fetches = build()
        names = [f if isinstance(f, str) else f.op.name for f in fetches]
        if "logits" in names:
            names[names.index("logits")] = "head/logits/BiasAdd"
        saver = tf.train.Saver()
        sess.run(tf.global_variables_initializer())
        saver.save(sess, str(folder / "model"))
        given = {f"{key}:0": value for key, value in feeds.items()}
        wanted = [f"{n}:0" for n in names]
        values = [[np.asarray(v).tolist() for v in sess.run(wanted, given)]]
        if tf.get_collection("train_op"):
            for _ in range(3):
                sess.run("train", given)
                values.append([np.asarray(v).tolist() for v in sess.run(wanted, given)])
        ops = sorted({op.type for op in graph.get_operations()})
    (folder / "checkpoint").unlink()
    content = {"fetches": wanted, "values": values, "op_types": ops}
    content["feeds"] = {key: np.asarray(v).tolist() for key, v in given.items()}
    (folder / "values.json").write_text(json.dumps(content) + "\n", encoding="utf-8")


def main() -> None:
    """Write every model."""
    shutil.rmtree(str(FOLDER), ignore_errors=True)
    for build in (convnet, loops, contrib):
        write(build.__name__, build)
    version = f"tensorflow {tf.__version__}\n"
    (FOLDER / "VERSION").write_text(version, encoding="utf-8")


if __name__ == "__main__":
    main()
