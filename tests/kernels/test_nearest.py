"""Hashes of rows, nearest centers, buckets and beams, with values that TensorFlow gave.

`GatherTree` and `BoostedTreesBucketize` are those of TensorFlow 1.15.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf


def run(build: Any) -> Any:
    """Run what a function builds."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(build())


def test_buckets() -> None:
    """A value's bucket is the first boundary no less than it, at most the last."""
    values = np.array([-1, 0, 0.5, 1, 2, np.nan, np.inf, 9], np.float32)
    op = tf.raw_ops.BoostedTreesBucketize
    for boundaries, expected in (
        ([0, 1, 2, 2, 3], [0, 0, 1, 1, 2, 0, 4, 4]),
        ([], [0] * 8),
    ):
        edges = np.array(boundaries, np.float32)
        found = run(lambda e=edges: op(float_values=[values], bucket_boundaries=[e]))
        assert found[0].tolist() == expected
        assert found[0].dtype == np.int32


def tree(steps: Any, parents: Any, lengths: Any, end: int) -> Any:
    """Return the beams that steps and their parents tell, the batch first."""
    ids, before = (np.swapaxes(np.array(x, np.int32), 0, 1) for x in (steps, parents))
    beams = run(
        lambda: tf.raw_ops.GatherTree(
            step_ids=ids,
            parent_ids=before,
            max_sequence_lengths=np.array(lengths, np.int32),
            end_token=end,
        )
    )
    return np.swapaxes(beams, 0, 1).tolist()


def test_beams() -> None:
    """Beams follow their parents back, end at their length and at the first end."""
    steps = [[[1, 2], [3, 4], [5, 6]], [[7, 9], [8, 8], [1, 1]]]
    parents = [[[0, 0], [1, 0], [1, 1]], [[0, 0], [0, 0], [0, 0]]]
    assert tree(steps, parents, [3, 2], 9) == [
        [[1, 1], [4, 4], [5, 6]],
        [[7, 7], [8, 8], [9, 9]],
    ]
    with pytest.raises(tf.errors.InvalidArgumentError, match="invalid parent id 7"):
        tree([[[1], [2]]], [[[0], [7]]], [2], 9)


def test_nearest_centers() -> None:
    """Centers come in the order of their distance, equal ones in their own."""
    centers = np.array([[1, 0], [0, 1], [0, 0], [0, 0]], np.float32)
    points = np.zeros([1, 2], np.float32)
    op = tf.raw_ops.NearestNeighbors
    found = run(lambda: op(points=points, centers=centers, k=np.int64(3)))
    assert found[0].tolist() == [[2, 3, 0]]
    assert found[1].tolist() == [[0, 0, 1]]


def test_fingerprints() -> None:
    """Rows are hashed as bytes; strings of one row by their hashes."""
    one = run(lambda: tf.fingerprint(["a", ""]))
    assert one.view("<u8").ravel().tolist() == [0xB3454265B6DF75E3, 0x9AE16A3B2F90404F]
    both = run(lambda: tf.fingerprint([["a", ""]]))
    assert both.tolist() == run(lambda: tf.fingerprint(one.reshape(1, 16))).tolist()
    with pytest.raises(ValueError, match="Unsupported method"):
        run(lambda: tf.fingerprint(["a"], "md5"))
