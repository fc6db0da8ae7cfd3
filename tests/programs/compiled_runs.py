"""Programs whose operations are marked to be compiled together, and mistakes.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _run(tf: ModuleType, outputs: Any) -> list[Any]:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return list(session.run(outputs))


def _compiled(tf: ModuleType, function: Callable[..., Any], *inputs: Any) -> Any:
    return tf.xla.experimental.compile(function, list(inputs))


def compiled_training(tf: ModuleType) -> list[Any]:
    """A step of training, with a variable, a summary and checks of weights."""

    def step(a: Any, pair: list[Any]) -> Any:
        v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
        tf.summary.scalar("s", tf.reduce_sum(a))
        tf.summary.merge([tf.summary.histogram("h", a)])
        loss = tf.reduce_sum((a + pair[0] * pair[1]) * v)
        update = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        error = tf.losses.mean_squared_error(a, pair[0])
        weights = tf.placeholder_with_default([1.0, 2.0], None)
        pairs = tf.losses.mean_pairwise_squared_error([a], [pair[0]], weights)
        return loss, error, pairs, update

    x = tf.placeholder_with_default(np.array([1, 2], np.float32), [2])
    return _run(tf, _compiled(tf, step, x, [x + 1.0, 3.0])[:2])


def compiled_structures(tf: ModuleType) -> list[Any]:
    """A structure of results, a loop, a branch, and operations to wait for outside."""
    outside, value = tf.no_op("outside"), tf.constant(4.0, name="value")

    def computed() -> Any:
        with tf.control_dependencies([outside, value]):
            one = tf.constant(1.0)
        loop = tf.while_loop(
            lambda i: i < 4, lambda i: i + 1, [0], maximum_iterations=5
        )
        branch = tf.cond(one > 0.0, lambda: one * 2, lambda: value)
        return {"a": one, "b": [loop, branch]}

    found = tf.xla.experimental.compile(computed)
    return _run(tf, [found["a"], *found["b"]])


def compiled_loop_gradients(tf: ModuleType) -> list[Any]:
    """The gradient of a loop, whose values are kept in stacks with bounds."""

    def computed(x: Any) -> Any:
        total = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, a: [
                i + 1,
                tf.while_loop(
                    lambda j, _: j < 2,
                    lambda j, b: [j + 1, b * x * tf.cast(tf.size(b), tf.float32)],
                    [0, a],
                    maximum_iterations=2,
                )[1],
            ],
            [0, x],
            maximum_iterations=4,
        )[1]
        return [total, tf.gradients(total, x)[0]]

    return _run(tf, _compiled(tf, computed, tf.constant(2.0)))


def compiled_few_results(tf: ModuleType) -> list[Any]:
    """No result, one number, operations only, and a variable by value."""
    compiled = tf.xla.experimental.compile
    nothing = compiled(lambda: None)
    number = compiled(lambda: 3.0)
    done = compiled(tf.no_op)
    read = compiled(lambda: tf.Variable(1.0, use_resource=False) + 1.0)
    with tf.control_dependencies([nothing, done]):
        return _run(tf, [tf.identity(number[0]), read[0]])


def compiled_in_a_branch(tf: ModuleType) -> list[Any]:
    """What is compiled in a branch waits for the branch."""
    chosen = tf.placeholder_with_default(True, [])

    def taken() -> Any:
        return _compiled(tf, lambda x: tf.constant(2.0) * x, tf.constant(3.0))[0]

    return _run(tf, [tf.cond(chosen, taken, lambda: 3.0)])


def no_sequence(tf: ModuleType) -> Any:
    """Inputs that are no sequence."""
    return tf.xla.experimental.compile(lambda: 3.0, 5)


def nested(tf: ModuleType) -> Any:
    """One context in another."""
    return _compiled(tf, lambda: _compiled(tf, lambda: tf.constant(3.0)))


def operations_first(tf: ModuleType) -> Any:
    """An operation before a tensor."""
    return _compiled(tf, lambda: [tf.no_op(), 3.0])


def operation_in_structure(tf: ModuleType) -> Any:
    """An operation in a structure."""
    return _compiled(tf, lambda: {"a": tf.no_op(name="lost")})


def reference(tf: ModuleType) -> Any:
    """A variable by reference."""

    def computed() -> Any:
        return tf.assign_add(tf.get_variable("v", [], use_resource=False), 1.0)

    return _compiled(tf, computed)


def gradient_from_outside(tf: ModuleType) -> Any:
    """A gradient through what is compiled."""
    x = tf.placeholder(tf.float32, [2])
    return tf.gradients(_compiled(tf, lambda a: a * 2.0, x), x)


def loop_without_bound(tf: ModuleType) -> Any:
    """The gradient of a loop that may run for ever."""

    def computed(x: Any) -> Any:
        loop = tf.while_loop(lambda a: a < 9.0, lambda a: a * x, [x])
        return tf.gradients(loop, x)[0]

    return _compiled(tf, computed, tf.constant(2.0))


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run
    for run in (
        compiled_training,
        compiled_structures,
        compiled_loop_gradients,
        compiled_few_results,
        compiled_in_a_branch,
    )
}
MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    mistake.__name__: mistake
    for mistake in (
        no_sequence,
        nested,
        operations_first,
        operation_in_structure,
        reference,
        gradient_from_outside,
        loop_without_bound,
    )
}


PROGRAMS = tuple(RUNS.values())
