"""Programs that train variables of both kinds, with gradients dense and of rows.

Each returns the operation that trains; `tests.golden.record.record_optimizer_runs`
runs it with TensorFlow and keeps the values.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _table(count: int, width: int) -> Any:
    return np.arange(count * width, dtype=np.float32).reshape(count, width) / 10


def _loss(tf: ModuleType, dtype: Any = None) -> Any:
    """A loss of four variables: reference and resource, whole and by rows."""
    dtype = dtype or tf.float32
    total = 0.0
    for kind, use_resource in (("reference", False), ("resource", True)):
        with tf.variable_scope(kind, use_resource=use_resource):
            whole = tf.get_variable("whole", initializer=tf.cast(_table(4, 3), dtype))
            rows = tf.get_variable("rows", initializer=tf.cast(_table(5, 2), dtype))
        inputs = tf.constant([[1.0, 2.0, -1.0, 0.5]], dtype)
        total += tf.reduce_mean(tf.square(tf.matmul(inputs, whole)))
        # One row twice, so that its gradients are summed.
        total += tf.reduce_sum(tf.square(tf.nn.embedding_lookup(rows, [1, 1, 3])))
    return total


def train_by_gradient_descent(tf: ModuleType) -> Any:
    """Gradient descent, with a step."""
    step = tf.train.get_or_create_global_step()
    optimizer = tf.train.GradientDescentOptimizer(0.01)
    return optimizer.minimize(_loss(tf), global_step=step)


def train_by_momentum(tf: ModuleType) -> Any:
    """Momentum; the rate is a function."""
    return tf.train.MomentumOptimizer(lambda: 0.01, 0.9).minimize(_loss(tf))


def train_by_nesterov(tf: ModuleType) -> Any:
    """Nesterov's momentum, locking."""
    optimizer = tf.train.MomentumOptimizer(
        0.01, 0.9, use_locking=True, name="Fast", use_nesterov=True
    )
    return optimizer.minimize(_loss(tf))


def train_by_adam(tf: ModuleType) -> Any:
    """Adam, with a step."""
    step = tf.train.get_or_create_global_step()
    return tf.train.AdamOptimizer(0.1).minimize(_loss(tf), global_step=step)


def train_by_adam_in_its_scope(tf: ModuleType) -> Any:
    """Adam with its own scope and a rate that is a tensor; double precision."""
    optimizer = tf.train.AdamOptimizer(
        tf.constant(0.1), use_own_namescope_for_non_slot_vars=True
    )
    return optimizer.minimize(_loss(tf, tf.float64))


def train_by_rmsprop(tf: ModuleType) -> Any:
    """RMSProp."""
    return tf.train.RMSPropOptimizer(0.1, momentum=0.5).minimize(_loss(tf))


def train_by_centered_rmsprop(tf: ModuleType) -> Any:
    """RMSProp with the variance."""
    optimizer = tf.train.RMSPropOptimizer(0.1, centered=True, epsilon=0.01)
    return optimizer.minimize(_loss(tf))


def train_by_adagrad(tf: ModuleType) -> Any:
    """Adagrad."""
    return tf.train.AdagradOptimizer(0.1).minimize(_loss(tf))


def train_by_adagrad_da(tf: ModuleType) -> Any:
    """Adagrad with dual averaging."""
    step = tf.train.get_or_create_global_step()
    optimizer = tf.train.AdagradDAOptimizer(0.1, step, l1_regularization_strength=0.01)
    return optimizer.minimize(_loss(tf), global_step=step)


def train_by_adadelta(tf: ModuleType) -> Any:
    """Adadelta."""
    return tf.train.AdadeltaOptimizer(0.1).minimize(_loss(tf))


def train_by_ftrl(tf: ModuleType) -> Any:
    """FTRL with both kinds of L2."""
    optimizer = tf.train.FtrlOptimizer(
        0.1,
        l1_regularization_strength=0.01,
        l2_regularization_strength=0.1,
        l2_shrinkage_regularization_strength=0.01,
        beta=0.1,
    )
    return optimizer.minimize(_loss(tf))


def train_by_plain_ftrl(tf: ModuleType) -> Any:
    """FTRL as it is by default."""
    return tf.train.FtrlOptimizer(0.1).minimize(_loss(tf))


def train_by_proximal_gradient_descent(tf: ModuleType) -> Any:
    """Gradient descent and shrinking."""
    optimizer = tf.train.ProximalGradientDescentOptimizer(0.01, 0.01, 0.02)
    return optimizer.minimize(_loss(tf))


def train_by_proximal_adagrad(tf: ModuleType) -> Any:
    """Adagrad and shrinking."""
    optimizer = tf.train.ProximalAdagradOptimizer(0.1, l1_regularization_strength=0.01)
    return optimizer.minimize(_loss(tf))


