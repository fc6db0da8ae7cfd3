"""Programs that run branches and loops and return lists of numbers.

Each takes the module it calls `tf`; graph and session are its own.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)


def _variables(tf: ModuleType) -> tuple[Any, Any]:
    reference = tf.get_variable("v", initializer=np.full((3, 2), 2.0, np.float32))
    with tf.variable_scope("scope", use_resource=True):
        start = np.arange(6, dtype=np.float32).reshape(3, 2)
        resource = tf.get_variable("r", initializer=start)
    return reference, resource


def branch_values(tf: ModuleType) -> list[Any]:
    """Values and gradients through a branch, for both values of the predicate."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    v, r = _variables(tf)
    y = tf.cond(p, lambda: tf.matmul(x, r), lambda: tf.matmul(x, v) * 2.0)
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value in (True, False, True):
            fetches = [y, *tf.gradients(y, [x, r, v])]
            found.extend(session.run(fetches, {p: value, x: X}))
    return found


def branch_updates(tf: ModuleType) -> list[Any]:
    """Variables change only in the branch that is taken."""
    p = tf.placeholder(tf.bool, [], name="p")
    v, r = _variables(tf)
    update = tf.cond(
        p,
        lambda: tf.group(tf.assign_add(v, tf.ones([3, 2]))),
        lambda: tf.group(tf.assign_sub(r, tf.ones([3, 2]))),
    )
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value in (True, False, False):
            session.run(update, {p: value})
            found.extend(session.run([v, r]))
    return found


def branch_of_uninitialized(tf: ModuleType) -> list[Any]:
    """A variable without value is no error in a branch that is not taken."""
    p = tf.placeholder(tf.bool, [], name="p")
    v, r = _variables(tf)
    y = tf.cond(p, lambda: v.read_value() + r, lambda: tf.zeros([3, 2]))
    with tf.Session() as session:
        return [
            session.run(y, {p: False}),
            session.run(v.initialized_value()),
        ]


def branches_nested(tf: ModuleType) -> list[Any]:
    """Branches in branches, on predicates that are computed."""
    p = tf.placeholder(tf.bool, [], name="p")
    q = tf.placeholder(tf.bool, [], name="q")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    u = tf.get_variable("u", initializer=1.0)

    def inner() -> Any:
        with tf.control_dependencies([tf.assign_add(u, x[0, 0])]):
            a = tf.cond(q, lambda: x + 1.0, lambda: x * u)
        return tf.cond(tf.reduce_sum(a) > 4.0, lambda: a * a, lambda: a - 100.0)

    z = tf.cond(p, inner, lambda: x - 1.0)
    fetches = [z, *tf.gradients(z, x)]
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for values in ((True, True), (True, False), (False, True)):
            found.extend(session.run(fetches, {p: values[0], q: values[1], x: X}))
            found.append(session.run(u))
    return found


def case_values(tf: ModuleType) -> list[Any]:
    """The first true condition decides."""
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.case(
        [(x > 1.0, lambda: tf.constant(1)), (x > 0.0, lambda: tf.constant(2))],
        default=lambda: tf.constant(3),
    )
    with tf.Session() as session:
        return [session.run(y, {x: value}) for value in (2.0, 0.5, -1.0)]


