"""Programs with loops of many turns that keep values, as in `control_flow_runs`.

Those of version 1 keep them on stacks and in arrays, loops of functions in lists.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

N = 80
Program = Callable[[ModuleType], list[Any]]


def _input(tf: ModuleType, *shape: int) -> Any:
    return tf.placeholder(tf.float32, shape, name="x")


def _weights(tf: ModuleType, *shape: int) -> Any:
    count = int(np.prod(shape))
    start = np.cos(np.arange(count, dtype=np.float32)).reshape(shape) * 0.4
    return tf.get_variable("w", initializer=start)


def _values(tf: ModuleType, y: Any, x: Any) -> list[Any]:
    """Return the values and the gradients of a result, twice."""
    loss = tf.reduce_mean(tf.sin(y))
    fetches = [y, *tf.gradients(loss, [*tf.trainable_variables(), x])]
    value = np.sin(np.arange(np.prod(x.shape.as_list())) * 0.7).reshape(x.shape)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [*session.run(fetches, {x: value}), *session.run(fetches, {x: value})]


def long_recurrent_network(tf: ModuleType) -> list[Any]:
    """Sequences of several lengths, read and written in arrays."""
    tf.set_random_seed(5)
    x = _input(tf, 3, N, 2)
    cell = tf.nn.rnn_cell.GRUCell(
        2,
        kernel_initializer=tf.constant_initializer(0.3),
        bias_initializer=tf.constant_initializer(0.1),
    )
    y, _ = tf.nn.dynamic_rnn(cell, x, sequence_length=[5, N, 40], dtype=tf.float32)
    return _values(tf, y[:, -45:-39], x)


def long_scan(tf: ModuleType) -> list[Any]:
    """Each turn reads what the one before has carried."""
    x, w = _input(tf, N, 3), _weights(tf, 3, 3)
    y = tf.scan(lambda a, v: tf.tanh(tf.matmul(a[None], w))[0] + v, x, reverse=True)
    return _values(tf, y[:4], x)


def long_map(tf: ModuleType) -> list[Any]:
    """Turns that do not depend on each other."""
    x, w = _input(tf, N, 3), _weights(tf, 3)
    y = tf.map_fn(lambda v: (v * w, tf.reduce_sum(tf.exp(v))), x, (tf.float32,) * 2)
    return _values(tf, y[0][:3] + y[1][-3:, None], x)


def long_loop_with_branches(tf: ModuleType) -> list[Any]:
    """What is pushed in a branch is popped in it."""
    x, w = _input(tf, 3), _weights(tf, 3)

    def body(i: Any, y: Any) -> tuple[Any, Any]:
        positive = tf.reduce_sum(y) > 0.0
        return i + 1, tf.cond(positive, lambda: tf.sin(y * w) - 0.3, lambda: y + w)

    _, y = tf.while_loop(lambda i, _: i < N, body, [0, x])
    return _values(tf, y, x)


def long_loop_reads_twice(tf: ModuleType) -> list[Any]:
    """Gradients of elements that are read twice are added."""
    x = _input(tf, N, 2)
    array = tf.TensorArray(tf.float32, N, clear_after_read=False).unstack(x)

    def body(i: Any, y: Any) -> tuple[Any, Any]:
        return i + 1, tf.sin(y) + array.read(i) * array.read(N - 1 - i)

    _, y = tf.while_loop(lambda i, _: i < N, body, [0, tf.zeros([2])])
    return _values(tf, y, x)


def long_loop_reads_back(tf: ModuleType) -> list[Any]:
    """A turn reads what an earlier one has written."""
    x = _input(tf, 2)
    array = tf.TensorArray(tf.float32, 12, clear_after_read=False, element_shape=[2])

    def body(i: Any, kept: Any) -> tuple[Any, Any]:
        return i + 1, kept.write(i, tf.sin(kept.read(i - 1)) * 1.1)

    _, kept = tf.while_loop(lambda i, _: i < 12, body, [1, array.write(0, x)])
    return _values(tf, kept.stack(), x)


def long_loop_concatenates(tf: ModuleType) -> list[Any]:
    """Elements behind each other, and split again for the gradient."""
    x = _input(tf, N, 2, 1)
    array = tf.TensorArray(tf.float32, N).unstack(x)
    written = tf.TensorArray(tf.float32, N)

    def body(i: Any, kept: Any) -> tuple[Any, Any]:
        return i + 1, kept.write(i, tf.tanh(array.read(i)))

    _, written = tf.while_loop(lambda i, _: i < N, body, [0, written])
    return _values(tf, written.concat()[-5:], x)


def arrays_through_branches(tf: ModuleType) -> list[Any]:
    """Branches may return arrays; only the one that is taken writes."""
    x, w = _input(tf, 3), _weights(tf, 3)
    array = tf.TensorArray(tf.float32, 2, element_shape=[3])
    array = tf.cond(
        tf.reduce_sum(x) > 0.0,
        lambda: array.write(0, x * w),
        lambda: array.write(0, -x * w),
    )
    return _values(tf, array.write(1, x).stack(), x)


def long_loop_on_old_stacks(tf: ModuleType) -> list[Any]:
    """Graphs of old releases keep values on stacks that are references."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3], name="x")
        _, y = tf.while_loop(
            lambda i, _: i < N, lambda i, y: (i + 1, tf.sin(y * x) + y), [0, x]
        )
        tf.identity(tf.gradients(y, x)[0], name="gradient")
    old = graph.as_graph_def()
    old.versions.producer = 15
    kinds = {node.name: node.op for node in old.node}
    for node in old.node:
        if "_class" in node.attr:
            del node.attr["_class"]
        if node.op == "Enter" and kinds.get(node.input[0]) == "StackV2":
            node.op = "RefEnter"
        elif node.op.startswith("Stack"):
            node.op = node.op.removesuffix("V2")
        if node.op == "Stack":
            del node.input[:]
    for node in old.node:
        if node.op == "RefEnter":
            node.attr["T"].type = tf.string.as_datatype_enum
    tf.import_graph_def(old, name="")
    with tf.Session() as session:
        feeds = {"x:0": [0.1, 0.2, 0.3]}
        return [session.run("gradient:0", feeds) for _ in range(2)]


def _by_functions(program: Program) -> Program:
    """Return the program with control flow of functions."""

    @functools.wraps(program)
    def changed(tf: ModuleType) -> list[Any]:
        tf.enable_control_flow_v2()
        try:
            return program(tf)
        finally:
            tf.disable_control_flow_v2()

    return changed


_ALL = (
    long_recurrent_network,
    long_scan,
    long_map,
    long_loop_with_branches,
    long_loop_reads_twice,
    long_loop_reads_back,
    long_loop_concatenates,
    arrays_through_branches,
)
PROGRAMS: dict[str, Program] = {
    **{program.__name__: program for program in _ALL},
    "long_loop_on_old_stacks": long_loop_on_old_stacks,
    **{f"{program.__name__}_by_functions": _by_functions(program) for program in _ALL},
}
