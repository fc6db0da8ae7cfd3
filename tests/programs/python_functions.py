"""Programs that call Python functions."""

from __future__ import annotations

from types import ModuleType


def python_functions(tf: ModuleType) -> None:
    """Functions of arrays and of tensors, with and without state."""
    x = tf.placeholder(tf.float32, [2], name="x")
    tf.py_func(lambda a: a + 1, [x], tf.float32)
    tf.py_func(lambda a, _: [a, a], [x, 1.0], [tf.float32, tf.float64], stateful=False)
    tf.numpy_function(lambda: None, [], [], name="nothing")
    tf.numpy_function(lambda a: a, inp=[tf.Variable(1.0)], Tout=tf.float32, name="same")
    y = tf.py_function(lambda a: a * a, [x], tf.float32, name="square")
    tf.gradients(tf.reduce_sum(tf.identity(y)), x)


PROGRAMS = (python_functions,)
