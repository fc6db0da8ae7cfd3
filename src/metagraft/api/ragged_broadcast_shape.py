"""`tf.broadcast_dynamic_shape` of ragged shapes.

Source: tensorflow python/ops/ragged/dynamic_ragged_shape.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.ragged_broadcast import RowShape, broadcast_shape
from metagraft.api.ragged_shape import DynamicRaggedShape
from metagraft.api.row_partition import RowPartition
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.folding import folded_value

__all__ = ["broadcast_dynamic_shape"]


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> DynamicRaggedShape:
    """Return the shape to which two shapes broadcast, one of them ragged.

    Args:
        shape_x: A `DynamicRaggedShape`, or a vector of sizes.
        shape_y: The same.

    Raises:
        ValueError: The rank of one is not known.
    """
    # TF: makes other nodes, to the same shape.
    first, second = _rows_of(shape_x), _rows_of(shape_y)
    sizes = [_rows_known(each, first.rank, second.rank) for each in (first, second)]
    sizes = [size for size in sizes if size not in (1, None)] or [None]
    shape = broadcast_shape(first, second)
    inner = shape.inner
    if shape.checks:
        inner = with_dependencies(shape.checks, inner)
    if not shape.outer:
        return DynamicRaggedShape([], inner, dtype=shape.dtype)
    rows = shape.outer[0]
    partitions: list[RowPartition] = []
    for size in shape.outer[1:]:
        if size.shape.ndims == 0:
            partition = RowPartition.from_uniform_row_length(
                size, nvals=rows * size, nrows=rows
            )
        else:
            if sizes[0] is not None and not partitions:
                size.set_shape([sizes[0]])
            partition = RowPartition.from_row_lengths(size, validate=False)
        partitions.append(partition)
        rows = partition.nvals()
    inner = array.concat([array.expand_dims(rows, 0), inner], axis=0)
    return DynamicRaggedShape(partitions, inner, dtype=shape.dtype)


def _rows_known(shape: RowShape, *ranks: int) -> int | None:
    """Return the size of the first axis of the result, if this shape tells it."""
    if shape.rank < max(ranks) or not shape.rank:
        return None
    value = folded_value(shape.size(0))
    return None if value is None else int(value)


def _rows_of(shape: Any) -> RowShape:
    if not isinstance(shape, DynamicRaggedShape):
        return RowShape([], convert_to_tensor(shape), dtypes.int64)
    if not shape.num_row_partitions:
        return RowShape([], cast(shape.inner_shape, dtypes.int64))
    first = shape.row_partitions[0]
    outer: list[Any] = [first.nrows()]
    for partition in shape.row_partitions:
        uniform = partition.uniform_row_length()
        outer.append(partition.row_lengths() if uniform is None else uniform)
    return RowShape(outer, shape.inner_shape[1:], shape.dtype)
