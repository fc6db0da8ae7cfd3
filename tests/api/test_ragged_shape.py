"""`tf.experimental.DynamicRaggedShape`: what is known while the graph is built."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf

Shape = tf.experimental.DynamicRaggedShape


@pytest.mark.parametrize(
    ("lengths", "shown"),
    [
        ([], "[] num_row_partitions=0"),
        ([2, 3], "[2, 3] num_row_partitions=0"),
        ([3, (1, 2, 0), 2], "[3, (1, 2, 0), 2] num_row_partitions=1"),
        ([2, (1, 2), (1, 2, 3)], "[2, (1, 2), (1, 2, 3)] num_row_partitions=2"),
        ([2, 2, (1, 2, 3, 4), 5], "[2, 2, (1, 2, 3, 4), 5] num_row_partitions=2"),
    ],
)
def test_lengths(lengths: list[Any], shown: str) -> None:
    """A shape tells the lengths that it was made of, as TensorFlow's does."""
    with tf.Graph().as_default():
        shape = Shape.from_lengths(lengths)
        assert repr(shape) == f"<DynamicRaggedShape lengths={shown}>"
        assert shape.static_lengths() == lengths
        assert shape.rank == len(lengths)
        assert shape.dtype == tf.int64


def test_parts() -> None:
    """The first axes have a shape, too."""
    with tf.Graph().as_default():
        shape = Shape.from_lengths([2, 2, (1, 2, 3, 4), 5])
        assert shape[:1].static_lengths() == [2]
        assert shape[:2].static_lengths() == [2, 2]
        assert shape[:3].static_lengths() == [2, 2, (1, 2, 3, 4)]
        assert shape[0:0].static_lengths() == []
        assert shape[:9] is shape
        assert shape[1:2].static_lengths() == [2]
        assert [shape.is_uniform(axis) for axis in range(4)] == [
            True,
            True,
            False,
            True,
        ]


def _mistakes() -> list[Any]:
    shape = Shape.from_lengths([3, (1, 2, 0), 2])
    rows = tf.ragged.constant([[1], [2, 3], []])
    deep = tf.ragged.constant([[[1]], [[2]], []])
    thick = tf.RaggedTensor.from_row_lengths(tf.zeros([6, 3]), [1, 2, 2, 1])
    return [
        (lambda: shape[1], ValueError, "Index 1 is not uniform"),
        (lambda: shape[5], IndexError, "Index is too big: 5>=3"),
        (lambda: shape["a"], TypeError, "Argument is not an int or a slice"),
        (lambda: shape[::2], IndexError, "Cannot stride through a shape"),
        (lambda: shape.is_uniform(-1), IndexError, "Negative axis values"),
        (lambda: Shape(3, [3]), TypeError, "should be a list of row partitions"),
        (lambda: Shape([3], [3]), TypeError, "not a RowPartition"),
        (lambda: Shape.from_lengths((1,)), ValueError, "lengths should be a list"),
        (lambda: Shape.from_lengths([2, (1, 2, 3)]), ValueError, "not consistent"),
        (lambda: Shape.from_lengths([1, "a"]), ValueError, "element of lengths"),
        (lambda: Shape.from_lengths([2, 2], 2), ValueError, "should be less than"),
        (lambda: Shape.from_row_partitions([]), ValueError, "cannot be empty"),
        (
            lambda: tf.broadcast_to(deep, Shape.from_tensor(rows)),
            ValueError,
            "smaller rank",
        ),
        (lambda: tf.split(rows, 2, axis=1), ValueError, "Cannot split a ragged"),
        (lambda: tf.split(thick, 0), ValueError, "must be >=1"),
        (lambda: tf.split(thick, 1.5), TypeError, "must be an `int` or 1-D list"),
        (lambda: tf.split(thick, [[1]]), TypeError, "must be an `int` or 1-D list"),
        (lambda: tf.split(thick, [1, 3], num=3), ValueError, "does not match"),
        (
            lambda: tf.split(thick, tf.placeholder(tf.int32, [None])),
            ValueError,
            "`num` must be specified",
        ),
    ]


@pytest.mark.parametrize("place", range(19))
def test_mistakes(place: int) -> None:
    """TensorFlow's errors."""
    with tf.Graph().as_default():
        call, kind, text = _mistakes()[place]
        with pytest.raises(kind, match=text):
            call()
