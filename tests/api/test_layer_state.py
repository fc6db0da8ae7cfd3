"""Values, masks, losses and updates that a layer tells of."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import metagraft.compat.v1 as tf


def test_values() -> None:
    """Values are read and set in the default session."""
    with tf.Graph().as_default(), tf.Session() as session:
        layer = tf.layers.Dense(2)
        layer(tf.zeros([1, 3]))
        session.run(tf.global_variables_initializer())
        layer.set_weights([np.ones([3, 2]), np.arange(2.0)])
        kernel, bias = layer.get_weights()
        assert kernel.tolist() == [[1.0, 1.0]] * 3
        assert bias.tolist() == [0.0, 1.0]
        with pytest.raises(ValueError, match="was expecting 2 weights"):
            layer.set_weights([])
        with pytest.raises(ValueError, match=r"shape \(2,\) not compatible"):
            layer.set_weights([np.ones([3, 2]), np.ones([3])])


def test_values_need_a_session() -> None:
    """Without a session there are no values."""
    with tf.Graph().as_default():
        layer = tf.layers.Dense(2)
        assert layer.get_weights() == []
        layer(tf.zeros([1, 3]))
        with pytest.raises(RuntimeError, match="enter one"):
            layer.get_weights()


def test_connections() -> None:
    """TensorFlow knows no inputs and outputs of layers without Keras's tensors."""
    with tf.Graph().as_default():
        layer = tf.layers.Dense(2, name="one")
        layer(tf.zeros([1, 3]))
        with pytest.raises(AttributeError, match="Layer one is not connected"):
            _ = layer.input
        with pytest.raises(AttributeError, match="Layer one has no inbound nodes"):
            _ = layer.output
        with pytest.raises(RuntimeError, match="no defined output shape"):
            layer.get_output_shape_at(0)
        assert not hasattr(layer, "input_shape")
        assert layer.get_build_config() == {"input_shape": (1, 3)}
        assert (layer.compute_dtype, layer.variable_dtype) == ("float32", "float32")


def test_masks_and_signatures() -> None:
    """Layers that take masks pass them on; signatures follow shapes."""
    with tf.Graph().as_default():
        assert tf.layers.Dense(2).compute_mask(1, mask=2) == 2
        with pytest.raises(TypeError, match="does not support masking"):
            tf.layers.Flatten().compute_mask(1, mask=2)
        spec = tf.TensorSpec([4, 3], tf.float32)
        assert tf.layers.Dense(2).compute_output_signature(spec) == tf.TensorSpec(
            [4, 2], tf.float32
        )
        with pytest.raises(TypeError, match="Only TensorSpec"):
            tf.layers.Dense(2).compute_output_signature(3)


def test_losses_and_updates() -> None:
    """They are found by what they depend on."""
    with tf.Graph().as_default():
        inputs, other = tf.zeros([2, 3]), tf.zeros([2, 3])
        layer = tf.layers.BatchNormalization()
        layer(inputs, training=True)
        assert layer.get_updates_for(inputs) == layer.updates
        assert layer.get_updates_for(other) == []
        assert layer.get_updates_for(None) == []
        dense = tf.layers.Dense(2, activity_regularizer=tf.reduce_sum)
        dense(inputs)
        assert dense.get_losses_for(inputs) == dense.losses
        assert dense.get_losses_for(None) == []
        with pytest.raises(TypeError, match=r"Expected tf\.Operation"):
            dense.get_losses_for(3)


def test_copies() -> None:
    """A copy of a layer shares its variables."""
    with tf.Graph().as_default():
        layer = tf.layers.Dense(2)
        layer(tf.zeros([1, 3]))
        copied = copy.deepcopy(layer)
        assert copied is not layer
        assert copied.kernel is layer.kernel
        assert copied.trainable_weights == layer.trainable_weights


class Inner(tf.layers.Layer):  # type: ignore[misc] # the class is found at run time
    """A layer with another one in a list."""

    def build(self, input_shape: object) -> None:
        """Make the other."""
        self.parts = [tf.layers.Dense(1)]
        super().build(input_shape)


def test_submodules() -> None:
    """Layers among the attributes are found."""
    with tf.Graph().as_default():
        layer = Inner()
        layer(tf.zeros([1, 3]))
        assert layer.submodules == (layer.parts[0],)
        assert tf.layers.Dense(2).submodules == ()


def test_keras_style() -> None:
    """Layers of Keras's style know no variable scopes, but collect their losses."""
    with tf.Graph().as_default():
        inputs = tf.zeros([1, 3])
        with tf.layers.experimental.keras_style_scope():
            layer = tf.layers.Dense(2, kernel_regularizer=tf.nn.l2_loss)
            layer(inputs)
            with pytest.raises(ValueError, match="scope argument not allowed"):
                tf.layers.dense(inputs, 2, name="named")
            with pytest.raises(ValueError, match="reuse argument not allowed"):
                tf.layers.Dense(2, _reuse=True)
            with pytest.raises(ValueError, match="scope argument not allowed"):
                layer(inputs, scope="other")
        assert [v.name for v in layer.weights] == ["dense_1/kernel:0", "dense_1/bias:0"]
        (loss,) = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
        assert loss.name == "dense_1/dense_1/kernel/Regularizer/L2Loss:0"
        assert len(layer.losses) == 1
        tf.layers.dense(inputs, 2, name="named")
