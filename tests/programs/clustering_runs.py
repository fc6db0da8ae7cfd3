"""Programs that choose where clusters begin, and words with those around them.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


def chosen_points(tf: ModuleType) -> list[Any]:
    """Points far from each other, with several seeds and numbers of tries."""
    points = np.random.RandomState(0).rand(40, 3).astype(np.float32)
    fetches = [
        tf.raw_ops.KmeansPlusPlusInitialization(
            points=points, num_to_sample=n, seed=seed, num_retries_per_sample=tries
        )
        for seed in (0, 3, 1 << 40)
        for n, tries in ((1, 0), (5, 0), (7, 3), (6, -1), (40, 1))
    ]
    fetches += [
        tf.raw_ops.KMC2ChainInitialization(distances=points[:, 0] ** 4, seed=seed)
        for seed in (0, 3, 1 << 40)
    ]
    with tf.Session() as session:
        return list(session.run(fetches))


def _old_op(tf: ModuleType, op_type: str, **arguments: Any) -> Any:
    """Add an operation that newer graphs may not have."""
    old = tf.GraphDef()
    old.versions.producer = 18
    tf.import_graph_def(old)
    if tf.__name__.startswith("metagraft"):
        return import_module("metagraft.graph.apply_op").op(op_type, **arguments)
    library = import_module("tensorflow.python.framework.op_def_library")
    return library.apply_op(op_type, **arguments)


def words_around(tf: ModuleType) -> list[Any]:
    """Batches of a text whose words all have another frequency."""
    words = [f"w{i}" for i in range(1, 41) for _ in range(600 // i + 40 - i)]
    np.random.RandomState(1).shuffle(words)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text")
        path.write_text("\n ".join(words), encoding="utf-8")
        fetches = [
            _old_op(
                tf,
                "Skipgram",
                filename=str(path),
                batch_size=1700,
                window_size=3,
                min_count=20,
                subsample=subsample,
            )
            for subsample in (1e-2, 0.0)
        ]
        with tf.Session() as session:
            for _ in range(3):
                for outputs in session.run([list(one) for one in fetches]):
                    found += list(outputs)
    return found


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run for run in (chosen_points, words_around)
}


def _points(tf: ModuleType, count: int, rows: int) -> Any:
    return tf.raw_ops.KmeansPlusPlusInitialization(
        points=np.zeros((rows, 2), np.float32),
        num_to_sample=count,
        seed=0,
        num_retries_per_sample=0,
    )


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "no_points": lambda tf: _points(tf, 1, 0),
    "no_samples": lambda tf: _points(tf, 0, 3),
    "too_many": lambda tf: _points(tf, 4, 3),
    "no_candidates": lambda tf: tf.raw_ops.KMC2ChainInitialization(
        distances=np.zeros(0, np.float32), seed=0
    ),
}
