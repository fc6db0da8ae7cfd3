"""Nodes of sparse tensors, as TensorFlow's Python functions add them.

Source: tensorflow python/ops/sparse_ops.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduction_dims
from metagraft.graph.composite import SparseTensor, SparseTensorValue
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape, broadcast_dims, is_static
from metagraft.graph.tensor import Tensor
from metagraft.graph.value_as_shape import value_as_shape

__all__ = [
    "as_sparse",
    "is_sparse",
    "sparse_add",
    "sparse_dense_cwise_add",
    "sparse_dense_product",
    "sparse_reduce_sum",
    "sparse_reorder",
    "sparse_reshape",
    "sparse_slice",
]


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse tensor, symbolic or not."""
    return isinstance(value, SparseTensor | SparseTensorValue)


def as_sparse(value: Any) -> SparseTensor:
    """Return a sparse tensor, made of a `SparseTensorValue` if it is one.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return value


def sparse_reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Put the elements in row-major order."""
    sp_input = as_sparse(sp_input)
    indices, values = op(
        "SparseReorder",
        input_indices=sp_input.indices,
        input_values=sp_input.values,
        input_shape=sp_input.dense_shape,
        name=name,
    )
    dims = sp_input.shape.dims_tuple
    if is_static(dims):
        return SparseTensor(indices, values, list(dims or ()))
    result = SparseTensor(indices, values, array.identity(sp_input.dense_shape))
    result.set_shape(sp_input.shape)
    return result


def sparse_reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """Give a sparse tensor another shape; the order of its elements stays.

    Raises:
        ValueError: The shape has another number of elements, or more than one -1.
    """
    sp_input = as_sparse(sp_input)
    shape = cast(shape, dtypes.int64)
    with name_scope(name, "SparseReshape", [sp_input]) as scope:
        indices, found = op(
            "SparseReshape",
            input_indices=sp_input.indices,
            input_shape=sp_input.dense_shape,
            new_shape=shape,
            name=scope,
        )
        known = _known_target(sp_input.shape, shape)
        if known is not None:
            found = array.constant(known, dtype=dtypes.int64)
        return SparseTensor(indices, array.identity(sp_input.values), found)


def _known_target(source: TensorShape, shape: Tensor) -> list[int] | None:
    """The new shape if it is known while the graph is built."""
    dims = value_as_shape(shape)
    if dims is None or not is_static(source.dims_tuple):
        return None
    given = constant_value(shape)
    if given is not None and int(np.sum(given == -1)) > 1:
        raise ValueError(f"At most one dimension can be inferred (-1). Found: {given}")
    total = math.prod(size for size in source.as_list() if size is not None)
    target = list(dims)
    implied = [place for place, size in enumerate(target) if size is None]
    if len(implied) > 1 or (implied and 0 in target):
        return None
    if implied:
        known = [size for size in target if size is not None]
        target[implied[0]] = total // math.prod(known)
    sizes = [int(size) for size in target if size is not None]
    if math.prod(sizes) != total:
        raise ValueError(
            f"Cannot reshape a tensor with {total} elements to shape {list(dims)}"
            f" ({math.prod(sizes)} elements)."
        )
    return sizes


def sparse_add(a: Any, b: Any, threshold: Any = 0) -> SparseTensor | Tensor:
    """Add two sparse tensors, or a sparse and a dense one.

    Args:
        a: A sparse tensor or a tensor.
        b: A sparse tensor or a tensor; one of the two is sparse.
        threshold: Sums of a smaller magnitude are left out of a sparse result.

    Raises:
        TypeError: None of them is sparse.
    """
    if not (is_sparse(a) or is_sparse(b)):
        raise TypeError(
            "At least one input should be SparseTensor; do you mean to use tf.add()?"
        )
    if is_sparse(a) and is_sparse(b):
        return _sum(as_sparse(a), as_sparse(b), threshold)
    if is_sparse(b):
        a, b = b, a
    total: Tensor = op(
        "SparseTensorDenseAdd",
        a_indices=a.indices,
        a_values=a.values,
        a_shape=a.dense_shape,
        b=b,
    )
    return total


def _sum(a: SparseTensor, b: SparseTensor, threshold: Any) -> SparseTensor:
    threshold = convert_to_tensor(
        threshold, dtype=a.values.dtype.real_dtype.base_dtype, name="threshold"
    )
    indices, values, dense_shape = op(
        "SparseAdd",
        a_indices=a.indices,
        a_values=a.values,
        a_shape=a.dense_shape,
        b_indices=b.indices,
        b_values=b.values,
        b_shape=b.dense_shape,
        thresh=threshold,
    )
    a.shape.assert_is_compatible_with(b.shape)
    dims = broadcast_dims(a.shape.dims_tuple, b.shape.dims_tuple)
    return SparseTensor(
        indices, values, list(dims or ()) if is_static(dims) else dense_shape
    )


def sparse_dense_cwise_add(sp_t: SparseTensor, dense_t: Any) -> SparseTensor:
    """Add to each stored element what stands beside it in a dense tensor."""
    values = op(
        "SparseDenseCwiseAdd",
        sp_indices=sp_t.indices,
        sp_values=sp_t.values,
        sp_shape=sp_t.dense_shape,
        dense=dense_t,
    )
    return SparseTensor(sp_t.indices, values, sp_t.dense_shape)


def sparse_reduce_sum(sp_input: Any, axis: Any, *, keepdims: bool) -> Tensor:
    """Sum the elements along axes, or along all; the result is dense."""
    total: Tensor = op(
        "SparseReduceSum",
        input_indices=sp_input.indices,
        input_values=sp_input.values,
        input_shape=sp_input.dense_shape,
        reduction_axes=reduction_dims(sp_input, axis),
        keep_dims=keepdims,
    )
    return total


def sparse_slice(
    sp_input: Any, start: Any, size: Any, name: str | None = None
) -> SparseTensor:
    """Return the part of a sparse tensor from `start` on, of a given size."""
    sp_input = as_sparse(sp_input)
    start = convert_to_tensor(start, dtypes.int64)
    size = convert_to_tensor(size, dtypes.int64)
    with name_scope(name, "SparseSlice", [sp_input]) as scope:
        return SparseTensor(
            *op(
                "SparseSlice",
                indices=sp_input.indices,
                values=sp_input.values,
                shape=sp_input.dense_shape,
                start=start,
                size=size,
                name=scope,
            )
        )


def sparse_dense_product(
    sp_a: Any,
    b: Any,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """Multiply a sparse matrix with a dense one."""
    sp_a = as_sparse(sp_a)
    with name_scope(name, "SparseTensorDenseMatMul", [sp_a.indices, sp_a.values, b]):
        result: Tensor = op(
            "SparseTensorDenseMatMul",
            a_indices=sp_a.indices,
            a_values=sp_a.values,
            a_shape=sp_a.dense_shape,
            b=convert_to_tensor(b, name="b"),
            adjoint_a=adjoint_a,
            adjoint_b=adjoint_b,
        )
        return result
