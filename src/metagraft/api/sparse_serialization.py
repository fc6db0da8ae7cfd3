"""Sparse tensors as text or variants (`tf.io.serialize_sparse`).

Source: tensorflow python/ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.sparse import as_sparse
from metagraft.graph.composite import SparseTensor
from metagraft.graph.tensor import Tensor

__all__ = [
    "deserialize_many_sparse",
    "deserialize_sparse",
    "serialize_many_sparse",
    "serialize_sparse",
]


def serialize_sparse(
    sp_input: Any, name: str | None = None, out_type: Any = dtypes.string
) -> Tensor:
    """Return a sparse tensor as a vector of three: indices, values and shape.

    Args:
        sp_input: The sparse tensor.
        name: Name of the operation.
        out_type: `string` or `variant`.
    """
    return _serialized("SerializeSparse", sp_input, name, out_type)


def serialize_many_sparse(
    sp_input: Any, name: str | None = None, out_type: Any = dtypes.string
) -> Tensor:
    """Return the rows of a sparse tensor, each as a vector of three.

    Args:
        sp_input: The sparse tensor.
        name: Name of the operation.
        out_type: `string` or `variant`.
    """
    return _serialized("SerializeManySparse", sp_input, name, out_type)


def _serialized(op_type: str, sp_input: Any, name: str | None, out_type: Any) -> Tensor:
    sp_input = as_sparse(sp_input)
    result: Tensor = op(
        op_type,
        sparse_indices=sp_input.indices,
        sparse_values=sp_input.values,
        sparse_shape=sp_input.dense_shape,
        name=name,
        out_type=out_type,
    )
    return result


def deserialize_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """Return sparse tensors out of `[..., 3]` as one.

    Args:
        serialized_sparse: What `serialize_sparse` gave, stacked.
        dtype: The type of the elements.
        rank: The rank of the result, if it is known.
        name: Name of the operation.
    """
    return _deserialized("DeserializeSparse", serialized_sparse, dtype, rank, name)


def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """Return sparse tensors out of `[n, 3]` as one, along a new first axis.

    Args:
        serialized_sparse: What `serialize_many_sparse` gave.
        dtype: The type of the elements.
        rank: The rank of the result, if it is known.
        name: Name of the operation.
    """
    return _deserialized("DeserializeManySparse", serialized_sparse, dtype, rank, name)


def _deserialized(
    op_type: str, serialized_sparse: Any, dtype: Any, rank: int | None, name: str | None
) -> SparseTensor:
    indices, values, shape = op(
        op_type, serialized_sparse=serialized_sparse, dtype=dtype, name=name
    )
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)
