"""Programs that scale losses."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def _loss(tf: ModuleType) -> Any:
    whole = tf.get_variable("whole", initializer=[1.0, 2.0])
    rows = tf.get_variable("rows", initializer=[[1.0], [2.0]], use_resource=True)
    total = tf.reduce_sum(tf.square(whole))
    return total + tf.reduce_sum(tf.nn.embedding_lookup(rows, [1, 1]))


def loss_scale_fixed(tf: ModuleType) -> None:
    """A number."""
    step = tf.train.get_or_create_global_step()
    inner = tf.train.GradientDescentOptimizer(0.1)
    optimizer = tf.mixed_precision.MixedPrecisionLossScaleOptimizer(inner, 8)
    optimizer.minimize(_loss(tf), global_step=step)


def loss_scale_dynamic(tf: ModuleType) -> None:
    """A variable that follows the gradients."""
    scale = tf.mixed_precision.experimental.DynamicLossScale(
        initial_loss_scale=4, increment_period=2, multiplier=3.0
    )
    step = tf.train.get_or_create_global_step()
    inner = tf.train.MomentumOptimizer(0.1, 0.9)
    wrap = tf.train.experimental.MixedPrecisionLossScaleOptimizer
    wrap(inner, scale).minimize(_loss(tf), global_step=step)


def loss_scale_rewrite(tf: ModuleType) -> None:
    """By default it is dynamic."""
    enable = tf.train.experimental.enable_mixed_precision_graph_rewrite
    optimizer = enable(tf.train.AdamOptimizer(0.1))
    optimizer.minimize(_loss(tf), name="train")
    tf.train.experimental.disable_mixed_precision_graph_rewrite()


PROGRAMS = (loss_scale_dynamic, loss_scale_fixed, loss_scale_rewrite)
