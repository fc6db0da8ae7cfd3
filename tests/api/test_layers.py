"""Layers as objects: what they remember and what they add to collections."""

from __future__ import annotations

import numpy as np
import pytest

import metagraft.compat.v1 as tf


def test_a_layer_makes_its_variables_once() -> None:
    """A second call uses the variables of the first."""
    with tf.Graph().as_default():
        layer = tf.layers.Dense(3, name="units")
        first = layer(tf.zeros([2, 4]))
        second = layer(tf.ones([2, 4]))
        assert [v.name for v in layer.variables] == ["units/kernel:0", "units/bias:0"]
        assert layer.count_params() == 15
        assert first.name == "units/BiasAdd:0"
        assert second.name == "units/BiasAdd_1:0"
        assert len(tf.global_variables()) == 2


def test_frozen_layers_train_nothing() -> None:
    """Variables of a layer that is not trainable are not in the collection."""
    with tf.Graph().as_default():
        layer = tf.layers.Dense(3, trainable=False)
        layer(tf.zeros([2, 4]))
        assert tf.trainable_variables() == []
        assert layer.trainable_variables == []
        assert len(layer.non_trainable_variables) == 2


def test_normalization_collects_its_updates() -> None:
    """Moving averages move when the collected operations run."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(np.arange(8, dtype=np.float32).reshape(4, 2))
        layer = tf.layers.BatchNormalization(momentum=0.5)
        layer(x, training=True)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        assert [op.type for op in updates] == ["AssignSub", "AssignSub"]
        session.run(tf.global_variables_initializer())
        session.run(updates)
        mean, variance = session.run([layer.moving_mean, layer.moving_variance])
    assert mean.tolist() == [1.5, 2.0]  # halfway from 0 to 3 and 4
    assert variance.tolist() == [3.0, 3.0]  # halfway from 1 to 5


def test_a_normalization_that_only_infers_collects_nothing() -> None:
    """There is nothing to update."""
    with tf.Graph().as_default():
        tf.layers.batch_normalization(tf.zeros([2, 3]), training=False)
        assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []


def test_a_normalization_of_no_phase_infers() -> None:
    """`training=None` normalizes by the moving moments, 0 and 1."""
    with tf.Graph().as_default(), tf.Session() as session:
        found = tf.layers.batch_normalization(
            tf.constant([[4.0], [8.0]]), epsilon=3.0, training=None
        )
        session.run(tf.global_variables_initializer())
        assert session.run(found).tolist() == [[2.0], [4.0]]


def test_regularizers_add_losses_once() -> None:
    """Reusing a variable does not regularize it again."""
    with tf.Graph().as_default():
        x = tf.zeros([2, 3])
        for _ in range(2):
            with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
                tf.layers.dense(x, 2, name="a", kernel_regularizer=tf.nn.l2_loss)
        names = [loss.name for loss in tf.losses.get_regularization_losses()]
        assert names == ["net/a/kernel/Regularizer/L2Loss:0"]


def test_a_layer_of_ones_own() -> None:
    """A derived class says what to build and what to call."""

    class Scale(tf.layers.Layer):  # type: ignore[misc] # found lazily
        def build(self, input_shape: tf.TensorShape) -> None:
            self.factor = self.add_weight(
                "factor", shape=input_shape[-1:], initializer=tf.ones_initializer()
            )
            super().build(input_shape)

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return inputs * self.factor

    with tf.Graph().as_default(), tf.Session() as session:
        layer = Scale(name="scale")
        y = layer(tf.constant([[1.0, 2.0]]))
        session.run(tf.global_variables_initializer())
        session.run(layer.factor.assign([3.0, 4.0]))
        assert session.run(y).tolist() == [[3.0, 8.0]]
        assert layer.dtype == "float32"


@pytest.mark.parametrize("kind", ["relu", "tanh", "sigmoid", "softmax", "linear"])
def test_activations_have_names(kind: str) -> None:
    """A name stands for a function."""
    with tf.Graph().as_default():
        y = tf.layers.dense(tf.zeros([2, 3]), 2, activation=kind)
        expected = "BiasAdd" if kind == "linear" else kind.capitalize()
        assert y.op.type == expected


def test_dropout_keeps_everything_in_inference() -> None:
    """Training drops and scales, inference does neither."""
    with tf.Graph().as_default(), tf.Session() as session:
        switch = tf.placeholder(tf.bool, [])
        y = tf.layers.dropout(tf.ones([1000]), 0.5, training=switch, seed=1)
        assert session.run(y, {switch: False}).tolist() == [1.0] * 1000
        dropped = session.run(y, {switch: True})
    assert set(dropped.tolist()) == {0.0, 2.0}
    assert 400 < np.count_nonzero(dropped) < 600
