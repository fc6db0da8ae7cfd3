"""Shapes of ops on variables: what is inferred and what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import metagraft.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    """A graph of its own for every test."""
    with tf.Graph().as_default() as opened:
        yield opened


def test_assigned_values_fit() -> None:
    """A value of another shape is refused, unless that is asked for."""
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="Dimension 0 in both shapes must be equal"):
        tf.assign(v, [1.0, 2.0, 3.0])
    free = tf.assign(v, [1.0, 2.0, 3.0], validate_shape=False)
    assert free.shape.as_list() == [3]
    with pytest.raises(ValueError, match="must be equal rank, but are 1 and 0"):
        tf.assign_add(v, 1.0)


@pytest.mark.parametrize("use_resource", [False, True])
def test_updates_of_parts_fit(use_resource: bool) -> None:
    """Rows and slices are compared with the variable and the indices."""
    v = tf.Variable(np.ones([4, 2], np.float32), use_resource=use_resource)
    assert tf.scatter_add(v, [0], 1.0).shape.as_list() == [4, 2]
    with pytest.raises(ValueError, match="Dimension 1 in both shapes must be equal"):
        tf.scatter_add(v, [0], [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=r"must match dimensions \[0,1\) of updates"):
        tf.scatter_nd_update(v, [[0]], [[1.0, 1.0], [2.0, 2.0]])
    with pytest.raises(ValueError, match=r"Dimensions \[1,2\) of input"):
        tf.scatter_nd_update(v, [[0]], [[1.0, 1.0, 1.0]])


def test_reads_of_resource_variables() -> None:
    """Shapes come from behind the handle."""
    v = tf.Variable(np.ones([4, 2, 3], np.float32), use_resource=True)
    assert v.value().shape.as_list() == [4, 2, 3]
    assert v.sparse_read([[0, 1]]).shape.as_list() == [1, 2, 2, 3]
    assert v.gather_nd([[0, 1]]).shape.as_list() == [1, 3]
    assert tf.raw_ops.VariableShape(input=v.handle).shape.as_list() == [3]
    batched = tf.raw_ops.ResourceGather(
        resource=v.handle, indices=[[0], [1], [0], [1]], dtype=tf.float32, batch_dims=1
    )
    assert batched.shape.as_list() == [4, 1, 3]
    with pytest.raises(ValueError, match=r"must be <= params\.rank"):
        v.gather_nd([[0, 1, 2, 0]])
    with pytest.raises(ValueError, match=r"wrong dtype\. Expected float32 got int32"):
        tf.raw_ops.ReadVariableOp(resource=v.handle, dtype=tf.int32)


def test_training_ops_fit() -> None:
    """Slots and gradients have the variable's shape; hyperparameters are scalars."""
    v, slot = tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0])
    apply, rows = tf.raw_ops.ApplyMomentum, tf.raw_ops.SparseApplyMomentum
    given = {"var": v, "accum": slot, "lr": 0.1, "momentum": 0.9}
    assert apply(**given, grad=[1.0, 2.0]).shape.as_list() == [2]
    with pytest.raises(ValueError, match="Dimension 0 in both shapes must be equal"):
        apply(**given, grad=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Shape must be rank 0 but is rank 1"):
        apply(**{**given, "lr": [0.1]}, grad=[1.0, 2.0])
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 1 and 2"):
        rows(**given, grad=[1.0, 2.0], indices=[0])


def test_shapes_of_variable_ops() -> None:
    """The shape is an attribute; the older op means unknown by `[]`."""
    known = tf.raw_ops.VariableV2(shape=[2, None], dtype=tf.float32)
    assert known.shape.as_list() == [2, None]
    assert tf.raw_ops.Variable(shape=[], dtype=tf.float32).shape.ndims is None
    assert tf.raw_ops.IsVariableInitialized(ref=known).shape.ndims == 0
    with pytest.raises(ValueError, match="must be rank 0 but is rank 2"):
        tf.count_up_to(tf.raw_ops.VariableV2(shape=[2, 2], dtype=tf.int32), 3)
