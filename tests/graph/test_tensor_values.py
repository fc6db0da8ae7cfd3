"""What becomes a constant, by the types of Python's values."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (range(3), None, [0, 1, 2]),
        (range(3), tf.int64, [0, 1, 2]),
        (range(1, 5, 2), tf.float32, [1.0, 3.0]),
        ([range(2), range(2, 4)], tf.int64, [[0, 1], [2, 3]]),
    ],
)
def test_ranges_are_sequences(values: Any, dtype: Any, expected: Any) -> None:
    """Python's ranges are taken as lists of their numbers."""
    with tf.Graph().as_default(), tf.Session() as session:
        tensor = tf.constant(values, dtype)
        assert tensor.dtype == (dtype or tf.int32)
        assert session.run(tensor).tolist() == expected