def training_switched(tf: ModuleType) -> list[Any]:
    """Statistics move, and gradients flow through them, in training only."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=np.full((3, 4), 0.1, np.float32))
    mean = tf.get_variable("mean", initializer=np.zeros(4, np.float32))
    h = tf.tanh(tf.matmul(x, w))

    def trained() -> Any:
        batch_mean = tf.reduce_mean(h, 0)
        moved = tf.assign(mean, mean * 0.9 + batch_mean * 0.1)
        with tf.control_dependencies([moved]):
            return h - batch_mean

    output = tf.cond(p, trained, lambda: h - mean)
    loss = tf.reduce_sum(tf.square(output - 0.5))
    step = tf.assign_sub(w, 0.1 * tf.gradients(loss, w)[0])
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for i in range(6):
            found.append(session.run([loss, step], {p: i % 3 != 0, x: X})[0])
            found.extend(session.run([w, mean]))
    return found


def loop_values(tf: ModuleType) -> list[Any]:
    """A loop, with values from outside, for several numbers of iterations."""
    n = tf.placeholder(tf.int32, [], name="n")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    v, r = _variables(tf)
    y = tf.while_loop(
        lambda i, _: i < n,
        lambda i, u: (
            i + 1,
            tf.tanh(tf.matmul(tf.matmul(u, r), 0.02 * v, transpose_b=True)),
        ),
        (tf.constant(0), x),
    )
    fetches = [*y, *tf.gradients(y[1], [x, r, v])]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        runs = [session.run(fetches, {n: k, x: X}) for k in (0, 1, 3)]
    return [value for run in runs for value in run]


def loop_updates(tf: ModuleType) -> list[Any]:
    """Variables change in every iteration, also in branches inside of the loop."""
    n = tf.placeholder(tf.int32, [], name="n")
    u = tf.get_variable("u", initializer=1.0)
    with tf.variable_scope("scope", use_resource=True):
        t = tf.get_variable("t", initializer=0.0)

    def body(i: Any) -> Any:
        change = tf.cond(
            i > 1, lambda: tf.assign_add(t, 1.0), lambda: tf.assign_sub(t, 10.0)
        )
        with tf.control_dependencies([change, tf.assign(u, u * 2.0)]):
            return tf.add(i, 1)

    loop = tf.while_loop(lambda i: i < n, body, [0], parallel_iterations=1)
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for k in (0, 4):
            found.append(session.run(loop, {n: k}))
            found.extend(session.run([u, t]))
    return found


def loops_nested(tf: ModuleType) -> list[Any]:
    """Loops and branches in each other, with gradients."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [2], name="x")

    def power(v: Any) -> Any:
        _, result = tf.while_loop(
            lambda j, _: j < 2, lambda j, u: (j + 1, u * x + 0.5), [0, v]
        )
        return result

    _, a = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, power(v)), [0, x])
    b = tf.cond(p, lambda: power(x), lambda: tf.exp(x))
    _, c = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, v: (
            i + 1,
            tf.cond(tf.reduce_sum(v) > 1.0, lambda: v * x, lambda: power(v)),
        ),
        [0, x],
    )
    fetches = [a, b, c]
    for y in (a, b, c):
        fetches.extend(tf.gradients(y, x))
    found = []
    with tf.Session() as session:
        for value in (True, False):
            found.extend(session.run(fetches, {p: value, x: [0.5, 1.5]}))
    return found


def loop_shapes(tf: ModuleType) -> list[Any]:
    """Shapes that change, bounds, sliced gradients."""
    x = tf.placeholder(tf.float32, [None], name="x")
    table = tf.get_variable("t", initializer=np.arange(6, dtype=np.float32))
    joined = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, a: (i + 1, tf.concat([a, x], 0)),
        (tf.constant(0), tf.zeros([1])),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
    )
    bounded = tf.while_loop(
        lambda i: i < 10, lambda i: i + 1, [0], maximum_iterations=4
    )
    _, total = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, s: (i + 1, s + tf.reduce_sum(tf.gather(table, [i, i])) * x[0]),
        [0, 0.0],
    )
    slices = tf.gradients(total, table)[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        fetches = [*joined, bounded, total, tf.convert_to_tensor(slices)]
        return session.run(fetches, {x: [2.0, 3.0]})


def loop_random(tf: ModuleType) -> list[Any]:
    """Random numbers go on from iteration to iteration and from run to run."""
    tf.set_random_seed(5)
    loop = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, v: (i + 1, v + tf.random_uniform([2], seed=3)),
        [0, tf.zeros([2])],
    )
    with tf.Session() as session:
        return [session.run(loop)[1] for _ in range(2)]


