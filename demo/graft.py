"""Step 4: cut the feature extractor out and graft it onto another task.

The new model looks at other inputs (bytes, 8x8) and answers another question: does
the digit have a hole? Only its small head is trained.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

import digits
import files
import metagraft.compat.v1 as tf

STEPS = 300
LEAST_ACCURACY = 0.95
DIGITS_WITH_A_HOLE = (0, 6, 8, 9)


def cut(checkpoint: str, probe: NDArray[np.float32]) -> NDArray[np.float32]:
    """Export the scope `extractor`; return its features of the probe images."""
    with tf.Graph().as_default() as graph:
        saver = tf.train.import_meta_graph(f"{checkpoint}.meta")
        (features,) = tf.get_collection("features")
        images, _, _ = tf.get_collection("inputs")
        with tf.Session() as session:
            saver.restore(session, checkpoint)
            expected: NDArray[np.float32] = session.run(features, {images: probe})
        tf.train.export_meta_graph(
            files.EXTRACTOR, graph=graph, export_scope="extractor/"
        )
    return expected


def as_bytes(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the images as another program would store them: `[n, 8, 8]`, 0..16."""
    return np.round(images.reshape(-1, 8, 8) * 16).astype(np.uint8)


def main() -> None:
    """Graft, check that the features are the same, train and judge the new head."""
    tf.set_random_seed(8)
    data = digits.load()
    checkpoint = tf.train.latest_checkpoint(files.FOLDER)
    expected = cut(checkpoint, data.test_images)

    pictures = tf.placeholder(tf.uint8, [None, 8, 8], name="pictures")
    has_hole = tf.placeholder(tf.float32, [None], name="has_hole")
    pixels = tf.reshape(tf.cast(pictures, tf.float32) / 16, [-1, 64])
    tf.train.import_meta_graph(
        files.EXTRACTOR,
        import_scope="grafted",
        input_map={"$unbound_inputs_inputs/images": pixels},
    )
    (features,) = tf.get_collection("features", scope="grafted")
    trained = tf.train.Saver(
        {
            variable.op.name.replace("grafted", "extractor", 1): variable
            for variable in tf.global_variables(scope="grafted/")
        }
    )

    with tf.variable_scope("hole"):
        weights = tf.get_variable("weights", [128, 1])
        bias = tf.get_variable("bias", [], initializer=tf.zeros_initializer())
        logits = tf.squeeze(tf.matmul(features, weights), axis=1) + bias
    loss = tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=has_hole, logits=logits)
    )
    optimizer = tf.train.MomentumOptimizer(0.05, momentum=0.9)
    train_op = optimizer.minimize(loss, var_list=[weights, bias])

    holes = np.isin(data.train_labels, DIGITS_WITH_A_HOLE)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        trained.restore(session, checkpoint)
        feeds = {pictures: as_bytes(data.test_images)}
        np.testing.assert_allclose(
            session.run(features, feeds), expected, rtol=1e-4, atol=1e-5
        )
        for i in track(range(STEPS), "graft.py "):
            rows = digits.batch(i, len(holes))
            session.run(
                train_op,
                {pictures: as_bytes(data.train_images[rows]), has_hole: holes[rows]},
            )
        found = session.run(logits, feeds) > 0
    accuracy = float(np.mean(found == np.isin(data.test_labels, DIGITS_WITH_A_HOLE)))
    print(f"accuracy of the grafted model on 'has a hole': {accuracy:.4f}")
    if accuracy < LEAST_ACCURACY:
        sys.exit(f"the accuracy {accuracy:.4f} is below {LEAST_ACCURACY}")


if __name__ == "__main__":
    main()
