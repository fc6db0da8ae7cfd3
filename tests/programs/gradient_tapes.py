"""Programs of `tf.GradientTape`."""

from __future__ import annotations

from itertools import permutations
from types import ModuleType
from typing import Any


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


def _taped(tf: ModuleType, before: int, unused: int) -> None:
    x = tf.placeholder(tf.float32, [3])
    for order in permutations(range(4)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = x
            for _ in range(before):
                z = -z
            for _ in range(unused):
                tf.abs(z)
            results = [tf.sin(z), tf.exp(z), tf.square(tf.tanh(z))]
            results.append(tf.cast(tf.cos(results[0]), tf.half))
        tape.gradient([results[place] for place in order], [x])


def tape_of_many_results(tf: ModuleType) -> None:
    """Results in every order, of few operations and of more."""
    for before, unused in ((0, 0), (14, 0), (0, 40), (3, 9)):
        _taped(tf, before, unused)


def _normalized(tf: ModuleType, dtype: Any, data_format: str, shape: Any) -> None:
    x = tf.placeholder(dtype, shape)
    scale, offset = (tf.placeholder(tf.float32, [3]) for _ in range(2))
    y, *_ = tf.nn.fused_batch_norm(x, scale, offset, data_format=data_format)
    first = tf.gradients(y, [x, scale, offset])
    tf.gradients(first, [x, scale, offset])


def normalization_twice(tf: ModuleType) -> None:
    """Second gradients, which a tape makes, of narrow types."""
    for dtype in (tf.half, tf.bfloat16):
        _normalized(tf, dtype, "NHWC", [2, 4, 5, 3])
        _normalized(tf, dtype, "NHWC", None)
        _normalized(tf, dtype, "NCHW", [2, 3, 4, 5])


def tape_of_operators(tf: ModuleType) -> None:
    """The gradient of an operator of which one part has none."""
    with tf.GradientTape() as tape:
        first = tf.linalg.LinearOperatorFullMatrix(tf.placeholder(tf.float32, [2, 2]))
        second = tf.linalg.LinearOperatorDiag(tf.placeholder(tf.float32, [3]))
        both = tf.linalg.LinearOperatorBlockDiag([first, second])
        x = tf.placeholder(tf.float32, [2, 1])
        tape.watch([first, second, x])
        y = first.matmul(x)
    known, missing, joined = tape.gradient(y, [first, second, both])
    assert missing is None
    tf.stack([known.to_dense(), joined.operators[0].to_dense()])
    joined.operators[1].to_dense()


PROGRAMS = (
    tape_of_tensors,
    tape_of_variables,
    tape_of_unknown_shapes,
    tape_of_jacobians,
    tape_of_many_results,
    normalization_twice,
    tape_of_operators,
)
