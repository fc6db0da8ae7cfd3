"""What optimizers refuse, and what they tell of themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import metagraft.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    """A graph of its own for every test."""
    with tf.Graph().as_default() as opened:
        yield opened


def test_slots_and_variables() -> None:
    """Slots are found by variable and kind; all are listed by name."""
    v = tf.get_variable("v", [2])
    optimizer = tf.train.AdamOptimizer()
    optimizer.minimize(tf.reduce_sum(v))
    assert optimizer.get_name() == "Adam"
    assert optimizer.get_slot_names() == ["m", "v"]
    assert optimizer.get_slot(v, "m").name == "v/Adam:0"
    assert optimizer.get_slot(v, "unknown") is None
    names = [variable.name for variable in optimizer.variables()]
    assert names == ["beta1_power:0", "beta2_power:0", "v/Adam:0", "v/Adam_1:0"]


def test_there_must_be_something_to_train() -> None:
    """No variables, no gradients and wrong types are told apart."""
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    with pytest.raises(ValueError, match="No variables to optimize"):
        optimizer.minimize(tf.constant(1.0))
    v = tf.Variable([1.0, 2.0], name="v")
    with pytest.raises(ValueError, match=r"No gradients provided.*'v:0'"):
        optimizer.minimize(tf.constant(1.0))
    with pytest.raises(ValueError, match=r"No gradients provided.*'v:0'"):
        optimizer.apply_gradients([(None, v)])
    with pytest.raises(ValueError, match="No variables provided"):
        optimizer.apply_gradients([])
    with pytest.raises(ValueError, match=r"Invalid type tf.int32"):
        optimizer.minimize(tf.constant(1))
    with pytest.raises(ValueError, match="gate_gradients"):
        optimizer.minimize(tf.reduce_sum(v), gate_gradients=7)
    with pytest.raises(NotImplementedError, match="update a Tensor"):
        optimizer.apply_gradients([(v.value(), tf.constant(1.0))])


def test_a_function_of_no_variables_is_no_loss() -> None:
    """Only variables that the function reads are changed."""
    tf.Variable(1.0)
    with pytest.raises(ValueError, match="No gradients provided"):
        tf.train.GradientDescentOptimizer(0.1).minimize(lambda: tf.constant(1.0))


def test_constraints_need_dense_gradients() -> None:
    """A gradient of rows cannot be constrained."""
    for use_resource in (False, True):
        v = tf.Variable(
            [[1.0], [2.0]], constraint=tf.identity, use_resource=use_resource
        )
        loss = tf.reduce_sum(tf.nn.embedding_lookup(v, [0]))
        with pytest.raises(RuntimeError, match="constraint function on a sparse"):
            tf.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[v])


def test_hyperparameters_are_checked() -> None:
    """Numbers with a wrong sign are refused."""
    train = tf.train
    with pytest.raises(ValueError, match="initial_accumulator_value must be positive"):
        train.AdagradOptimizer(0.1, initial_accumulator_value=0.0)
    with pytest.raises(ValueError, match=r"learning_rate_power 1\.0+ needs to be neg"):
        train.FtrlOptimizer(0.1, learning_rate_power=1.0)
    with pytest.raises(ValueError, match=r"l1_regularization_strength -1\.0+ needs"):
        train.FtrlOptimizer(0.1, l1_regularization_strength=-1.0)
    with pytest.raises(ValueError, match="Must specify the optimizer name"):
        train.GradientDescentOptimizer(0.1, name="")


def test_a_program_may_define_an_optimizer() -> None:
    """A subclass gets the gradient and adds its own update."""

    class SignDescent(tf.train.Optimizer):
        def __init__(self) -> None:
            super().__init__(use_locking=False, name="SignDescent")

        def _apply_dense(self, grad: tf.Tensor, var: tf.Variable) -> tf.Operation:
            return tf.assign_sub(var, tf.sign(grad)).op

    v = tf.Variable([1.0, -2.0])
    update = SignDescent().minimize(tf.reduce_sum(v * v))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(update)
        assert session.run(v).tolist() == [0.0, -1.0]


def test_the_global_step() -> None:
    """It is made once, found again, and must be an integer scalar."""
    assert tf.train.get_global_step() is None
    step = tf.train.create_global_step()
    assert tf.train.get_or_create_global_step() is step
    with pytest.raises(ValueError, match="already exists"):
        tf.train.create_global_step()
    with tf.Session() as session:
        session.run(step.initializer)
        assert tf.train.global_step(session, step) == 0
    with pytest.raises(TypeError, match="integer type"):
        tf.train.assert_global_step(tf.constant(1.0))
    with pytest.raises(TypeError, match="not scalar"):
        tf.train.assert_global_step(tf.constant([1]))
    with pytest.raises(TypeError, match="must be a Variable or Tensor"):
        tf.train.assert_global_step(1)


def test_names_of_averages() -> None:
    """Averages are found by variable; a checkpoint gives them to the variables."""
    v, w = tf.Variable(1.0, name="v"), tf.Variable(1.0, name="w", trainable=False)
    average = tf.train.ExponentialMovingAverage(0.9)
    assert average.average_name(v) == "v/ExponentialMovingAverage"
    average.apply([v])
    assert average.average(v).name == "v/ExponentialMovingAverage:0"
    assert average.average(w) is None
    assert average.variables_to_restore() == {
        "v/ExponentialMovingAverage": v,
        "w": w,
    }
    with pytest.raises(TypeError, match="half, float, or double: n"):
        average.apply([tf.Variable(1, name="n")])


def test_piecewise_values_fit_the_boundaries() -> None:
    """Lengths and types are compared."""
    piecewise = tf.train.piecewise_constant
    with pytest.raises(ValueError, match="length of boundaries"):
        piecewise(1, [1, 2], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"Boundaries.*must have the same dtype"):
        piecewise(1.0, [1, 2], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Values must have elements all with the same"):
        piecewise(1, [1, 2], [1.0, 2.0, tf.constant(1)])


def test_optimizer_without_an_update_says_what_is_missing() -> None:
    """A user's optimizer that lacks a rule is named, and so is the rule."""

    class Plain(tf.train.Optimizer):
        pass

    w = tf.get_variable("w", [2])
    optimizer = Plain(use_locking=False, name="Plain")
    with pytest.raises(NotImplementedError, match="Plain has no _apply_dense"):
        optimizer.apply_gradients([(tf.ones([2]), w)])