def fold_values(tf: ModuleType) -> list[Any]:
    """Functions along an axis, with gradients."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=np.eye(3, dtype=np.float32) * 0.5 + 0.1)

    def cell(state: Any, v: Any) -> Any:
        return tf.tanh(tf.squeeze(tf.matmul(tf.expand_dims(state + v, 0), w), 0))

    mapped = tf.map_fn(lambda v: (v * v, tf.reduce_sum(v)), x, (tf.float32, tf.float32))
    left = tf.foldl(lambda a, v: a * 0.5 + v, x)
    right = tf.foldr(lambda a, v: a * 0.5 + v, x, initializer=tf.ones([3]))
    states = tf.scan(cell, x, tf.zeros([3]))
    back = tf.scan(lambda a, v: a + v, x, reverse=True)
    fetches = [*mapped, left, right, states, back, *tf.gradients(mapped[0], x)]
    fetches += tf.gradients(states, [x, w]) + tf.gradients(left, x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, {x: X})


def array_values(tf: ModuleType) -> list[Any]:
    """Arrays of tensors that grow, are split and put together."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    a = tf.TensorArray(tf.float32, size=0, dynamic_size=True, clear_after_read=False)
    a = a.write(0, x[0]).write(2, x[1]).write(1, x[0] * 2.0)
    b = tf.TensorArray(tf.float32, 2, clear_after_read=False, infer_shape=False)
    b = b.split(tf.concat([x, x[:1]], 0), [1, 2])
    c = tf.TensorArray(tf.float32, size=3, element_shape=[3]).scatter([2, 0], x)
    fetches = [a.stack(), a.size(), a.gather([2, 0]), b.concat(), b.size(), c.stack()]
    fetches += tf.gradients([a.stack(), a.read(0), b.concat()], x)
    with tf.Session() as session:
        return session.run(fetches, {x: X})


def merges_of_all_kinds(tf: ModuleType) -> list[Any]:
    """Merges that no `cond` made, with gradients."""
    p = tf.placeholder(tf.bool, [], name="p")
    q = tf.placeholder(tf.bool, [], name="q")
    x = tf.placeholder(tf.float32, [3], name="x")
    on_false, on_true = tf.raw_ops.Switch(data=x, pred=p)
    joined, position = tf.raw_ops.Merge(inputs=[on_false * 2.0, tf.square(on_true)])
    inner_false, inner_true = tf.raw_ops.Switch(data=on_true, pred=q)
    three, which = tf.raw_ops.Merge(
        inputs=[inner_true + 1.0, on_false + 2.0, inner_false + 3.0]
    )
    one_sided, _ = tf.raw_ops.Merge(inputs=[inner_true * 5.0])
    two_sided, _ = tf.raw_ops.Merge(inputs=[inner_true * 5.0, on_false])
    fetches = [joined, position, three, which, *tf.gradients(joined, x)]
    found = []
    with tf.Session() as session:
        for values in ((True, True), (True, False), (False, True)):
            feeds = {p: values[0], q: values[1], x: X[0]}
            found.extend(session.run(fetches, feeds))
            for fetch in (one_sided, two_sided * 2.0):
                try:
                    found.append(session.run(fetch, feeds))
                except tf.errors.InvalidArgumentError:
                    found.append(-1.0)
    return found


