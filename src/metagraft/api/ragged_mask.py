"""Values chosen by a mask, row by row (`tf.ragged.boolean_mask`).

Source: tensorflow python/ops/ragged/ragged_array_ops.py, ragged_math_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.checks import assert_equal
from metagraft.api.ragged import map_flat_values
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_stack import with_one_splits_type
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.reductions import count_nonzero
from metagraft.api.row_partition import row_splits_to_segment_ids
from metagraft.api.segments import unsorted_segment_sum
from metagraft.graph import dtypes
from metagraft.graph.build import array, masks
from metagraft.graph.build.math import cast, cumprod, cumsum, number_range
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["boolean_mask"]


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """Return the values where a mask is true, and keep the rows apart.

    Args:
        data: A tensor or ragged tensor.
        mask: One of truth values, whose shape begins that of `data`.
        name: Name of the scope.

    Raises:
        ValueError: The rank of the mask is unknown or 0, or it does not fit `data`.
    """
    with name_scope(name, "RaggedMask", [data, mask]):
        data = as_values(data, name="data")
        mask = as_values(mask, dtypes.bool, name="mask")
        splits_type, (data, mask) = with_one_splits_type([data, mask])
        if mask.shape.ndims is None:
            raise ValueError("mask.shape.ndims must be known statically.")
        if mask.shape.ndims == 0:
            raise ValueError("mask cannot be scalar.")
        if isinstance(mask, RaggedTensor):
            return _by_ragged_mask(data, mask, splits_type)
        if not isinstance(data, RaggedTensor):
            return _of_tensor(data, mask, splits_type)
        if mask.shape.ndims == 1:
            return _chosen_rows(data, mask)
        rows = RaggedTensor.from_tensor(
            mask,
            ragged_rank=min(data.ragged_rank, mask.shape.ndims - 1),
            row_splits_dtype=data.row_splits.dtype,
        )
        return boolean_mask(data, rows)


def _by_ragged_mask(data: Any, mask: Any, splits_type: Any) -> Any:
    if not isinstance(data, RaggedTensor):
        data = RaggedTensor.from_tensor(
            data, ragged_rank=mask.ragged_rank, row_splits_dtype=mask.row_splits.dtype
        )
    with control_dependencies(_same_splits(mask, data)):
        splits = []
        while isinstance(mask, RaggedTensor):
            if mask.shape.ndims is not None and mask.shape.ndims > 2:
                splits.append(mask.row_splits)
            else:
                numbers = map_flat_values(cast, mask, dtype=splits_type)
                splits.append(_lengths_to_splits(_row_sums(numbers)))
            mask, data = mask.values, data.values
        values = boolean_mask(data, mask)
        return RaggedTensor.from_nested_row_splits(values, splits, validate=False)


def _same_splits(mask: RaggedTensor, data: RaggedTensor) -> list[Any]:
    """Return checks that the rows of the mask are those of the data.

    Raises:
        ValueError: The data has fewer ragged axes.
    """
    message = "Inputs must have identical ragged splits"
    own = mask.nested_row_splits
    others = data.nested_row_splits[: mask.ragged_rank]
    if len(own) != len(others):
        raise ValueError(message)
    return [
        assert_equal(one, other, message=message)
        for one, other in zip(own, others, strict=True)
    ]


def _row_sums(numbers: RaggedTensor) -> Any:
    with name_scope("RaggedReduceSum", values=[numbers]):
        count = array.shape(numbers.row_splits)[0] - 1
        rows = row_splits_to_segment_ids(numbers.row_splits)
        return unsorted_segment_sum(numbers.values, rows, count)


def _chosen_rows(data: RaggedTensor, mask: Tensor) -> Any:
    lengths = masks.boolean_mask(data.row_lengths(), mask)
    splits = _lengths_to_splits(lengths)
    rows = row_splits_to_segment_ids(data.row_splits)
    values = boolean_mask(data.values, array.gather(mask, rows))
    return RaggedTensor.from_row_splits(values, splits, validate=False)


def _of_tensor(data: Any, mask: Tensor, splits_type: Any) -> Any:
    result: Any = masks.boolean_mask(data, mask)
    rank = mask.shape.rank or 0
    if rank >= 2:
        lengths = count_nonzero(mask, axis=-1, dtype=splits_type)
        flat = array.reshape(lengths, [-1])
        result = RaggedTensor.from_row_lengths(result, flat, validate=False)
    if rank > 2:
        shape = array.shape(mask, out_type=splits_type)
        sizes = cumprod(shape) + 1
        for axis in range(rank - 3, -1, -1):
            inner = shape[axis + 1]
            splits = number_range(sizes[axis]) * inner
            result = RaggedTensor.from_row_splits(result, splits, validate=False)
    return result


def _lengths_to_splits(lengths: Any) -> Any:
    return array.concat([[0], cumsum(lengths)], axis=-1)
