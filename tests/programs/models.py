"""Models that are trained, stopped and resumed, and the batches they are fed.

Every model names its tensors alike: inputs are placeholders, `loss` is in collection
`loss`, one training step in collection `step`.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

Feeds = dict[str, NDArray[np.generic] | float | bool]


def _finish(tf: ModuleType, loss: object, train_op: object) -> None:
    """Put what a training loop needs into collections."""
    tf.add_to_collection("loss", loss)
    tf.add_to_collection("step", train_op)


def mlp(tf: ModuleType) -> None:
    """Two dense layers from plain variables, momentum and a decaying rate."""
    tf.set_random_seed(11)
    x = tf.placeholder(tf.float32, [None, 10], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    with tf.variable_scope("body"):
        with tf.variable_scope("hidden"):
            w = tf.get_variable("w", [10, 16])
            b = tf.get_variable("b", [16], initializer=tf.zeros_initializer())
            hidden = tf.nn.tanh(tf.matmul(x, w) + b)
        w = tf.Variable(tf.truncated_normal([16, 2], stddev=0.3), name="out")
        prediction = tf.add(
            tf.matmul(hidden, w), tf.Variable(tf.zeros([2])), name="prediction"
        )
    loss = tf.reduce_mean(tf.squared_difference(prediction, y), name="loss")
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 10, 0.9, staircase=True)
    optimizer = tf.train.MomentumOptimizer(rate, 0.9)
    _finish(tf, loss, optimizer.minimize(loss, global_step=step))


def _convnet(tf: ModuleType, training: object) -> None:
    """Build two convolutions with batch normalisation, dropout and RMSProp."""
    tf.set_random_seed(12)
    x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="x")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    keep_prob = tf.placeholder(tf.float32, [], name="keep_prob")
    with tf.variable_scope("body"):
        h = tf.layers.conv2d(x, 6, 3, padding="same", use_bias=False)
        h = tf.nn.relu(tf.layers.batch_normalization(h, training=training))
        h = tf.layers.max_pooling2d(h, 2, 2)
        h = tf.layers.conv2d(h, 8, 3, activation=tf.nn.relu)
        h = tf.layers.batch_normalization(h, training=training, fused=False)
        h = tf.reshape(h, [-1, 2 * 2 * 8])
        h = tf.nn.dropout(h, rate=1 - keep_prob)
        logits = tf.layers.dense(h, 4, name="logits")
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    step = tf.train.get_or_create_global_step()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.RMSPropOptimizer(1e-3).minimize(loss, global_step=step)
    _finish(tf, loss, train_op)


def convnet(tf: ModuleType) -> None:
    """A convolutional net that always trains."""
    _convnet(tf, training=True)


def convnet_switched(tf: ModuleType) -> None:
    """A convolutional net that a placeholder switches between training and use."""
    _convnet(tf, tf.placeholder(tf.bool, [], name="training"))


def embedding(tf: ModuleType) -> None:
    """Embeddings averaged over a sentence, Adam, clipped gradients."""
    tf.set_random_seed(13)
    words = tf.placeholder(tf.int32, [None, 5], name="words")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    with tf.variable_scope("body"):
        table = tf.get_variable("table", [40, 6])
        h = tf.reduce_mean(tf.nn.embedding_lookup(table, words), axis=1)
        h = tf.layers.dense(h, 8, activation=tf.nn.relu)
        h = tf.layers.dropout(h, 0.2, training=True)
        logits = tf.layers.dense(h, 3)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    step = tf.train.get_or_create_global_step()
    optimizer = tf.train.AdamOptimizer(0.01)
    pairs = optimizer.compute_gradients(loss)
    gradients, variables = zip(*pairs, strict=True)
    gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
    train_op = optimizer.apply_gradients(
        zip(gradients, variables, strict=True), global_step=step
    )
    _finish(tf, loss, train_op)


def feeds(model: str, step: int) -> Feeds:
    """Return the batch of a step, by tensor name; the same one every time."""
    rng = np.random.default_rng([step, len(model)])
    if model == "mlp":
        x = rng.standard_normal((16, 10)).astype(np.float32)
        return {"x:0": x, "y:0": np.stack([x[:, 0] * x[:, 1], x[:, 2]], axis=1)}
    if model == "embedding":
        words = rng.integers(0, 40, (16, 5), dtype=np.int32)
        return {"words:0": words, "labels:0": (words[:, 0] % 3).astype(np.int32)}
    labels = rng.integers(0, 4, 16)
    x = rng.standard_normal((16, 8, 8, 1)).astype(np.float32)
    x += (labels[:, None, None, None] * np.linspace(-1, 1, 8)[:, None]).astype(x.dtype)
    batch: Feeds = {"x:0": x, "labels:0": labels, "keep_prob:0": 0.7}
    if model == "convnet_switched":
        batch["training:0"] = True
    return batch


PROGRAMS = (mlp, convnet, convnet_switched, embedding)
