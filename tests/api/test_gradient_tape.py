"""`tf.GradientTape`: values of gradients, and mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf


def test_gradients_of_gradients() -> None:
    """A tape inside of a tape gives the second derivative, 6x of x cubed."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([1.0, -2.0])
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            first = inner.gradient(y, x)
        second = outer.gradient(first, x)
        assert session.run(first).tolist() == [3.0, 12.0]
        assert session.run(second).tolist() == [6.0, -12.0]


def test_training_by_a_tape() -> None:
    """Gradients of variables go to an optimizer."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=4.0, use_resource=True)
        with tf.GradientTape() as tape:
            loss = v * v
        grads = tape.gradient(loss, [v])
        assert tape.watched_variables() == (v,)
        step = tf.train.GradientDescentOptimizer(0.25).apply_gradients([(grads[0], v)])
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run(v) == 2.0


def _squared_until(x: Any, bound: float) -> Any:
    return tf.while_loop(lambda i: i < bound, lambda i: i * i, [x])


@pytest.mark.parametrize("is_inside", [False, True])
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x, v: x * x * v, [12.0, 9.0]),
        (lambda x, v: tf.cond(x > 1.0, lambda: x * x, lambda: v * v), [6.0, 0.0]),
        (lambda x, v: _squared_until(x * v, 100.0), [1728.0, 2592.0]),
    ],
)
def test_functions(function: Any, expected: list[Any], *, is_inside: bool) -> None:
    """A tape goes through calls of functions, and the branches and loops in them."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=2.0, use_resource=True)

        def taped(called: Any, x: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = called(x)
            return tape.gradient(y, [x, v])

        x = tf.constant(3.0)
        called = tf.function(lambda x: function(x, v))
        found = (
            tf.function(lambda x: taped(called, x))(x)
            if is_inside
            else taped(called, x)
        )
        session.run(v.initializer)
        assert session.run(found) == expected


def test_variables_as_targets() -> None:
    """A variable is a target itself: its gradient is one everywhere."""
    with tf.Graph().as_default(), tf.Session() as session:
        v, w = (tf.Variable([2.0, 3.0], use_resource=True) for _ in range(2))
        with tf.GradientTape() as tape:
            y = v * v
        grads = tape.gradient([y, w], [v, w])
        assert [grad.name for grad in grads] == ["AddN:0", "ones_1:0"]
        session.run(tf.global_variables_initializer())
        assert session.run(grads[0]).tolist() == [4.0, 6.0]
        assert session.run(grads[1]).tolist() == [1.0, 1.0]


def test_jacobians() -> None:
    """Every element of a target by every element of a source, or example by example."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        whole = session.run(tape.jacobian(y, x))
        by_example = session.run(tape.batch_jacobian(y, x))
        given = session.run(x)
        for i, j in np.ndindex(2, 2):
            expected = np.zeros([2, 2])
            expected[i, j] = 2 * given[i, j]
            assert (whole[i, j] == expected).all()
            assert (by_example[i, j] == expected[i]).all()
        other = tf.constant([[1.0], [2.0]])
        assert tape.jacobian(y, {"other": other}) == {"other": None}
        assert not session.run(tape.batch_jacobian(y, other)).any()


def test_ragged_tensors() -> None:
    """The gradient of a ragged tensor is ragged."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.ragged.constant([[1.0, 2.0], [3.0]])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        assert session.run(tape.gradient(y, x)).to_list() == [[2.0, 4.0], [6.0]]


def test_mistakes() -> None:
    """TensorFlow's errors, and a clear one for variables behind references."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 2])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            with pytest.raises(ValueError, match="Tape is still recording"):
                tape.__enter__()
        with pytest.raises(TypeError, match="received None"):
            tape.gradient(None, x)
        with pytest.raises(ValueError, match="Unknown value for unconnected_gradients"):
            tape.gradient(y, x, unconnected_gradients="ones")
        with pytest.raises(ValueError, match="2 output_gradients for 1 targets"):
            tape.gradient(y, x, output_gradients=[y, y])
        with pytest.raises(ValueError, match="not supported as a gradient"):
            tape.gradient(y, "x")
        tape.gradient(y, x)
        with pytest.raises(RuntimeError, match="can only be used to compute one set"):
            tape.gradient(y, x)
        with pytest.raises(ValueError, match="Passed in object x of type 'str'"):
            tape.watch("x")
        with pytest.raises(ValueError, match="Tape is not recording"):
            tf.GradientTape().watch(x)
        with pytest.raises(RuntimeError, match="stop recording a tape which is not"):
            tf.GradientTape().stop_recording().__enter__()
        reference = tf.get_variable("w", [], use_resource=False)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.cond(tf.reduce_sum(x) > 0, lambda: x * x, lambda: x)
        with pytest.raises(NotImplementedError, match="graph control flow operations"):
            tape.gradient(y, x)
        with pytest.raises(ValueError, match="made with use_resource=True"):
            tape.gradient(y, reference)
        with pytest.raises(ValueError, match="Need first dimension of target shape"):
            tape.batch_jacobian(x, tf.placeholder(tf.float32, [3, 2]))


def test_methods_with_gradients_of_their_own() -> None:
    """`tf.custom_gradient` decorates methods, too; objects are no operands."""

    class Scaled:
        factor = 10.0

        @tf.custom_gradient
        def product(self, a: Any, b: Any) -> Any:
            return a * b, lambda grad: (grad * self.factor, grad * -self.factor)

    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.constant(2.0), tf.constant(3.0)
        y = Scaled().product(a, b)
        assert Scaled.product.__name__ == "product"
        assert session.run([y, *tf.gradients(y, [a, b])]) == [6.0, 10.0, -10.0]
