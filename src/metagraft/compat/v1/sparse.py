"""`tf.sparse`: tensors of which only some elements are stored."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import lazy_names

_API = "metagraft.api"

# Names in `tf.sparse` of functions that are `tf.sparse_<name>` as well.
MAKING = {
    "expand_dims": "sparse_expand_dims",
    "eye": "sparse_eye",
    "fill_empty_rows": "sparse_fill_empty_rows",
    "from_dense": "from_dense",
    "merge": "sparse_merge",
    "reorder": "sparse_reorder",
    "reset_shape": "sparse_reset_shape",
    "reshape": "sparse_reshape",
    "retain": "sparse_retain",
    "to_dense": "sparse_tensor_to_dense",
    "to_indicator": "sparse_to_indicator",
    "transpose": "sparse_transpose",
}
ARITHMETIC = {
    "add": "sparse_add",
    "matmul": "sparse_tensor_dense_matmul",
    "maximum": "sparse_maximum",
    "minimum": "sparse_minimum",
    "reduce_max": "sparse_reduce_max",
    "reduce_max_sparse": "sparse_reduce_max_sparse",
    "reduce_sum": "sparse_reduce_sum",
    "reduce_sum_sparse": "sparse_reduce_sum_sparse",
    "softmax": "sparse_softmax",
    "sparse_dense_matmul": "sparse_tensor_dense_matmul",
}
# Names in `tf.io` and in `tf`.
SERIALIZATION = ("deserialize_many_sparse", "serialize_many_sparse", "serialize_sparse")
# The same functions under their names in `tf` itself.
TOP_LEVEL = {
    **{
        name: f"{_API}.sparse:{name}"
        for name in MAKING.values()
        if name not in ("from_dense", "sparse_expand_dims", "sparse_eye")
    },
    **{name: f"{_API}.sparse_math:{name}" for name in ARITHMETIC.values()},
    **{
        f"sparse_{name}": f"{_API}.sparse_parts:sparse_{name}"
        for name in ("concat", "slice", "split")
    },
    "convert_to_tensor_or_sparse_tensor": (
        f"{_API}.sparse:convert_to_tensor_or_sparse_tensor"
    ),
    "sparse_to_dense": f"{_API}.sparse:sparse_to_dense",
    "edit_distance": f"{_API}.edit_distance:edit_distance",
    **{name: f"{_API}.sparse_serialization:{name}" for name in SERIALIZATION},
}

_NAMES = {
    "SparseConditionalAccumulator": (
        f"{_API}.accumulators:SparseConditionalAccumulator"
    ),
    "SparseTensor": "metagraft.graph.composite:SparseTensor",
    **{name: f"{_API}.sparse:{function}" for name, function in MAKING.items()},
    **{name: f"{_API}.sparse_math:{function}" for name, function in ARITHMETIC.items()},
    **{
        name: f"{_API}.sparse_parts:sparse_{name}"
        for name in ("concat", "slice", "split")
    },
    **{
        name: f"{_API}.segments:sparse_{name}"
        for name in ("segment_mean", "segment_sqrt_n", "segment_sum")
    },
    "bincount": f"{_API}.sparse_counting:sparse_bincount",
    "cross": f"{_API}.sparse_cross:sparse_cross",
    "cross_hashed": f"{_API}.sparse_cross:sparse_cross_hashed",
    "mask": f"{_API}.gather:sparse_mask",
    "placeholder": f"{_API}.constants:sparse_placeholder",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
