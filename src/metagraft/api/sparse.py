"""Sparse tensors made, put in order and filled (`tf.sparse`).

Source: tensorflow python/ops/sparse_ops.py.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from metagraft.api.checks import assert_equal, assert_less_equal
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import add, cast, number_range, select_v2
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.build.sparse import (
    as_sparse,
    is_sparse,
    sparse_reorder,
    sparse_reshape,
)
from metagraft.graph.composite import SparseTensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import is_static
from metagraft.graph.structure import flatten, is_nested, pack_like
from metagraft.graph.tensor import Tensor

__all__ = [
    "convert_to_tensor_or_sparse_tensor",
    "from_dense",
    "map_values",
    "sparse_expand_dims",
    "sparse_eye",
    "sparse_fill_empty_rows",
    "sparse_merge",
    "sparse_reorder",
    "sparse_reset_shape",
    "sparse_reshape",
    "sparse_retain",
    "sparse_tensor_to_dense",
    "sparse_to_dense",
    "sparse_to_indicator",
    "sparse_transpose",
]


def convert_to_tensor_or_sparse_tensor(
    value: Any, dtype: Any = None, name: str | None = None
) -> Tensor | SparseTensor:
    """Return a sparse tensor as it is, anything else as a tensor.

    Raises:
        RuntimeError: The sparse tensor has another type than `dtype`.
    """
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if not is_sparse(value):
        return convert_to_tensor(value, dtype=wanted, name=name)
    value = as_sparse(value)
    if wanted and not wanted.is_compatible_with(value.dtype):
        raise RuntimeError(
            f"Sparse dtype mismatch. Requested: {wanted.name},  Actual:"
            f" {value.dtype.name}"
        )
    return value


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """Return the elements of a tensor that are not zero, as a sparse tensor."""
    with name_scope(name, "dense_to_sparse"):
        tensor = convert_to_tensor(tensor)
        is_stored = op("NotEqual", x=tensor, y=array.zeros_like(tensor))
        indices = array.where(is_stored)
        values = op("GatherNd", params=tensor, indices=indices)
        shape = array.shape(tensor, out_type=dtypes.int64)
        return SparseTensor(indices, values, shape)


def sparse_expand_dims(
    sp_input: SparseTensor, axis: Any = None, name: str | None = None
) -> SparseTensor:
    """Return a sparse tensor with a new axis of size 1.

    Args:
        sp_input: The sparse tensor.
        axis: Where the new axis comes; at the end by default.
        name: Name of the scope.

    Raises:
        TypeError: `axis` is no integer.
    """
    rank: Any = sp_input.dense_shape.shape[0].value
    if rank is None:
        # TF: it means to do this, but fails on the unknown dimension.
        rank = array.shape(sp_input.dense_shape)[0]
    axis = -1 if axis is None else axis
    with name_scope(name, "expand_dims", [sp_input]):
        if isinstance(axis, numbers.Integral):
            axis = convert_to_tensor(axis, name="axis", dtype=dtypes.int32)
        elif not isinstance(axis, Tensor):
            raise TypeError(
                "axis must be an integer value in range [-rank(sp_input) - 1,"
                " rank(sp_input)]"
            )
        axis = select_v2(axis >= 0, axis, axis + rank + 1)
        count = array.shape(sp_input.indices)[0]
        new_column = array.zeros([count, 1], dtypes.int64)
        before = array.slice_(sp_input.indices, [0, 0], [-1, axis])
        after = array.slice_(sp_input.indices, [0, axis], [-1, -1])
        indices = array.concat([before, new_column, after], axis=1)
        sizes_before = array.slice_(sp_input.dense_shape, [0], [axis])
        sizes_after = array.slice_(sp_input.dense_shape, [axis], [-1])
        one = convert_to_tensor([1], name="new_shape", dtype=dtypes.int64)
        shape = array.concat([sizes_before, one, sizes_after], axis=0)
        return SparseTensor(indices, sp_input.values, shape)


def sparse_eye(
    num_rows: Any,
    num_columns: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> SparseTensor:
    """Return a matrix with ones on its diagonal.

    Raises:
        TypeError: A size is no integer.
    """
    with name_scope(name, "eye", [num_rows, num_columns]):
        rows = _as_int64(num_rows, "num_rows")
        columns = rows
        if num_columns is not None:
            columns = _as_int64(num_columns, "num_columns")
        count = op("Minimum", x=rows, y=columns)
        diagonal = number_range(count, dtype=dtypes.int64)
        return SparseTensor(
            indices=array.stack([diagonal, diagonal], axis=1),
            values=array.ones(count, dtype=dtype),
            dense_shape=[rows, columns],
        )


def _as_int64(value: Any, name: str) -> Tensor:
    if isinstance(value, numbers.Integral):
        return convert_to_tensor(value, name=name, dtype=dtypes.int64)
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be an integer value")
    result: Tensor = cast(value, dtypes.int64)
    return result


def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """Return a tensor with values at some indices and a default elsewhere.

    Args:
        sparse_indices: Where values stand: a scalar, a vector, or `[n, r]`.
        output_shape: The shape of the result.
        sparse_values: The values, or one for all indices.
        default_value: What stands elsewhere.
        validate_indices: Whether to demand that indices ascend without repetition.
        name: Name of the operation.
    """
    result: Tensor = op(
        "SparseToDense",
        sparse_indices=sparse_indices,
        output_shape=output_shape,
        sparse_values=sparse_values,
        default_value=default_value,
        validate_indices=validate_indices,
        name=name,
    )
    return result


def sparse_tensor_to_dense(
    sp_input: Any,
    default_value: Any = None,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """Return a sparse tensor as a dense one, `default_value` where nothing is stored.

    Args:
        sp_input: The sparse tensor.
        default_value: What stands elsewhere; zero by default.
        validate_indices: Whether to demand that indices ascend without repetition.
        name: Name of the operation.
    """
    sp_input = as_sparse(sp_input)
    if default_value is None:
        default_value = array.zeros([], dtype=sp_input.dtype)
    return sparse_to_dense(
        sp_input.indices,
        sp_input.dense_shape,
        sp_input.values,
        default_value,
        validate_indices,
        name,
    )


def sparse_to_indicator(
    sp_input: Any, vocab_size: Any, name: str | None = None
) -> Tensor:
    """Return flags `[..., vocab_size]` that are set for the numbers that occur."""
    sp_input = as_sparse(sp_input)
    with name_scope(name, "SparseToIndicator", [sp_input]) as scope:
        count = array.shape(sp_input.indices)[0]
        flags = array.fill(array.expand_dims(count, 0), True)
        marked = SparseTensor(sp_input.indices, flags, sp_input.dense_shape)
        merged = sparse_merge(sp_input, marked, vocab_size, scope)
        return sparse_tensor_to_dense(
            merged, default_value=False, validate_indices=False, name=scope
        )


def sparse_merge(
    sp_ids: Any,
    sp_values: Any,
    vocab_size: Any,
    name: str | None = None,
    already_sorted: bool = False,
) -> SparseTensor:
    """Return values by id: the last axis is replaced by ids, or by several axes.

    Args:
        sp_ids: A sparse tensor of ids, or a list of them, one for each new axis.
        sp_values: A sparse tensor of values at the same indices.
        vocab_size: The number of ids, for each new axis.
        name: Name of the scope.
        already_sorted: Whether the result needs no new order.

    Raises:
        TypeError: The arguments are of other kinds.
        ValueError: There are more or fewer sizes than new axes.
    """
    ids, sizes = _ids_and_sizes(sp_ids, vocab_size)
    with name_scope(name, "SparseMerge", [ids, sp_values]):
        ids = [as_sparse(one) for one in ids]
        sp_values = as_sparse(sp_values)
        columns = [
            array.expand_dims(cast(one.values, dtypes.int64), axis=1) for one in ids
        ]
        sizes = [cast(size, dtypes.int64) for size in sizes]
        indices = array.concat([ids[0].indices[:, :-1], *columns], 1)
        shape = array.concat([ids[0].dense_shape[:-1], sizes], 0)
        result = SparseTensor(indices, sp_values.values, shape)
        if already_sorted:
            return result
        ordered = sparse_reorder(result)
        return SparseTensor(ordered.indices, ordered.values, shape)


def _ids_and_sizes(sp_ids: Any, vocab_size: Any) -> tuple[list[Any], list[Any]]:
    if is_sparse(sp_ids):
        if not isinstance(vocab_size, Tensor | numbers.Integral):
            raise TypeError(
                f"vocab_size has to be a Tensor or Python int. Found {type(vocab_size)}"
            )
        return [sp_ids], [vocab_size]
    if not isinstance(sp_ids, Iterable):
        raise TypeError(
            f"sp_ids has to be a SparseTensor or list thereof. Found {type(sp_ids)}"
        )
    if not isinstance(vocab_size, Iterable):
        raise TypeError(
            "vocab_size has to be a list of Tensors or Python ints. Found"
            f" {type(vocab_size)}"
        )
    ids, sizes = list(sp_ids), list(vocab_size)
    for size in sizes:
        if not isinstance(size, Tensor | numbers.Integral):
            raise TypeError(
                "vocab_size has to be a list of Tensors or Python ints. Found"
                f" {type(size)}"
            )
    if len(ids) != len(sizes):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    return ids, sizes


def sparse_retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """Return the elements for which a vector of flags holds."""
    sp_input = as_sparse(sp_input)
    to_retain = convert_to_tensor(to_retain)
    to_retain.shape.assert_has_rank(1)
    if sp_input.values.shape.dims is not None:
        sp_input.values.shape[0].assert_is_compatible_with(to_retain.shape[0])
    chosen = array.reshape(array.where(to_retain), [-1])
    return SparseTensor(
        array.gather(sp_input.indices, chosen),
        array.gather(sp_input.values, chosen),
        array.identity(sp_input.dense_shape),
    )


def sparse_reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """Give a sparse tensor a larger shape; without one the smallest that holds it.

    Raises:
        ValueError: The shape is known to be smaller.
    """
    sp_input = as_sparse(sp_input)
    indices = array.identity(sp_input.indices)
    values = array.identity(sp_input.values)
    shape = array.identity(sp_input.dense_shape)
    if new_shape is None:
        last = reduce_tensor("Max", indices, axis=0)
        zero = array.constant(0, dtype=dtypes.int64)
        needed = add(last, array.ones_like(shape))
        return SparseTensor(indices, values, op("Maximum", x=zero, y=needed))
    wanted = convert_to_tensor(new_shape)
    wanted.shape.assert_has_rank(1)
    wanted = cast(wanted, dtypes.int64)
    if wanted.shape.ndims is not None:
        wanted.shape[0].assert_is_compatible_with(shape.shape[0])
    known = constant_value(wanted)
    if known is not None and is_static(sp_input.shape.dims_tuple):
        old = np.array(sp_input.shape.as_list())
        if not np.all(old <= known):
            raise ValueError(
                "Requested new_shape should have dimension sizes >= sp_input.shape. "
                f" Found new_shape ({old}), sp_input.shape ({known})."
            )
        return SparseTensor(indices, values, known)
    same_rank = assert_equal(array.shape(shape), array.shape(wanted))
    wanted = with_dependencies([same_rank], wanted)
    wanted = with_dependencies([assert_less_equal(shape, wanted)], wanted)
    return SparseTensor(indices, values, wanted)


def sparse_fill_empty_rows(
    sp_input: Any, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """Put an element into each row that has none.

    Returns:
        The sparse tensor, and a flag for each row that was empty.
    """
    sp_input = as_sparse(sp_input)
    with name_scope(name, "SparseFillEmptyRows", [sp_input]):
        default_value = convert_to_tensor(default_value, dtype=sp_input.values.dtype)
        indices, values, is_empty, _ = op(
            "SparseFillEmptyRows",
            indices=sp_input.indices,
            values=sp_input.values,
            dense_shape=sp_input.dense_shape,
            default_value=default_value,
        )
        return SparseTensor(indices, values, sp_input.dense_shape), is_empty


def sparse_transpose(
    sp_input: SparseTensor, perm: Any = None, name: str | None = None
) -> SparseTensor:
    """Put the axes of a sparse tensor into another order, reversed by default."""
    with name_scope(name, "SparseTranspose", [sp_input]):
        if perm is None:
            rank: Any = sp_input.shape.ndims
            if rank is not None:
                perm = rank - 1 - np.arange(0, rank, 1)
            else:
                rank = array.rank(sp_input)
                perm = rank - 1 - number_range(0, rank, 1)
        columns = array.gather(array.transpose(sp_input.indices), perm)
        indices = array.transpose(columns)
        order = constant_value(convert_to_tensor(perm))
        shape: Any
        if order is not None and is_static(sp_input.shape.dims_tuple):
            sizes = sp_input.shape.as_list()
            shape = list(sizes)
            for place, axis in enumerate(order):
                shape[place] = sizes[axis]
        else:
            shape = array.gather(sp_input.dense_shape, perm)
        return sparse_reorder(SparseTensor(indices, sp_input.values, shape))


def map_values(function: Callable[..., Any], *args: Any, **kwargs: Any) -> SparseTensor:
    """Apply a function to the elements of sparse tensors of the same form.

    Raises:
        ValueError: No argument is a sparse tensor.
    """
    found: list[SparseTensor] = []
    positional = [_with_values(value, found) for value in args]
    named = {key: _with_values(value, found) for key, value in kwargs.items()}
    if not found:
        raise ValueError("No SparseTensor in argument list of map_values")
    first = found[0]
    checks = []
    for other in found[1:]:
        checks.append(
            assert_equal(
                first.dense_shape, other.dense_shape, message="Mismatched shapes!"
            )
        )
        checks.append(
            assert_equal(first.indices, other.indices, message="Mismatched indices!")
        )
    with control_dependencies(checks):
        return SparseTensor(
            first.indices, function(*positional, **named), first.dense_shape
        )


def _with_values(value: Any, found: list[SparseTensor]) -> Any:
    if isinstance(value, SparseTensor):
        found.append(value)
        return value.values
    if is_nested(value) and any(isinstance(p, SparseTensor) for p in flatten(value)):
        return pack_like(value, [_with_values(part, found) for part in flatten(value)])
    return value
