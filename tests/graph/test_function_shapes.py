"""Static shapes of results of calls. The values are TensorFlow 2.21's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf

_X = tf.TensorSpec(None)
_N = tf.TensorSpec(None, tf.int32)


@pytest.mark.parametrize(
    ("body", "signature", "values", "expected"),
    [
        (tf.reshape, [_X, _N], [np.ones(6), [2, 3]], [2, 3]),
        (lambda x, s: tf.reshape(x, s * 2), [_X, _N], [np.ones(24), [2, 3]], [4, 6]),
        (
            lambda x, s: tf.reshape(x, tf.concat([s, [-1]], 0)),
            [_X, tf.TensorSpec([1], tf.int32)],
            [np.ones(24), [2]],
            [2, 12],
        ),
        (tf.range, [_N, _N], [1, 5], [4]),
        (lambda a, b: tf.range(a, b, 0.5), [_X, _X], [1.0, 5.0], [8]),
        (tf.reduce_sum, [_X, _N], [np.ones([2, 3, 4]), [0, 2]], [3]),
        (tf.tile, [_X, _N], [np.ones([2, 3]), [2, 3]], [4, 9]),
        (lambda x, k: tf.nn.top_k(x, k)[0], [_X, _N], [np.ones([2, 3]), 2], [2, 2]),
    ],
)
def test_constant_arguments_count(
    body: Callable[..., Any], signature: Any, values: Any, expected: Any
) -> None:
    """A body knows the arguments that are constants of the call."""

    def two(a: Any, b: Any) -> Any:
        return body(a, b)

    with tf.Graph().as_default():
        called = tf.function(two, input_signature=signature)
        assert called(*values).shape.as_list() == expected
        outer = tf.function(
            lambda x, y: called(x, tf.identity(y)), input_signature=signature
        )
        assert outer(*values).shape.as_list() == expected


@pytest.mark.parametrize(
    ("body", "values", "text"),
    [
        (tf.matmul, [np.ones([2, 3])] * 2, "Dimensions must be equal, but are 3 and 2"),
        (
            lambda x, y: (tf.matmul(x, y), x)[1],
            [np.ones([2, 3])] * 2,
            "Dimensions must be equal, but are 3 and 2",
        ),
        (
            lambda x, y: tf.gather(x, tf.cast(y, tf.int32), axis=2),
            [np.ones([2, 3]), [0]],
            "Shape must be at least rank 3 but is rank 2",
        ),
        (
            lambda x, y: tf.reduce_sum(x, tf.cast(y, tf.int32)),
            [np.ones([2, 3]), [2]],
            "Invalid reduction dimension 2",
        ),
    ],
)
def test_bodies_refuse_shapes(body: Callable[..., Any], values: Any, text: str) -> None:
    """A call whose operands do not fit in the body is refused when it is built."""
    with tf.Graph().as_default():
        called = tf.function(body, input_signature=[_X, _X])
        with pytest.raises(ValueError, match=text):
            called(*values)


def test_shapes_of_variables_count_in_bodies() -> None:
    """A body that reads a variable knows its shape, and so the shape of its result."""
    with tf.Graph().as_default():
        variable = tf.get_variable("v", [], use_resource=True)
        scaled = tf.function(
            lambda x: x * variable + tf.reduce_sum(x),
            input_signature=[tf.TensorSpec([None], tf.float32)],
        )
        x = tf.placeholder(tf.float32, [2])
        y = scaled(x)
        assert y.op.type == "StatefulPartitionedCall"
        assert y.shape.as_list() == [2]
        tf.gradients(y, [x])
        assert tf.get_default_graph().get_operation_by_name("gradients/Shape").type == (
            "Const"
        )
