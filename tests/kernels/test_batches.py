"""Gradients of batches, as `tf.contrib.batching` of TensorFlow 1.15 builds them."""

from __future__ import annotations

import numpy as np

import metagraft.compat.v1 as tf


def test_gradients() -> None:
    """A gradient takes the batch apart again, and puts the gradients into one."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        (batched,), index, number = tf.raw_ops.Batch(
            in_tensors=[x],
            num_batch_threads=1,
            max_batch_size=4,
            batch_timeout_micros=1000,
            grad_timeout_micros=77,
            name="rows",
        )
        back = tf.raw_ops.Unbatch(
            batched_tensor=batched * batched,
            batch_index=index,
            id=number,
            timeout_micros=99,
            name="back",
        )
        (dx,) = tf.gradients(back, x)
        assert dx.op.type == "Unbatch"
        assert dx.op.get_attr("timeout_micros") == 77
        assert dx.op.get_attr("shared_name") == b"batch_gradient_rows_0"
        (joined,) = [o for o in graph.get_operations() if o.type == "UnbatchGrad"]
        assert joined.get_attr("shared_name") == b"unbatch_gradient_back"
        np.testing.assert_array_equal(session.run(dx), 2 * session.run(x))
