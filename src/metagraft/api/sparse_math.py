"""Arithmetic of sparse tensors (`tf.sparse.add` and its kin).

Source: tensorflow python/ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build import sparse as build
from metagraft.graph.build.reductions import reduction_dims
from metagraft.graph.build.sparse import is_sparse
from metagraft.graph.composite import SparseTensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "sparse_add",
    "sparse_maximum",
    "sparse_minimum",
    "sparse_reduce_max",
    "sparse_reduce_max_sparse",
    "sparse_reduce_sum",
    "sparse_reduce_sum_sparse",
    "sparse_softmax",
    "sparse_tensor_dense_matmul",
]


def sparse_add(
    a: Any, b: Any, threshold: Any = None, thresh: Any = None
) -> SparseTensor | Tensor:
    """Add two sparse tensors, or a sparse and a dense one.

    Args:
        a: A sparse tensor or a tensor.
        b: A sparse tensor or a tensor; one of the two is sparse.
        threshold: Sums of a smaller magnitude are left out; by default none is.
        thresh: Old name of `threshold`.

    Raises:
        TypeError: None of them is sparse.
    """
    threshold = renamed_argument("threshold", threshold, "thresh", thresh)
    return build.sparse_add(a, b, 0 if threshold is None else threshold)


def sparse_tensor_dense_matmul(
    sp_a: Any,
    b: Any,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """Multiply a sparse matrix with a dense one, or a dense one with a sparse one.

    Args:
        sp_a: A matrix.
        b: A matrix; one of the two is sparse.
        adjoint_a: Whether to transpose and conjugate `sp_a` first.
        adjoint_b: Whether to transpose and conjugate `b` first.
        name: Name of the operation.
    """
    if is_sparse(b):
        # (a b)' = b' a'
        flags = (
            (adjoint_a, adjoint_b)
            if adjoint_a != adjoint_b
            else (not adjoint_a, not adjoint_b)
        )
        return array.transpose(sparse_tensor_dense_matmul(b, sp_a, *flags))
    return build.sparse_dense_product(sp_a, b, adjoint_a, adjoint_b, name)


def sparse_softmax(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """Softmax over the stored elements of each row."""
    with name_scope(name, "SparseSoftmax", [sp_input.indices, sp_input.values]):
        values = op(
            "SparseSoftmax",
            sp_indices=sp_input.indices,
            sp_values=sp_input.values,
            sp_shape=sp_input.dense_shape,
        )
        return SparseTensor(sp_input.indices, values, sp_input.dense_shape)


def sparse_maximum(
    sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None
) -> SparseTensor:
    """Return the larger elements of two sparse tensors; what is not stored is 0."""
    return _compared("SparseSparseMaximum", sp_a, sp_b, name)


def sparse_minimum(
    sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None
) -> SparseTensor:
    """Return the smaller elements of two sparse tensors; what is not stored is 0."""
    return _compared("SparseSparseMinimum", sp_a, sp_b, name)


def _compared(
    op_type: str, sp_a: SparseTensor, sp_b: SparseTensor, name: str | None
) -> SparseTensor:
    parts = [sp_a.indices, sp_a.values, sp_b.indices, sp_b.values]
    with name_scope(name, op_type, parts) as scope:
        indices, values = op(
            op_type,
            a_indices=sp_a.indices,
            a_values=sp_a.values,
            a_shape=sp_a.dense_shape,
            b_indices=sp_b.indices,
            b_values=sp_b.values,
            b_shape=sp_b.dense_shape,
            name=scope,
        )
    return SparseTensor(indices, values, sp_a.dense_shape)


def sparse_reduce_max(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Return the largest stored elements along axes, or of all; 0 where none is.

    Args:
        sp_input: The sparse tensor.
        axis: The axes; all by default.
        keepdims: Whether reduced axes stay, with size 1.
        reduction_axes: Old name of `axis`.
        keep_dims: Old name of `keepdims`.
    """
    result: Tensor = _reduced(
        "SparseReduceMax", sp_input, axis, keepdims, reduction_axes, keep_dims
    )
    return result


def sparse_reduce_max_sparse(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> SparseTensor:
    """Do as `sparse_reduce_max` does; the result is sparse."""
    found = _reduced(
        "SparseReduceMaxSparse", sp_input, axis, keepdims, reduction_axes, keep_dims
    )
    return SparseTensor(*found)


def sparse_reduce_sum(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Return the sums of elements along axes, or of all.

    Args:
        sp_input: The sparse tensor.
        axis: The axes; all by default.
        keepdims: Whether reduced axes stay, with size 1.
        reduction_axes: Old name of `axis`.
        keep_dims: Old name of `keepdims`.
    """
    result: Tensor = _reduced(
        "SparseReduceSum", sp_input, axis, keepdims, reduction_axes, keep_dims
    )
    return result


def sparse_reduce_sum_sparse(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> SparseTensor:
    """Do as `sparse_reduce_sum` does; the result is sparse."""
    found = _reduced(
        "SparseReduceSumSparse", sp_input, axis, keepdims, reduction_axes, keep_dims
    )
    return SparseTensor(*found)


def _reduced(
    op_type: str,
    sp_input: SparseTensor,
    axis: Any,
    keepdims: bool | None,
    reduction_axes: Any,
    keep_dims: bool | None,
) -> Any:
    keepdims = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    axis = renamed_argument("axis", axis, "reduction_axes", reduction_axes)
    return op(
        op_type,
        input_indices=sp_input.indices,
        input_values=sp_input.values,
        input_shape=sp_input.dense_shape,
        reduction_axes=reduction_dims(sp_input, axis),
        keep_dims=bool(keepdims),
    )
