"""Programs of `tf.GradientTape`."""

from __future__ import annotations

from types import ModuleType


def tape_of_tensors(tf: ModuleType) -> None:
    """Once, twice, with pauses, with respect to what lies between."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.name_scope("inner"):
            y = tf.reduce_sum(x * x + tf.tanh(x))
    tape.gradient(y, x)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        first = inner.gradient(y, x)
    outer.gradient(first, x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x])
        y = x * x
        with tape.stop_recording():
            z = y * 2.0
        w = z * y + x
        values = tf.nn.top_k(x, 2).values + tf.reduce_mean(x)
    tape.gradient(w, x)
    tape.gradient(w, [y, {"x": x}])
    tape.gradient([w, y], x, output_gradients=[z, y])
    tape.gradient(values, x)
    unused = tf.placeholder(tf.float32, [None])
    tape.gradient(w, [x, unused], unconnected_gradients="zero")
    tape.gradient(w, unused)
    with tf.GradientTape() as tape:
        y = x * 2.0
        tape.watch(x)
        y = y * 3.0 + x
        tape.reset()
        tape.watch(x)
        y = y * x
    tape.gradient(y, x)


def tape_of_variables(tf: ModuleType) -> None:
    """Variables are watched when they are read; rows that are looked up, too."""
    v = tf.get_variable("v", [], use_resource=True)
    w = tf.get_variable("w", [], use_resource=False)
    fixed = tf.get_variable("fixed", [], use_resource=True, trainable=False)
    with tf.GradientTape() as tape:
        y = v * w + v * fixed
    tape.gradient(y, [v])
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(fixed)
        y = v * fixed
    tape.gradient(y, fixed)
    tape.gradient(y, v)
    rows = tf.get_variable("rows", [4, 2], use_resource=True)
    with tf.GradientTape() as tape:
        y = tf.nn.embedding_lookup(rows, [1, 2]) * 2.0 + tf.gather(rows, [0, 1])
    tape.gradient(y, rows)


def tape_of_unknown_shapes(tf: ModuleType) -> None:
    """Ones and zeros take the shape of a run."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=x, logits=x)
        a, _, _ = tf.split(x, 3, axis=1)
    tape.gradient(loss, x)
    tape.gradient(a, x)


def tape_of_jacobians(tf: ModuleType) -> None:
    """One gradient for each element, in a loop."""
    x = tf.placeholder(tf.float32, [2], name="x")
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    tape.jacobian(y, x, experimental_use_pfor=False)


PROGRAMS = (
    tape_of_tensors,
    tape_of_variables,
    tape_of_unknown_shapes,
    tape_of_jacobians,
)
