"""Records what the kernels of images in `tf.contrib` compute.

Run with TensorFlow 1.15: python -m tests.golden.record.contrib_image_kernels
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

OUT = Path(__file__).parents[1] / "contrib_image_kernels" / "values.npz"
RNG = np.random.RandomState(19)


def resamplers(session):
    """Record images read at points, inside and outside, and the gradients."""
    for dtype in ("float32", "float64"):
        data = np.round(RNG.uniform(0, 9, [2, 5, 6, 3]), 1).astype(dtype)
        warp = np.round(RNG.uniform(-2, 7, [2, 3, 4, 2]), 2).astype(dtype)
        warp[0, 0, 0] = [2, 3]
        dy = np.round(RNG.standard_normal([2, 3, 4, 3]), 2).astype(dtype)
        operands = tf.constant(data), tf.constant(warp)
        output = tf.contrib.resampler.resampler(*operands)
        grads = tf.gradients(output, operands, dy)
        values = session.run([output, *grads])
        names = "output", "grad_data", "grad_warp"
        for name, value in zip(names, values):  # noqa: B905 - Python 3.7
            yield f"resampler.{dtype}.{name}", value
        given = {"data": data, "warp": warp, "grad_output": dy}
        yield from ((f"resampler.{dtype}.{n}", v) for n, v in given.items())


def matches(session):
    """Record pairs of rows and columns."""
    distances = RNG.permutation(42).reshape(6, 7).astype(np.float32)
    yield "match.distances", distances
    for valid, top_k in ((6, -1), (4, -1), (6, 3), (-1, -1), (0, -1)):
        pair = tf.contrib.image.bipartite_match(distances, [valid], top_k)
        rows, columns = session.run(pair)
        yield f"match.{valid}.{top_k}.rows", rows
        yield f"match.{valid}.{top_k}.columns", columns


def main():
    """Record everything."""
    with tf.Session() as session:
        values = dict(resamplers(session))
        values.update(matches(session))
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(OUT, **values)
    version = f"tensorflow {tf.__version__}\n"
    (OUT.parent / "VERSION").write_text(version)


if __name__ == "__main__":
    main()
