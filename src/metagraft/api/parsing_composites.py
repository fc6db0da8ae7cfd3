"""What parsed features are put together to: sparse and ragged tensors.

Source: tensorflow python/ops/parsing_config.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.api.parsing_features import RaggedFeature, SparseFeature
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.sparse import sparse_reorder
from metagraft.graph.composite import SparseTensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["composites_of", "ragged_batches"]


def composites_of(
    features: Mapping[str, Any], found: Mapping[str, Any]
) -> dict[str, Any]:
    """Put features of several keys together, and leave out keys that nobody asked for.

    Args:
        features: What is asked for, by key.
        found: What the op returned, by key.
    """
    made = dict(found)
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            made[key] = _sparse(feature, found)
        elif isinstance(feature, RaggedFeature):
            raise _no_ragged_tensors()
    return {key: made[key] for key in made if key in features}


def _sparse(feature: SparseFeature, found: Mapping[str, Any]) -> SparseTensor:
    """Merge features of indices with one of values."""
    keys, sizes = feature.index_key, feature.size
    if isinstance(keys, str):
        keys, sizes = [keys], [sizes]
    if len(keys) != len(sizes):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    indices = [found[key] for key in keys]
    values = found[feature.value_key]
    with name_scope(None, "SparseMerge", [indices, values]):
        columns = [array.expand_dims(each.values, 1) for each in indices]
        totals = [cast(size, dtypes.int64) for size in sizes]
        kept = indices[0].indices[:, :-1]
        places = array.concat([kept, *columns], 1)
        shape = array.concat([indices[0].dense_shape[:-1], totals], 0)
        merged = SparseTensor(places, values.values, shape)
        if feature.already_sorted:
            return merged
        ordered = sparse_reorder(merged)
        return SparseTensor(ordered.indices, ordered.values, shape)


def ragged_batches(
    shape: TensorShape,
    values: Sequence[Tensor],
    splits: Sequence[Tensor],
    inner_splits: Sequence[Tensor] | None = None,
) -> list[Any]:
    """Return ragged tensors of the values, with a batch axis if the examples have one.

    Raises:
        NotImplementedError: There are any; ragged tensors are not supported.
    """
    del shape, splits, inner_splits
    if values:
        raise _no_ragged_tensors()
    return []


def _no_ragged_tensors() -> NotImplementedError:
    return NotImplementedError("Ragged tensors are not supported.")
