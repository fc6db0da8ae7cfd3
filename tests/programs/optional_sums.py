"""Zeros and sums of optionals, and mistakes with them.

A program takes the module it calls `tf` and returns numbers; a mistake raises.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any


def _holding(tf: ModuleType, *values: Any) -> Any:
    return tf.raw_ops.OptionalFromValue(components=[tf.constant(v) for v in values])


def zeros_and_sums_of_optionals(tf: ModuleType) -> list[Any]:
    """What stands for gradients of optionals, alone and in lists."""
    raw = tf.raw_ops

    def held(optional: Any, *types: Any) -> list[Any]:
        shapes = [None] * len(types)
        return raw.OptionalGetValue(
            optional=optional, output_types=types, output_shapes=shapes
        )

    none = raw.OptionalNone()
    zeros = held(raw.ZerosLike(x=_holding(tf, [1.0, 2.0], 3)), tf.float32, tf.int32)
    total = raw.AddN(inputs=[_holding(tf, [1.0, 2.0]), _holding(tf, [3.0, 4.0])])
    absent = [raw.ZerosLike(x=none), raw.AddN(inputs=[none, none])]
    shape = tf.constant([], tf.int32)
    listed = raw.EmptyTensorList(
        element_shape=shape, max_num_elements=-1, element_dtype=tf.variant
    )
    for element in (_holding(tf, [1.0, 2.0]), none):
        listed = raw.TensorListPushBack(input_handle=listed, tensor=element)
    options = {"element_shape": shape, "element_dtype": tf.variant}
    several = [raw.ZerosLike(x=listed), raw.AddN(inputs=[listed, listed])]
    found = [*zeros, *held(total, tf.float32)]
    for each in several:
        rest, last = raw.TensorListPopBack(input_handle=each, **options)
        absent.append(last)
        first = raw.TensorListPopBack(input_handle=rest, **options)[1]
        found += held(first, tf.float32)
    found += [tf.to_int32(raw.OptionalHasValue(optional=each)) for each in absent]
    with tf.Session() as session:
        return list(session.run(found))


PROGRAMS = {"zeros_and_sums_of_optionals": zeros_and_sums_of_optionals}


def _added(tf: ModuleType, *optionals: Any) -> Any:
    total = tf.raw_ops.AddN(inputs=list(optionals), name="total")
    with tf.Session() as session:
        return session.run(tf.raw_ops.OptionalHasValue(optional=total))


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "optional_added_to_none": lambda tf: _added(
        tf, tf.raw_ops.OptionalNone(), _holding(tf, 1.0)
    ),
    "none_added_to_optional": lambda tf: _added(
        tf, _holding(tf, 1.0), tf.raw_ops.OptionalNone()
    ),
    "optionals_of_texts_added": lambda tf: _added(
        tf, _holding(tf, "a"), _holding(tf, "b")
    ),
}
