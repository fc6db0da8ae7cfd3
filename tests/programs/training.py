"""Programs about training: gradients, optimizers, clipping, savers, summaries."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def _regression(tf: ModuleType) -> Any:
    """Return the loss of a small regression."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    w = tf.get_variable("w", [3, 1])
    b = tf.get_variable("b", [1], initializer=tf.zeros_initializer())
    return tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y), name="loss")


def gradients_simple(tf: ModuleType) -> None:
    """Gradients of a sum, a product, a mean, and of what is used twice."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    k = tf.placeholder(tf.float32, [2, 3], name="k")
    w = tf.get_variable("w", [3, 3])
    y = tf.matmul(x, w)
    tf.gradients(tf.reduce_sum(y * y), [x, w])
    tf.gradients(tf.reduce_mean(tf.tanh(y) + tf.sigmoid(y)), w, name="second")
    tf.gradients([k * 2.0, k + 1.0], [k], grad_ys=[tf.ones_like(k), None])
    tf.gradients(tf.reduce_sum(tf.stop_gradient(k) * k), k)
    (first,) = tf.gradients(tf.reduce_sum(k**3), k)
    tf.gradients(first, k)


def gradients_broadcast(tf: ModuleType) -> None:
    """Gradients where one side was stretched."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    k = tf.placeholder(tf.float32, [2, 3], name="k")
    b = tf.get_variable("b", [3])
    s = tf.get_variable("s", [])
    for value in (x + b, x * b, x / b, x - s, tf.maximum(x, b), k * s, k + b, x**b):
        tf.gradients(value, [b, s, x, k])


def gradients_arrays(tf: ModuleType) -> None:
    """Gradients through array functions."""
    k = tf.placeholder(tf.float32, [2, 3], name="k")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    for value in (
        tf.reshape(k, [3, 2]),
        tf.transpose(k),
        tf.concat([k, k * 2.0], 1),
        tf.stack([k, k]),
        tf.unstack(k)[0],
        tf.split(k, 3, axis=1)[1],
        k[0, 1:],
        tf.slice(k, [0, 1], [2, 2]),
        tf.gather(k, [0, 1]),
        tf.tile(k, [2, 2]),
        tf.pad(k, [[1, 1], [0, 0]]),
        tf.expand_dims(k, 0),
        tf.squeeze(tf.expand_dims(k, 0)),
        tf.reduce_max(k, axis=1),
        tf.reduce_mean(x, axis=0),
        tf.reduce_sum(x, axis=1, keepdims=True),
        tf.cumsum(k),
        tf.where(k > 0, k, -k),
        tf.nn.top_k(k, 2)[0],
        tf.cast(k, tf.float64),
    ):
        tf.gradients(value, [k, x])


def gradients_networks(tf: ModuleType) -> None:
    """Gradients through convolution, pooling, normalisation and losses."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    n = tf.placeholder(tf.int32, [None], name="n")
    k = tf.get_variable("k", [3, 3, 3, 4])
    h = tf.nn.conv2d(x, k, [1, 1, 1, 1], "SAME")
    h, _, _ = tf.nn.fused_batch_norm(h, tf.ones([4]), tf.zeros([4]))
    h = tf.nn.relu(tf.nn.bias_add(h, tf.get_variable("bias", [4])))
    h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.nn.avg_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.nn.dropout(h, rate=0.5)
    logits = tf.matmul(tf.reshape(h, [-1, 16]), tf.get_variable("w", [16, 5]))
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=n, logits=logits)
    )
    tf.gradients(loss, tf.trainable_variables())


def gradients_aggregation(tf: ModuleType) -> None:
    """Gradients that come together from several ways, dense and in slices."""
    table = tf.get_variable("table", [10, 4])
    a = tf.gather(table, [1, 2])
    b = tf.gather(table, [2, 3])
    loss = tf.reduce_sum(a * b)
    tf.gradients(loss, table)
    tf.gradients(loss + tf.reduce_sum(table), table)
    tf.gradients(loss, table, aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE)
    tf.gradients(loss, table, colocate_gradients_with_ops=True, stop_gradients=[a])


def gradients_hessians(tf: ModuleType) -> None:
    """Functions built on gradients."""
    x = tf.placeholder(tf.float32, [3], name="x")
    tf.hessians(tf.reduce_sum(x**3), x)


def clipping(tf: ModuleType) -> None:
    """Clipping by value, norm, average norm, global norm."""
    loss = _regression(tf)
    variables = tf.trainable_variables()
    gradients = tf.gradients(loss, variables)
    clipped, _ = tf.clip_by_global_norm(gradients, 5.0)
    tf.clip_by_norm(gradients[0], 1.0)
    tf.clip_by_average_norm(gradients[0], 1.0)
    tf.global_norm(gradients)
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    optimizer.apply_gradients(
        zip(clipped, variables, strict=True),
        global_step=tf.train.get_or_create_global_step(),
    )


def optimizer_gradient_descent(tf: ModuleType) -> None:
    """Gradient descent, with a step and without."""
    loss = _regression(tf)
    step = tf.train.get_or_create_global_step()
    tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)
    tf.train.GradientDescentOptimizer(tf.constant(0.1), name="again").minimize(loss)


def optimizer_momentum(tf: ModuleType) -> None:
    """Momentum and Nesterov's momentum."""
    loss = _regression(tf)
    tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True, name="Fast").minimize(loss)


