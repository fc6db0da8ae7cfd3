"""Shapes of string ops that contradict each other, in TensorFlow's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import metagraft.compat.v1 as tf


def _text(*shape: int | None) -> Any:
    return tf.placeholder(tf.string, shape)


def _numbers(*shape: int | None) -> Any:
    return tf.placeholder(tf.int32, shape)


def _padded(length: Any) -> Any:
    return tf.raw_ops.DecodePaddedRaw(
        input_bytes=_text(1), fixed_length=length, out_type=tf.int16
    )


def _joined(data: Any, ids: Any, count: int) -> Any:
    return tf.strings.unsorted_segment_join(data, ids, count)


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: tf.substr(_text(2), _numbers(2), _numbers(None)),
        r"pos and len shapes must match: \[2\] vs. \[\?\]",
    ),
    (
        lambda: tf.substr(_text(2), _numbers(2), tf.placeholder(tf.int32)),
        r"pos and len shapes must match: \[2\] vs. \?",
    ),
    (
        lambda: tf.substr(_text(3), _numbers(2), _numbers(2)),
        "Dimensions must be equal, but are 3 and 2",
    ),
    (
        lambda: tf.substr(_text(3), _numbers(2), _numbers()),
        "Shape must be rank 0 but is rank 1",
    ),
    (
        lambda: tf.reduce_join(_text(2), 2),
        "Invalid reduction dimension 2 for input with 1 dimensions.",
    ),
    (lambda: tf.reduce_join(_text(2), [[1]]), "at most rank 1 but is rank 2"),
    (
        lambda: _joined(_text(4, 2), _numbers(3), 3),
        "Dimensions must be equal, but are 4 and 3",
    ),
    (
        lambda: _joined(_text(4), _numbers(4), -1),
        "Dimension size, given by scalar input 2, must be non-negative but is -1",
    ),
    (lambda: _joined(_text(4), _numbers(4, 2), 3), "at least rank 2 but is rank 1"),
    (lambda: tf.regex_replace(_text(4), _text(1), "a"), "rank 0 but is rank 1"),
    (lambda: tf.string_split(_text(4, 2)), "rank 1 but is rank 2"),
    (lambda: tf.string_split(_text(4), _text(1)), "rank 0 but is rank 1"),
    (lambda: _padded([1]), "Input must be scalar but has rank 1"),
    (
        lambda: _padded(-2),
        "Dimension size, given by scalar input 1, must be non-negative but is -2",
    ),
    (lambda: _padded(9), "Dimension size must be evenly divisible by 2 but is 9"),
]


@pytest.mark.parametrize("place", range(len(MISTAKES)))
def test_contradiction(place: int) -> None:
    """The operation is refused when it is built, with TensorFlow's text."""
    build, text = MISTAKES[place]
    with tf.Graph().as_default(), pytest.raises(ValueError, match=text):
        build()


def test_unknown_shapes() -> None:
    """What is not known of the operands is not known of the results."""
    with tf.Graph().as_default():
        anything = tf.placeholder(tf.string)
        assert tf.decode_raw(anything, tf.int8).shape.ndims is None
        assert tf.reduce_join(_text(2, None), _numbers(1)).shape.ndims is None
        kept = tf.reduce_join(_text(2, None), _numbers(1), keepdims=True)
        assert kept.shape.as_list() == [None, None]
        part = tf.substr(_text(2), tf.placeholder(tf.int32), _numbers(2))
        assert part.shape.ndims is None
        joined = tf.strings.unsorted_segment_join(anything, _numbers(4), 3)
        assert joined.shape.ndims is None
