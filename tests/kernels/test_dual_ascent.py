"""Dual ascent in an order that follows the examples' gaps, which differs each time."""

from __future__ import annotations

import numpy as np

import metagraft.compat.v1 as tf


def test_adaptive_order_is_the_default() -> None:
    """As in TensorFlow's functions; steps approach the least squares solution."""
    features = np.array([[1, 0], [0, 1], [1, 1], [2, 1]], np.float32)
    labels = features @ np.array([2, -1], np.float32)
    weights = np.zeros(2, np.float32)
    state = np.zeros((4, 4), np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.float32, [4, 4])
        step = tf.train.sdca_optimizer(
            [],
            [],
            [],
            [features],
            np.ones(4, np.float32),
            labels,
            [],
            [],
            [given[0]],
            given[1],
            loss_type="squared_loss",
            l1=0.0,
            l2=0.01,
            num_loss_partitions=1,
            num_inner_iterations=1,
        )
        made = [op for op in session.graph.get_operations() if op.type[:4] == "Sdca"]
        assert made[0].get_attr("adaptative")
        for _ in range(200):
            state, _, (delta,) = session.run(
                list(step), {given[0]: weights, given[1]: state}
            )
            weights = weights + delta
    np.testing.assert_allclose(weights, [2, -1], atol=0.05)
