"""`tf.function` with ragged and sparse tensors, and linear operators."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf


def test_arguments_and_results() -> None:
    """Arguments are divided as they were; each kind is traced once."""
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.ragged.constant([[3.0, 1.0, 4.0], [], [1.0, 5.0]])
        sparse = tf.SparseTensor([[0, 1]], [2.0], [2, 2])

        @tf.function
        def scaled(r: Any, s: Any, k: float = 2.0) -> Any:
            return r * k, tf.sparse.reduce_sum(s), {"lengths": r.row_lengths()}

        product, total, lengths = session.run(scaled(rows, sparse))
        assert product.to_list() == [[6.0, 2.0, 8.0], [], [2.0, 10.0]]
        assert total == 2.0
        assert lengths["lengths"].tolist() == [3, 0, 2]
        names = [t.name for t in scaled.get_concrete_function(rows, sparse).inputs]
        assert names == ["r:0", "r_1:0", "s:0", "s_1:0", "s_2:0"]


def test_operators_without_tensors() -> None:
    """What an operator is made of besides its tensors is made in the function."""
    with tf.Graph().as_default(), tf.Session() as session:
        zeros = tf.linalg.LinearOperatorZeros(
            3, num_columns=2, is_square=False, is_self_adjoint=False
        )
        product = tf.function(lambda op: op.matmul(tf.ones([2, 1])))(zeros)
        assert not product.op.inputs
        assert product.shape == [3, 1]
        assert session.run(product).tolist() == [[0.0], [0.0], [0.0]]


def test_signature() -> None:
    """A declared ragged argument takes nothing else."""
    with tf.Graph().as_default(), tf.Session() as session:
        spec = tf.RaggedTensorSpec([None, None], tf.float32)

        @tf.function(input_signature=[spec])
        def values(r: Any) -> Any:
            return r.values

        found = session.run(values(tf.ragged.constant([[1.0], [2.0, 3.0]])))
        assert found.tolist() == [1.0, 2.0, 3.0]
        with pytest.raises(TypeError, match="Binding inputs to"):
            values(tf.zeros([2, 2]))