def train_with_constraints(tf: ModuleType) -> Any:
    """Gradients gated as a whole and clipped; values kept in a range."""
    product: Any = 1.0
    for kind, use_resource in (("reference", False), ("resource", True)):
        product *= tf.get_variable(
            kind,
            initializer=[1.0, 2.0],
            use_resource=use_resource,
            constraint=lambda value: tf.clip_by_value(value, 0.0, 1.5),
        )
    optimizer = tf.train.AdamOptimizer(0.1)
    pairs = optimizer.compute_gradients(
        tf.reduce_sum(product), gate_gradients=optimizer.GATE_GRAPH
    )
    pairs = [(tf.clip_by_norm(grad, 0.5), var) for grad, var in pairs]
    return optimizer.apply_gradients(pairs, name="apply")


def train_pieces(tf: ModuleType) -> Any:
    """A variable in pieces: slots are in pieces, too."""
    with tf.variable_scope("cut", partitioner=tf.fixed_size_partitioner(2)):
        table = tf.get_variable("table", [5, 2], initializer=tf.ones_initializer())
    loss = tf.reduce_sum(tf.square(tf.convert_to_tensor(table)))
    return tf.train.AdamOptimizer(0.1).minimize(loss)


def train_averages(tf: ModuleType) -> Any:
    """Moving averages of variables of both kinds and of tensors."""
    step = tf.train.get_or_create_global_step()
    v = tf.get_variable("v", initializer=[1.0, 2.0])
    r = tf.get_variable("r", initializer=[3.0, 4.0], use_resource=True)
    average = tf.train.ExponentialMovingAverage(0.9, num_updates=step)
    corrected = tf.train.ExponentialMovingAverage(
        0.9, zero_debias=True, name="Corrected"
    )
    product = v * 2.0
    averaged = [average.apply([v, r, product]), corrected.apply([product])]
    # Averages first: nothing else orders the reads of a reference variable.
    with tf.control_dependencies(averaged):
        return tf.train.GradientDescentOptimizer(0.1).minimize(
            tf.reduce_sum(v * r), global_step=step
        )


def train_by_functions_of_losses(tf: ModuleType) -> Any:
    """Losses that are functions; the variables are those that they read."""
    with tf.variable_scope("", use_resource=True):
        v = tf.get_variable("v", initializer=[1.0, 2.0])
        r = tf.get_variable("r", initializer=[[3.0, 4.0], [5.0, 6.0]])
        tf.get_variable("unused", initializer=[7.0])

    def loss() -> Any:
        return tf.reduce_sum(tf.square(v)) + tf.reduce_sum(tf.gather(r, [1, 1]))

    by_gradient = tf.train.GradientDescentOptimizer(0.1)
    pairs = by_gradient.compute_gradients(loss, grad_loss=tf.constant(0.5))
    with tf.control_dependencies([by_gradient.apply_gradients(pairs)]):
        return tf.train.MomentumOptimizer(0.1, 0.5).minimize(loss, var_list=[v])


def train_by_synchronous_replicas(tf: ModuleType) -> Any:
    """Two gradients make an update; the chief's thread applies it."""
    table = tf.get_variable("table", initializer=[[1.0], [2.0], [3.0]])
    v = tf.get_variable("v", initializer=[2.0])
    rows = tf.nn.embedding_lookup(table, [0, 2, 2])
    average = tf.train.ExponentialMovingAverage(0.5)
    optimizer = tf.train.SyncReplicasOptimizer(
        tf.train.MomentumOptimizer(0.1, 0.5),
        replicas_to_aggregate=2,
        total_num_replicas=1,
        variable_averages=average,
        variables_to_average=[v],
    )
    step = tf.train.get_or_create_global_step()
    train_op = optimizer.minimize(tf.reduce_sum(rows * v), global_step=step)
    tf.train.add_queue_runner(optimizer.get_chief_queue_runner())
    tf.add_to_collection("first_tokens", optimizer.get_init_tokens_op())
    tf.add_to_collection("first", optimizer.chief_init_op)
    return train_op


PROGRAMS: tuple[Callable[[ModuleType], Any], ...] = (
    train_by_gradient_descent,
    train_by_momentum,
    train_by_nesterov,
    train_by_adam,
    train_by_adam_in_its_scope,
    train_by_rmsprop,
    train_by_centered_rmsprop,
    train_by_adagrad,
    train_by_adagrad_da,
    train_by_adadelta,
    train_by_ftrl,
    train_by_plain_ftrl,
    train_by_proximal_gradient_descent,
    train_by_proximal_adagrad,
    train_with_constraints,
    train_pieces,
    train_averages,
    train_by_synchronous_replicas,
)
# Gradients of functions have other names in TensorFlow; replicas need threads.
RUNS = (
    *(program for program in PROGRAMS if program is not train_by_synchronous_replicas),
    train_by_functions_of_losses,
)
