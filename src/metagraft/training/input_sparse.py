"""Sparse tensors in queues: kept in a map of the session, the queue holds their keys.

Source: tensorflow python/training/input.py _store_sparse_tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.api.array import (
    expand_dims,
    identity,
    ones,
    reshape,
    shape,
    squeeze,
)
from metagraft.api.comparison import where_v2
from metagraft.api.cond import smart_cond
from metagraft.api.constants import constant
from metagraft.api.gather import gather
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.composite import SparseTensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import colocate_with
from metagraft.graph.tensor import Tensor

__all__ = ["StoredSparse", "restore_sparse_tensors", "store_sparse_tensors_join"]

_STORING = ("AddSparseToTensorsMap", "AddManySparseToTensorsMap")


@dataclass(frozen=True, slots=True)
class StoredSparse:
    """How a sparse tensor is kept.

    Attributes:
        map_op: The operation that makes the map.
        rank: The rank of an element; None if it is not known.
    """

    map_op: Operation
    rank: int | None


def store_sparse_tensors_join(
    lists: Sequence[Sequence[Any]], enqueue_many: bool, keep_input: Tensor
) -> tuple[list[list[Tensor]], list[StoredSparse | None]]:
    """Replace the sparse tensors of several sets by their keys.

    Args:
        lists: Sets of tensors with the same kinds at the same places.
        enqueue_many: Whether each tensor holds many elements.
        keep_input: Whether they are kept.

    Returns:
        The sets without sparse tensors, and for each place how it is kept, None for a
        dense tensor.

    Raises:
        ValueError: The sets differ.
    """
    stored, kept = _stored(lists[0], enqueue_many, keep_input, [None] * len(lists[0]))
    result = [stored]
    for tensors in lists[1:]:
        maps = [None if one is None else one.map_op for one in kept]
        stored, others = _stored(tensors, enqueue_many, keep_input, maps)
        if not _match(kept, others):
            raise ValueError(
                f"Inconsistent SparseTensors list: {lists[0]} vs. {tensors}"
            )
        result.append(stored)
    return result, kept


def _match(
    first: Sequence[StoredSparse | None], second: Sequence[StoredSparse | None]
) -> bool:
    def same(a: StoredSparse | None, b: StoredSparse | None) -> bool:
        if a is None or b is None:
            return a is b
        ranks_fit = a.rank is None or b.rank is None or a.rank == b.rank
        return a.map_op is b.map_op and ranks_fit

    return len(first) == len(second) and all(map(same, first, second))


def _stored(
    tensors: Sequence[Any],
    enqueue_many: bool,
    keep_input: Tensor,
    maps: Sequence[Operation | None],
) -> tuple[list[Tensor], list[StoredSparse | None]]:
    keys = [
        _keys(tensor, enqueue_many, keep_input, map_op)
        if isinstance(tensor, SparseTensor)
        else tensor
        for tensor, map_op in zip(tensors, maps, strict=True)
    ]
    kept: list[StoredSparse | None] = []
    for tensor, key, map_op in zip(tensors, keys, maps, strict=True):
        if not isinstance(tensor, SparseTensor):
            kept.append(None)
            continue
        rank = tensor.dense_shape.shape.with_rank(1).as_list()[0]
        if rank is not None and enqueue_many:
            rank -= 1
        kept.append(StoredSparse(map_op or _storing_op(key), rank))
    stored = [
        tensor if how is None else expand_dims(tensor, [-1])
        for tensor, how in zip(keys, kept, strict=True)
    ]
    return stored, kept


def _storing_op(key: Tensor) -> Operation:
    """Return what made a key; in a branch, that is behind the merge."""
    for tensor in key.op.inputs:
        if tensor.op.type in _STORING:
            return tensor.op
    return key.op


def _keys(
    tensor: SparseTensor,
    enqueue_many: bool,
    keep_input: Tensor,
    map_op: Operation | None,
) -> Tensor:
    name = None if map_op is None else map_op.name
    if keep_input.shape.ndims == 1:
        rows = tensor.indices[:, 0]
        return _added(
            "AddManySparseToTensorsMap",
            _retained(tensor, gather(keep_input, rows)),
            name,
        )
    key: Tensor
    if enqueue_many:
        key = smart_cond(
            keep_input,
            lambda: _added("AddManySparseToTensorsMap", tensor, name),
            lambda: -1 * ones(shape(tensor)[0:1], dtypes.int64),
        )
        key.set_shape([None])
        return key
    key = smart_cond(
        keep_input,
        lambda: _added("AddSparseToTensorsMap", tensor, name),
        lambda: constant(-1, dtypes.int64),
    )
    return key


def _retained(tensor: SparseTensor, to_retain: Tensor) -> SparseTensor:
    """Return the elements of a sparse tensor for which a vector of flags holds."""
    places = reshape(where_v2(to_retain), [-1])
    return SparseTensor(
        gather(tensor.indices, places),
        gather(tensor.values, places),
        identity(tensor.dense_shape),
    )


def _added(op_type: str, tensor: SparseTensor, shared_name: str | None) -> Tensor:
    key: Tensor = op(
        op_type,
        sparse_indices=tensor.indices,
        sparse_values=tensor.values,
        sparse_shape=tensor.dense_shape,
        shared_name=shared_name,
    )
    return key


def restore_sparse_tensors(taken: Any, kept: Sequence[StoredSparse | None]) -> Any:
    """Replace keys by the sparse tensors that they stand for.

    Args:
        taken: A tensor or a list of them, out of the queue.
        kept: How each is kept.

    Returns:
        A list, or the one tensor.
    """
    is_list = isinstance(taken, (list, tuple))
    tensors = [
        tensor if how is None else _taken_from_map(how, squeeze(tensor, [1]))
        for tensor, how in zip(taken if is_list else [taken], kept, strict=True)
    ]
    if any(how is not None for how in kept):
        # Every key is used once: none may be left in the map.
        values = [t.values if isinstance(t, SparseTensor) else t for t in tensors]
        tensors = [_after(values, tensor) for tensor in tensors]
    return tensors if is_list else tensors[0]


def _after(values: Sequence[Tensor], tensor: Any) -> Any:
    if not isinstance(tensor, SparseTensor):
        return with_dependencies(values, tensor)
    return SparseTensor(
        indices=with_dependencies(values, tensor.indices),
        values=with_dependencies(values, tensor.values),
        dense_shape=with_dependencies(values, tensor.dense_shape),
    )


def _taken_from_map(how: StoredSparse, keys: Tensor) -> SparseTensor:
    attrs = how.map_op.attrs
    with colocate_with(how.map_op):
        indices, values, dense_shape = op(
            "TakeManySparseFromTensorsMap",
            sparse_handles=keys,
            dtype=attrs["T"],
            container=attrs["container"],
            shared_name=attrs["shared_name"] or how.map_op.name,
        )
    rank = None if how.rank is None else how.rank + 1
    indices.set_shape([None, rank])
    dense_shape.set_shape([rank])
    return SparseTensor(indices, values, dense_shape)
