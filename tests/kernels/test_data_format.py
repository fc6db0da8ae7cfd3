"""Axes and sizes of images in another layout; what is expected follows by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import InvalidArgumentError

LAYOUTS = {"src_format": "NHWC", "dst_format": "NCHW"}


def run(fetch: Any) -> Any:
    """Return what a tensor is in a new session."""
    with tf.Session() as session:
        return session.run(fetch)


def test_axes_are_mapped() -> None:
    """Each axis becomes its place in the other layout, also counted from behind."""
    with tf.Graph().as_default():
        mapped = tf.raw_ops.DataFormatDimMap(x=[0, 1, 2, 3, -1, -4], **LAYOUTS)
        assert mapped.shape == [6]
        np.testing.assert_array_equal(run(mapped), [0, 2, 3, 1, 1, 0])


def test_sizes_are_permuted() -> None:
    """Sizes, or pairs of them, follow their letters; height and width alone too."""
    with tf.Graph().as_default():
        permuted = [
            tf.raw_ops.DataFormatVecPermute(x=x, **LAYOUTS)
            for x in ([7, 4, 9, 3], [[7, 4], [9, 3], [1, 2], [5, 6]], [7, 4])
        ]
        sizes, pairs, inner = run(permuted)
        turned = tf.raw_ops.DataFormatVecPermute(
            x=[7, 4], src_format="NHWC", dst_format="NCWH"
        )
        np.testing.assert_array_equal(run(turned), [4, 7])
    np.testing.assert_array_equal(sizes, [7, 3, 4, 9])
    np.testing.assert_array_equal(pairs, [[7, 4], [5, 6], [9, 3], [1, 2]])
    np.testing.assert_array_equal(inner, [7, 4])


def test_other_counts_are_refused() -> None:
    """A vector of another length has no layout."""
    with tf.Graph().as_default():
        permuted = tf.raw_ops.DataFormatVecPermute(x=[1, 2, 3], **LAYOUTS)
        with pytest.raises(InvalidArgumentError, match="got shape"):
            run(permuted)


@pytest.mark.parametrize("op", ["DepthToSpace", "SpaceToDepth"])
def test_vectors_of_channels(op: str) -> None:
    """Blocks of pixels move for each part of the vectors as in images without them."""
    parts = np.arange(2 * 8 * 2 * 4 * 4, dtype=np.float32).reshape(2, 8, 2, 4, 4)
    move = getattr(tf.raw_ops, op)
    with tf.Graph().as_default():
        fed = tf.placeholder(tf.float32)
        found = move(input=fed, block_size=2, data_format="NCHW_VECT_C")
        assert found.shape.as_list() == [None, None, None, None, 4]
        known = move(input=parts, block_size=2, data_format="NCHW_VECT_C")
        alone = [
            move(input=parts[..., i], block_size=2, data_format="NCHW")
            for i in range(4)
        ]
        with tf.Session() as session:
            whole = np.stack(session.run(alone), axis=-1)
            np.testing.assert_array_equal(session.run(found, {fed: parts}), whole)
        assert known.shape.as_list() == list(whole.shape)
