"""One of several variables, by an index that is known only in the run."""

from __future__ import annotations

import numpy as np
import pytest

import metagraft.compat.v1 as tf


def test_the_value_of_the_variable_is_read() -> None:
    """TensorFlow gave these values; an index too large is refused."""
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [
            tf.get_variable(
                f"v{i}",
                initializer=np.array([i, i + 1], np.float32),
                use_resource=False,
            )
            for i in range(3)
        ]
        index = tf.placeholder(tf.int32, [])
        refs = [variable._ref() for variable in variables]
        chosen = tf.raw_ops.RefSelect(index=index, inputs=refs)
        doubled = tf.identity(chosen) * 2
        session.run(tf.global_variables_initializer())
        for place, expected in ((0, [0, 2]), (2, [4, 6]), (1, [2, 4])):
            assert session.run(doubled, {index: place}).tolist() == expected
        for place in (3, -1):
            with pytest.raises(
                tf.errors.InvalidArgumentError, match=r"in the range \[0, 3\) but got"
            ):
                session.run(doubled, {index: place})


def test_the_choice_is_placed_with_the_first() -> None:
    """Of a list of references TensorFlow names the first in `_class`."""
    with tf.Graph().as_default():
        refs = [tf.raw_ops.VariableV2(shape=[], dtype=tf.float32) for _ in range(2)]
        chosen = tf.raw_ops.RefSelect(index=1, inputs=refs)
    assert chosen.op.get_attr("_class") == [b"loc:@VariableV2"]
