"""`tensorflow.python.ops.sparse_ops`: sparse tensors."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "deserialize_many_sparse serialize_many_sparse serialize_sparse sparse_add "
        "sparse_concat sparse_fill_empty_rows sparse_maximum sparse_merge "
        "sparse_minimum sparse_reduce_max sparse_reduce_max_sparse sparse_reduce_sum "
        "sparse_reduce_sum_sparse sparse_reorder sparse_reset_shape sparse_reshape "
        "sparse_retain sparse_slice sparse_softmax sparse_split "
        "sparse_tensor_dense_matmul sparse_tensor_to_dense sparse_to_dense "
        "sparse_to_indicator sparse_transpose",
    ),
    **from_module("metagraft.compat.v1.sparse", "from_dense"),
    "_sparse_cross": "metagraft.compat.v1.sparse:cross",
    "_sparse_cross_hashed": "metagraft.compat.v1.sparse:cross_hashed",
    "sparse_bincount": "metagraft.compat.v1.sparse:bincount",
    "sparse_cross": "metagraft.compat.v1.sparse:cross",
    "sparse_cross_hashed": "metagraft.compat.v1.sparse:cross_hashed",
    "sparse_expand_dims": "metagraft.compat.v1.sparse:expand_dims",
    "sparse_eye": "metagraft.compat.v1.sparse:eye",
    "unary_op": "metagraft.compat.v1.math:bessel_i1e",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
