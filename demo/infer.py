"""Step 3: report how many digits of the test set the saved model reads correctly."""

from __future__ import annotations

import sys

import numpy as np

import digits
import files
import metagraft.compat.v1 as tf

LEAST_ACCURACY = 0.97


def main() -> None:
    """Import, restore, infer; fail when the accuracy is below the promise."""
    data = digits.load()
    checkpoint = tf.train.latest_checkpoint(files.FOLDER)
    saver = tf.train.import_meta_graph(f"{checkpoint}.meta")
    images, _, keep_prob = tf.get_collection("inputs")
    probabilities, _ = tf.get_collection("outputs")
    with tf.Session() as session:
        saver.restore(session, checkpoint)
        found = session.run(
            probabilities, {images: data.test_images, keep_prob: 1.0}
        ).argmax(axis=1)
    accuracy = float(np.mean(found == data.test_labels))
    print(f"test accuracy {accuracy:.4f} on {len(found)} digits")
    if accuracy < LEAST_ACCURACY:
        sys.exit(f"the test accuracy {accuracy:.4f} is below {LEAST_ACCURACY}")


if __name__ == "__main__":
    main()
