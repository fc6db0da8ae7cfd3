"""The gradient of Concat and ConcatV2: every operand gets its part.

Source: tensorflow python/ops/array_grad.py _ConcatGradHelper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import add, cast
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.constant_value import constant_value
from metagraft.graph.control_flow_context import output_context
from metagraft.graph.op_spec import GradientBuilder
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor

# With more pieces than this, offsets are not computed one by one.
_MANY = 16


def concat_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The parts, after None for the axis."""
    return [None, *_parts(g, dy, op.inputs[1:], op.inputs[0])]


def concat_v2_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The parts, before None for the axis."""
    return [*_parts(g, dy, op.inputs[:-1], op.inputs[-1]), None]


def _parts(
    g: GradientBuilder, dy: Any, values: Sequence[Tensor], axis: Tensor
) -> Sequence[Any]:
    if len(values) == 1:
        return [dy]
    if isinstance(dy, IndexedSlices):
        return _slices_parts(g, dy, values, axis)
    if axis.op.type == "Const" and output_context(dy.op) is not output_context(axis.op):
        # A constant from outside of the loop is made anew inside.
        axis = array.constant(constant_value(axis), dtype=axis.dtype)
    position = axis % array.rank(values[0])
    sizes = _shapes_of(values)
    if len(sizes) > _MANY:
        stacked = array.stack(sizes, axis=1)
        lengths = array.squeeze(array.slice_(stacked, [position, 0], [1, -1]))
        return array.split(dy, lengths, position)
    offsets = g.op("ConcatOffset", concat_dim=position, shape=sizes)
    return [array.slice_(dy, b, s) for b, s in zip(offsets, sizes, strict=True)]


def _shapes_of(values: Sequence[Tensor]) -> list[Tensor]:
    """Constants if all shapes are known, else one ShapeN."""
    sizes = []
    for value in values:
        size = array.shape(value)
        if size.op.type != "Const":
            return array.shape_n(values)
        sizes.append(size)
    return sizes


def _slices_parts(
    g: GradientBuilder, dy: IndexedSlices, values: Sequence[Tensor], axis: Tensor
) -> list[IndexedSlices]:
    position = axis % array.rank(values[0])
    known = constant_value(axis)
    if known is None:
        raise ValueError(
            "Can only compute IndexedSlices gradient with statically-known concat_dim"
        )
    axis_value = int(known)
    if axis_value < 0:
        rank = constant_value(array.rank(values[0]))
        if rank is None:
            raise ValueError(
                "Can only compute IndexedSlices gradient with negative concat_dim when"
                " first value rank is statically-known."
            )
        axis_value %= int(rank)
    sizes = [array.shape(value) for value in values]
    if axis_value > 0:
        return _column_parts(dy, sizes, position)
    return _row_parts(g, dy, sizes, position)


def _column_parts(
    dy: IndexedSlices, sizes: list[Tensor], position: Tensor
) -> list[IndexedSlices]:
    """Joined side by side: every row is cut."""
    rank = array.shape(sizes[0])
    mask = array.concat(
        [
            array.zeros(array.expand_dims(position, 0), dtype=dtypes.int32),
            [1],
            array.zeros(rank - position - 1, dtype=dtypes.int32),
        ],
        0,
    )
    begin = array.zeros(rank, dtype=dtypes.int32)
    parts = []
    for size in sizes:
        rest = array.slice_(size, [1], [-1])
        cut = array.slice_(dy.values, begin, array.concat([[-1], rest], 0))
        parts.append(IndexedSlices(cut, dy.indices, size))
        begin = add(begin, size * mask)
    return parts


def _row_parts(
    g: GradientBuilder, dy: IndexedSlices, sizes: list[Tensor], position: Tensor
) -> list[IndexedSlices]:
    """Joined one below the other: rows are chosen by index."""
    start = array.constant(0, dtype=dy.indices.dtype)
    parts = []
    for size in sizes:
        length = array.gather(size, position)
        if length.dtype != dy.indices.dtype:
            length = cast(length, dtype=dy.indices.dtype)
        end = start + length
        inside = g.op("LogicalAnd", x=dy.indices >= start, y=dy.indices < end)
        chosen = array.squeeze(array.where(inside), axis=[1])
        indices = array.gather(dy.indices, chosen) - start
        parts.append(IndexedSlices(array.gather(dy.values, chosen), indices, size))
        start = end
    return parts
