"""Trains the models of `tests.programs.models`, stops, and goes on from the files.

Works with either library: pass the module that the program calls `tf`.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from tests.programs import models

STEPS = 20
MODELS = {program.__name__: program for program in models.PROGRAMS}


def start(
    tf: ModuleType, model: str, prefix: Path, *, as_text: bool = False
) -> list[float]:
    """Build a model, train it from its initial values, save it.

    Returns:
        The loss of each step.
    """
    with tf.Graph().as_default(), tf.Session() as session:
        MODELS[model](tf)
        saver = tf.train.Saver()
        session.run(tf.global_variables_initializer())
        losses = _train(tf, session, model, 0)
        saver.save(session, str(prefix), write_meta_graph=not as_text)
        if as_text:
            saver.export_meta_graph(f"{prefix}.meta", as_text=True)
    return losses


def go_on(
    tf: ModuleType, model: str, prefix: Path, *, meta: Path | None = None
) -> list[float]:
    """Import the graph, restore the variables and train on; builds nothing.

    Args:
        tf: The library.
        model: Whose batches to feed.
        prefix: The checkpoint.
        meta: The graph, when it is not beside the checkpoint.

    Returns:
        The loss of each step.
    """
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(str(meta or f"{prefix}.meta"))
        saver.restore(session, str(prefix))
        return _train(tf, session, model, STEPS)


def _train(tf: ModuleType, session: Any, model: str, first: int) -> list[float]:
    """Run the training steps and return their losses."""
    (loss,) = tf.get_collection("loss")
    (train_op,) = tf.get_collection("step")
    losses = []
    for step in range(first, first + STEPS):
        value, _ = session.run([loss, train_op], models.feeds(model, step))
        losses.append(float(value))
    assert session.run(tf.train.get_global_step()) == first + STEPS
    return losses
