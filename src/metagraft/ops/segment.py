"""Reductions over segments of the first axis; twin of `kernels/segment.py`.

Source: tensorflow core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, divide
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

Gradients = Sequence[Any]


def segment_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The first dimension becomes the number of segments, which only a run knows."""
    data = with_rank_at_least(inputs[0], 1)
    with_rank(inputs[1], 1)
    return (None if data is None else (None, *data[1:]),)


def unsorted_segment_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The dimensions of the ids become the number of segments."""
    data, ids, num = inputs
    with_rank(num, 0)
    if ids is None:
        return (None,)
    if data is not None and len(data) < len(ids):
        raise ValueError(
            f"Shape must be at least rank {len(ids)} but is rank {len(data)}"
        )
    for size, id_size in zip(data or (), ids, strict=False):
        merge_dim(size, id_size)
    count = inputs.value(2)
    size = None if count is None else int(count)
    if size is not None and size < 0:
        raise ValueError(
            "Dimension size, given by scalar input 2, must be non-negative but is"
            f" {size}"
        )
    if data is None:
        return (None,)
    return ((size, *data[len(ids) :]),)


def segment_sum_gradient(_g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """Each row gets the gradient of its segment."""
    return array.gather(dy, op.inputs[1]), None


def segment_mean_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """Each row gets its share of the gradient of its segment."""
    data, ids = op.inputs
    rank = array.rank(data)
    ids_shape = array.shape(ids)
    rest = array.ones(array.expand_dims(rank - 1, 0), dtype=ids_shape.dtype)
    ones_shape = array.concat([ids_shape, rest], 0)
    ones = array.ones(ones_shape, dtype=dy.dtype)
    scaled = divide(dy, g.op("SegmentSum", data=ones, segment_ids=ids))
    return array.gather(scaled, ids), None


def segment_extreme_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """The gradient of a segment is shared by the rows that reach the extreme."""
    data, ids = op.inputs
    zeros = array.zeros_like(data, dtype=data.dtype)
    reached = array.gather(op.outputs[0], ids)
    is_selected = g.op("Equal", x=data, y=reached)
    count = g.op("SegmentSum", data=cast(is_selected, dy.dtype), segment_ids=ids)
    gathered = array.gather(divide(dy, count), ids)
    return g.op("SelectV2", condition=is_selected, t=gathered, e=zeros), None


def segment_prod_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """The product of the other rows; a zero is left out of what is divided.

    Without a zero in the segment it is the product divided by the row. With one zero
    only that row has a gradient, with two or more none has.
    """
    data, ids = op.inputs
    is_zero = g.op("Equal", x=data, y=0)
    zero_count = g.op(
        "SegmentSum", data=cast(is_zero, dtype=dtypes.int32), segment_ids=ids
    )
    has_more_zeros = g.op("Greater", x=zero_count, y=1)
    dy = g.op("SelectV2", condition=has_more_zeros, t=array.zeros_like(dy), e=dy)
    ones = array.ones_like(data)
    non_zero = g.op("SelectV2", condition=is_zero, t=ones, e=data)
    non_zero_prod = g.op("SegmentProd", data=non_zero, segment_ids=ids)
    gathered_prod = array.gather(op.outputs[0], ids)
    gathered_non_zero_prod = array.gather(non_zero_prod, ids)
    others = gathered_prod / non_zero
    partial = g.op("SelectV2", condition=is_zero, t=gathered_non_zero_prod, e=others)
    return array.gather(dy, ids) * partial, None


def _clipped_ids(g: GradientBuilder, ids: Tensor) -> Tensor:
    clipped: Tensor = g.op("Maximum", x=ids, y=array.zeros_like(ids))
    return clipped


def _gather_kept(
    g: GradientBuilder, params: Tensor, clipped: Tensor, is_kept: Tensor
) -> Tensor:
    """Gather rows, with zeros where the id is negative."""
    gathered = array.gather(params, clipped)
    zeros = array.zeros_like(gathered)
    kept: Tensor = g.op("SelectV2", condition=is_kept, t=gathered, e=zeros)
    return kept


def _gather_drop_negatives(
    g: GradientBuilder, params: Tensor, ids: Tensor, clipped: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Gather rows, with zeros where the id is negative.

    Returns:
        The rows, the ids with negative ones replaced by 0, and for every element
        whether its id is kept.
    """
    if clipped is None:
        clipped = _clipped_ids(g, ids)
    gathered = array.gather(params, clipped)
    is_kept = g.op("GreaterEqual", x=ids, y=0)
    kept_shape = array.shape(is_kept)
    trailing = array.ones(
        [array.rank(gathered) - array.rank(is_kept)], dtype=kept_shape.dtype
    )
    is_kept = array.reshape(is_kept, array.concat([kept_shape, trailing], axis=0))
    is_kept = is_kept & array.ones_like(gathered, dtype=dtypes.bool)
    zeros = array.zeros_like(gathered)
    rows = g.op("SelectV2", condition=is_kept, t=gathered, e=zeros)
    return rows, clipped, is_kept


