"""Step 1: build a small convolutional classifier, train it, stop half way.

Everything that later programs need goes into collections, so that the `.meta` file
holds it: nobody else has to know this code.
"""

from __future__ import annotations

from rich.progress import track

import curve
import digits
import files
import metagraft.compat.v1 as tf

STEPS = 500


def convolution(x: tf.Tensor, name: str, channels: int) -> tf.Tensor:
    """Return a 3x3 convolution with bias and ReLU: `[n, h, w, channels]`."""
    with tf.variable_scope(name):
        kernel = tf.get_variable(
            "kernel",
            [3, 3, x.shape.as_list()[-1], channels],
            initializer=tf.glorot_uniform_initializer(),
        )
        bias = tf.get_variable("bias", [channels], initializer=tf.zeros_initializer())
        x = tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="SAME")
        return tf.nn.relu(tf.nn.bias_add(x, bias))


def dense(x: tf.Tensor, name: str, units: int) -> tf.Tensor:
    """Return `x @ kernel + bias`: `[n, units]`."""
    with tf.variable_scope(name):
        kernel = tf.get_variable(
            "kernel",
            [x.shape.as_list()[-1], units],
            initializer=tf.glorot_uniform_initializer(),
        )
        bias = tf.get_variable("bias", [units], initializer=tf.zeros_initializer())
        return tf.matmul(x, kernel) + bias


def features_of(images: tf.Tensor) -> tf.Tensor:
    """Return what the classifier sees in images: `[n, 64]` -> `[n, 128]`."""
    with tf.variable_scope("extractor"):
        x = tf.reshape(images, [-1, 8, 8, 1])
        x = convolution(x, "conv1", 32)
        x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        x = convolution(x, "conv2", 64)
        x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        x = tf.reshape(x, [-1, 2 * 2 * 64])
        return tf.nn.relu(dense(x, "dense", 128), name="features")


def build() -> None:
    """Build the model in the default graph and describe it in collections."""
    with tf.name_scope("inputs"):
        images = tf.placeholder(tf.float32, [None, 64], name="images")
        labels = tf.placeholder(tf.int64, [None], name="labels")
        keep_prob = tf.placeholder(tf.float32, [], name="keep_prob")

    features = features_of(images)
    with tf.variable_scope("head"):
        kept = tf.nn.dropout(features, rate=1 - keep_prob)
        logits = dense(kept, "dense", 10)
        probabilities = tf.nn.softmax(logits, name="probabilities")

    with tf.variable_scope("training"):
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=labels, logits=logits
            ),
            name="loss",
        )
        optimizer = tf.train.AdamOptimizer(1e-3)
        step = tf.train.get_or_create_global_step()
        train_op = optimizer.minimize(loss, global_step=step)

    for tensor in (images, labels, keep_prob):
        tf.add_to_collection("inputs", tensor)
    for tensor in (probabilities, loss):
        tf.add_to_collection("outputs", tensor)
    tf.add_to_collection("features", features)
    tf.add_to_collection("training_step", train_op)


def main() -> None:
    """Train the first half and save graph, variables and learning curve."""
    tf.set_random_seed(7)
    data = digits.load()
    build()
    images, labels, keep_prob = tf.get_collection("inputs")
    _, loss = tf.get_collection("outputs")
    (train_op,) = tf.get_collection("training_step")
    step = tf.train.get_global_step()
    saver = tf.train.Saver()

    losses = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for i in track(range(STEPS), "train.py "):
            rows = digits.batch(i, len(data.train_labels))
            feeds = {
                images: data.train_images[rows],
                labels: data.train_labels[rows],
                keep_prob: 0.7,
            }
            _, value = session.run([train_op, loss], feeds)
            losses.append(float(value))
        everything = {
            images: data.train_images,
            labels: data.train_labels,
            keep_prob: 1.0,
        }
        at_stop = float(session.run(loss, everything))
        path = saver.save(session, files.CHECKPOINT, global_step=step)
    curve.write(files.FIRST_HALF, curve.Curve(0, losses, at_stop))
    print(f"stopped at step {STEPS}, loss {at_stop:.4f}; saved {path}")


if __name__ == "__main__":
    main()
