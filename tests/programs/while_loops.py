"""Programs with loops: variables, invariants, nesting, and their gradients."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def while_simple(tf: ModuleType) -> None:
    """Loops with one and several variables, constants, and values from outside."""
    x = tf.placeholder(tf.float32, [2], name="x")
    n = tf.placeholder(tf.int32, [], name="n")
    w = tf.get_variable("w", [2, 2])
    with tf.variable_scope("scope", use_resource=True):
        r = tf.get_variable("r", [2])
    tf.while_loop(lambda i: i < 10, lambda i: i + 1, [0])
    tf.while_loop(lambda i: i < n, lambda i: [i + 1], [n], return_same_structure=True)
    tf.while_loop(
        lambda i, _: i < n,
        lambda i, v: (i + 1, v * x + tf.squeeze(tf.matmul(w, tf.expand_dims(v, 1)), 1)),
        (tf.constant(0), x),
        parallel_iterations=3,
        swap_memory=True,
        name="several",
    )
    tf.while_loop(
        lambda s: tf.less(s["i"], 3),
        lambda s: [{"i": s["i"] + 1, "v": (s["v"][0] + r, s["v"][1])}],
        [{"i": 0, "v": (x, w)}],
    )
    with tf.control_dependencies([tf.identity(x, name="before")]):
        tf.while_loop(
            lambda v: tf.reduce_sum(v) < 10.0, lambda v: v + tf.ones([2]), [x]
        )


def while_options(tf: ModuleType) -> None:
    """Bounds, shapes that change, dependencies and updates inside."""
    x = tf.placeholder(tf.float32, [None], name="x")
    v = tf.get_variable("v", [])
    tf.while_loop(lambda i: i < 10, lambda i: i + 1, [0], maximum_iterations=5)
    tf.while_loop(
        lambda i, a: i < 3,
        lambda i, a: (i + 1, tf.concat([a, x], 0)),
        (tf.constant(0), tf.zeros([1])),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
        maximum_iterations=tf.size(x),
    )

    def counting(i: object) -> object:
        with tf.control_dependencies([tf.assign_add(v, 1.0)]):
            return tf.add(i, 1)

    with tf.name_scope("outer"), tf.device("/cpu:1"):
        tf.while_loop(lambda i: i < 3, counting, [tf.constant(0)], back_prop=False)
    before = tf.assign(v, 0.0)

    def after(i: object) -> object:
        with tf.control_dependencies([before]):
            return tf.constant(1) + i

    tf.while_loop(lambda i: i < 3, after, [tf.constant(0)])


def while_nested(tf: ModuleType) -> None:
    """Loops in loops, loops in branches, branches in loops."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [2], name="x")

    def double(v: object) -> object:
        _, result = tf.while_loop(
            lambda j, _: j < 2, lambda j, u: (j + 1, u * 2.0 + x), [0, v]
        )
        return result

    tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, double(v)), [0, x])
    tf.cond(p, lambda: double(x), lambda: x)
    tf.while_loop(
        lambda i, _: i < 3,
        lambda i, v: (
            i + 1,
            tf.cond(tf.reduce_sum(v) > 1.0, lambda: v - x, lambda: double(v)),
        ),
        [0, x],
    )


def while_gradients(tf: ModuleType) -> None:
    """Gradients of loops: of variables, invariants, values kept and shapes."""
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    w = tf.get_variable("w", [2, 2])
    _, a = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v * x), [0, x])
    tf.gradients(a, x)
    _, b, _ = tf.while_loop(
        lambda i, *_: i < 3,
        lambda i, v, u: (i + 1, tf.tanh(tf.matmul(v, w)) + u, u),
        [0, y, y],
    )
    tf.gradients(b, [y, w], name="matrix")
    _, c, d = tf.while_loop(
        lambda i, *_: i < 3, lambda i, v, u: (i + 1, tf.square(u), v), [0, x, x + 1.0]
    )
    tf.gradients([c, d], x, name="crossed")
    _, e, _ = tf.while_loop(
        lambda i, *_: i < 3, lambda i, v, u: (i + 1, v + u, u), [0, x, x]
    )
    tf.gradients(e, x, name="unused", colocate_gradients_with_ops=True)


