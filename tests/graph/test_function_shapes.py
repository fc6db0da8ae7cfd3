"""Static shapes of results of calls. The values are TensorFlow 2.21's."""

from __future__ import annotations

import metagraft.compat.v1 as tf


def test_shapes_of_variables_count_in_bodies() -> None:
    """A body that reads a variable knows its shape, and so the shape of its result."""
    with tf.Graph().as_default():
        variable = tf.get_variable("v", [], use_resource=True)
        scaled = tf.function(
            lambda x: x * variable + tf.reduce_sum(x),
            input_signature=[tf.TensorSpec([None], tf.float32)],
        )
        x = tf.placeholder(tf.float32, [2])
        y = scaled(x)
        assert y.op.type == "StatefulPartitionedCall"
        assert y.shape.as_list() == [2]
        tf.gradients(y, [x])
        assert tf.get_default_graph().get_operation_by_name("gradients/Shape").type == (
            "Const"
        )
