"""Gradients of recurrent cells that are one op."""

from __future__ import annotations

import numpy as np

import metagraft.compat.v1 as tf

RNG = np.random.RandomState(3)
BATCH, INPUTS, UNITS = 3, 2, 4


def normal(*shape: int) -> np.ndarray:
    """Return normal numbers."""
    return RNG.standard_normal(shape).astype(np.float32)


def test_a_step_has_the_gradients_of_a_sequence_of_one_step() -> None:
    """Those of sequences are TensorFlow's, by recorded values."""
    names = ("x", "cs_prev", "h_prev", "w", "wci", "wcf", "wco", "b")
    shapes = (
        (BATCH, INPUTS),
        (BATCH, UNITS),
        (BATCH, UNITS),
        (INPUTS + UNITS, 4 * UNITS),
        *((UNITS,),) * 3,
        (4 * UNITS,),
    )
    with tf.Graph().as_default(), tf.Session() as session:
        given = {
            name: tf.constant(normal(*shape))
            for name, shape in zip(names, shapes, strict=True)
        }
        attrs = {"use_peephole": True, "cell_clip": 0.75}
        one = tf.raw_ops.LSTMBlockCell(**given, **attrs)
        row = {**given, "x": given["x"][None]}
        many = tf.raw_ops.BlockLSTM(seq_len_max=1, **row, **attrs)
        sources = list(given.values())
        weights = tf.constant(normal(BATCH, UNITS))
        losses = (
            tf.reduce_sum(cells.h * weights) + tf.reduce_sum(cells.cs**2)
            for cells in (one, many)
        )
        found, expected = session.run([tf.gradients(y, sources) for y in losses])
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_gru_is_its_slope() -> None:
    """What the gradient says is how the state changes."""
    shapes = {
        "x": (BATCH, INPUTS),
        "h_prev": (BATCH, UNITS),
        "w_ru": (INPUTS + UNITS, 2 * UNITS),
        "w_c": (INPUTS + UNITS, UNITS),
        "b_ru": (2 * UNITS,),
        "b_c": (UNITS,),
    }
    values = {name: normal(*shape) for name, shape in shapes.items()}
    with tf.Graph().as_default(), tf.Session() as session:
        fed = {n: tf.placeholder(tf.float32, shape) for n, shape in shapes.items()}
        total = tf.reduce_sum(tf.raw_ops.GRUBlockCell(**fed).h ** 2)
        slopes = tf.gradients(total, list(fed.values()))
        feeds = {fed[name]: value for name, value in values.items()}
        gradients = session.run(slopes, feeds)
        for name, gradient in zip(shapes, gradients, strict=True):
            towards = normal(*shapes[name])
            ahead, behind = (
                session.run(total, {**feeds, fed[name]: values[name] + step * towards})
                for step in (1e-2, -1e-2)
            )
            slope = (ahead - behind) / 2e-2
            np.testing.assert_allclose((gradient * towards).sum(), slope, rtol=2e-2)
