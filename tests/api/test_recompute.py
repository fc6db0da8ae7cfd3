"""Functions with gradients other than their own."""

from __future__ import annotations

import metagraft.compat.v1 as tf


def test_recomputed_functions_have_their_own_gradient() -> None:
    """Values and gradients are those of the function; worked by hand."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([1.0, 2.0, 3.0])

        @tf.recompute_grad
        def cube(values: tf.Tensor) -> tf.Tensor:
            return values**3.0

        y = cube(x)
        (slope,) = tf.gradients(y, x)
        assert session.run(y).tolist() == [1.0, 8.0, 27.0]
        assert session.run(slope).tolist() == [3.0, 12.0, 27.0]


def test_recomputed_functions_train_their_variables() -> None:
    """The variable is used again, not made again."""
    with tf.Graph().as_default(), tf.Session() as session:

        @tf.recompute_grad
        def scaled(values: tf.Tensor) -> tf.Tensor:
            return values * tf.get_variable("w", initializer=2.0, use_resource=True)

        x = tf.constant([1.0, 4.0])
        with tf.variable_scope("outer"):
            y = scaled(x)
        (weight,) = tf.trainable_variables()
        d_weight, d_x = tf.gradients(y, [weight, x])
        session.run(tf.global_variables_initializer())
        assert session.run(d_weight) == 5.0
        assert session.run(d_x).tolist() == [2.0, 2.0]


def test_passed_gradients_are_those_of_the_identity() -> None:
    """Rounding has no slope of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([0.4, 1.6])
        y = tf.grad_pass_through(tf.round)(x) * 3.0
        (slope,) = tf.gradients(y, x)
        assert session.run(y).tolist() == [0.0, 6.0]
        assert session.run(slope).tolist() == [3.0, 3.0]