def while_nested_gradients(tf: ModuleType) -> None:
    """Gradients of loops in loops and with branches."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [2], name="x")

    def power(v: object) -> object:
        _, result = tf.while_loop(
            lambda j, _: j < 2, lambda j, u: (j + 1, u * x), [0, v]
        )
        return result

    _, a = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, power(v)), [0, x])
    tf.gradients(a, x)
    b = tf.cond(p, lambda: power(x), lambda: tf.exp(x))
    tf.gradients(b, x, name="branch")
    _, c = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, v: (
            i + 1,
            tf.cond(tf.reduce_sum(v) > 1.0, lambda: v * x, lambda: tf.sin(v)),
        ),
        [0, x],
    )
    tf.gradients(c, x, name="inside")


def while_gradients_of_shapes(tf: ModuleType) -> None:
    """Gradients whose shapes are known only when the loop runs; sliced gradients."""
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    table = tf.get_variable("table", [5, 2])
    with tf.variable_scope("scope", use_resource=True):
        other = tf.get_variable("other", [5, 2])

    def inner(v: object) -> object:
        _, result, _ = tf.while_loop(
            lambda j, *_: j < 2,
            lambda j, u, t: (j + 1, u * y + t[:1], tf.concat([t, t], 0)[:2]),
            (0, v, y),
            (tf.TensorShape([]), tf.TensorShape([None, 2]), tf.TensorShape([None, 2])),
        )
        return result

    _, a = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, v: (i + 1, inner(v) + tf.gather(table, [0, 1])[:1]),
        [0, y],
    )
    tf.gradients(a, [y, table])
    _, b = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, v: (i + 1, v + tf.reduce_sum(tf.gather(other, i))),
        [0, 0.0],
        parallel_iterations=1,
    )
    tf.gradients(b, other, name="sliced")
    _, c = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, v: (
            i + 1,
            v
            + tf.cond(
                i > 1,
                lambda: tf.reduce_sum(tf.split(y, 2, 1)[0]),
                lambda: tf.reduce_sum(y * tf.reduce_mean(v)),
            ),
        ),
        [0, 0.0],
    )
    tf.gradients(c, y, name="branch")
    _, d = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, y), [0, y * 2.0])
    tf.gradients(d, y, name="independent")


def gradients_of_import(tf: ModuleType) -> None:
    """Gradients through branches and loops that were imported."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        p = tf.placeholder(tf.bool, [], name="p")
        _, y = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, v: (
                i + 1,
                tf.cond(tf.reduce_sum(v) > 1.0, lambda: v * x, lambda: tf.sin(v)),
            ),
            [0, x],
        )
        tf.identity(tf.cond(p, lambda: y * x, lambda: tf.exp(y)), name="y")
        meta_graph = tf.train.export_meta_graph()
    for scope in ("first", "second"):
        tf.train.import_meta_graph(meta_graph, import_scope=scope)
        graph = tf.get_default_graph()
        y = graph.get_tensor_by_name(f"{scope}/y:0")
        tf.gradients(y, graph.get_tensor_by_name(f"{scope}/x:0"))


def import_of_loop(tf: ModuleType) -> None:
    """Graph definitions with a loop, imported into a branch and into a loop.

    Each has a frame of its own: TensorFlow cannot run loops that share one (MG-221).
    """

    def source(name: str) -> Any:
        with tf.Graph().as_default() as other:
            a = tf.placeholder(tf.float32, [2], name="a")
            _, b = tf.while_loop(
                lambda i, _: i < 3, lambda i, v: (i + 1, v * a), [0, a], name=name
            )
            tf.identity(b, name="b")
            return other.as_graph_def()

    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [2], name="x")

    def imported(name: str, value: object) -> object:
        return tf.import_graph_def(source(name), {"a:0": value}, ["b:0"])[0]

    imported("outside", x)
    tf.cond(p, lambda: imported("branch", x), lambda: x)
    tf.while_loop(
        lambda i, _: i < 2,
        lambda i, v: (i + 1, tf.ensure_shape(imported("loop", v), [2])),
        [0, x],
    )


PROGRAMS = (
    import_of_loop,
    gradients_of_import,
    while_gradients_of_shapes,
    while_simple,
    while_options,
    while_nested,
    while_gradients,
    while_nested_gradients,
)
