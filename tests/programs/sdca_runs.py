"""Programs that train linear models by stochastic dual coordinate ascent.

Examples come in a random order, and by several threads; so those of one batch have
features of their own here.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

LOSSES = {
    "logistic_loss": [0.0, 1.0, 1.0],
    "squared_loss": [-1.5, 2.0, 0.25],
    "hinge_loss": [0.0, 1.0, 1.0],
    "smooth_hinge_loss": [0.0, 1.0, 0.0],
    "poisson_loss": [2.0, 0.0, 5.0],
}


def _floats(*values: Any) -> Any:
    return np.array(values, np.float32)


def _sparse_step(
    tf: ModuleType, loss: str, weights: Any, state: Any, labels: Any = None, **more: Any
) -> Any:
    """One step over three examples; the third has nothing of the second group."""
    options: dict[str, Any] = {
        "l1": 0.05,
        "l2": 0.5,
        "num_loss_partitions": 2,
        "num_inner_iterations": 1,
        "adaptative": False,
        **more,
    }
    return tf.train.sdca_optimizer(
        sparse_example_indices=[[0, 0, 1, 2], [0, 1]],
        sparse_feature_indices=[[7, 2, 3, 9], [1, 0]],
        sparse_feature_values=[_floats(0.5, -1.0, 2.0, 1.5)],
        dense_features=[],
        example_weights=_floats(1.0, 0.5, 2.0),
        example_labels=_floats(*(LOSSES[loss] if labels is None else labels)),
        sparse_indices=[[2, 3, 7, 9], [0, 1]],
        sparse_weights=weights,
        dense_weights=[],
        example_state_data=state,
        loss_type=loss,
        **options,
    )


def sparse_features(tf: ModuleType) -> list[Any]:
    """Three steps of each loss, the last one of small penalties."""
    found = []
    for loss in LOSSES:
        weights = [_floats(0.1, -0.2, 0.3, 0.0), _floats(0.5, -0.5)]
        state = np.zeros((3, 4), np.float32)
        for options in ({}, {"num_loss_partitions": 1}, {"l1": 0.0, "l2": 0.1}):
            with tf.Graph().as_default(), tf.Session() as session:
                made = _sparse_step(tf, loss, weights, state, **options)
                state, deltas, _ = session.run(list(made))
            weights = [a + b for a, b in zip(weights, deltas, strict=True)]
            found += [state, *deltas]
    return found


def dense_features(tf: ModuleType) -> list[Any]:
    """One example with two groups of dense features, and one of sparse ones."""
    found = []
    for loss, labels in LOSSES.items():
        state = np.zeros((1, 4), np.float32)
        for _ in range(2):
            with tf.Graph().as_default(), tf.Session() as session:
                made = tf.train.sdca_optimizer(
                    [[0]],
                    [[4]],
                    [],
                    [_floats([0.5, -1.0]), _floats([2.0])],
                    _floats(1.5),
                    _floats(labels[0]),
                    [[4, 5]],
                    [_floats(0.25, 1.0)],
                    [_floats(0.1, 0.2), _floats(-0.3)],
                    state,
                    loss_type=loss,
                    l1=0.1,
                    l2=1.0,
                    num_loss_partitions=1,
                    num_inner_iterations=1,
                    adaptative=False,
                )
                state, sparse, dense = session.run(list(made))
            found += [state, *sparse, *dense]
    return found


def shrinking(tf: ModuleType) -> list[Any]:
    """Weights moved towards zero."""
    values = [_floats(0.5, -0.05, 0.1, -2.0), _floats([0.3], [0.0])]
    variables = [
        tf.get_variable(f"weights_{i}", initializer=value, use_resource=False)
        for i, value in enumerate(values)
    ]
    shrink = tf.train.sdca_shrink_l1(variables, l1=0.05, l2=0.5)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(shrink)
        return list(session.run(variables))


def names(tf: ModuleType) -> list[Any]:
    """Names of examples of all lengths."""
    random = np.random.RandomState(0)
    lengths = (*range(40), 63, 64, 65, *range(127, 131), 143, 144, 145, 300, 640)
    texts = [bytes(random.randint(0, 256, n).astype(np.uint8)) for n in lengths]
    with tf.Session() as session:
        return [session.run(tf.train.sdca_fprint(texts))]


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run for run in (sparse_features, dense_features, shrinking, names)
}


def _wrong_label(tf: ModuleType, loss: str, label: float) -> Any:
    weights = [_floats(0, 0, 0, 0), _floats(0, 0)]
    state = np.zeros((3, 4), np.float32)
    return _sparse_step(tf, loss, weights, state, [1.0, label, 1.0])[0]


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "label": lambda tf: _wrong_label(tf, "logistic_loss", 2.0),
    "negative_label": lambda tf: _wrong_label(tf, "poisson_loss", -1.0),
    "state": lambda tf: _sparse_step(
        tf,
        "squared_loss",
        [_floats(0, 0, 0, 0), _floats(0, 0)],
        np.zeros((2, 4), np.float32),
    )[0],
}
