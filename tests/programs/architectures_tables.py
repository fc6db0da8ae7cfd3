"""Small networks of rows and of actions: recommendations and reinforcement."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.programs.architecture_parts import feed, finish, train


def wide_and_deep(tf: ModuleType) -> None:
    """Crossed columns for a linear part, embeddings for a deep one, two optimizers."""
    tf.set_random_seed(61)
    examples = feed(tf, "examples", "string:12", [4])
    labels = feed(tf, "labels", "int64:2", [4])
    parsed = tf.parse_example(
        examples,
        {
            "age": tf.FixedLenFeature([], tf.float32, 0.5),
            "job": tf.VarLenFeature(tf.string),
            "city": tf.FixedLenFeature([], tf.string, ""),
        },
    )
    job, city = parsed["job"], parsed["city"]
    buckets = tf.string_to_hash_bucket_fast(job.values, 8)
    jobs = tf.SparseTensor(job.indices, buckets, job.dense_shape)
    jobs, _ = tf.sparse_fill_empty_rows(jobs, tf.constant(0, tf.int64))
    first = tf.sparse_tensor_to_dense(job, default_value="none")[:, 0]
    crossed = tf.string_to_hash_bucket_fast(tf.string_join([first, city], "_X_"), 11)
    with tf.variable_scope("linear"):
        zeros = tf.zeros_initializer()
        by_cross = tf.get_variable("cross", [11, 1], initializer=zeros)
        by_job = tf.get_variable("job", [8, 1], initializer=zeros)
        bias = tf.get_variable("bias", [1], initializer=zeros)
        linear = tf.nn.embedding_lookup(by_cross, crossed) + bias
        linear += tf.nn.embedding_lookup_sparse(by_job, jobs, None, combiner="sum")
    with tf.variable_scope("deep"):
        table = tf.get_variable("embedding", [8, 4])
        h = tf.nn.embedding_lookup_sparse(table, jobs, None, combiner="mean")
        h = tf.concat([h, tf.expand_dims(parsed["age"], 1)], 1)
        h = tf.layers.dense(h, 6, tf.nn.relu)
        deep = tf.layers.dense(h, 1)
    logits = linear + deep
    loss = tf.losses.sigmoid_cross_entropy(tf.expand_dims(labels, 1), logits)
    parts = {
        part: tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope=part)
        for part in ("linear", "deep")
    }
    step = tf.group(
        train(tf, tf.train.FtrlOptimizer(0.2), loss, var_list=parts["linear"]),
        train(tf, tf.train.AdagradOptimizer(0.05), loss, var_list=parts["deep"]),
    )
    finish(tf, [tf.sigmoid(logits), crossed], [loss], step)


def matrix_factorisation(tf: ModuleType) -> None:
    """Factors of users and of items with their biases, updated by rows."""
    tf.set_random_seed(62)
    users = feed(tf, "users", "int32:7", [6])
    items = feed(tf, "items", "int32:9", [6])
    ratings = feed(tf, "ratings", "uniform", [6]) * 5.0
    initial = tf.truncated_normal_initializer(stddev=0.5)
    mean = tf.get_variable("bias_global", shape=[])
    factors = []
    for name, ids, n in (("user", users, 7), ("item", items, 9)):
        bias = tf.get_variable(f"embd_bias_{name}", [n], use_resource=name == "item")
        table = tf.get_variable(
            f"embd_{name}", [n, 3], initializer=initial, use_resource=name == "item"
        )
        factors.append(
            (tf.nn.embedding_lookup(table, ids), tf.nn.embedding_lookup(bias, ids))
        )
    (u, bias_u), (v, bias_v) = factors
    inferred = tf.reduce_sum(tf.multiply(u, v), 1) + mean + bias_u + bias_v
    penalty = 0.05 * (tf.nn.l2_loss(u) + tf.nn.l2_loss(v))
    loss = tf.nn.l2_loss(inferred - ratings) + penalty
    step = train(tf, tf.train.AdamOptimizer(0.05), loss)
    rows = train(tf, tf.train.AdagradOptimizer(0.05), loss)
    finish(tf, [inferred, tf.nn.top_k(inferred, 3)[1]], [loss], step, rows)


def dqn(tf: ModuleType) -> None:
    """A network of values, a copy of it that follows, clipped errors and gradients."""
    tf.set_random_seed(63)
    states = feed(tf, "states", "uniform", [3, 12, 12, 2])
    following = feed(tf, "following", "uniform", [3, 12, 12, 2])
    actions = feed(tf, "actions", "int32:4", [3])
    rewards = feed(tf, "rewards", "normal", [3])
    ended = feed(tf, "ended", "int32:2", [3])

    def values(x: Any, scope: str, reuse: bool = False) -> Any:
        with tf.variable_scope(scope, reuse=reuse):
            h = tf.layers.conv2d(x, 3, 4, 2, activation=tf.nn.relu)
            h = tf.layers.dense(tf.layers.flatten(h), 6, tf.nn.relu)
            value = tf.layers.dense(h, 1, name="value")
            advantage = tf.layers.dense(h, 4, name="advantage")
            return value + advantage - tf.reduce_mean(advantage, 1, keepdims=True)

    q = values(states, "q_func")
    chosen = tf.reduce_sum(q * tf.one_hot(actions, 4), 1)
    target = values(following, "target_q_func")
    best = tf.argmax(values(following, "q_func", reuse=True), 1)
    target = tf.reduce_sum(target * tf.one_hot(best, 4), 1)
    wanted = rewards + 0.99 * (1.0 - tf.to_float(ended)) * target
    error = chosen - tf.stop_gradient(wanted)
    huber = tf.where(
        tf.abs(error) < 1.0, tf.square(error) * 0.5, 1.0 * (tf.abs(error) - 0.5)
    )
    loss = tf.reduce_mean(huber)
    own = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="q_func")
    copies = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="target_q_func")
    optimizer = tf.train.AdamOptimizer(1e-2, epsilon=1e-4)
    with tf.control_dependencies([loss]):
        gradients = optimizer.compute_gradients(loss, var_list=own)
        clipped = [(tf.clip_by_norm(g, 10), v) for g, v in gradients if g is not None]
        step = optimizer.apply_gradients(clipped)
    with tf.control_dependencies([loss]):
        pairs = zip(own, copies, strict=True)
        copying = tf.group(*[b.assign(0.5 * b + 0.5 * a) for a, b in pairs])
    greedy = tf.argmax(q, axis=1)
    drawn = tf.random_uniform([3], 0, 4, dtype=tf.int64, seed=8)
    explores = tf.random_uniform([3], 0, 1, seed=9) < 0.5
    finish(tf, [q, tf.where(explores, drawn, greedy)], [loss], step, copying)


def policy_gradient(tf: ModuleType) -> None:
    """Actions drawn from a policy, a baseline, entropy, gradients clipped together."""
    tf.set_random_seed(64)
    states = feed(tf, "states", "normal", [5, 4])
    actions = feed(tf, "actions", "int32:3", [5])
    rewards = feed(tf, "rewards", "uniform", [5])
    hidden = tf.layers.dense(
        states, 6, tf.nn.tanh, kernel_initializer=tf.orthogonal_initializer(seed=2)
    )
    logits = tf.layers.dense(hidden, 3)
    value = tf.squeeze(tf.layers.dense(hidden, 1), 1)
    drawn = tf.multinomial(logits, 2, seed=6)
    later = tf.scan(
        lambda total, reward: reward + 0.9 * total,
        rewards,
        reverse=True,
        initializer=0.0,
    )
    mean, variance = tf.nn.moments(later, [0])
    returns = (later - mean) / (tf.sqrt(variance) + 1e-6)
    advantage = tf.stop_gradient(returns - value)
    log_odds = -tf.nn.sparse_softmax_cross_entropy_with_logits(
        logits=logits, labels=actions
    )
    odds = tf.nn.softmax(logits)
    entropy = -tf.reduce_mean(tf.reduce_sum(odds * tf.nn.log_softmax(logits), 1))
    policy_loss = -tf.reduce_mean(log_odds * advantage)
    value_loss = tf.losses.mean_squared_error(returns, value, weights=0.5)
    loss = policy_loss + value_loss - 0.01 * entropy
    variables = tf.trainable_variables()
    with tf.control_dependencies([loss]):
        gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 0.5)
        optimizer = tf.train.RMSPropOptimizer(0.02, decay=0.99, epsilon=1e-5)
        step = optimizer.apply_gradients(zip(gradients, variables, strict=True))
    finish(tf, [odds, value, drawn], [policy_loss, value_loss, entropy], step)


PROGRAMS = (wide_and_deep, matrix_factorisation, dqn, policy_gradient)
