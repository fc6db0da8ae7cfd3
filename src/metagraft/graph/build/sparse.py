"""Nodes of sparse tensors, as TensorFlow's Python functions add them.

Source: tensorflow python/ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.reductions import reduction_dims
from metagraft.graph.composite import SparseTensor, SparseTensorValue
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.shapes import broadcast_dims, is_static
from metagraft.graph.tensor import Tensor

__all__ = [
    "as_sparse",
    "is_sparse",
    "sparse_add",
    "sparse_dense_cwise_add",
    "sparse_reduce_sum",
    "sparse_reorder",
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