def unsorted_segment_sum_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """Each row gets the gradient of its segment, if it is in one."""
    return _gather_drop_negatives(g, dy, op.inputs[1])[0], None, None


def unsorted_segment_extreme_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """The gradient of a segment is shared by the rows that reach the extreme."""
    data, ids, num = op.inputs
    reached, clipped, is_kept = _gather_drop_negatives(g, op.outputs[0], ids)
    is_selected = g.op("Equal", x=data, y=reached)
    is_selected = g.op("LogicalAnd", x=is_selected, y=is_kept)
    count = g.op(
        "UnsortedSegmentSum",
        data=cast(is_selected, dy.dtype),
        segment_ids=ids,
        num_segments=num,
    )
    gathered = _gather_kept(g, divide(dy, count), clipped, is_kept)
    zeros = array.zeros_like(gathered)
    dx = g.op("SelectV2", condition=is_selected, t=gathered, e=zeros)
    return dx, None, None


def unsorted_segment_prod_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """As for `SegmentProd`."""
    data, ids, num = op.inputs
    is_zero = g.op("Equal", x=data, y=0)
    zero_count = g.op(
        "UnsortedSegmentSum",
        data=cast(is_zero, dtype=dtypes.int32),
        segment_ids=ids,
        num_segments=num,
    )
    has_more_zeros = g.op("Greater", x=zero_count, y=1)
    dy = g.op("SelectV2", condition=has_more_zeros, t=array.zeros_like(dy), e=dy)
    ones = array.ones_like(data)
    non_zero = g.op("SelectV2", condition=is_zero, t=ones, e=data)
    non_zero_prod = g.op(
        "UnsortedSegmentProd", data=non_zero, segment_ids=ids, num_segments=num
    )
    clipped = _clipped_ids(g, ids)
    gathered_prod = array.gather(op.outputs[0], clipped)
    gathered_non_zero_prod = array.gather(non_zero_prod, clipped)
    others = gathered_prod / data
    partial = g.op("SelectV2", condition=is_zero, t=gathered_non_zero_prod, e=others)
    gathered = _gather_drop_negatives(g, dy, ids, clipped)[0]
    return gathered * partial, None, None


def _sorted(name: str, gradient: GradientRule) -> OpSpec:
    return OpSpec(
        name=name,
        shape=segment_shape,
        gradient=gradient,
        source="tensorflow core/ops/math_ops.cc",
    )


def _unsorted(name: str, gradient: GradientRule | NoGradient) -> OpSpec:
    return OpSpec(
        name=name,
        shape=unsorted_segment_shape,
        gradient=gradient,
        source="tensorflow core/ops/math_ops.cc",
    )


OPS = (
    *(
        _unsorted(f"Segment{how}V2", NO_RULE_YET)
        for how in ("Max", "Min", "Prod", "Sum")
    ),
    _sorted("SegmentMax", segment_extreme_gradient),
    _sorted("SegmentMean", segment_mean_gradient),
    _sorted("SegmentMin", segment_extreme_gradient),
    _sorted("SegmentProd", segment_prod_gradient),
    _sorted("SegmentSum", segment_sum_gradient),
    _unsorted("UnsortedSegmentMax", unsorted_segment_extreme_gradient),
    _unsorted("UnsortedSegmentMin", unsorted_segment_extreme_gradient),
    _unsorted("UnsortedSegmentProd", unsorted_segment_prod_gradient),
    _unsorted("UnsortedSegmentSum", unsorted_segment_sum_gradient),
)