def optimizer_adam(tf: ModuleType) -> None:
    """Adam, on dense and sliced gradients."""
    loss = _regression(tf)
    table = tf.get_variable("table", [10, 3])
    rows = tf.nn.embedding_lookup(table, tf.placeholder(tf.int32, [None], name="ids"))
    loss += tf.reduce_sum(rows)
    step = tf.train.get_or_create_global_step()
    tf.train.AdamOptimizer(1e-3).minimize(loss, global_step=step)


def optimizer_rmsprop(tf: ModuleType) -> None:
    """RMSProp, plain and centred."""
    loss = _regression(tf)
    tf.train.RMSPropOptimizer(1e-3, decay=0.9, momentum=0.5).minimize(loss)
    tf.train.RMSPropOptimizer(1e-3, centered=True, name="Centred").minimize(loss)


def optimizer_adagrad(tf: ModuleType) -> None:
    """Adagrad, on dense and sliced gradients."""
    loss = _regression(tf)
    table = tf.get_variable("table", [10, 3])
    loss += tf.reduce_sum(tf.gather(table, [1, 1, 2]))
    tf.train.AdagradOptimizer(0.1).minimize(loss)


def optimizer_others(tf: ModuleType) -> None:
    """Adadelta and FTRL."""
    loss = _regression(tf)
    tf.train.AdadeltaOptimizer(1.0).minimize(loss)
    tf.train.FtrlOptimizer(0.1).minimize(loss)


def optimizer_resource_variables(tf: ModuleType) -> None:
    """Optimizers on resource variables."""
    with tf.variable_scope("r", use_resource=True):
        loss = _regression(tf)
        table = tf.get_variable("table", [10, 3])
        loss += tf.reduce_sum(tf.gather(table, [1, 1, 2]))
    step = tf.train.get_or_create_global_step()
    tf.train.AdamOptimizer(1e-3).minimize(loss, global_step=step)
    tf.train.GradientDescentOptimizer(1e-3).minimize(loss)
    tf.train.MomentumOptimizer(1e-3, 0.9).minimize(loss)


def optimizer_in_steps(tf: ModuleType) -> None:
    """Gradients computed, changed, applied; part of the variables; update ops first."""
    loss = _regression(tf)
    with tf.variable_scope("train"):
        optimizer = tf.train.AdamOptimizer(
            tf.train.exponential_decay(
                0.1, tf.train.get_or_create_global_step(), 100, 0.9, staircase=True
            )
        )
        pairs = optimizer.compute_gradients(loss)
        pairs = [(tf.clip_by_value(g, -1.0, 1.0), v) for g, v in pairs]
        with tf.control_dependencies([tf.no_op(name="before")]):
            optimizer.apply_gradients(pairs, name="apply")
    (w,) = tf.trainable_variables("w")
    tf.train.GradientDescentOptimizer(0.5).minimize(loss, var_list=[w])


def learning_rates(tf: ModuleType) -> None:
    """Learning rates that change with the step."""
    step = tf.train.get_or_create_global_step()
    tf.train.exponential_decay(0.1, step, 100, 0.96)
    tf.train.exponential_decay(0.1, step, 100, 0.96, staircase=True, name="stairs")
    tf.train.piecewise_constant(step, [10, 20], [1.0, 0.5, 0.1])
    tf.train.polynomial_decay(0.1, step, 100)
    tf.train.natural_exp_decay(0.1, step, 100, 0.5)
    tf.train.inverse_time_decay(0.1, step, 100, 0.5)
    tf.train.cosine_decay(0.1, step, 100)


def saver_default(tf: ModuleType) -> None:
    """A saver of everything."""
    _regression(tf)
    tf.get_variable("whole", [2], dtype=tf.int64, initializer=tf.zeros_initializer())
    tf.train.Saver()


def saver_choices(tf: ModuleType) -> None:
    """Savers of some variables, by other names, in shards, in the old format."""
    _regression(tf)
    w, b = tf.global_variables()
    tf.train.Saver([w], max_to_keep=1)
    tf.train.Saver({"weights": w, "bias": b}, name="renamed")
    tf.train.Saver(sharded=True)
    tf.train.Saver(write_version=tf.train.SaverDef.V1)
    tf.train.Saver(reshape=True)
    with tf.variable_scope("split", partitioner=tf.fixed_size_partitioner(2)):
        tf.get_variable("table", [10, 4])
    tf.get_variable("handle", [2], use_resource=True)
    tf.train.Saver(restore_sequentially=True)


def summaries(tf: ModuleType) -> None:
    """Summaries and the op that merges them."""
    loss = _regression(tf)
    tf.summary.scalar("loss", loss)
    with tf.name_scope("scope"):
        tf.summary.scalar("loss", loss)
        tf.summary.histogram("weights", tf.trainable_variables()[0])
    tf.summary.image("pictures", tf.zeros([2, 4, 4, 1]), max_outputs=2)
    tf.summary.text("words", tf.constant("hello"))
    tf.summary.merge_all()


PROGRAMS = (
    gradients_simple,
    gradients_broadcast,
    gradients_arrays,
    gradients_networks,
    gradients_aggregation,
    gradients_hessians,
    clipping,
    optimizer_gradient_descent,
    optimizer_momentum,
    optimizer_adam,
    optimizer_rmsprop,
    optimizer_adagrad,
    optimizer_others,
    optimizer_resource_variables,
    optimizer_in_steps,
    learning_rates,
    saver_default,
    saver_choices,
    summaries,
)
