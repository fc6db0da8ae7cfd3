"""What `get_variable` and `variable_scope` refuse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import metagraft.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    """A graph of its own for every test."""
    with tf.Graph().as_default() as opened:
        yield opened


def test_a_name_is_taken_once() -> None:
    """The message says how to share, and where the first was made."""
    tf.get_variable("v", [1])
    with pytest.raises(ValueError, match=r"(?s)Variable v already exists.*test_variab"):
        tf.get_variable("v", [1])


def test_reuse_demands_a_variable() -> None:
    """With reuse, what is not there is not made."""
    with (
        tf.variable_scope("s", reuse=True),
        pytest.raises(ValueError, match=r"Variable s/v does not exist"),
    ):
        tf.get_variable("v", [1])


def test_shared_variables_are_what_was_asked_for() -> None:
    """Shape and type are compared."""
    tf.get_variable("v", [2])
    with tf.variable_scope("", reuse=True):
        with pytest.raises(ValueError, match=r"specified shape \(3,\) and found"):
            tf.get_variable("v", [3])
        with pytest.raises(ValueError, match=r"specified dtype int32 and found dtype"):
            tf.get_variable("v", [2], dtype=tf.int32)


def test_initializers_are_checked() -> None:
    """A value has its shape and type; a function needs a shape."""
    with pytest.raises(ValueError, match="do not specify shape"):
        tf.get_variable("a", [2], initializer=np.zeros(2, np.float32))
    with pytest.raises(ValueError, match=r"don't match"):
        tf.get_variable("b", dtype=tf.int32, initializer=[1.0])
    with pytest.raises(ValueError, match="`shape` argument must be specified"):
        tf.get_variable("c")
    with pytest.raises(ValueError, match="initializer passed is not valid"):
        tf.get_variable("d", [None], initializer=tf.zeros_initializer())
    with pytest.raises(ValueError, match="initializer for variable e"):
        tf.get_variable("e", [1], dtype=tf.complex64)


def test_scopes_are_checked() -> None:
    """Names and reuse."""
    with pytest.raises(TypeError, match="name_or_scope is required"):
        tf.variable_scope(None)
    with pytest.raises(ValueError, match="reuse parameter"):
        tf.variable_scope("s", reuse="yes")
    with pytest.raises(ValueError, match="without a name_or_scope"):
        tf.variable_scope(None, "s", reuse=True).__enter__()


def test_partitioners_are_checked() -> None:
    """A partitioner cuts one axis of a known shape."""
    get = tf.get_variable
    with pytest.raises(ValueError, match="does not match the Variable's rank"):
        get("a", [4, 4], partitioner=lambda **_: [2])
    with pytest.raises(ValueError, match="along one dimension"):
        get("b", [4, 4], partitioner=lambda **_: [2, 2])
    with pytest.raises(ValueError, match="zero partitions"):
        get("c", [4, 4], partitioner=lambda **_: [0, 1])
    with pytest.raises(ValueError, match=r"Expected 0 <= offset < shape .*shape=3"):
        tf.create_partitioned_variables([3, 4], [5, 1], tf.zeros_initializer())
    get("d", [4], partitioner=tf.fixed_size_partitioner(2))
    with pytest.raises(ValueError, match="d/part_0"):
        get("d", [4])
    with tf.variable_scope("", reuse=True):
        assert len(get("d", [4], partitioner=tf.fixed_size_partitioner(2))) == 2
        with pytest.raises(ValueError, match=r"partitions \[4\] and found"):
            get("d", [4], partitioner=tf.fixed_size_partitioner(4))


def test_templates_make_variables_once() -> None:
    """A trainable variable in a later call is an error; the lists know the rest."""

    def weigh() -> tf.Tensor:
        tf.get_local_variable("count", [], initializer=tf.zeros_initializer())
        return tf.get_variable("w", [], initializer=tf.ones_initializer()) + 1.0

    template = tf.make_template("t", weigh)
    assert template.variables == []
    template()
    template()
    assert [v.name for v in template.trainable_variables] == ["t/w:0"]
    assert [v.name for v in template.local_variables] == ["t/count:0"]
    wrong = tf.make_template("wrong", lambda: tf.Variable(1.0))
    wrong()
    with pytest.raises(
        ValueError, match=r"tf\.Variable when you meant tf\.get_variable"
    ):
        wrong()
