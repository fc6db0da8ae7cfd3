"""Which of several is the nearest: centers of clusters, boundaries of buckets, beams.

Twin of `kernels/nearest.py`.

Source: tensorflow core/ops/clustering_ops.cc, core/ops/boosted_trees_ops.cc,
contrib/seq2seq/ops/beam_search_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, merged, with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def nearest_neighbors_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow tells no shape."""
    return (None, None)


def boosted_trees_bucketize_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One bucket for each value of every feature."""
    count: int = attrs["num_features"]
    shapes = [with_rank(dims, 1) for dims in inputs[:count]]
    for dims in shapes[1:]:
        merge_dim(shapes[0][0], dims[0])
    return shapes


def gather_tree_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[steps, batch, beams]`."""
    with_rank(inputs[3], 0)
    (batch,) = with_rank(inputs[2], 1)
    ids = merged(with_rank(inputs[0], 3), with_rank(inputs[1], 3))
    assert ids is not None
    return ((ids[0], merge_dim(ids[1], batch), ids[2]),)


OPS = (
    OpSpec(
        name="BoostedTreesBucketize",
        shape=boosted_trees_bucketize_shape,
        source="tensorflow core/ops/boosted_trees_ops.cc",
    ),
    OpSpec(
        name="GatherTree",
        shape=gather_tree_shape,
        source="tensorflow contrib/seq2seq/ops/beam_search_ops.cc",
    ),
    OpSpec(
        name="NearestNeighbors",
        shape=nearest_neighbors_shape,
        source="tensorflow core/ops/clustering_ops.cc",
    ),
)
