"""What becomes a constant, by the types of Python's values."""

from __future__ import annotations

from typing import Any

import numpy as np
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


def test_records_of_quantized_numbers() -> None:
    """TensorFlow's records of one number, which name a quantized type, are taken."""
    record = np.dtype([("qint8", np.int8)])
    assert tf.as_dtype(record) == tf.qint8
    with tf.Graph().as_default(), tf.Session() as session:
        tensor = tf.constant(np.array([(1,), (-2,)], record))
        assert tensor.dtype == tf.qint8
        assert session.run(tensor).tolist() == [1, -2]
