"""`tf.broadcast_to` with a ragged shape.

Each axis of the result has a vector of numbers: which slice of the source each of its
slices is.

Source: tensorflow python/ops/ragged/dynamic_ragged_shape.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api import array as dense
from metagraft.api.checks import assert_equal
from metagraft.api.comparison import equal, logical_or
from metagraft.api.cond import cond
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_shape import DynamicRaggedShape
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.row_partition import RowPartition
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.tensor import Tensor

__all__ = ["broadcast_to"]


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """Repeat a tensor, ragged or not, along axes of size one up to a ragged shape.

    Args:
        input: A tensor.
        shape: A `DynamicRaggedShape`.
        name: None.

    Raises:
        TypeError: The shape is none, or a name is given.
        ValueError: It cannot be that of the result.
    """
    if name is not None:
        # TF: does not take ragged tensors with a name, nor tells why.
        raise TypeError("tf.broadcast_to takes no name with ragged tensors or shapes.")
    if not isinstance(shape, DynamicRaggedShape):
        raise TypeError("shape must be a DynamicRaggedShape")
    value = as_values(input, name=None)
    if isinstance(value, RaggedTensor):
        if not shape.num_row_partitions:
            shape = shape.with_dtype(value.row_splits.dtype)
        elif value.row_splits.dtype != shape.dtype:
            raise ValueError("Cannot coerce row_splits.dtype")
        source = DynamicRaggedShape.from_tensor(value)
    elif shape.num_row_partitions:
        source = DynamicRaggedShape.from_tensor(value, dtype=shape.dtype)
    else:
        source = DynamicRaggedShape.from_tensor(value, dtype=dtypes.int64)
        shape = shape.with_dtype(dtypes.int64)
    layers = _layers(source, shape)
    flat = value.flat_values if isinstance(value, RaggedTensor) else value
    return shape.with_rows(_flat(flat, source, shape, layers))


def _flat(
    values: Any,
    source: DynamicRaggedShape,
    target: DynamicRaggedShape,
    layers: Sequence[Tensor],
) -> Any:
    """Return the innermost values of the result."""
    inner_rank, own_rank = target.inner_rank or 0, source.rank or 0
    if target.rank == 0:
        return values
    if inner_rank > own_rank:
        if source.num_row_partitions:
            values = array.reshape(values, source.inner_shape_of_rank(own_rank))
    else:
        if source.inner_rank != inner_rank:
            values = array.reshape(values, source.inner_shape_of_rank(inner_rank))
        values = array.gather(values, layers[-inner_rank])
    return dense.broadcast_to(values, cast(target.inner_shape, dtypes.int32))


def _layers(source: DynamicRaggedShape, target: DynamicRaggedShape) -> list[Tensor]:
    """Return which slices of the source the slices of the result are, axis by axis.

    Raises:
        ValueError: The ranks are not known or do not fit.
    """
    if source.rank is None or target.rank is None:
        raise ValueError("Rank of source and target must be statically known")
    if source.rank > target.rank:
        raise ValueError("Cannot broadcast to a shape with smaller rank")
    if source.rank == 0:
        return []
    if target.rank == 1:
        return [_first(source.inner_shape[0], target.inner_shape[0])]
    own, wanted = source.as_row_partitions(), target.as_row_partitions()
    rows = source[0]
    if len(own) == len(wanted):
        first = _first(own[0].nrows(), wanted[0].nrows())
        return _following(first, own, wanted)
    above = RowPartition.from_uniform_row_length(rows, rows, 1, validate=True)
    place = len(wanted) - len(own) - 1
    count = wanted[place].nrows()
    outer = array.zeros(count, dtype=count.dtype)
    return _following(_next(outer, above, wanted[place]), own, wanted[place + 1 :])


def _following(
    first: Tensor, own: Sequence[RowPartition], wanted: Sequence[RowPartition]
) -> list[Tensor]:
    layers = [first]
    for partition, result in zip(own, wanted, strict=True):
        layers.append(_next(layers[-1], partition, result))
    return layers


def _first(rows: Tensor, wanted: Tensor) -> Tensor:
    is_one = equal(rows, array.constant(1, rows.dtype))
    is_same = equal(rows, wanted)
    check = assert_equal(logical_or(is_one, is_same), True, message="Cannot broadcast")
    numbers = cond(
        is_one,
        lambda: array.zeros(wanted, dtype=wanted.dtype),
        lambda: number_range(wanted, dtype=wanted.dtype),
    )
    found: Tensor = with_dependencies([check], numbers)
    return found


def _next(outer: Tensor, own: RowPartition, wanted: RowPartition) -> Tensor:
    rows = array.gather(outer, wanted.value_rowids())

    def same() -> Tensor:
        starts = array.gather(own.splits, rows)
        expected = array.gather(own.row_lengths(), outer)
        actual = wanted.row_lengths()
        check = assert_equal(expected, actual, message="Cannot broadcast")
        found: Tensor = with_dependencies([check], starts + wanted.offsets_in_rows())
        return found

    if own.uniform_length is None:
        return same()
    is_one = equal(own.uniform_length, array.constant(1, own.dtype))
    chosen: Tensor = cond(is_one, lambda: rows, same)
    return chosen
