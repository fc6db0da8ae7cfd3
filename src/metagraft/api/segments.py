"""Reductions over segments of the first axis (`tf.math.segment_sum` and its kin).

Source: tensorflow python/ops/math_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "sparse_segment_mean",
    "sparse_segment_sqrt_n",
    "sparse_segment_sum",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
]


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The largest row of each segment."""
    return op("SegmentMax", data=data, segment_ids=segment_ids, name=name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The mean row of each segment."""
    return op("SegmentMean", data=data, segment_ids=segment_ids, name=name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The smallest row of each segment."""
    return op("SegmentMin", data=data, segment_ids=segment_ids, name=name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The product of the rows of each segment."""
    return op("SegmentProd", data=data, segment_ids=segment_ids, name=name)


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The sum of the rows of each segment."""
    return op("SegmentSum", data=data, segment_ids=segment_ids, name=name)


def unsorted_segment_max(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The largest row of each segment; ids need no order."""
    return op(
        "UnsortedSegmentMax",
        data=data,
        segment_ids=segment_ids,
        num_segments=num_segments,
        name=name,
    )


def unsorted_segment_min(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The smallest row of each segment; ids need no order."""
    return op(
        "UnsortedSegmentMin",
        data=data,
        segment_ids=segment_ids,
        num_segments=num_segments,
        name=name,
    )


def unsorted_segment_prod(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The product of the rows of each segment; ids need no order."""
    return op(
        "UnsortedSegmentProd",
        data=data,
        segment_ids=segment_ids,
        num_segments=num_segments,
        name=name,
    )


def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The sum of the rows of each segment; ids need no order."""
    return op(
        "UnsortedSegmentSum",
        data=data,
        segment_ids=segment_ids,
        num_segments=num_segments,
        name=name,
    )


def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The mean row of each segment; ids need no order."""
    with name_scope(name, "UnsortedSegmentMean"):
        data = convert_to_tensor(data)
        segment_ids = convert_to_tensor(segment_ids)
        counts = _rows_per_segment(data, segment_ids, num_segments)
        summed = unsorted_segment_sum(data, segment_ids, num_segments)
        mean: Tensor = summed / counts
        return mean


def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The sum of each segment, divided by the root of its number of rows."""
    with name_scope(name, "UnsortedSegmentSqrtN"):
        data = convert_to_tensor(data)
        segment_ids = convert_to_tensor(segment_ids)
        counts = _rows_per_segment(data, segment_ids, num_segments)
        summed = unsorted_segment_sum(data, segment_ids, num_segments)
        scaled: Tensor = summed / op("Sqrt", x=counts)
        return scaled


def _rows_per_segment(data: Tensor, segment_ids: Tensor, num_segments: Any) -> Tensor:
    """How many rows each segment has, at least 1, in a shape that goes with `data`."""
    num_segments = convert_to_tensor(num_segments)
    ones = array.ones(array.shape_or_constant(segment_ids, True), dtype=data.dtype)
    counts = unsorted_segment_sum(ones, segment_ids, num_segments)
    first = num_segments[None]
    trailing = array.ones(
        [array.rank(data) - array.rank(segment_ids)], dtype=num_segments.dtype
    )
    counts = array.reshape(counts, array.concat([first, trailing], axis=0))
    return op("Maximum", x=counts, y=1)


def sparse_segment_mean(
    data: Any,
    indices: Any,
    segment_ids: Any,
    name: str | None = None,
    num_segments: Any = None,
    sparse_gradient: bool = False,
) -> Tensor:
    """The mean of chosen rows of each segment."""
    return _sparse_segment(
        "Mean", data, indices, segment_ids, name, num_segments, sparse_gradient
    )


def sparse_segment_sqrt_n(
    data: Any,
    indices: Any,
    segment_ids: Any,
    name: str | None = None,
    num_segments: Any = None,
    sparse_gradient: bool = False,
) -> Tensor:
    """The sum of chosen rows of each segment, divided by the root of their number."""
    return _sparse_segment(
        "SqrtN", data, indices, segment_ids, name, num_segments, sparse_gradient
    )


def sparse_segment_sum(
    data: Any,
    indices: Any,
    segment_ids: Any,
    name: str | None = None,
    num_segments: Any = None,
    sparse_gradient: bool = False,
) -> Tensor:
    """The sum of chosen rows of each segment."""
    return _sparse_segment(
        "Sum", data, indices, segment_ids, name, num_segments, sparse_gradient
    )


def _sparse_segment(
    how: str,
    data: Any,
    indices: Any,
    segment_ids: Any,
    name: str | None,
    num_segments: Any,
    sparse_gradient: bool,
) -> Tensor:
    operands = {"data": data, "indices": indices, "segment_ids": segment_ids}
    op_type = f"SparseSegment{how}"
    if num_segments is not None:
        op_type += "WithNumSegments"
        operands["num_segments"] = num_segments
    return op(op_type, **operands, sparse_gradient=sparse_gradient, name=name)
