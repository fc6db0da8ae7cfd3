"""Crosses of ragged, sparse and dense features (`tf.ragged.cross`).

Source: tensorflow python/ops/ragged/ragged_array_ops.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.math import cast
from metagraft.graph.composite import SparseTensor, SparseTensorValue
from metagraft.graph.scopes import name_scope

__all__ = ["cross", "cross_hashed"]

_HASH_KEY: Final = 0xDECAFCAFFE


def cross(inputs: Any, name: str | None = None) -> RaggedTensor:
    """Return every combination of the features of a row, as text.

    Args:
        inputs: A list of tensors, ragged and sparse tensors, each with two axes.
        name: Name of the scope and of the operation.

    Raises:
        TypeError: `inputs` is no list.
        ValueError: A feature is neither integer nor text, or has another rank.
    """
    return _crossed(inputs, dtypes.string, 0, None, name)


def cross_hashed(
    inputs: Any,
    num_buckets: int = 0,
    hash_key: int | None = None,
    name: str | None = None,
) -> RaggedTensor:
    """Return a hash of every combination of the features of a row.

    Args:
        inputs: A list of tensors, ragged and sparse tensors, each with two axes.
        num_buckets: The number of different hashes; 0 for no limit.
        hash_key: What goes into the hash first.
        name: Name of the scope and of the operation.

    Raises:
        TypeError: `inputs` is no list.
        ValueError: A feature is neither integer nor text, or has another rank.
    """
    return _crossed(inputs, dtypes.int64, num_buckets, hash_key, name)


def _crossed(
    inputs: Any, dtype: Any, buckets: int, key: int | None, name: str | None
) -> RaggedTensor:
    if not isinstance(inputs, list | tuple):
        raise TypeError("Inputs must be a list")
    if key is None:
        key = _HASH_KEY
    with name_scope(name, "RaggedCross", inputs):
        features = [_feature(place, one) for place, one in enumerate(inputs)]
        ragged = [one for one in features if isinstance(one, RaggedTensor)]
        sparse = [one for one in features if isinstance(one, SparseTensor)]
        are_small = [one.row_splits.dtype == dtypes.int32 for one in ragged]
        values, splits = op(
            "RaggedCross",
            ragged_values=[one.values for one in ragged],
            ragged_row_splits=[one.row_splits for one in ragged],
            sparse_indices=[one.indices for one in sparse],
            sparse_values=[one.values for one in sparse],
            sparse_shape=[one.dense_shape for one in sparse],
            dense_inputs=[
                one
                for one in features
                if not isinstance(one, RaggedTensor | SparseTensor)
            ],
            input_order="".join(_letter(one) for one in features),
            hashed_output=dtype == dtypes.int64,
            num_buckets=buckets,
            hash_key=key - 2**64 if key > 2**63 else key,
            out_values_type=dtype,
            out_row_splits_type=(
                dtypes.int32 if are_small and all(are_small) else dtypes.int64
            ),
            name=name,
        )
        return RaggedTensor.from_row_splits(values, splits, validate=False)


def _feature(place: int, given: Any) -> Any:
    """Return one feature as text or int64."""
    if isinstance(given, SparseTensor | SparseTensorValue):
        feature: Any = SparseTensor.from_value(given)
    else:
        feature = as_values(given, name=None)
    if feature.dtype.is_integer:
        feature = _as_int64(feature)
    elif feature.dtype != dtypes.string:
        raise ValueError(f"Unexpected dtype for inputs[{place}]: {feature.dtype}")
    if isinstance(feature, RaggedTensor) and feature.ragged_rank != 1:
        raise ValueError("tf.ragged.cross only supports inputs with rank=2")
    return feature


def _as_int64(feature: Any) -> Any:
    if isinstance(feature, RaggedTensor):
        return feature.with_flat_values(cast(feature.flat_values, dtypes.int64))
    return cast(feature, dtypes.int64)


def _letter(feature: Any) -> str:
    if isinstance(feature, RaggedTensor):
        return "R"
    return "S" if isinstance(feature, SparseTensor) else "D"
