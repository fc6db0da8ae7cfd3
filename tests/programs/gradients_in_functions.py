"""Programs with gradients across functions, of kinds that meet in training."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

Fetches = Sequence[Any]


def gradients_of_outer_tensors(tf: ModuleType) -> Fetches:
    """A function differentiates with respect to what it uses from outside."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    w = tf.constant([0.5, 2.0], name="w")

    def plain(x: Any) -> Any:
        return tf.gradients(tf.sin(x * v) * w, [x, v, w])

    def looped(x: Any) -> Any:
        _, y = tf.while_loop(
            lambda i, t: i < 3,
            lambda i, t: (i + 1, tf.sin(t) * v + w),
            [tf.constant(0), x],
        )
        return tf.gradients(y, [x, v, w])

    x = tf.constant([0.5, 2.0], name="x")
    return [*tf.function(plain)(x), *tf.function(looped)(x)]


def gradients_of_recurrent_networks(tf: ModuleType) -> Fetches:
    """`dynamic_rnn` as a loop that is a function."""
    x = tf.placeholder_with_default(
        [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]], [None, 3, 2], name="x"
    )
    with tf.variable_scope("net", initializer=tf.constant_initializer(0.3)):
        cell = tf.nn.rnn_cell.BasicLSTMCell(2)
        outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, sequence_length=[2])
    return [outputs, *tf.gradients(outputs, [x, *tf.trainable_variables()])]


def custom_gradients_in_loops(tf: ModuleType) -> Fetches:
    """Gradients that the program gives, and none."""
    x = tf.constant([0.5, 2.0], name="x")

    def with_gradient(t: Any) -> Any:
        y = tf.exp(t)
        return y, lambda dy: dy * tf.minimum(y, 2.0)

    clipped = tf.custom_gradient(with_gradient)
    _, y = tf.while_loop(
        lambda i, t: i < 3,
        lambda i, t: (i + 1, clipped(t) * 0.1 + tf.stop_gradient(t)),
        [tf.constant(0), x],
    )
    return list(tf.gradients(y, x))


def gradients_of_many_types(tf: ModuleType) -> Fetches:
    """Loops that carry values of several types, some of them without gradients."""
    x = tf.constant([0.5, 2.0], dtype=tf.float64, name="x")
    c = tf.constant([0.5 + 1j, 2.0], dtype=tf.complex64, name="c")

    def step(i: Any, t: Any, u: Any, flags: Any, text: Any) -> Any:
        grown = tf.where(flags, tf.sin(t), t * t)
        return i + 1, grown, u * u, tf.logical_not(flags), tf.strings.join([text, "a"])

    flags, text = tf.constant([True, False]), tf.constant("s")
    start = [tf.constant(0, tf.int64), x, c, flags, text]
    shapes = [tf.TensorShape(s) for s in ([], [2], [2], [2], [])]
    _, t, u, _, joined = tf.while_loop(
        lambda i, *_: i < 3, step, start, shape_invariants=shapes
    )
    return [*tf.gradients(t, x), *tf.gradients(tf.real(u), c), joined]


def gradients_on_devices(tf: ModuleType) -> Fetches:
    """Devices around loops and branches are those of what is inside."""
    x = tf.constant([0.5, 2.0], name="x")
    with tf.device("/cpu:0"):
        _, y = tf.while_loop(
            lambda i, t: i < 3, lambda i, t: (i + 1, tf.sin(t)), [tf.constant(0), x]
        )
        z = tf.cond(tf.constant(True), lambda: tf.exp(x), lambda: x)
    with tf.device("/device:CPU:0"):
        found = tf.gradients(y, x)
    return [
        *found,
        *tf.gradients(z, x),
        *tf.gradients(y, x, colocate_gradients_with_ops=True),
    ]


