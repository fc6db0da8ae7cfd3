"""`ApproxTopK` says how many values an accelerator would leave, as TensorFlow does."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf

# Size, k, share to find, size of the whole, and TensorFlow's count in rows of a matrix.
IN_ROWS = (
    (30, 3, 0.95, -1, 30),
    (129, 2, 0.9, 100_000, 256),
    (256, 2, 0.9, 100_000, 128),
    (300, 3, 0.95, 10, 300),
    (300, 0, 0.95, -1, 300),
    (384, 2, 0.9, 1000, 128),
    (513, 2, 0.9, 100_000, 256),
    (1000, 100, 0.99, 4000, 256),
    (1152, 2, 0.9, 10_000_000, 128),
    (5000, 1, 0.9, -1, 128),
    (5000, 1, 1.0, -1, 5000),
    (5000, 2, 0.9, 1000, 1280),
    (20_000, 2, 0.5, 100_000, 128),
)
# The same of a vector, which has larger blocks.
IN_VECTORS = (
    (1000, 3, 0.95, 100_000, 1000),
    (1025, 10, 0.95, 4000, 2048),
    (5000, 10, 0.1, 4000, 3072),
)


@pytest.mark.parametrize("row", IN_ROWS, ids=str)
def test_rows(row: tuple[int, int, float, int, int]) -> None:
    """The count of values in each row."""
    assert counted([2, row[0]], *row[1:4]) == [2, row[4]]


@pytest.mark.parametrize("row", IN_VECTORS, ids=str)
def test_vectors(row: tuple[int, int, float, int, int]) -> None:
    """The count of values of a vector."""
    assert counted([row[0]], *row[1:4]) == [row[4]]


def counted(shape: list[int], k: int, share: float, whole: int) -> list[int]:
    """Return the shape that is known of the values that are found."""
    with tf.Graph().as_default():
        found = tf.raw_ops.ApproxTopK(
            input=tf.placeholder(tf.float32, shape),
            k=k,
            recall_target=share,
            reduction_input_size_override=whole,
            aggregate_to_topk=False,
        )
    dims: list[int] = found.values.shape.as_list()
    return dims
