"""Which of several is the nearest; twin of `ops/nearest.py`.

Source: tensorflow core/kernels/clustering_ops.cc, boosted_trees/quantile_ops.cc,
contrib/seq2seq/kernels/beam_search_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

# So many of each row are found one by one; sorting takes as long as some dozens.
_FEW: Final = 24


def boosted_trees_bucketize(
    _attrs: Attrs, float_values: Sequence[Array], bucket_boundaries: Sequence[Array]
) -> tuple[Array, ...]:
    return tuple(
        _bucketed(*pair) for pair in zip(float_values, bucket_boundaries, strict=True)
    )


def _bucketed(values: Array, boundaries: Array) -> Array:
    """Return the first boundary that is no less than each value, or the last."""
    xp = namespace(values, boundaries)
    if np.ndim(boundaries) != 1:
        raise _invalid("Buckets should be flat vectors.")
    count = boundaries.shape[0]
    if not count:
        return xp.zeros(values.shape, np.int32)
    place = xp.minimum(xp.searchsorted(boundaries, values, side="left"), count - 1)
    # No boundary is less than what is no number.
    return xp.where(xp.isnan(values), 0, place).astype(np.int32)


def gather_tree(
    _attrs: Attrs,
    step_ids: Array,
    parent_ids: Array,
    max_sequence_lengths: Array,
    end_token: Array,
) -> tuple[Array]:
    _check_tree(step_ids, parent_ids, max_sequence_lengths, end_token)
    steps, batch, width = step_ids.shape
    lengths = np.minimum(max_sequence_lengths, steps)[:, None]
    beams = np.full(step_ids.shape, end_token, step_ids.dtype)
    every, own = np.arange(batch)[:, None], np.arange(width)
    parent = np.broadcast_to(own, (batch, width))
    for step in range(steps - 1, -1, -1):
        is_in = step < lengths
        # The last step of a sequence is its beam's own.
        parent = np.where(step == lengths - 1, own, parent)
        wrong = np.argwhere(is_in & ((parent < 0) | (parent >= width)))
        if wrong.size:
            at, beam = wrong[0]
            raise _invalid(
                f"Saw invalid parent id {parent[at, beam]} at (batch, time, beam) == "
                f"({at}, {step}, {beam})"
            )
        chosen = np.where(is_in, parent, 0)
        beams[step] = np.where(is_in, step_ids[step][every, chosen], end_token)
        parent = np.where(is_in, parent_ids[step][every, chosen], parent)
    finished = np.cumsum(beams == end_token, axis=0) > 0
    beams[finished] = end_token
    return (beams,)


def _check_tree(
    step_ids: Array, parent_ids: Array, lengths: Array, end_token: Array
) -> None:
    if step_ids.ndim != 3:
        raise _invalid(
            f"step_ids must be a 3-tensor, saw shape: {show(step_ids.shape)}"
        )
    if lengths.ndim != 1:
        raise _invalid(
            f"max_sequence_lengths must be a vector, saw shape: {show(lengths.shape)}"
        )
    if np.ndim(end_token):
        raise _invalid(
            f"end_token must be a scalar, saw shape: {show(end_token.shape)}"
        )
    if step_ids.shape != parent_ids.shape:
        raise _invalid(
            "step_ids.shape must match parent_ids.shape.  but shapes are: "
            f"{show(step_ids.shape)} and {show(parent_ids.shape)}"
        )
    if step_ids.shape[1] != lengths.shape[0]:
        raise _invalid(
            "batch size dimensions step_ids.shape[1] and max_sequence_lengths.shape[0] "
            f"must match.  but shapes are: {show(step_ids.shape)} and "
            f"{show(lengths.shape)}"
        )


def nearest_neighbors(
    _attrs: Attrs, points: Array, centers: Array, k: Array
) -> tuple[Array, Array]:
    for name, matrix in (("points", points), ("centers", centers)):
        if np.ndim(matrix) != 2:
            raise _invalid(f"Input {name} should be a matrix.")
    if np.ndim(k):
        raise _invalid("Input k should be a scalar.")
    if not points.shape[0]:
        raise _invalid("Expected points.rows() > 0.")
    if points.shape[1] != centers.shape[1]:
        raise _invalid(
            "Expected point_dimensions == center_dimensions: "
            f"{points.shape[1]} vs {centers.shape[1]}."
        )
    count = min(centers.shape[0], int(k))
    half_squares = np.float32(0.5) * np.sum(centers * centers, axis=1)
    distances = half_squares - points @ centers.T
    chosen = _least(distances, count)
    own = np.float32(0.5) * np.sum(points * points, axis=1, keepdims=True)
    nearest = np.float32(2) * (own + np.take_along_axis(distances, chosen, axis=1))
    return chosen.astype(np.int64), nearest.astype(np.float32)


def _least(distances: Array, count: int) -> Array:
    """Return where the least of each row are; of equal ones the first comes first."""
    if count > _FEW or not np.isfinite(distances).all():
        return np.argsort(distances, axis=1, kind="stable")[:, :count]
    left = distances.copy()
    chosen = np.empty((len(distances), count), np.intp)
    rows = np.arange(len(distances))
    for number in range(count):
        chosen[:, number] = found = left.argmin(axis=1)
        left[rows, found] = np.inf
    return chosen


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "BoostedTreesBucketize": Kernel(boosted_trees_bucketize),
    "GatherTree": Kernel(gather_tree, host=True),
    "NearestNeighbors": Kernel(nearest_neighbors, host=True),
}
