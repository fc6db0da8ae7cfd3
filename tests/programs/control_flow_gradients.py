"""Programs with gradients through deep control flow, of higher order and of arrays."""

from __future__ import annotations

from types import ModuleType


def gradients_of_loop_in_branch(tf: ModuleType) -> None:
    """A loop in a branch, with variables and values from outside of both."""
    x = tf.placeholder(tf.float32, [3], name="x")
    flag = tf.placeholder(tf.bool, [], name="flag")
    w = tf.get_variable("w", [3])
    with tf.variable_scope("scope", use_resource=True):
        r = tf.get_variable("r", [3])

    def looped() -> object:
        return tf.while_loop(
            lambda i, a: i < 4, lambda i, a: (i + 1, a * w + r * x), (0, x)
        )[1]

    y = tf.cond(flag, looped, lambda: x - r, name="choice")
    tf.gradients(y, [x, w, r])


def gradients_of_branch_in_loop(tf: ModuleType) -> None:
    """A branch in a loop whose predicate changes from turn to turn."""
    x = tf.placeholder(tf.float32, [], name="x")
    w = tf.get_variable("w", [])

    def body(i: object, a: object) -> tuple[object, object]:
        even = tf.equal(tf.floormod(i, 2), 0)
        return tf.add(i, 1), tf.cond(
            even, lambda: tf.multiply(a, w), lambda: tf.add(a, x) * a
        )

    _, y = tf.while_loop(lambda i, a: i < 5, body, (tf.constant(0), x))
    tf.gradients(y, [x, w])


def gradients_of_branch_in_loop_in_branch(tf: ModuleType) -> None:
    """Three levels, the innermost with a branch that passes its input on."""
    x = tf.placeholder(tf.float32, [2], name="x")
    flag = tf.placeholder(tf.bool, [], name="flag")
    w = tf.get_variable("w", [2])

    def body(i: object, a: object) -> tuple[object, object]:
        small = tf.reduce_sum(a) < 10.0
        return tf.add(i, 1), tf.cond(small, lambda: a * w, lambda: tf.identity(a))

    def looped() -> object:
        return tf.while_loop(lambda i, a: i < 3, body, (tf.constant(0), x))[1]

    y = tf.cond(flag, looped, lambda: x * w)
    tf.gradients(y, [x, w])


def gradients_of_three_loops(tf: ModuleType) -> None:
    """Loops nested three deep."""
    x = tf.placeholder(tf.float32, [], name="x")
    w = tf.get_variable("w", [])

    def loop(times: int, body: object, start: object) -> object:
        return tf.while_loop(
            lambda i, a: i < times,
            lambda i, a: (i + 1, body(a)),  # type: ignore[operator]
            (tf.constant(0), start),
        )[1]

    y = loop(2, lambda a: loop(3, lambda b: loop(2, lambda c: c * w + x, b), a), x)
    tf.gradients(y, [x, w])


def gradients_of_gradients_of_branch(tf: ModuleType) -> None:
    """Second order through a branch."""
    x = tf.placeholder(tf.float32, [2], name="x")
    flag = tf.placeholder(tf.bool, [], name="flag")
    y = tf.cond(flag, lambda: x * x * x, lambda: tf.sin(x))
    first = tf.gradients(y, x)[0]
    tf.gradients(first, x)


def gradients_of_arrays_in_loops(tf: ModuleType) -> None:
    """Arrays read and written in a loop, with the gradient of both."""
    x = tf.placeholder(tf.float32, [4, 2], name="x")
    w = tf.get_variable("w", [2, 2])
    source = tf.TensorArray(tf.float32, 4).unstack(x)
    target = tf.TensorArray(tf.float32, 4, clear_after_read=False, name="target")

    def body(i: object, state: object, out: object) -> tuple[object, object, object]:
        state = tf.tanh(tf.matmul(state, w) + source.read(i))
        return tf.add(i, 1), state, out.write(i, state)  # type: ignore[attr-defined]

    _, last, target = tf.while_loop(
        lambda i, *_: i < 4, body, (tf.constant(0), tf.zeros([1, 2]), target)
    )
    loss = tf.reduce_sum(target.concat()) + tf.reduce_mean(last)
    tf.gradients(loss, [x, w])


