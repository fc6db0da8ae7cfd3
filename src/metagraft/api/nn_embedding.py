"""Looking up rows of tables (`tf.nn.embedding_lookup`).

Source: tensorflow python/ops/embedding_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.clip import clip_by_norm
from metagraft.api.partitioned_variable import PartitionedVariable
from metagraft.api.resource_variable import ResourceVariable
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, number_range, select
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import (
    convert_n_to_tensor_or_indexed_slices,
    convert_to_tensor,
)
from metagraft.graph.scopes import colocate_with, device, name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["embedding_lookup", "shards_of"]


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: float | None = None,
) -> Tensor:
    """Return the rows of a table with the numbers `ids`.

    Args:
        params: A table, a list of tables that together are one, or a partitioned
            variable.
        ids: Numbers of rows.
        partition_strategy: How rows are dealt to several tables: `mod` in turns,
            `div` in blocks.
        name: Name of the operation.
        validate_indices: Not used, as in TensorFlow.
        max_norm: If given, rows are scaled down to this L2 norm.

    Raises:
        ValueError: There is no table, or the strategy is unknown.
    """
    del validate_indices
    tables = shards_of(params)
    with name_scope(name, "embedding_lookup", [*tables, ids]) as scope:
        if not any(isinstance(table, ResourceVariable) for table in tables):
            tables = convert_n_to_tensor_or_indexed_slices(tables, name="params")
        ids = convert_to_tensor(ids, name="ids")
        if len(tables) > 1:
            return _from_shards(tables, ids, partition_strategy, max_norm, scope)
        with colocate_with(tables[0]):
            rows = array.gather(tables[0], ids, name=scope)
            rows = _clipped(rows, ids, max_norm)
        result: Tensor = array.identity(rows)
        return result


def shards_of(params: Any) -> list[Any]:
    """Return the tables that `params` stands for.

    Raises:
        ValueError: There is none.
    """
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple)) and not params:
        raise ValueError("Length of params is currently 0. Need at least one param.")
    if isinstance(params, PartitionedVariable):
        return list(params)
    return params if isinstance(params, list) else [params]


def _clipped(rows: Tensor, ids: Tensor, max_norm: float | None) -> Tensor:
    if max_norm is None:
        return rows
    ids_rank, rows_rank = ids.shape.ndims, rows.shape.ndims
    axes: Any
    if ids_rank and rows_rank:
        axes = list(range(ids_rank, rows_rank))
    else:
        first = ids_rank or array.rank(ids)
        axes = number_range(first, rows_rank or array.rank(rows))
    clipped: Tensor = clip_by_norm(rows, max_norm, axes=axes)
    return clipped


def _from_shards(
    tables: list[Any],
    ids: Tensor,
    partition_strategy: str,
    max_norm: float | None,
    scope: str,
) -> Tensor:
    count = len(tables)
    flat = array.reshape(ids, [-1])
    places = number_range(array.size(flat, out_type=dtypes.int32))
    if partition_strategy == "mod":
        shards, rows = flat % count, flat // count
    elif partition_strategy == "div":
        shards, rows = _in_blocks(tables, flat)
    else:
        raise ValueError(
            f"Unrecognized partition strategy: {partition_strategy}.Must be one of"
            " either `mod` or `div`."
        )
    shards = cast(shards, dtypes.int32)
    parts = {"partitions": shards, "num_partitions": count}
    shard_rows = op("DynamicPartition", data=rows, **parts)
    shard_places = op("DynamicPartition", data=places, **parts)
    found = []
    for table, wanted in zip(tables, shard_rows, strict=True):
        with device(None), colocate_with(table):
            found.append(array.gather(table, wanted))
    result: Tensor = op(
        "ParallelDynamicStitch", indices=shard_places, data=found, name=scope
    )
    return _shaped(result, tables, ids, max_norm)


def _in_blocks(tables: list[Any], flat: Tensor) -> tuple[Tensor, Tensor]:
    """Return table and row of every id when each table has a block of rows."""
    count = len(tables)
    sizes = [table.shape[0].value for table in tables]
    if None not in sizes and sum(sizes):
        total = array.constant(sum(sizes), flat.dtype)
    else:
        measured: list[Any] = []
        for table, size in zip(tables, sizes, strict=True):
            if size is not None:
                measured.append(size)
                continue
            with colocate_with(table):
                measured.append(array.shape(table)[0])
        total = reduce_tensor("Sum", cast(array.stack(measured), flat.dtype))
    per_table = total // count
    extras = total % count
    first = flat // (per_table + 1)
    second = (flat - extras) // per_table
    shards = op("Maximum", x=first, y=second)
    is_larger = shards < extras
    row = flat % (per_table + 1)
    return shards, select(is_larger, row, (flat - extras) % per_table)


def _shaped(
    result: Tensor, tables: list[Any], ids: Tensor, max_norm: float | None
) -> Tensor:
    row_shape = tables[0].shape[1:]
    for table in tables[1:]:
        row_shape = row_shape.merge_with(table.shape[1:])
    sizes: Any = row_shape
    if not row_shape.is_fully_defined():
        with colocate_with(tables[0]):
            sizes = array.shape(tables[0])
        sizes = sizes[1:]
    result = array.reshape(result, array.concat([array.shape(ids), sizes], 0))
    result.set_shape(TensorShape(ids.shape).concatenate(row_shape))
    return _clipped(result, ids, max_norm)
