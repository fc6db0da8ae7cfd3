"""Trains for some steps and returns what the variables hold; with either library."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

STEPS = 4


def values_after_training(
    tf: ModuleType, program: Callable[[ModuleType], Any]
) -> dict[str, Any]:
    """Return the value of every global variable by name, `/` written as `|`."""
    with tf.Graph().as_default(), tf.Session() as session:
        train_op = program(tf)
        session.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            session.run(train_op)
        variables = tf.global_variables()
        values = session.run([variable.value() for variable in variables])
    names = [variable.op.name.replace("/", "|") for variable in variables]
    return dict(zip(names, values, strict=True))