def gradients_of_nested_maps(tf: ModuleType) -> Fetches:
    """Maps in maps, and arrays of what loops over arrays give."""
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]], name="x")
    w = tf.constant(0.5, name="w")
    y = tf.map_fn(lambda row: tf.map_fn(lambda e: tf.sin(e * w), row), x)

    def outer(i: Any, rows: Any) -> Any:
        row = tf.TensorArray(tf.float32, size=2, element_shape=[])
        _, row = tf.while_loop(
            lambda j, b: j < 2,
            lambda j, b: (j + 1, b.write(j, tf.sin(x[i, j]))),
            [tf.constant(0), row],
        )
        return i + 1, rows.write(i, row.stack())

    rows = tf.TensorArray(tf.float32, size=2)
    _, rows = tf.while_loop(lambda i, _: i < 2, outer, [tf.constant(0), rows])
    return [*tf.gradients(y, [x, w]), *tf.gradients(rows.stack(), x)]


def gradients_of_pieces(tf: ModuleType) -> Fetches:
    """Arrays of pieces of different lengths."""
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="x")
    parts = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x, [1, 2])
    made = tf.TensorArray(tf.float32, size=2, infer_shape=False)
    _, made = tf.while_loop(
        lambda i, a: i < 2,
        lambda i, a: (i + 1, a.write(i, tf.sin(parts.read(i)))),
        [tf.constant(0), made],
    )
    y = made.concat()
    return [y, *tf.gradients(y, x)]


def gradients_past_updates(tf: ModuleType) -> Fetches:
    """A loop that changes a variable, differentiated with respect to its argument."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    x = tf.constant([0.5, 2.0], name="x")

    def looped(x: Any) -> Any:
        def step(i: Any, t: Any) -> Any:
            v.assign_add([1.0, 1.0])
            return i + 1, t * v

        return tf.while_loop(lambda i, t: i < 3, step, [tf.constant(0), x])[1]

    y = tf.function(looped)(x)
    return [y, *tf.gradients(y, x)]


def second_gradients(tf: ModuleType) -> Fetches:
    """Gradients of gradients of branches, of branches in loops, of nested loops."""
    x = tf.constant([0.5, 2.0], name="x")

    def branched(i: Any, t: Any) -> Any:
        return i + 1, tf.cond(i < 1, lambda: tf.sin(t) * t, lambda: tf.exp(t))

    def nested(i: Any, t: Any) -> Any:
        return i + 1, tf.while_loop(
            lambda j, u: j < 2,
            lambda j, u: (j + 1, tf.sin(u) * t),
            [tf.constant(0), t],
        )[1]

    ys = [
        tf.cond(tf.constant(True), lambda: tf.sin(x) * x, lambda: tf.exp(x)),
        tf.while_loop(lambda i, t: i < 2, branched, [tf.constant(0), x])[1],
        tf.while_loop(lambda i, t: i < 2, nested, [tf.constant(0), x])[1],
    ]
    first = [tf.gradients(y, x)[0] for y in ys]
    return [*first, *(tf.gradients(grad, x)[0] for grad in first)]


def second_gradients_of_choices(tf: ModuleType) -> Fetches:
    """Gradients of gradients of branches that also keep truths for them."""
    x = tf.constant([0.5, 2.0, -1.0], name="x")

    def larger() -> Any:
        return tf.where(x > 0.0, x * x, tf.sin(x))

    def turned() -> Any:
        return tf.tanh(x) - tf.gather(x, [2, 0, 1]) * x

    def nested() -> Any:
        return tf.cond(x[1] > 1.0, larger, turned)

    ys = [
        tf.cond(x[0] > 1.0, larger, turned),
        tf.cond(x[0] < 1.0, nested, lambda: x * x),
        tf.switch_case(tf.cast(x[1], tf.int32), [turned, nested, larger]),
    ]
    first = [tf.gradients(y, x)[0] for y in ys]
    return [*first, *(tf.gradients(grad, x)[0] for grad in first)]


def training_of_functions(tf: ModuleType) -> Fetches:
    """An optimizer's step on the loss of a function with a loop."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    x = tf.constant([0.5, 2.0], name="x")

    def loss(x: Any) -> Any:
        _, y = tf.while_loop(
            lambda i, t: i < 3,
            lambda i, t: (i + 1, tf.tanh(t) * v),
            [tf.constant(0), x],
        )
        return tf.reduce_sum(y)

    train = tf.train.AdamOptimizer(0.1).minimize(tf.function(loss)(x))
    with tf.control_dependencies([train]):
        return [tf.identity(v.read_value())]


