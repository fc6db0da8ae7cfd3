"""Programs whose graphs only TensorFlow builds: loops that carry lists of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

Fetches = Sequence[Any]


def mapped(tf: ModuleType) -> Fetches:
    """`map_fn` and `scan` as loops over lists."""
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="x")
    doubled = tf.map_fn(lambda e: e * 2.0, x)
    sums = tf.scan(lambda a, e: a + e, x)
    length = tf.shape(tf.map_fn(lambda e: e + 1.0, x[:0]))
    return [doubled, sums, length]


def recurrent(tf: ModuleType) -> Fetches:
    """A recurrent network in a function, and its gradient."""
    w = tf.constant([[0.5, -0.25], [0.125, 1.0]], name="w")

    def unrolled(x: Any) -> Any:
        outputs = tf.TensorArray(tf.float32, size=3)
        _, outputs, state = tf.while_loop(
            lambda i, o, s: i < 3,
            lambda i, o, s: (i + 1, o.write(i, s), tf.tanh(tf.matmul(s, w) + x)),
            [tf.constant(0), outputs, tf.zeros([1, 2])],
        )
        return outputs.stack(), state

    x = tf.constant([[0.5, 2.0]], name="x")
    outputs, state = tf.function(unrolled)(x)
    return [outputs, state, *tf.gradients(state, [x, w])]


def raw_lists(tf: ModuleType) -> Fetches:
    """The operations on lists one by one."""
    raw = tf.raw_ops
    shape = tf.constant([2])
    values = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    full = raw.TensorListFromTensor(tensor=values, element_shape=shape)
    longer = raw.TensorListPushBack(input_handle=full, tensor=values[0] * 5.0)
    popped, last = raw.TensorListPopBack(
        input_handle=longer, element_shape=shape, element_dtype=tf.float32
    )
    reserved = raw.TensorListReserve(
        element_shape=shape, num_elements=2, element_dtype=tf.float32
    )
    written = raw.TensorListSetItem(input_handle=reserved, index=1, item=last)
    sized = raw.TensorListResize(input_handle=written, size=3)
    return [
        last,
        raw.TensorListLength(input_handle=popped),
        raw.TensorListStack(
            input_handle=sized, element_shape=shape, element_dtype=tf.float32
        ),
        raw.TensorListGather(
            input_handle=longer,
            indices=[2, 0],
            element_shape=shape,
            element_dtype=tf.float32,
        ),
        raw.TensorListElementShape(input_handle=full, shape_type=tf.int32),
        raw.TensorListGetItem(
            input_handle=full, index=1, element_shape=shape, element_dtype=tf.float32
        ),
    ]


PROGRAMS = (mapped, recurrent, raw_lists)
