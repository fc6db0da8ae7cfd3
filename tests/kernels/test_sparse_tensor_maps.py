"""Sparse tensors in a map of the session. The numbers are TensorFlow 2.21's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        ([[0, 0], [2, 1]], [0, 2, 1]),
        ([[2, 1]], [1, 2, 0]),
        ([[0, 1], [1, 0], [2, 0]], [0, 1, 2]),
        (np.zeros([0, 2]), [0, 1, 2]),
    ],
)
def test_slices_of_nothing_come_last(indices: Any, expected: list[int]) -> None:
    """They get their numbers after those that have elements; all come back."""
    with tf.Graph().as_default(), tf.Session() as session:
        given = np.array(indices, np.int64)
        values = np.arange(float(len(given)))
        numbers = tf.raw_ops.AddManySparseToTensorsMap(
            sparse_indices=given,
            sparse_values=values,
            sparse_shape=[3, 2],
            shared_name="slices",
        )
        handles = session.run(numbers)
        assert handles.tolist() == expected
        taken = session.run(
            tf.raw_ops.TakeManySparseFromTensorsMap(
                sparse_handles=handles, dtype=tf.float64, shared_name="slices"
            )
        )
    assert taken.sparse_indices.tolist() == given.tolist()
    assert taken.sparse_values.tolist() == values.tolist()
    assert taken.sparse_shape.tolist() == [3, 2]