def slices_through_loops(tf: ModuleType) -> Fetches:
    """A loop that carries slices."""
    slices = tf.IndexedSlices(
        tf.constant([[1.0, 2.0]]), tf.constant([1]), tf.constant([3, 2])
    )

    def step(i: Any, s: Any) -> Any:
        return i + 1, tf.IndexedSlices(s.values * 2.0, s.indices, s.dense_shape)

    _, found = tf.while_loop(lambda i, _: i < 3, step, [tf.constant(0), slices])
    return [found.values, found.indices, found.dense_shape]


def calls_and_cases_in_loops(tf: ModuleType) -> Fetches:
    """Bodies that call functions and choose by a number."""
    x = tf.constant([0.5, 2.0], name="x")
    w = tf.constant(1.5, name="w")

    def layer(t: Any) -> Any:
        return tf.sin(t) * w

    traced = tf.function(layer)
    _, y = tf.while_loop(
        lambda i, t: i < 3,
        lambda i, t: (i + 1, traced(t) + traced(t * 2.0)),
        [tf.constant(0), x],
    )

    def choose(i: Any, t: Any) -> Any:
        branches = [lambda: tf.sin(t), lambda: t * t, lambda: tf.exp(t)]
        return i + 1, tf.switch_case(i, branches)

    _, z = tf.while_loop(lambda i, t: i < 3, choose, [tf.constant(0), x])
    return [y, *tf.gradients(y, [x, w]), z, *tf.gradients(z, x)]


def options_of_gradients(tf: ModuleType) -> Fetches:
    """What `tf.gradients` can be told, and outputs that nothing depends on."""
    x = tf.constant([0.5, 2.0], name="x")
    w = tf.constant([1.5, 1.0], name="w")
    z = tf.constant([1.5, 1.0], name="z")
    _, y, u, a = tf.while_loop(
        lambda i, t, u, a: i < 3,
        lambda i, t, u, a: (i + 1, tf.sin(t) * w + u, u * 2.0, a * a),
        [tf.constant(0), x, w, x],
        parallel_iterations=3,
    )
    tree = tf.AggregationMethod.EXPERIMENTAL_TREE
    return [
        *tf.gradients([y, u], [x, w], gate_gradients=True),
        *tf.gradients(y, [x, z], unconnected_gradients="zero", stop_gradients=[w]),
        *tf.gradients(y, [x, w], aggregation_method=tree),
        *tf.gradients(a, [x]),
        *tf.hessians(tf.reduce_sum(a), x),
    ]


def gradients_of_both_directions(tf: ModuleType) -> Fetches:
    """Two recurrent networks, one of them from the end to the start."""
    inputs = tf.constant([[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]]], name="inputs")
    cells = tf.nn.rnn_cell
    with tf.variable_scope("net", initializer=tf.constant_initializer(0.3)):
        outputs, _ = tf.nn.bidirectional_dynamic_rnn(
            cells.GRUCell(2),
            cells.BasicRNNCell(2),
            inputs,
            dtype=tf.float32,
            time_major=True,
        )
    total = outputs[0] + outputs[1]
    return [*outputs, *tf.gradients(total, [inputs, *tf.trainable_variables()])]


PROGRAMS = (
    gradients_of_outer_tensors,
    gradients_of_recurrent_networks,
    custom_gradients_in_loops,
    gradients_of_many_types,
    gradients_on_devices,
    gradients_of_nested_maps,
    gradients_of_pieces,
    gradients_past_updates,
    second_gradients,
    second_gradients_of_choices,
    training_of_functions,
    slices_through_loops,
    calls_and_cases_in_loops,
    options_of_gradients,
    gradients_of_both_directions,
)
