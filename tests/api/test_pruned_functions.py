"""`tf.wrap_function(...).prune`, and what concrete functions tell of themselves."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf


def _wrapped() -> Any:
    outer = tf.get_variable(
        "outer", [], use_resource=True, initializer=tf.ones_initializer()
    )
    ten = tf.constant(10.0, name="ten")

    def body(x: Any, y: Any) -> Any:
        a = tf.multiply(x, 2.0, name="a")
        b = tf.add(a, y, name="b")
        tf.add(b, ten, name="d")
        return tf.multiply(b, outer, name="e")

    signature = [tf.TensorSpec([], tf.float32, name="x"), tf.TensorSpec([])]
    return tf.wrap_function(body, signature)


def test_parts() -> None:
    """Feeds become arguments, fetches results; captured tensors stay so."""
    with tf.Graph().as_default(), tf.Session() as session:
        wrapped = _wrapped()
        later = wrapped.prune(["a:0", wrapped.inputs[1]], {"o": "d:0", "q": ["b:0"]})
        half = wrapped.prune("x:0", ["a:0"], name="half")
        same = wrapped.prune(wrapped.inputs[:2], "e:0")
        numbers = [tf.constant(float(n)) for n in range(6)]
        session.run(tf.global_variables_initializer())
        assert session.run(wrapped(numbers[3], numbers[4])) == 10.0
        found = session.run(later(numbers[1], numbers[2]))
        assert found == {"o": 13.0, "q": [3.0]}
        assert session.run(half(numbers[5])) == [10.0]
        assert session.run(same(numbers[1], numbers[1])) == 3.0
        assert [tensor.name for tensor in later.inputs][:2] == ["a:0", "Placeholder:0"]
        assert half.output_shapes == [tf.TensorShape([])]
        assert half.output_dtypes == [tf.float32]


def test_mistakes() -> None:
    """Feeds are tensors of the graph."""
    with tf.Graph().as_default():
        wrapped = _wrapped()
        with pytest.raises(ValueError, match="must be tensors"):
            wrapped.prune("a", "b:0")
        with pytest.raises(ValueError, match="is not an element of"):
            wrapped.prune([], [tf.constant(1.0)])


def test_variables_and_names() -> None:
    """A trace knows its variables, and takes arguments by their names."""
    with tf.Graph().as_default(), tf.Session() as session:
        kept = tf.get_variable("kept", initializer=2.0, use_resource=True)
        fixed = tf.get_variable(
            "fixed", initializer=3.0, use_resource=True, trainable=False
        )
        spec = tf.TensorSpec([])
        function = tf.function(lambda k, m: (k - m) * kept * fixed)
        concrete = function.get_concrete_function(spec, spec)
        assert concrete.variables == (kept, fixed)
        assert concrete.trainable_variables == (kept,)
        assert concrete.output_shapes == tf.TensorShape([])
        session.run(tf.global_variables_initializer())
        five, one = tf.constant(5.0), tf.constant(1.0)
        assert session.run(concrete(m=one, k=five)) == 24.0
        assert session.run(concrete(five, m=one)) == 24.0
