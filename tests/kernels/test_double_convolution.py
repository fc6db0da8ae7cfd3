"""Convolutions of doubles, as sessions run them."""

from __future__ import annotations

import numpy as np

import metagraft.compat.v1 as tf


def test_gradients_of_doubles_are_doubles() -> None:
    """Nothing is rounded to single precision, also where nothing is compiled.

    One value of the filter moves the only output by the value of the image under it.
    """
    third = 1.0 / 3.0  # no float32
    image = np.full((1, 2, 2, 1), third)
    kernel = np.full((2, 2, 1, 1), 1.0 + third)
    with tf.Graph().as_default(), tf.Session() as session:
        x, k = tf.constant(image), tf.constant(kernel)
        y = tf.nn.conv2d(x, k, [1, 1, 1, 1], "VALID")
        d_x, d_k = session.run(tf.gradients(y, [x, k]))
    assert (d_x.dtype, d_k.dtype) == (np.float64, np.float64)
    assert d_x.tolist() == kernel.reshape(1, 2, 2, 1).tolist()
    assert d_k.tolist() == image.reshape(2, 2, 1, 1).tolist()
