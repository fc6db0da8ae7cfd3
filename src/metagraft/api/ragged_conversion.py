"""Ragged tensors made of tensors and sparse tensors, and back.

Source: tensorflow python/ops/ragged/ragged_tensor.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.api.array import sequence_mask
from metagraft.api.assertion import assert_
from metagraft.api.comparison import where
from metagraft.api.cond import cond
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.sparse import convert_to_tensor_or_sparse_tensor
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.masks import boolean_mask
from metagraft.graph.build.math import cast, cumprod, cumsum, equal, number_range
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.build.sparse import is_sparse
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import TensorShape, is_static
from metagraft.graph.tensor import Tensor

__all__ = ["from_sparse", "from_tensor", "merge_dims", "to_tensor"]


def from_tensor(
    tensor: Any,
    lengths: Any,
    padding: Any,
    ragged_rank: int,
    name: str | None,
    row_splits_dtype: Any,
) -> RaggedTensor:
    """Return the rows of a tensor; see `RaggedTensor.from_tensor`.

    Raises:
        TypeError: `ragged_rank` is no integer.
        ValueError: The arguments do not go together.
    """
    dtype = dtypes.as_dtype(row_splits_dtype)
    if lengths is not None and padding is not None:
        raise ValueError("Specify argument `lengths` or `padding`, but not both.")
    if not isinstance(ragged_rank, int):
        raise TypeError(
            f"Argument `ragged_rank` must be an int. Received {ragged_rank}."
        )
    if ragged_rank <= 0:
        raise ValueError(
            f"Argument `ragged_rank` must be greater than 0. Received {ragged_rank}."
        )
    with name_scope(name, "RaggedFromTensor", [tensor, lengths, padding]):
        tensor = convert_to_tensor(tensor, name="tensor")
        rank = tensor.shape.ndims
        if rank is not None and rank < 2:
            raise ValueError(
                "The rank of a RaggedTensor must be greater than 1, i.e., a list of"
                " scalars won't have ragged dimensions. Received argument `tensor` with"
                f" rank {rank}."
            )
        tensor.shape.with_rank_at_least(ragged_rank + 1)
        shape = array.shape(tensor, out_type=dtype)
        columns = shape[1]
        if _are_nested(lengths):
            return _by_nested_lengths(tensor, lengths, ragged_rank)
        if ragged_rank > 1:
            return _of_higher_rank(tensor, shape, lengths, padding, ragged_rank, dtype)
        if padding is not None:
            lengths = _lengths_without(tensor, padding, columns, dtype)
        if lengths is not None:
            return _by_lengths(tensor, lengths, columns, dtype)
        return _in_equal_rows(tensor, shape, dtype)


def _are_nested(lengths: Any) -> bool:
    is_list = isinstance(lengths, list | tuple) and len(lengths) > 0
    return is_list and not isinstance(lengths[0], int | float)


def _by_nested_lengths(tensor: Tensor, lengths: Any, ragged_rank: int) -> RaggedTensor:
    if ragged_rank not in (1, len(lengths)):
        raise ValueError(
            "If Argument `lengths` is a tuple of row_lengths, argument `ragged_rank`"
            f" must be len(lengths): {len(lengths)}. Received ragged_rank:"
            f" {ragged_rank}."
        )
    tensor.shape.with_rank_at_least(len(lengths) + 1)
    count = reduce_tensor("Sum", lengths[-1])
    ones = array.ones([count], dtype=dtypes.bool)
    mask = RaggedTensor.from_nested_row_lengths(ones, lengths, validate=False)
    kept = boolean_mask(tensor, mask.to_tensor(default_value=False))
    return RaggedTensor.from_nested_row_lengths(kept, lengths, validate=False)


def _of_higher_rank(
    tensor: Tensor, shape: Any, lengths: Any, padding: Any, ragged_rank: int, dtype: Any
) -> RaggedTensor:
    sizes: Any
    if is_static(tensor.dims):
        shape = tensor.shape.as_list()
        sizes = np.cumprod(shape)
        new_shape: Any = [sizes[ragged_rank - 1], *shape[ragged_rank:]]
    else:
        sizes = cumprod(shape)
        new_shape = array.concat([[sizes[ragged_rank - 1]], shape[ragged_rank:]], 0)
    flat = array.reshape(tensor, new_shape)
    result = RaggedTensor.from_tensor(flat, lengths, padding, row_splits_dtype=dtype)
    for axis in range(ragged_rank - 1, 0, -1):
        known = tensor.shape[axis].value
        length = shape[axis] if known is None else array.constant(known, dtype)
        result = RaggedTensor.from_uniform_row_length(
            result, length, nrows=sizes[axis - 1], validate=False
        )
    return result


def _lengths_without(tensor: Tensor, padding: Any, columns: Tensor, dtype: Any) -> Any:
    """Return how long rows are without what they are filled up with."""
    padding = convert_to_tensor(padding, name="padding", dtype=tensor.dtype)
    padding.shape.assert_is_compatible_with(tensor.shape[2:])
    is_padding = equal(padding, tensor)
    rank = array.rank(tensor)
    axes = number_range(2, rank)
    flags = cond(
        rank > 2,
        lambda: reduce_tensor("All", is_padding, axis=axes),
        lambda: is_padding,
    )
    flags.set_shape([None, None])
    flags.set_shape(tensor.shape[:2])
    is_value = cast(op("LogicalNot", x=flags), dtype)
    numbers = array.expand_dims(number_range(1, columns + 1), 0)
    return reduce_tensor("Max", is_value * numbers, axis=1)


def _by_lengths(tensor: Tensor, lengths: Any, columns: Tensor, dtype: Any) -> Any:
    lengths = convert_to_tensor(lengths, name="lengths", preferred_dtype=dtype)
    if not lengths.dtype.is_integer:
        raise TypeError(f"lengths must be an integer tensor; dtype={lengths.dtype}")
    lengths = op("Cast", x=lengths, DstT=dtype)
    lengths.shape.assert_has_rank(1)
    lengths = op("Minimum", x=lengths, y=columns)
    lengths = op("Maximum", x=lengths, y=0)
    limits = cumsum(lengths)
    splits = array.concat([array.zeros([1], dtype), limits], axis=0)
    mask = sequence_mask(lengths, maxlen=columns)
    values = boolean_mask(tensor, mask)
    return RaggedTensor.from_row_splits(values, splits, validate=False)


def _in_equal_rows(tensor: Tensor, shape: Tensor, dtype: Any) -> RaggedTensor:
    flat = array.concat([[shape[0] * shape[1]], shape[2:]], axis=0)
    values = array.reshape(tensor, flat)
    sizes = [
        shape[axis] if known.value is None else array.constant(known.value, dtype)
        for axis, known in enumerate((tensor.shape[0], tensor.shape[1]))
    ]
    return RaggedTensor.from_uniform_row_length(
        values, sizes[1], nrows=sizes[0], validate=False
    )


def to_tensor(
    ragged: RaggedTensor, default_value: Any, name: str | None, shape: Any
) -> Tensor:
    """Return a tensor that holds all rows; see `RaggedTensor.to_tensor`."""
    with name_scope(name, "RaggedToTensor", [ragged, default_value, shape]):
        if default_value is not None:
            default_value = convert_to_tensor(
                default_value, name="default_value", dtype=ragged.dtype
            )
        pairs = ragged.typed_partitions()
        if default_value is None:
            default_value = array.zeros((), ragged.dtype)
        if isinstance(shape, list | tuple) and any(
            isinstance(size, Tensor) for size in shape
        ):
            shape = array.stack(shape)
        tensor: Tensor = op(
            "RaggedTensorToTensor",
            shape=_shape_tensor(shape, pairs[0][1].dtype),
            values=ragged.flat_values,
            default_value=default_value,
            row_partition_types=[kind for kind, _ in pairs],
            row_partition_tensors=[partition for _, partition in pairs],
        )
        known = ragged.shape
        if known.ndims is not None and not isinstance(shape, Tensor):
            wanted = TensorShape(shape)
            if wanted.ndims is not None:
                sizes = zip(wanted.as_list(), known.as_list(), strict=False)
                known = TensorShape([b if a is None else a for a, b in sizes])
            tensor.set_shape(known)
        return tensor


def _shape_tensor(shape: Any, dtype: Any) -> Tensor:
    if isinstance(shape, Tensor):
        if shape.dtype in (dtypes.int64, dtypes.int32):
            return shape
        converted: Tensor = cast(shape, dtype)
        return converted
    known = TensorShape(shape)
    if known.ndims is None:
        return array.constant(-1, dtype=dtype)
    sizes = [-1 if size is None else size for size in known.as_list()]
    return array.constant(sizes, dtype=dtype)


def from_sparse(st_input: Any, name: str | None, row_splits_dtype: Any) -> RaggedTensor:
    """Return the rows of a sparse matrix; see `RaggedTensor.from_sparse`.

    Raises:
        TypeError: The argument is not sparse.
        ValueError: It is known to be no matrix.
    """
    dtype = dtypes.as_dtype(row_splits_dtype)
    if not is_sparse(st_input):
        raise TypeError(
            "Argument `st_input` must be of type SparseTensor, but is of type"
            f" {type(st_input).__name__}."
        )
    with name_scope(name, "RaggedFromSparse", [st_input]):
        sparse: Any = convert_to_tensor_or_sparse_tensor(st_input, name="st_input")
        ranks = sparse.dense_shape.shape[0].value, sparse.indices.shape[1].value
        if 2 not in ranks:
            raise ValueError("rank(st_input) must be 2.")
        with control_dependencies(_is_ragged_right(sparse.indices)):
            rows = cast(sparse.indices[:, 0], dtype)
            count = cast(sparse.dense_shape[0], dtype)
            return RaggedTensor.from_value_rowids(
                sparse.values, rows, count, validate=False
            )


def _is_ragged_right(indices: Tensor) -> list[Any]:
    """Demand that the elements of each row stand at its start, without gaps."""
    prefix, suffix = indices[:, :-1], indices[:, -1]
    differs = op("NotEqual", x=prefix[1:], y=prefix[:-1])
    is_new = reduce_tensor("Any", differs, axis=1)
    is_right = where(is_new, equal(suffix[1:], 0), equal(suffix[1:], suffix[:-1] + 1))
    first = reduce_tensor("All", equal(suffix[:1], 0))
    holds = op("LogicalAnd", x=first, y=reduce_tensor("All", is_right))
    message = ["SparseTensor is not right-ragged", "SparseTensor.indices =", indices]
    return [assert_(holds, message)]


def merge_dims(value: Any, outer_axis: int, inner_axis: int) -> Any:
    """Return a tensor with some neighbouring axes made one."""
    if outer_axis == inner_axis:
        return value
    while outer_axis == 0 and isinstance(value, RaggedTensor):
        value = value.values
        inner_axis -= 1
        if inner_axis == 0:
            return value
    if not isinstance(value, RaggedTensor):
        return _merged_dense(value, outer_axis, inner_axis)
    if outer_axis > 1:
        inner = merge_dims(value.values, outer_axis - 1, inner_axis - 1)
        return value.with_values(inner)
    values, splits = value.values, value.row_splits
    for axis in range(outer_axis, inner_axis):
        if not isinstance(values, RaggedTensor):
            values, splits = _merged_rows(values, splits, inner_axis - axis + 1)
            break
        splits = array.gather(values.row_splits, splits)
        values = values.values
    return RaggedTensor.from_row_splits(values, splits)


def _merged_dense(value: Tensor, outer_axis: int, inner_axis: int) -> Tensor:
    sizes: Any
    if is_static(value.dims):
        sizes = value.shape.as_list()
        shape: Any = [*sizes[:outer_axis], -1, *sizes[inner_axis + 1 :]]
    else:
        sizes = array.shape(value)
        shape = array.concat([sizes[:outer_axis], [-1], sizes[inner_axis + 1 :]], 0)
    return array.reshape(value, shape)


def _merged_rows(values: Tensor, splits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Merge the first axes of values into their rows."""
    size: Any
    sizes: Any
    if is_static(values.dims):
        sizes = values.shape.as_list()
        shape: Any = [-1, *sizes[count:]]
        size = math.prod(s for s in sizes[1:count] if s is not None)
    else:
        sizes = array.shape(values)
        shape = array.concat([[-1], sizes[count:]], axis=0)
        size = cast(reduce_tensor("Prod", sizes[1:count]), splits.dtype)
    return array.reshape(values, shape), splits * size
