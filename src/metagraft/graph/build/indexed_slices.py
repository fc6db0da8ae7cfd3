"""Turning gradients that are `IndexedSlices` into dense tensors without a warning."""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.composite import IndexedSlices


def as_dense(gradient: Any) -> Any:
    """Return `gradient` as a tensor; slices of one row are added up.

    Raises:
        ValueError: The slices do not know the shape of the whole.

    Source: tensorflow python/ops/array_grad.py _IndexedSlicesToTensorNoWarning.
    """
    if not isinstance(gradient, IndexedSlices):
        return gradient
    if gradient.dense_shape is None:
        raise ValueError(
            "Tensor conversion requested for IndexedSlices without dense_shape:"
            f" {gradient}"
        )
    return op(
        "UnsortedSegmentSum",
        data=gradient.values,
        segment_ids=gradient.indices,
        num_segments=gradient.dense_shape[0],
    )
