"""Scales of losses in runs and in checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf

PRECISION = tf.mixed_precision


def test_a_dynamic_scale_follows_the_gradients() -> None:
    """It doubles after two good steps; a bad one changes no variable and halves it."""
    with tf.Graph().as_default(), tf.Session() as session:
        factor = tf.placeholder_with_default(1.0, [])
        weight = tf.get_variable("weight", initializer=1.0)
        scale = PRECISION.DynamicLossScale(8.0, increment_period=2)
        inner = tf.train.GradientDescentOptimizer(0.25)
        optimizer = PRECISION.MixedPrecisionLossScaleOptimizer(inner, scale)
        step = tf.train.get_or_create_global_step()
        train = optimizer.minimize(weight * factor, global_step=step)
        session.run(tf.global_variables_initializer())
        seen = []
        for value in (1.0, 1.0, float("inf"), 1.0):
            session.run(train, {factor: value})
            seen.append(session.run([scale(), weight, step]))
    assert seen == [[8.0, 0.75, 1], [16.0, 0.5, 2], [8.0, 0.5, 2], [8.0, 0.25, 3]]


def test_it_does_not_shrink_below_one() -> None:
    """The least scale is one."""
    with tf.Graph().as_default(), tf.Session() as session:
        scale = PRECISION.DynamicLossScale(1.0)
        update, should_apply = scale.update([tf.constant(float("nan"))])
        session.run(tf.global_variables_initializer())
        assert not session.run(should_apply)
        session.run(update)
        assert session.run(scale()) == 1.0


def test_in_checkpoints_of_objects(tmp_path: Path) -> None:
    """The variables of a scale come back."""

    def make() -> tuple[Any, Any]:
        scale = PRECISION.DynamicLossScale(8.0)
        inner = tf.train.GradientDescentOptimizer(0.25)
        optimizer = PRECISION.MixedPrecisionLossScaleOptimizer(inner, scale)
        return scale, tf.train.Checkpoint(optimizer=optimizer)

    with tf.Graph().as_default(), tf.Session() as session:
        scale, checkpoint = make()
        session.run(tf.global_variables_initializer())
        update, _ = scale.update([tf.constant(float("inf"))])
        session.run(update)
        path = checkpoint.save(str(tmp_path / "ckpt"), session=session)
    names = [name for name, _ in tf.train.list_variables(path)]
    loss_scale = "optimizer/loss_scale/current_loss_scale/.ATTRIBUTES/VARIABLE_VALUE"
    assert loss_scale in names
    with tf.Graph().as_default(), tf.Session() as session:
        scale, checkpoint = make()
        checkpoint.restore(path).run_restore_ops(session)
        assert session.run(scale()) == 4.0


def test_configurations() -> None:
    """A scale is made again of what it tells."""
    with tf.Graph().as_default():
        fixed = PRECISION.FixedLossScale(3)
        assert repr(PRECISION.FixedLossScale.from_config(fixed.get_config())) == (
            "FixedLossScale(3.0)"
        )
        dynamic = PRECISION.DynamicLossScale(4, 5, 6)
        assert dynamic.get_config() == {
            "initial_loss_scale": 4.0,
            "increment_period": 5,
            "multiplier": 6.0,
        }
        assert repr(dynamic) == (
            "DynamicLossScale(initial_loss_scale=4.0, increment_period=5,"
            " multiplier=6.0)"
        )


def test_mistakes() -> None:
    """TensorFlow's errors."""
    with tf.Graph().as_default():
        inner = tf.train.GradientDescentOptimizer(0.25)
        wrap = PRECISION.MixedPrecisionLossScaleOptimizer
        with pytest.raises(ValueError, match="must be at least 1"):
            PRECISION.FixedLossScale(0.5)
        with pytest.raises(ValueError, match="must be a Python int or float"):
            PRECISION.FixedLossScale("8")
        with pytest.raises(ValueError, match="must be an instance of Optimizer"):
            wrap("sgd", 8)
        with pytest.raises(ValueError, match="loss_scale cannot be None"):
            wrap(inner, None)
        with pytest.raises(ValueError, match="Could not interpret loss scale"):
            wrap(inner, "steady")
        enable = PRECISION.enable_mixed_precision_graph_rewrite
        with pytest.raises(ValueError, match="must not already be an instance"):
            enable(wrap(inner, 8))
        with pytest.raises(ValueError, match="must be an instance of a tf"):
            enable("sgd")
