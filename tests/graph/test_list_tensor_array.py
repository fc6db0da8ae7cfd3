"""Arrays that are lists: shapes of elements, and mistakes, as in TensorFlow 2.21."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import metagraft.compat.v1 as tf


@pytest.fixture(autouse=True)
def loops_as_functions() -> Iterator[None]:
    """Build control flow as functions, in a new graph."""
    tf.enable_control_flow_v2()
    with tf.Graph().as_default():
        yield
    tf.disable_control_flow_v2()


# Made as TensorFlow was asked: element shape of the list, of the operation, results of
# TensorListPopBack, GetItem, Stack of four, Gather of two, ConcatV2.
SHAPES: list[tuple[Any, Any, list[Any]]] = [
    ([-1, 3], -1, [[None, 3], [None, 3], [4, None, 3], [2, None, 3], [None, 3]]),
    ([-1, 3], [2, -1], [[None, 3], [2, 3], [4, 2, 3], [2, 2, 3], [None, 3]]),
    (-1, -1, [None, None, None, None, None]),
    (-1, [2, -1], [None, [2, None], [4, 2, None], [2, 2, None], [None, None]]),
]


@pytest.mark.parametrize(("known", "asked", "expected"), SHAPES)
def test_elements_have_the_shape_that_list_and_operation_know(
    known: Any, asked: Any, expected: list[Any]
) -> None:
    """What a list knows of its elements follows it through changes and copies."""
    raw = tf.raw_ops
    made = raw.EmptyTensorList(
        element_shape=known, max_num_elements=-1, element_dtype=tf.float32
    )
    pushed = raw.TensorListPushBack(input_handle=made, tensor=tf.ones([2, 3]))
    handle = tf.identity(raw.TensorListResize(input_handle=pushed, size=4))
    options = {
        "input_handle": handle,
        "element_shape": asked,
        "element_dtype": tf.float32,
    }
    results = [
        raw.TensorListPopBack(**options)[1],
        raw.TensorListGetItem(index=0, **options),
        raw.TensorListStack(num_elements=4, **options),
        raw.TensorListGather(indices=[1, 0], **options),
        raw.TensorListConcatV2(leading_dims=tf.constant([], tf.int64), **options)[0],
    ]
    shapes = [
        None if tensor.shape.rank is None else tensor.shape.as_list()
        for tensor in results
    ]
    assert shapes == expected


MISTAKES: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "no size": (
        lambda: tf.TensorArray(tf.float32),
        ValueError,
        "Argument `size` must be provided if argument `flow` is not provided.",
    ),
    "flow of another type": (
        lambda: tf.TensorArray(tf.float32, flow=tf.constant(1.0)),
        TypeError,
        "Expected `flow` to be a variant tensor, but received",
    ),
    "another shape": (
        lambda: tf.TensorArray(tf.float32, size=2, element_shape=[2]).write(0, [1.0]),
        ValueError,
        r"Inconsistent shapes: saw \(1,\) but expected \(2,\)",
    ),
    "gradient array": (
        lambda: tf.TensorArray(tf.float32, size=2).grad("gradients"),
        NotImplementedError,
        "has no array of its own",
    ),
}


@pytest.mark.parametrize("label", MISTAKES)
def test_mistake_raises_the_error_of_tensorflow(label: str) -> None:
    """Arguments that do not fit together, and shapes that do not."""
    make, error, text = MISTAKES[label]
    with pytest.raises(error, match=text):
        make()


def test_array_from_outside_of_functions_is_refused_inside() -> None:
    """An array made while loops were plain nodes cannot be written in a function."""
    tf.disable_control_flow_v2()
    array = tf.TensorArray(tf.float32, size=1)

    def write(x: Any) -> Any:
        return array.write(0, x).stack()

    with pytest.raises(NotImplementedError, match="make a new one inside"):
        tf.function(write)(tf.constant(1.0))
