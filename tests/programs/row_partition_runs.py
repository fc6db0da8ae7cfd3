"""Programs with partitions of values into rows. Each takes the module `tf`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _known(tf: ModuleType, partition: Any) -> list[Any]:
    """Add what a partition says of itself."""
    found = [
        partition.row_splits(),
        partition.row_starts(),
        partition.row_limits(),
        partition.row_lengths(),
        partition.value_rowids(),
        partition.nrows(),
        partition.nvals(),
        partition.offsets_in_rows(),
    ]
    if partition.is_uniform():
        found.append(partition.uniform_row_length())
    statics = (
        partition.static_nrows,
        partition.static_nvals,
        partition.static_uniform_row_length,
    )
    found.append(tf.constant([-1 if one is None else one for one in statics]))
    return found


def _run(tf: ModuleType, partitions: list[Any]) -> list[Any]:
    fetches = [one for part in partitions for one in _known(tf, part)]
    with tf.Session() as session:
        return list(session.run(fetches))


def partitions_of_lists(tf: ModuleType) -> list[Any]:
    """Partitions whose numbers are known."""
    cls = tf.experimental.RowPartition
    return _run(
        tf,
        [
            cls.from_row_splits([0, 2, 2, 5]),
            cls.from_row_lengths(np.array([2, 0, 3], np.int32)),
            cls.from_row_lengths([2, 0, 3], dtype=tf.int32, validate=False),
            cls.from_row_starts([0, 2, 2], 5, dtype_hint=tf.int32),
            cls.from_row_limits([2, 2, 5], False),
            cls.from_value_rowids([0, 0, 2, 2, 2], 4),
            cls.from_value_rowids([0, 0, 2], dtype=tf.int32),
            cls.from_uniform_row_length(3, nvals=6),
            cls.from_uniform_row_length(2, nrows=3, dtype=tf.int32),
            cls.from_uniform_row_length(0, 0, 4, dtype_hint=tf.int32),
            cls.from_row_splits([0, 1, 3]).with_dtype(tf.int32),
        ],
    )


def partitions_of_tensors(tf: ModuleType) -> list[Any]:
    """Partitions whose numbers a run tells."""
    cls = tf.experimental.RowPartition

    def fed(value: Any) -> Any:
        return tf.placeholder_with_default(np.array(value), [None] * np.ndim(value))

    return _run(
        tf,
        [
            cls.from_row_splits(fed([0, 2, 2, 5])),
            cls.from_row_lengths(fed([2, 0, 3])),
            cls.from_value_rowids(fed([0, 0, 2])),
            cls.from_uniform_row_length(fed(3), nvals=fed(6)),
        ],
    )


def neither(tf: ModuleType) -> Any:
    """A uniform partition without any count."""
    return tf.experimental.RowPartition.from_uniform_row_length(3)


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run for run in (partitions_of_lists, partitions_of_tensors)
}
MISTAKES: dict[str, Callable[[ModuleType], Any]] = {"neither": neither}
PROGRAMS = tuple(RUNS.values())
