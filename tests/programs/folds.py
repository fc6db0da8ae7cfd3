"""Programs that apply functions along an axis, and their gradients; `TensorArray`s."""

from __future__ import annotations

from types import ModuleType


def folds(tf: ModuleType) -> None:
    """Structures, types, initial values, both directions."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.int32, [4], name="y")
    tf.map_fn(lambda v: (v, tf.reduce_sum(v)), x, dtype=(tf.float32, tf.float32))
    tf.map_fn(lambda p: p[0] + p[1], (y, y * 2), dtype=tf.int32, parallel_iterations=2)
    tf.map_fn(lambda d: d["a"], {"a": x}, dtype=tf.float32, infer_shape=False)
    tf.foldl(lambda a, v: a + v, x, initializer=tf.zeros([2]), name="left")
    tf.foldr(lambda a, v: a * v, y)
    tf.foldr(lambda a, v: a * v, x, initializer=tf.ones([2]), back_prop=False)
    tf.scan(lambda a, v: a + v, y, reverse=True)
    tf.scan(lambda a, v: (a[0] + v, a[1] * v), x, (tf.zeros([2]), tf.ones([2])))
    w = tf.get_variable("w", [2])
    tf.map_fn(lambda v: v * w, x)


def fold_gradients(tf: ModuleType) -> None:
    """Gradients through reads, writes and the loops around them."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.get_variable("w", [2, 2])
    y = tf.map_fn(lambda v: tf.tanh(v) * v, x)
    tf.gradients(y, x)

    def cell(state: object, v: object) -> object:
        return tf.tanh(tf.squeeze(tf.matmul(tf.expand_dims(state + v, 0), w), 0))

    z = tf.scan(cell, x, tf.zeros([2]))
    tf.gradients(z, [x, w], name="gradients_of_scan")
    a = tf.TensorArray(tf.float32, size=0, dynamic_size=True, clear_after_read=False)
    a = a.write(0, x[0]).write(1, x[0] * 2.0)
    b = tf.TensorArray(tf.float32, size=2).split(x, [1, 2])
    tf.gradients([a.stack(), a.read(0), b.concat()], x)
    a.identity().gather([1]), a.size(), a.close(), b.grad("gradients").handle


PROGRAMS = (folds, fold_gradients)
