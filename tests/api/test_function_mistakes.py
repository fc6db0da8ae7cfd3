"""Mistakes with functions raise the errors of TensorFlow 2.21.

Classes and texts are those that it gives for the same calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.compat.python.framework import function

Mistake = Callable[[Any, Any], object]


@pytest.fixture
def branches_as_functions() -> Iterator[None]:
    """Build control flow as functions for one test."""
    tf.enable_control_flow_v2()
    yield
    tf.disable_control_flow_v2()


def sized(x: Any) -> Any:
    """Return a function that takes another shape than `x` has."""
    return tf.function(lambda v: v, input_signature=[tf.TensorSpec([3])])(x)


MISTAKES: dict[str, tuple[Mistake, Any, str]] = {
    "defaults": (
        lambda p, x: function.Defun(tf.float32)(lambda a, b=1: a),
        ValueError,
        "Functions with argument defaults or keywords arguments are not supported",
    ),
    "count": (
        lambda p, x: function.Defun(tf.float32, tf.float32)(lambda a: a),
        ValueError,
        "The tf.function have 2 input types, while the python function allows",
    ),
    "unknown attribute": (
        lambda p, x: tf.function(lambda v: v, experimental_attributes={"foo": 1}),
        ValueError,
        "`foo is not supported by tf.function as an attribute.",
    ),
    "attribute of no type": (
        lambda p, x: tf.function(
            lambda v: v, experimental_attributes={"_noinline": {}}
        )(x),
        ValueError,
        "Attribute _noinline must be bool, int, float, string, list, or AttrValue.",
    ),
    "list of no type": (
        lambda p, x: tf.function(
            lambda v: v, experimental_attributes={"_noinline": [None]}
        )(x),
        ValueError,
        "Attributes for _noinline must be bool, int, float, or string. Got <class",
    ),
    "compiled twice": (
        lambda p, x: tf.function(
            lambda v: v, jit_compile=True, experimental_compile=True
        ),
        ValueError,
        "Cannot specify both 'experimental_compile' and 'jit_compile'",
    ),
    "none": (
        lambda p, x: function.Defun(tf.float32, func_name="N")(lambda a: (a, None))(
            1.0
        ),
        ValueError,
        "Function N can not return None",
    ),
    "no function": (
        lambda p, x: function.Defun(tf.float32)(3),
        ValueError,
        "Function 3 must be a callable",
    ),
    "equal names": (
        lambda p, x: (
            function.Defun(tf.float32, func_name="D", out_names=["a", "a"])(
                lambda a: (a, a)
            ).definition
        ),
        tf.errors.InvalidArgumentError,
        "Cannot have duplicate output names",
    ),
    "names for other outputs": (
        lambda p, x: (
            function.Defun(tf.float32, func_name="D", out_names=["a", "b"])(
                lambda a: a
            ).definition
        ),
        tf.errors.InvalidArgumentError,
        "output names size = 2 outputs size = 1",
    ),
    "python bool": (
        lambda p, x: tf.cond(True, lambda: x, lambda: x),
        TypeError,
        "pred must not be a Python bool",
    ),
    "types of branches": (
        lambda p, x: tf.cond(p, lambda: x, lambda: tf.constant(1)),
        TypeError,
        "true_fn and false_fn arguments to tf.cond must have the same number, type",
    ),
    "shape of loop": (
        lambda p, x: tf.while_loop(
            lambda i, v: i < 3, lambda i, v: (i + 1, tf.concat([v, v], 0)), [0, x]
        ),
        ValueError,
        "enters the loop with shape",
    ),
    "type of loop": (
        lambda p, x: tf.while_loop(
            lambda i, v: i < 3, lambda i, v: (i + 1, tf.constant([1, 2])), [0, x]
        ),
        TypeError,
        "type should remain constant",
    ),
    "none from loop": (
        lambda p, x: tf.while_loop(
            lambda i, v: i < 3, lambda i, v: (i + 1, None), [0, x]
        ),
        # TF: fails an assertion about the number of results.
        ValueError,
        "returned None in the place of",
    ),
    "dictionary from loop": (
        lambda p, x: tf.while_loop(
            lambda s: s["i"] < 3, lambda s: {"i": s["i"] + 1}, [{"i": 0}]
        ),
        (TypeError, ValueError),
        "don't have the same nested structure",
    ),
    "branch index": (
        lambda p, x: tf.switch_case(3, [lambda: x]),
        TypeError,
        "'branch_index' must be a Tensor",
    ),
    "branch numbers": (
        lambda p, x: tf.switch_case(tf.constant(1), {1: lambda: x}),
        ValueError,
        "branch indices .keys. must form contiguous range",
    ),
    "operation returned": (
        lambda p, x: tf.function(lambda a: tf.no_op())(x),
        TypeError,
        "Python functions must return zero or more Tensors",
    ),
    "signature": (lambda p, x: sized(x), TypeError, r"TensorSpec\(shape=\(3,\)"),
}


@pytest.mark.usefixtures("branches_as_functions")
@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    """The error says what is wrong, and the program can go on."""
    mistake, kind, message = MISTAKES[name]
    with tf.Graph().as_default():
        p = tf.placeholder(tf.bool, [])
        x = tf.constant([1.0, 2.0])
        with pytest.raises(kind, match=message):
            mistake(p, x)
        assert tf.get_default_graph().outside is None


def test_function_without_results() -> None:
    """A function that returns nothing is called for its effects."""
    with tf.Graph().as_default() as graph:
        v = tf.get_variable("v", initializer=1.0, use_resource=True)

        def add(x: Any) -> None:
            v.assign_add(x)

        assert tf.function(add)(tf.constant(2.0)) is None
        (call,) = [
            o for o in graph.get_operations() if o.type == "StatefulPartitionedCall"
        ]
        initializer = tf.global_variables_initializer()
        with tf.Session() as session:
            session.run(initializer)
            session.run(call)
            assert session.run(v.read_value()) == 3.0
