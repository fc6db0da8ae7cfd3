"""Crosses of sparse and dense features (`tf.sparse.cross`).

Source: tensorflow python/ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.math import cast
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor

__all__ = ["sparse_cross", "sparse_cross_hashed"]

_HASH_KEY: Final = 0xDECAFCAFFE


def sparse_cross(
    inputs: Any, name: str | None = None, separator: Any = None
) -> SparseTensor:
    """Return every combination of the features of a row, as text.

    Args:
        inputs: A list of tensors and sparse tensors, each with two axes.
        name: Name of the operation.
        separator: What stands between two features; `_X_` by default.

    Raises:
        TypeError: `inputs` is no such list.
    """
    if separator is None:
        separator = "_X_"
    separator = convert_to_tensor(separator, dtypes.string)
    _check(inputs, "All inputs must be Tensor or SparseTensor.")
    return SparseTensor(
        *op("SparseCrossV2", **_operands(inputs), sep=separator, name=name)
    )


def sparse_cross_hashed(
    inputs: Any,
    num_buckets: int = 0,
    hash_key: int | None = None,
    name: str | None = None,
) -> SparseTensor:
    """Return a hash of every combination of the features of a row.

    Args:
        inputs: A list of tensors and sparse tensors, each with two axes.
        num_buckets: The number of different hashes; 0 for no limit.
        hash_key: What goes into the hash first.
        name: Name of the operation.

    Raises:
        TypeError: `inputs` is no such list.
    """
    _check(inputs, "All inputs must be SparseTensors")
    is_text = all(one.dtype == dtypes.string for one in inputs)
    return SparseTensor(
        *op(
            "SparseCross",
            **_operands(inputs),
            hashed_output=True,
            num_buckets=num_buckets,
            hash_key=hash_key or _HASH_KEY,
            out_type=dtypes.int64,
            internal_type=dtypes.string if is_text else dtypes.int64,
            name=name,
        )
    )


def _check(inputs: Any, problem: str) -> None:
    if not isinstance(inputs, list | tuple):
        raise TypeError("Inputs must be a list")
    if not all(isinstance(one, SparseTensor | Tensor) for one in inputs):
        raise TypeError(problem)


def _as_feature(values: Tensor) -> Tensor:
    if values.dtype == dtypes.string:
        return values
    number: Tensor = cast(values, dtypes.int64)
    return number


def _operands(inputs: Any) -> dict[str, Any]:
    sparse = [one for one in inputs if isinstance(one, SparseTensor)]
    dense = [one for one in inputs if not isinstance(one, SparseTensor)]
    return {
        "indices": [one.indices for one in sparse],
        "values": [_as_feature(one.values) for one in sparse],
        "shapes": [one.dense_shape for one in sparse],
        "dense_inputs": [_as_feature(one) for one in dense],
    }
