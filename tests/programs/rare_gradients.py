"""Gradients of gradients, of maps, and of what variables give out in parts."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np


def _image(seed: int, *shape: int) -> Any:
    return np.random.RandomState(seed).randn(*shape).astype(np.float32)


def _normalized(tf: ModuleType, *, is_training: bool, axes: int = 2) -> list[Any]:
    """Differentiate batch normalization twice, with weights for all first gradients."""
    x = tf.constant(_image(1, 2, *[3] * axes, 4), name="x")
    scale, offset = (tf.constant(_image(i, 4), name=f"v{i}") for i in (2, 3))
    mean, variance = tf.constant(_image(4, 4)), tf.constant(_image(5, 4) ** 2 + 1)
    y = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=scale,
        offset=offset,
        mean=[] if is_training else mean,
        variance=[] if is_training else variance,
        is_training=is_training,
        data_format="NHWC" if axes == 2 else "NDHWC",
    ).y
    weights = tf.constant(_image(6, *y.shape.as_list()), name="weights")
    first = tf.gradients(y, [x, scale, offset], weights, name="first")
    outer = [
        tf.constant(_image(7 + i, *g.shape.as_list())) for i, g in enumerate(first)
    ]
    second = tf.gradients(first, [weights, x, scale], outer, name="second")
    return [*first, *second]


def batch_norm_twice(tf: ModuleType) -> list[Any]:
    """In training: mean and variance are those of the image."""
    return _normalized(tf, is_training=True)


def batch_norm_twice_in_use(tf: ModuleType) -> list[Any]:
    """With a mean and a variance that are given."""
    return _normalized(tf, is_training=False)


def batch_norm_twice_of_volumes(tf: ModuleType) -> list[Any]:
    """Of images with three axes."""
    return _normalized(tf, is_training=True, axes=3)


def batch_norm_twice_by_older_ops(tf: ModuleType) -> list[Any]:
    """As the first two versions of the op."""
    fetches = []
    for op in (tf.raw_ops.FusedBatchNorm, tf.raw_ops.FusedBatchNormV2):
        x = tf.constant(_image(1, 2, 3, 3, 4))
        scale = tf.constant(_image(2, 4))
        y = op(x=x, scale=scale, offset=scale, mean=[], variance=[])[0]
        weights = tf.constant(_image(6, 2, 3, 3, 4))
        (first,) = tf.gradients(y, [x], weights)
        fetches += [first, *tf.gradients(first, [weights, x, scale], weights)]
    return fetches


def parts_of_variables(tf: ModuleType) -> list[Any]:
    """Rows, and elements, that are gathered from behind a handle."""
    value = _image(9, 4, 3)
    variable = tf.get_variable("rows", initializer=value, use_resource=True)
    rows = variable.gather_nd([[2], [0], [2]])
    elements = variable.gather_nd(tf.constant([[2, 1], [0, 0]], tf.int64))
    fetches = [*tf.gradients(rows, [variable], tf.constant(value[:3]))]
    fetches = [tf.convert_to_tensor(one) for one in fetches]
    return [*fetches, *tf.gradients(elements, [variable])]


def rows_of_results(tf: ModuleType) -> list[Any]:
    """Gradients that come as slices of rows to what takes whole tensors."""
    x = tf.constant(_image(9, 4, 3))
    results = [
        tf.transpose(x, [1, 0]),
        tf.transpose(x),
        tf.maximum(x, 0.5),
        tf.minimum(x, _image(3, 4, 3)),
        tf.clip_by_value(x, -0.5, 0.5),
        tf.tile(x, [2, 1]),
        tf.where(x > 0, x, 2 * x),
        tf.matmul(x, _image(4, 3, 3)),
        tf.concat([x, _image(5, 2, 3)], 0),
        tf.nn.relu(x),
    ]
    rows = [tf.gather(result, [1, 0, 1]) for result in results]
    found = [tf.gradients(one, [x])[0] for one in rows]
    return [tf.convert_to_tensor(one) for one in found]


def maps(tf: ModuleType) -> list[Any]:
    """Values that were put into a map, kept, replaced and erased."""
    ops, v = tf.raw_ops, tf.constant(3.0)
    if tf.__name__.startswith("tensorflow"):
        import_module("tensorflow.python.ops.map_ops")  # has the gradients

    def insert(handle: Any, key: int, value: Any) -> Any:
        return ops.TensorMapInsert(input_handle=handle, key=key, value=value)

    first = insert(ops.EmptyTensorMap(), 1, v)
    second = insert(insert(first, 2, v * 2), 1, v * 3)
    erased = ops.TensorMapErase(
        input_handle=second, key=np.int32(7), value_dtype=tf.float32
    )
    del erased  # only made
    found = ops.TensorMapLookup(input_handle=second, key=1, value_dtype=tf.float32)
    return [found, *tf.gradients(found, [v])]


PROGRAMS = (
    maps,
    batch_norm_twice,
    batch_norm_twice_in_use,
    batch_norm_twice_of_volumes,
    batch_norm_twice_by_older_ops,
    parts_of_variables,
    rows_of_results,
)


def _run(program: Callable[[ModuleType], list[Any]]) -> Callable[[ModuleType], Any]:
    def run(tf: ModuleType) -> Any:
        fetches = program(tf)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return session.run(fetches)

    return run


RUNS: dict[str, Callable[[ModuleType], Any]] = {
    program.__name__: _run(program) for program in PROGRAMS
}
MISTAKES: dict[str, Callable[[ModuleType], Any]] = {}
