"""Ragged tensors put together (`tf.ragged.stack`).

Source: tensorflow python/ops/ragged/ragged_concat_ops.py, ragged_gather_ops.py,
ragged_array_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.checks import assert_equal, assert_less, assert_non_negative
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.sorting import argsort
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, cumsum, number_range
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["concat", "stack", "stack_dynamic_partitions", "with_one_splits_type"]


def stack(values: Any, axis: int = 0, name: str | None = None) -> Any:
    """Put tensors together along a new axis; their rows may differ in length.

    Args:
        values: Tensors and ragged tensors of one rank.
        axis: Where the new axis comes.
        name: Name of the scope.

    Raises:
        ValueError: There are none, or their ranks differ.
    """
    if not isinstance(values, list | tuple):
        values = [values]
    with name_scope(name, "RaggedConcat", values):
        return _together(list(values), axis, is_stack=True)


def concat(values: Any, axis: int, name: str | None = None) -> Any:
    """Put tensors behind each other along an axis; their rows may differ in length.

    Args:
        values: Tensors and ragged tensors of one rank.
        axis: The axis along which they follow each other.
        name: Name of the scope.

    Raises:
        ValueError: There are none, or their ranks differ.
    """
    if not isinstance(values, list | tuple):
        values = [values]
    with name_scope(name, "RaggedConcat", values):
        return _together(list(values), axis, is_stack=False)


def _together(values: list[Any], axis: int, *, is_stack: bool) -> Any:
    if not values:
        raise ValueError("rt_inputs may not be empty.")
    inputs = [as_values(value, name="rt_input") for value in values]
    dtype, inputs = with_one_splits_type(inputs)
    if len(inputs) == 1 and not is_stack:
        return inputs[0]
    rank = inputs[0].shape.ndims
    for value in inputs[1:]:
        if rank is None:
            rank = value.shape.ndims
        else:
            value.shape.assert_has_rank(rank)
    place = _positive(axis, None if rank is None else rank + is_stack)
    if is_stack and rank == 1 and place == 0:
        rows = array.concat(inputs, axis=0)
        lengths = array.concat([array.shape(value) for value in inputs], axis=0)
        return RaggedTensor.from_row_lengths(rows, lengths)
    is_dense = not any(isinstance(value, RaggedTensor) for value in inputs)
    if is_dense and rank is not None and place in (rank, rank - 1):
        together = array.stack if is_stack else array.concat
        return together(inputs, place)
    return _of_rows(inputs, place, dtype, is_stack=is_stack)


def _of_rows(inputs: list[Any], place: int, dtype: Any, *, is_stack: bool) -> Any:
    """Put tensors together, of which one is ragged or all become so."""
    inputs = [
        value
        if isinstance(value, RaggedTensor)
        else RaggedTensor.from_tensor(value, ragged_rank=1, row_splits_dtype=dtype)
        for value in inputs
    ]
    levels = max(value.ragged_rank for value in inputs)
    inputs = [_of_rank(value, levels, dtype) for value in inputs]
    if place == 0:
        return _one_after_other(inputs, is_stack=is_stack)
    if place == 1:
        return _row_by_row(inputs, is_stack=is_stack)
    first = inputs[0].row_splits
    checks = [
        assert_equal(
            first,
            value.row_splits,
            message="Inputs must have identical ragged splits",
        )
        for value in inputs[1:]
    ]
    with control_dependencies(checks):
        values = [value.values for value in inputs]
        inner = _together(values, place - 1, is_stack=is_stack)
        return RaggedTensor.from_row_splits(inner, first, validate=False)


def with_one_splits_type(inputs: list[Any]) -> tuple[Any, list[Any]]:
    """Return the type of all row splits.

    Raises:
        ValueError: There are two.
    """
    found = {v.row_splits.dtype for v in inputs if isinstance(v, RaggedTensor)}
    if len(found) > 1:
        raise ValueError(
            "Input RaggedTensors have mismatched row_splits dtypes; use"
            " RaggedTensor.with_row_splits_dtype() to convert them to compatible"
            " dtypes."
        )
    return (found.pop() if found else dtypes.int64), inputs


def _positive(axis: int, rank: int | None) -> int:
    if not isinstance(axis, int):
        raise TypeError(f"axis must be an int; got {type(axis).__name__}")
    if rank is None:
        if axis < 0:
            raise ValueError(
                f"axis={axis} may only be negative if ndims is statically known."
            )
        return axis
    if not -rank <= axis < rank:
        raise ValueError(f"axis={axis} out of bounds: expected {-rank}<=axis<{rank}")
    return axis % rank


def _of_rank(value: Any, levels: int, dtype: Any) -> Any:
    """Make further axes of a tensor ragged."""
    if levels <= 0:
        return value
    if not isinstance(value, RaggedTensor):
        value = RaggedTensor.from_tensor(value, row_splits_dtype=dtype)
    if value.ragged_rank < levels:
        value = value.with_values(_of_rank(value.values, levels - 1, dtype))
    return value


def _one_after_other(inputs: list[Any], *, is_stack: bool) -> Any:
    flat = array.concat([value.flat_values for value in inputs], axis=0)
    each = [value.nested_row_splits for value in inputs]
    nested = [_joined_splits(list(level)) for level in zip(*each, strict=True)]
    if is_stack:
        lengths = array.stack([value.nrows() for value in inputs])
        nested.insert(0, array.concat([[0], cumsum(lengths)], axis=-1))
    return RaggedTensor.from_nested_row_splits(flat, nested, validate=False)


def _joined_splits(splits: list[Any]) -> Tensor:
    pieces = [splits[0]]
    offset = splits[0][-1]
    for following in splits[1:]:
        pieces.append(following[1:] + offset)
        offset = offset + following[-1]
    joined: Tensor = array.concat(pieces, axis=0)
    return joined


def _row_by_row(inputs: list[Any], *, is_stack: bool) -> Any:
    """Put the first rows together, then the second ones, and so on."""
    count = len(inputs)
    rows = inputs[0].nrows()
    checks = [
        assert_equal(
            rows,
            value.nrows(),
            message=(
                f"Input tensors at index 0 (=x) and {index} (=y) have incompatible"
                " shapes."
            ),
        )
        for index, value in enumerate(inputs[1:], 1)
    ]
    with control_dependencies(checks):
        together = _one_after_other(inputs, is_stack=False)
        numbers = number_range(rows * count)
        matrix = array.reshape(numbers, [count, -1])
        order = array.reshape(array.transpose(matrix), [-1])
        permuted = _chosen_rows(together, order)
        if is_stack:
            splits = number_range(0, rows * count + 1, count)
        else:
            splits = permuted.row_splits[::count]
        for value in inputs:
            known = value.shape[0].value
            if known is not None:
                splits.set_shape([known + 1])
        joined = permuted if is_stack else permuted.values
        return RaggedTensor.from_row_splits(joined, splits, validate=False)


def _chosen_rows(ragged: RaggedTensor, rows: Tensor) -> RaggedTensor:
    with name_scope(None, "RaggedGather", [ragged, rows]):
        nested, flat = op(
            "RaggedGather",
            params_nested_splits=list(ragged.nested_row_splits),
            params_dense_values=ragged.flat_values,
            indices=rows,
            OUTPUT_RAGGED_RANK=ragged.ragged_rank,
        )
        return RaggedTensor.from_nested_row_splits(flat, nested, validate=False)


def stack_dynamic_partitions(
    data: Any, partitions: Any, num_partitions: Any, name: str | None = None
) -> RaggedTensor:
    """Return the rows of a tensor by the number that each has, as a ragged tensor.

    Args:
        data: Rows, ragged or not.
        partitions: The numbers, of the outer axes of `data`.
        num_partitions: How many numbers there are.
        name: Name of the scope.

    Raises:
        ValueError: The rank of the numbers is not known, or their shape is not that of
            the outer axes.
    """
    with name_scope(name, "SegmentStack", [data, partitions, num_partitions]):
        data = as_values(data, name="data")
        dtype = data.row_splits.dtype if isinstance(data, RaggedTensor) else None
        if not isinstance(partitions, RaggedTensor):
            partitions = convert_to_tensor(
                partitions, name="partitions", preferred_dtype=dtype
            )
        count = convert_to_tensor(
            num_partitions, name="num_partitions", preferred_dtype=partitions.dtype
        )
        if dtype is not None:
            partitions = _of_type(partitions, dtype)
        count = cast(count, partitions.dtype)
        rank = partitions.shape.ndims
        if rank is None:
            raise ValueError("partitions must have known rank.")
        count.shape.assert_has_rank(0)
        partitions.shape.assert_is_compatible_with(data.shape[:rank])
        if rank == 0:
            return RaggedTensor.from_value_rowids(
                stack([data]) if dtype else array.stack([data]),
                array.stack([partitions]),
                count,
                validate=False,
            )
        if rank > 1:
            return _partitioned_rows(data, partitions, count)
        order = argsort(partitions, stable=True)
        rowids = array.gather(partitions, order)
        values = _gathered(data, order)
        checks = [
            assert_less(
                rowids[-1:],
                count,
                message="partitions must be less than num_partitions",
            ),
            assert_non_negative(partitions, message="partitions must be non-negative."),
        ]
        with control_dependencies(checks):
            return RaggedTensor.from_value_rowids(values, rowids, count, validate=False)


def _of_type(numbers: Any, dtype: Any) -> Any:
    if isinstance(numbers, RaggedTensor):
        return numbers.with_flat_values(cast(numbers.flat_values, dtype))
    return cast(numbers, dtype)


def _gathered(data: Any, order: Tensor) -> Any:
    if not isinstance(data, RaggedTensor):
        return array.gather(data, order)
    from metagraft.api.ragged_gather import gather

    return gather(data, order)


def _partitioned_rows(data: Any, partitions: Any, count: Tensor) -> RaggedTensor:
    """Take one axis away from rows and their numbers, after a check that both fit."""
    dtype = partitions.dtype
    if not isinstance(data, RaggedTensor):
        data = RaggedTensor.from_tensor(data, ragged_rank=1, row_splits_dtype=dtype)
    if not isinstance(partitions, RaggedTensor):
        levels = max(data.ragged_rank, partitions.shape.ndims - 1)
        partitions = RaggedTensor.from_tensor(
            partitions, ragged_rank=levels, row_splits_dtype=dtype
        )
    check = assert_equal(
        data.row_splits,
        partitions.row_splits,
        message="data and partitions have incompatible ragged shapes",
    )
    with control_dependencies([check]):
        return stack_dynamic_partitions(data.values, partitions.values, count)