def gradients_of_gathers_in_loops(tf: ModuleType) -> None:
    """Sparse gradients of reference and resource variables inside a loop."""
    ids = tf.placeholder(tf.int32, [None], name="ids")
    table = tf.get_variable("table", [10, 4])
    with tf.variable_scope("scope", use_resource=True):
        other = tf.get_variable("other", [10, 4])

    def body(i: object, a: object) -> tuple[object, object]:
        return tf.add(i, 1), a + tf.reduce_sum(
            tf.gather(table, ids) + tf.nn.embedding_lookup(other, ids), 0
        )

    _, y = tf.while_loop(lambda i, a: i < 3, body, (tf.constant(0), tf.zeros([4])))
    tf.gradients(y, [table, other])


def gradients_with_options(tf: ModuleType) -> None:
    """Loops with colocated gradients, swapped memory, a bound and devices."""
    x = tf.placeholder(tf.float32, [2], name="x")
    with tf.device("/device:CPU:1"):
        w = tf.get_variable("w", [2])
        _, y = tf.while_loop(
            lambda i, a: i < 4,
            lambda i, a: (i + 1, a * w),
            (tf.constant(0), x),
            swap_memory=True,
            maximum_iterations=6,
            parallel_iterations=2,
        )
    tf.gradients(y, [x, w], colocate_gradients_with_ops=True)
    _, z = tf.while_loop(
        lambda i, a: i < 4, lambda i, a: (i + 1, tf.stop_gradient(a) * w), (0, x)
    )
    tf.gradients(z, [x, w], grad_ys=tf.ones([2]), stop_gradients=[x])


def training_of_loop(tf: ModuleType) -> None:
    """An optimizer's step through a loop with a recurrent state."""
    x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
    w = tf.get_variable("w", [3 + 4, 4])
    b = tf.get_variable("b", [4], initializer=tf.zeros_initializer())
    steps = tf.unstack(tf.transpose(x, [1, 0, 2]), num=5)
    inputs = tf.TensorArray(tf.float32, 5).unstack(tf.stack(steps))

    def body(t: object, h: object) -> tuple[object, object]:
        joined = tf.concat([inputs.read(t), h], 1)
        return t + 1, tf.nn.relu(tf.nn.bias_add(tf.matmul(joined, w), b))  # type: ignore[operator]

    start = tf.zeros([tf.shape(x)[0], 4])
    _, last = tf.while_loop(
        lambda t, h: t < 5,
        body,
        (tf.constant(0), start),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, 4])),
    )
    loss = tf.reduce_mean(tf.square(last))
    step = tf.train.get_or_create_global_step()
    tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step)


def branches_with_structures(tf: ModuleType) -> None:
    """Branches that return structures, slices and nothing; gradients of slices."""
    flag = tf.placeholder(tf.bool, [], name="flag")
    table = tf.get_variable("table", [6, 2])
    ids = tf.placeholder(tf.int32, [3], name="ids")
    found = tf.cond(
        flag,
        lambda: {"a": tf.gather(table, ids), "b": [tf.constant(1)]},
        lambda: {"a": tf.zeros([3, 2]), "b": [tf.constant(2)]},
    )
    tf.gradients(found["a"], table)
    tf.cond(flag, lambda: tf.no_op(), lambda: tf.group(table.initializer))
    tf.cond(flag, lambda: [tf.constant(1)], lambda: [tf.constant(2)], strict=True)
    tf.case(
        [(flag, lambda: tf.gather(table, ids)), (~flag, lambda: tf.zeros([3, 2]))],
        default=lambda: tf.ones([3, 2]),
        exclusive=True,
    )


def folds_with_gradients(tf: ModuleType) -> None:
    """map_fn, scan and folds with several values, in both directions."""
    x = tf.placeholder(tf.float32, [5, 2], name="x")
    w = tf.get_variable("w", [2])
    pairs = tf.map_fn(
        lambda p: (p[0] * w, p[1] + 1.0), (x, x), dtype=(tf.float32, tf.float32)
    )
    sums = tf.scan(lambda a, v: a * w + v, x, reverse=True)
    started = tf.scan(
        lambda a, v: (a[0] + v, a[1] * v), x, initializer=(tf.zeros([2]), tf.ones([2]))
    )
    right = tf.foldr(lambda a, v: a + v * w, x, initializer=tf.zeros([2]))
    tf.gradients([pairs[0], sums, started[1], right], [x, w])


PROGRAMS = (
    gradients_of_loop_in_branch,
    gradients_of_branch_in_loop,
    gradients_of_branch_in_loop_in_branch,
    gradients_of_three_loops,
    gradients_of_gradients_of_branch,
    gradients_of_arrays_in_loops,
    gradients_of_gathers_in_loops,
    gradients_with_options,
    training_of_loop,
    branches_with_structures,
    folds_with_gradients,
)
