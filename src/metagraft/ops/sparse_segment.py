"""Segment reductions of chosen rows; twin of `kernels/sparse_segment.py`.

Source: tensorflow core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    GradientBuilder,
    GradientRule,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merged, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def _check_rows(inputs: Shapes) -> Dims:
    """Demand a vector of ids for a vector of row numbers; return the data's shape."""
    data = with_rank_at_least(inputs[0], 1)
    indices = with_rank(inputs[1], 1)
    merged(with_rank(inputs[2], 1), indices)
    return data


def sparse_segment_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The first dimension becomes the number of segments, which only a run knows."""
    data = _check_rows(inputs)
    return (None if data is None else (None, *data[1:]),)


def counted_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The first dimension becomes the last operand."""
    data = _check_rows(inputs)
    with_rank(inputs[3], 0)
    count = inputs.value(3)
    if count is not None and int(count) < 0:
        raise ValueError("Cannot specify a negative value for num_segments")
    size = None if count is None else int(count)
    return (None if data is None else (size, *data[1:]),)


def grad_v2_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Rows of the gradient and their numbers, as many as a run finds."""
    data = _check_rows(inputs)
    with_rank(inputs[3], 0)
    return (None if data is None else (None, *data[1:]), (None,))


def _gradient(how: str) -> GradientRule:
    """Return the rule of `SparseSegment<how>`."""

    def gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
        data, indices, ids = op.inputs[:3]
        nothing = (None,) * (len(op.inputs) - 1)
        shape = array.shape(data)
        first = shape[0]
        if op.record["sparse_gradient"]:
            rows, numbers = g.op(
                f"SparseSegment{how}GradV2",
                grad=dy,
                indices=indices,
                segment_ids=ids,
                dense_output_dim0=first,
            )
            return (IndexedSlices(rows, numbers, shape), *nothing)
        dx = g.op(
            f"SparseSegment{how}Grad",
            grad=dy,
            indices=indices,
            segment_ids=ids,
            output_dim0=first,
        )
        return (dx, *nothing)

    return gradient


def _family(how: str) -> tuple[OpSpec, ...]:
    source = "tensorflow core/ops/math_ops.cc"
    name = f"SparseSegment{how}"
    rule = _gradient(how)
    return (
        OpSpec(name=name, shape=sparse_segment_shape, gradient=rule, source=source),
        OpSpec(
            name=f"{name}WithNumSegments",
            shape=counted_shape,
            gradient=rule,
            source=source,
        ),
        OpSpec(
            name=f"{name}Grad",
            shape=counted_shape,
            gradient=NO_RULE_YET,
            source=source,
        ),
        OpSpec(
            name=f"{name}GradV2",
            shape=grad_v2_shape,
            gradient=NO_RULE_YET,
            source=source,
        ),
    )


OPS = (*_family("Mean"), *_family("SqrtN"), *_family("Sum"))