def recurrent_training(tf: ModuleType) -> list[Any]:
    """Recurrent networks both ways, with lengths, stacked and unrolled, trained."""
    rng = np.random.default_rng(0)
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    cell = tf.nn.rnn_cell
    with tf.variable_scope("model", initializer=tf.constant_initializer(0.1)):
        outputs, states = tf.nn.bidirectional_dynamic_rnn(
            cell.LSTMCell(4, use_peepholes=True, num_proj=3, cell_clip=0.5),
            cell.GRUCell(3),
            x,
            lengths,
            dtype=tf.float32,
        )
        stacked = cell.MultiRNNCell([cell.BasicLSTMCell(2), cell.BasicRNNCell(3)])
        joined = tf.concat(outputs, 2)
        again, _ = tf.nn.dynamic_rnn(stacked, joined, dtype=tf.float32)
        unrolled, _ = tf.nn.static_rnn(
            cell.GRUCell(2),
            [x[:, 0], x[:, 1]],
            sequence_length=lengths,
            dtype=tf.float32,
        )
    loss = tf.reduce_mean(tf.square(again - 1.0)) + tf.reduce_sum(unrolled[-1])
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    feeds = {x: rng.normal(size=(2, 5, 3)).astype(np.float32), lengths: [5, 2]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run([*outputs, states[0].c, states[1], again], feeds)
        found += session.run(gradients, feeds)
        found += [session.run([loss, step], feeds)[0] for _ in range(4)]
    return found


def loop_training(tf: ModuleType) -> list[Any]:
    """Training steps through a loop into which a variable goes, by each gating."""
    v, r = _variables(tf)
    _, x, y = tf.while_loop(
        lambda i, *_: i < 3,
        lambda i, x, y: (i + 1, x * 0.5 + y, y * r + v),
        [0, v, tf.identity(r)],
    )
    loss = tf.reduce_mean(tf.square(x)) + tf.reduce_sum(y)
    optimizer = tf.train.GradientDescentOptimizer(1e-4)
    steps = [optimizer.minimize(loss, gate_gradients=gating) for gating in range(3)]
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in steps:
            session.run(step)
            found.extend(session.run([loss, v, r]))
    return found


def branch_waits_for_loop(tf: ModuleType) -> list[Any]:
    """A loop in a branch that only changes a variable; the branch waits for it."""
    with tf.variable_scope("scope", use_resource=True):
        count = tf.get_variable("count", initializer=1)
    p = tf.placeholder(tf.bool, [], name="p")

    def counted() -> Any:
        loop = tf.while_loop(lambda i: i < 9, lambda i: tf.assign(count, i) + 1, [0])
        with tf.control_dependencies([loop]):
            return tf.constant(6.0)

    value = tf.cond(p, lambda: tf.constant(1.0), counted)
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for taken in (True, False):
            found += [session.run(value, {p: taken}), session.run(count)]
    return found


def frames_passed_through(tf: ModuleType) -> list[Any]:
    """Frames that are no loops: values enter, are used and leave."""
    raw = tf.raw_ops
    x = raw.Enter(data=tf.constant([1.0, 2.0]), frame_name="frame")
    y = raw.Enter(data=tf.constant(5.0), frame_name="frame")
    inner = raw.Enter(data=x * y, frame_name="inner")
    left = raw.Exit(data=raw.Exit(data=tf.square(inner)) + x)
    with tf.Session() as session:
        return [session.run(left)]


def loop_composites(tf: ModuleType) -> list[Any]:
    """Shape invariants of specs, slices and sparse tensors."""
    start = tf.SparseTensor([[0], [3]], [2.0, 4.0], [10])
    rows = tf.IndexedSlices(
        tf.constant([[2.0, 4.0], [3.0, 5.0]]), tf.constant([0, 3]), tf.constant([10, 2])
    )

    def wider(i: Any, sparse: Any, rows: Any, dense: Any) -> Any:
        column = tf.cast([[i], [i]], tf.int64)
        return (
            i + 1,
            tf.SparseTensor(
                tf.concat([sparse.indices, column], 1),
                sparse.values * 2.0,
                tf.concat([sparse.dense_shape, [10]], 0),
            ),
            tf.IndexedSlices(
                tf.concat([rows.values, rows.values], 0),
                tf.concat([rows.indices, rows.indices + 1], 0),
                rows.dense_shape,
            ),
            tf.concat([dense, dense], 0),
        )

    _, sparse, rows, dense = tf.while_loop(
        lambda i, *_: i < 2,
        wider,
        [tf.constant(0), start, rows, tf.constant([1.0])],
        [
            tf.TensorShape([]),
            tf.TensorShape([None]),
            tf.TensorShape([None, 2]),
            tf.TensorSpec([None], tf.float32),
        ],
    )
    with tf.Session() as session:
        return [
            part
            for value in session.run([sparse, rows, [dense]])
            for part in value
            if part is not None
        ]


def custom_gradient_of_rows(tf: ModuleType) -> list[Any]:
    """The gradient function is given slices whole, and may return them."""
    with tf.variable_scope("scope", use_resource=True):
        table = tf.get_variable("table", initializer=tf.ones([4, 2]))

    def with_gradient(x: Any) -> Any:
        def grad(dy: Any) -> Any:
            return tf.IndexedSlices(dy.values * 2.0, dy.indices, dy.dense_shape)

        return x * 2.0, grad

    doubled = tf.custom_gradient(with_gradient)
    read = tf.gather(doubled(table), [0, 0, 1])
    (gradient,) = tf.gradients(read, table)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [session.run(read), session.run(tf.convert_to_tensor(gradient))]


def unlike_branches(tf: ModuleType) -> list[Any]:
    """Gradients, twice, of branches that keep values of different types for them."""
    x = tf.placeholder(tf.float32, [3], name="x")

    def chosen() -> Any:
        return tf.where(x > 1.0, x * x, tf.sin(x))

    def turned() -> Any:
        step = (lambda i, _: i < 2, lambda i, y: (i + 1, y * x))
        return tf.while_loop(*step, [0, x])[1]

    def gathered() -> Any:
        return tf.gather(tf.tanh(x), [2, 0, 1]) * x

    tf.enable_control_flow_v2()
    try:
        results = (
            tf.cond(x[0] > 0.0, chosen, gathered),
            tf.cond(x[0] > 0.0, gathered, turned),
            tf.cond(x[0] > 0.0, lambda: tf.cond(x[1] > 0, turned, chosen), gathered),
            tf.switch_case(tf.cast(x[2], tf.int32), [gathered, chosen, turned]),
        )
        fetches = []
        for y in results:
            (first,) = tf.gradients(y, x)
            fetches += [y, first]
            if y is results[0]:
                fetches += tf.gradients(first, x)
    finally:
        tf.disable_control_flow_v2()
    values = ([0.5, -1.0, 2.5], [-0.5, 2.0, 1.5], [1.5, 0.25, -0.75])
    with tf.Session() as session:
        found = [session.run(fetches, {x: value}) for value in values]
    return [array for arrays in found for array in arrays]


def functions_in_loops(tf: ModuleType) -> list[Any]:
    """Functions with constants of their own, called in the turns of loops."""
    x = tf.constant(X[0])

    picked = tf.function(lambda y: tf.gather(y, [2, 0, 1]) * 0.5, autograph=False)

    def one_of(y: Any) -> Any:
        index = tf.cast(tf.abs(y[0]), tf.int32) % 3
        branches = [lambda: y * 3.0, lambda: y * 2.0 + 1.0, lambda: picked(y)]
        return tf.switch_case(index, branches)

    def step(i: Any, y: Any) -> Any:
        return i + 1, one_of(y)

    turned = tf.while_loop(lambda i, _: i < 3, step, [0, x])[1]
    mapped = tf.map_fn(one_of, tf.constant(X))
    called = tf.scan(lambda y, z: tf.cond(z[0] > 1.0, lambda: picked(z), lambda: y), X)
    with tf.Session() as session:
        return list(session.run([turned, *tf.gradients(turned, x), mapped, called]))


def branches_on_the_host(tf: ModuleType) -> list[Any]:
    """Inner branches that no program computes, taken and not, and what follows."""
    x = tf.placeholder(tf.float32, [3])

    def read(y: Any) -> Any:
        return tf.reshape(tf.string_to_number(tf.as_string(y)), [-1, 3])[0] * 2.0

    def found(y: Any) -> Any:
        return tf.reshape(tf.unique(y)[0], [-1, 3])[0] * 3.0

    def chosen(inner: Any) -> Any:
        second = tf.cond(x[1] > 0, lambda: x + 1.0, lambda: inner(x))
        return tf.cond(x[0] > 0, lambda: second * 1.0, lambda: inner(x) - 1.0)

    def inside(inner: Any) -> Any:
        def second() -> Any:
            return tf.cond(x[1] > 0, lambda: x + 1.0, lambda: inner(x))

        return tf.cond(x[0] > 0, second, lambda: x)

    results = [make(of) for make in (chosen, inside) for of in (read, found)]
    with tf.Session() as session:
        return [
            value
            for fed in ([1.0, 2.0, 3.0], [-1.0, 2.0, 3.0], [1.0, -2.0, 3.0])
            for value in session.run(results, {x: fed})
        ]


PROGRAMS = {
    program.__name__: program
    for program in (
        branch_values,
        branch_updates,
        branch_of_uninitialized,
        branches_nested,
        case_values,
        training_switched,
        loop_values,
        loop_training,
        loop_updates,
        loops_nested,
        loop_shapes,
        loop_random,
        merges_of_all_kinds,
        recurrent_training,
        fold_values,
        array_values,
        branch_waits_for_loop,
        frames_passed_through,
        loop_composites,
        custom_gradient_of_rows,
        unlike_branches,
        functions_in_loops,
        branches_on_the_host,
    )
}
