"""`tf.map_fn` over sparse and ragged tensors: mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import metagraft.compat.v1 as tf


def _rows() -> Any:
    return tf.ragged.constant([[1, 2], [], [3]])


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: tf.map_fn(tf.reduce_max, _rows()),
            ValueError,
            "at least rank 1 but is rank 0",
        ),
        (
            lambda: tf.map_fn(
                tf.reduce_sum,
                _rows(),
                dtype=tf.RaggedTensorSpec([None], tf.int64, ragged_rank=0),
            ),
            ValueError,
            "Expected `fn` to return a",
        ),
        (
            lambda: tf.map_fn(
                lambda x: x, tf.IndexedSlices(tf.zeros([2]), tf.constant([0, 1]))
            ),
            TypeError,
            "can not consume IndexedSlices inputs",
        ),
        (
            lambda: tf.map_fn(
                lambda x: x, _rows(), fn_output_signature=tf.TensorArraySpec()
            ),
            TypeError,
            "can not generate",
        ),
        (lambda: tf.map_fn(lambda x: x, 3.0), ValueError, "not scalars"),
        (lambda: tf.map_fn(lambda x: x, []), ValueError, "does not contain any"),
        (
            lambda: tf.map_fn(lambda x: x, [_rows(), tf.zeros([2])]),
            ValueError,
            "not compatible",
        ),
    ],
)
def test_mistakes(call: Callable[[], Any], kind: Any, text: str) -> None:
    """TensorFlow's errors, and that slices have no rows."""
    with tf.Graph().as_default(), pytest.raises(kind, match=text):
        call()


def test_rows_of_known_lengths() -> None:
    """What is known of rows of one length is known of each."""
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.RaggedTensor.from_uniform_row_length(
            tf.RaggedTensor.from_row_lengths(tf.range(6), [1, 2, 0, 3]), 2
        )
        shapes = []

        def joined(row: Any) -> Any:
            shapes.append(row.shape.as_list())
            return row.flat_values

        spec = tf.RaggedTensorSpec([None], tf.int32, ragged_rank=0)
        found = session.run(tf.map_fn(joined, rows, fn_output_signature=spec))
        assert shapes == [[2, None]]
        assert found.to_list() == [[0, 1, 2], [3, 4, 5]]
