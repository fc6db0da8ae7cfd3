"""Step 2: go on training from the files alone; there is no model code here."""

from __future__ import annotations

from rich.progress import track

import curve
import digits
import files
import metagraft.compat.v1 as tf

STEPS = 500


def main() -> None:
    """Import the graph, restore the variables, train the second half."""
    data = digits.load()
    checkpoint = tf.train.latest_checkpoint(files.FOLDER)
    saver = tf.train.import_meta_graph(f"{checkpoint}.meta")
    images, labels, keep_prob = tf.get_collection("inputs")
    _, loss = tf.get_collection("outputs")
    (train_op,) = tf.get_collection("training_step")
    step = tf.train.get_global_step()

    losses = []
    with tf.Session() as session:
        saver.restore(session, checkpoint)
        first = int(session.run(step))
        everything = {
            images: data.train_images,
            labels: data.train_labels,
            keep_prob: 1.0,
        }
        at_start = float(session.run(loss, everything))
        for i in track(range(first, first + STEPS), "resume.py"):
            rows = digits.batch(i, len(data.train_labels))
            feeds = {
                images: data.train_images[rows],
                labels: data.train_labels[rows],
                keep_prob: 0.7,
            }
            _, value = session.run([train_op, loss], feeds)
            losses.append(float(value))
        path = saver.save(session, files.CHECKPOINT, global_step=step)
    curve.write(files.SECOND_HALF, curve.Curve(first, losses, at_start))
    print(f"went on from step {first}, loss {at_start:.4f}; saved {path}")


if __name__ == "__main__":
    main()
