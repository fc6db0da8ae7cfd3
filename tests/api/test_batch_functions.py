"""`tf.nondifferentiable_batch_function`."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf


def test_runs() -> None:
    """The function is computed for the rows; results keep their structure."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        factor = tf.get_variable(
            "factor", [3, 2], use_resource=True, initializer=tf.ones_initializer()
        )

        @tf.nondifferentiable_batch_function(1, 10, 1000, allowed_batch_sizes=[3, 10])
        def combined(rows, numbers):  # type: ignore[no-untyped-def] # users write so
            return tf.matmul(rows, factor), {"more": numbers + 1}

        results = combined(tf.ones([2, 3]), tf.constant([1, 2]))
        session.run(tf.global_variables_initializer())
        product, others = session.run(results)
        assert product.tolist() == [[3.0, 3.0], [3.0, 3.0]]
        assert others["more"].tolist() == [2, 3]
        node = graph.get_operation_by_name("batch/BatchFunction")
        assert node.get_attr("allowed_batch_sizes") == [3, 10]
        assert node.get_attr("shared_name") == b"batch/"


def test_arguments_are_tensors() -> None:
    """A variable is no argument, though it has a shape and a type."""
    with tf.Graph().as_default():
        variable = tf.get_variable("v", [2], use_resource=True)

        @tf.nondifferentiable_batch_function(1, 10, 1000)
        def same(rows):  # type: ignore[no-untyped-def] # users write so
            return rows

        with pytest.raises(ValueError, match="supposed to be Tensors"):
            same(variable)
