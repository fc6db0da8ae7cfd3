"""Programs with branches: what they take in, return, contain, and their gradients."""

from __future__ import annotations

from types import ModuleType


def cond_captures(tf: ModuleType) -> None:
    """Branches that use tensors, constants and variables from outside."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", [3, 2])
    with tf.variable_scope("scope", use_resource=True):
        r = tf.get_variable("r", [3, 2])
    tf.cond(p, lambda: tf.matmul(x, w), lambda: tf.matmul(x, r))
    tf.cond(p, lambda: w, lambda: r + 1.0, name="weights")
    tf.cond(p, lambda: tf.constant(1.0), lambda: tf.zeros([]))
    tf.cond(p, lambda: 1.0, lambda: 2.0)
    with tf.control_dependencies([tf.identity(x, name="before")]):
        tf.cond(p, lambda: x + x, lambda: tf.ones([2, 3]))
    with tf.device("/cpu:1"):
        tf.cond(x[0, 0] > 0, lambda: x * 2.0, lambda: tf.concat([x, x], 0))
    with tf.name_scope("outer"), tf.colocate_with(w):
        tf.cond(p, lambda: tf.reduce_sum(x), lambda: tf.reduce_mean(x))


def cond_results(tf: ModuleType) -> None:
    """Results that are operations, structures, sparse, or from outside."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [2], name="x")
    v = tf.get_variable("v", [2])
    s = tf.sparse_placeholder(tf.float32, [4, 5], name="s")
    tf.cond(p, lambda: tf.assign(v, x), lambda: tf.assign_add(v, x))
    tf.cond(p, lambda: tf.assign(v, x).op, tf.no_op)
    tf.cond(p, lambda: tf.group(tf.assign(v, x)), tf.no_op, name="update")
    tf.cond(p, lambda: {"b": x, "a": (x, v)}, lambda: {"b": v, "a": (v, x + 1.0)})
    tf.cond(p, lambda: [x * 2.0], lambda: [x], strict=True)
    tf.cond(
        p,
        lambda: tf.SparseTensor(s.indices, s.values * 2.0, s.dense_shape),
        lambda: s,
    )
    tf.cond(
        p,
        lambda: tf.IndexedSlices(x, tf.constant([0, 1])),
        lambda: tf.IndexedSlices(x * 2.0, tf.constant([2, 3])),
    )
    tf.cond(p, lambda: p, lambda: tf.logical_not(p))


def cond_nested(tf: ModuleType) -> None:
    """Branches in branches, with dependencies and collections."""
    p = tf.placeholder(tf.bool, [], name="p")
    q = tf.placeholder(tf.bool, [], name="q")
    x = tf.placeholder(tf.float32, [2], name="x")
    v = tf.get_variable("v", [2])

    def inner() -> object:
        with tf.control_dependencies([tf.assign_add(v, x)]):
            a = tf.cond(q, lambda: x + 1.0, lambda: x * v)
        b = tf.cond(tf.reduce_sum(a) > 0, lambda: a * a, lambda: tf.constant([1.0, 2]))
        return a + b

    y = tf.cond(p, inner, lambda: x - 1.0)
    tf.cond(q, lambda: tf.cond(p, lambda: y, lambda: x), lambda: tf.identity(y))
    tf.gradients(y, x)
    v.initialized_value()


def cond_gradients(tf: ModuleType) -> None:
    """Gradients through branches: for shared, unused, sliced and variable inputs."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    table = tf.get_variable("table", [10, 3])
    with tf.variable_scope("scope", use_resource=True):
        r = tf.get_variable("r", [3, 2])
    y = tf.cond(p, lambda: tf.square(x), lambda: x + tf.gather(table, [1]))
    z = tf.cond(p, lambda: tf.matmul(y, r), lambda: tf.zeros([1, 2]))
    a, b = tf.cond(p, lambda: (x, x * 2.0), lambda: (x + 1.0, tf.stop_gradient(x)))
    tf.gradients(z, [x, table, r])
    tf.gradients([a, b], x, name="both")
    tf.gradients(a, x, name="one", colocate_gradients_with_ops=True)
    tf.gradients(tf.raw_ops.Switch(data=x, pred=p), x, name="plain")
    on_false, on_true = tf.raw_ops.Switch(data=x, pred=p)
    joined, _ = tf.raw_ops.Merge(inputs=[on_false * 2.0, on_true])
    tf.gradients(joined, x, name="bare")


def cases(tf: ModuleType) -> None:
    """Several conditions, with and without a default, exclusive or not."""
    x = tf.placeholder(tf.float32, [2], name="x")
    p, q = x[0] > 0.0, x[1] > 0.0
    tf.case([(p, lambda: x), (q, lambda: x + 1.0)], default=lambda: x - 1.0)
    tf.case([(p, lambda: x), (q, lambda: x + 1.0)], exclusive=True, name="either")
    tf.case({p: lambda: x, q: lambda: x * 2.0}, lambda: x, exclusive=True, strict=True)


def assertions(tf: ModuleType) -> None:
    """Assertions on values of several types."""
    x = tf.placeholder(tf.float32, [2], name="x")
    tf.Assert(tf.reduce_all(x > 0.0), [x])
    tf.Assert(x[0] > 0.0, ["x is", x, "small"], summarize=5, name="small")
    tf.Assert(x[0] > 0.0, ["x is not small", 3])


def cond_of_import(tf: ModuleType) -> None:
    """A graph definition imported into a branch."""
    with tf.Graph().as_default() as other:
        a = tf.placeholder(tf.float32, [2], name="a")
        tf.add(a, tf.constant([1.0, 2.0], name="c"), name="b")
        graph_def = other.as_graph_def()
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [2], name="x")

    def imported() -> object:
        return tf.import_graph_def(graph_def, {"a:0": x}, ["b:0"])[0]

    tf.cond(p, imported, lambda: x)


PROGRAMS = (
    cond_of_import,
    cond_captures,
    cond_results,
    cond_nested,
    cond_gradients,
    cases,
    assertions,
)
