"""Looking up rows of tables for sparse ids (`tf.nn.embedding_lookup_sparse`).

Source: tensorflow python/ops/embedding_ops.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.api.comparison import where
from metagraft.api.math import sqrt
from metagraft.api.nn_embedding import embedding_lookup
from metagraft.api.partitioned_variable import PartitionedVariable
from metagraft.api.resource_variable import ResourceVariable
from metagraft.api.segments import (
    segment_sum,
    sparse_segment_mean,
    sparse_segment_sqrt_n,
    sparse_segment_sum,
)
from metagraft.api.sparse import (
    sparse_fill_empty_rows,
    sparse_reshape,
    sparse_retain,
)
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, div_no_nan, power
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor, is_tensor_like
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape, dimension_value
from metagraft.graph.tensor import Tensor

__all__ = [
    "checked_combiner",
    "combined_rows",
    "embedding_lookup_sparse",
    "safe_embedding_lookup_sparse",
    "tables_of",
    "typed_tables",
    "zeroed_rows",
]

_COMBINERS: Final = ("mean", "sqrtn", "sum")
_REDUCED: Final = {
    "mean": sparse_segment_mean,
    "sqrtn": sparse_segment_sqrt_n,
    "sum": sparse_segment_sum,
}


def embedding_lookup_sparse(
    params: Any,
    sp_ids: SparseTensor,
    sp_weights: SparseTensor | None,
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: str | None = None,
    max_norm: float | None = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """Return one row for each row of ids: the rows of a table, put together.

    Args:
        params: A table, a list of tables that together are one, or a partitioned
            variable.
        sp_ids: Numbers of rows of the table, `[n, m]`.
        sp_weights: What each counts; None for 1.
        partition_strategy: How rows are dealt to several tables: `mod` or `div`.
        name: Name of the operation.
        combiner: `sum`, `mean` or `sqrtn` (divided by the root of the sum of squared
            weights); `mean` by default.
        max_norm: If given, rows are scaled down to this L2 norm.
        allow_fast_lookup: Whether ids are looked up without making them unique.

    Raises:
        TypeError: Ids or weights are not sparse.
        ValueError: The combiner is unknown, or weights do not fit ids.
    """
    combiner = checked_combiner(combiner)
    tables = tables_of(params)
    _check_sparse(sp_ids, sp_weights)
    with name_scope(name, "embedding_lookup_sparse", [*tables, sp_ids]) as scope:
        return combined_rows(
            tables,
            sp_ids.indices[:, 0],
            sp_ids.values,
            None if sp_weights is None else sp_weights.values,
            combiner=combiner,
            strategy=partition_strategy,
            max_norm=max_norm,
            is_fast=allow_fast_lookup,
            name=scope,
        )


def checked_combiner(combiner: str | None) -> str:
    """Return the name of a combiner, `mean` by default.

    Raises:
        ValueError: There is no such combiner.
    """
    combiner = combiner or "mean"
    if combiner not in _COMBINERS:
        raise ValueError(
            f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}"
        )
    return combiner


def tables_of(params: Any) -> list[Any]:
    """Return a table, or all parts of one, as a list."""
    if isinstance(params, PartitionedVariable):
        params = list(params)
    return params if isinstance(params, list) else [params]


def combined_rows(
    tables: list[Any],
    segment_ids: Tensor,
    ids: Tensor,
    weights: Tensor | None,
    *,
    combiner: str,
    strategy: str,
    max_norm: float | None,
    is_fast: bool,
    name: str,
) -> Tensor:
    """Return the rows of a table put together, segment by segment.

    Args:
        tables: The table, or tables that together are one.
        segment_ids: The row of the result that each id belongs to.
        ids: Numbers of rows of the table.
        weights: What each counts; None for 1.
        combiner: `sum`, `mean` or `sqrtn`.
        strategy: How rows are dealt to several tables.
        max_norm: If given, rows are scaled down to this L2 norm.
        is_fast: Whether ids are looked up without making them unique.
        name: Name of the last operation.
    """
    rows, places, is_direct = _looked_up(
        tables,
        segment_ids,
        ids,
        strategy=strategy,
        max_norm=max_norm,
        is_fast=is_fast,
        is_weighted=weights is not None,
    )
    if weights is None:
        return _REDUCED[combiner](
            rows,
            places,
            segment_ids,
            name=name,
            sparse_gradient=is_direct and not is_fast,
        )
    return _weighted(rows, places, segment_ids, weights, combiner, name)


def _check_sparse(sp_ids: Any, sp_weights: Any) -> None:
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError(f"sp_ids must be SparseTensor, got {type(sp_ids)}")
    if sp_weights is None:
        return
    if not isinstance(sp_weights, SparseTensor):
        raise TypeError(
            f"sp_weights must be either None or SparseTensor,got {type(sp_weights)}"
        )
    for part in ("values", "indices", "dense_shape"):
        of_ids, of_weights = getattr(sp_ids, part), getattr(sp_weights, part)
        of_ids.shape.assert_is_compatible_with(of_weights.shape)


def _looked_up(
    tables: list[Any],
    segment_ids: Tensor,
    ids: Tensor,
    *,
    strategy: str,
    max_norm: float | None,
    is_fast: bool,
    is_weighted: bool,
) -> tuple[Any, Tensor, bool]:
    """Return rows, the place of each id among them, and whether it is the id itself."""
    if len(tables) == 1 and not is_tensor_like(tables[0]):
        tables = [convert_to_tensor(tables[0], name="params")]
    is_direct = (
        len(tables) == 1
        and not isinstance(tables[0], ResourceVariable)
        and tables[0].device == segment_ids.device
        and max_norm is None
        and (is_fast or not is_weighted)
    )
    if is_direct:
        return tables[0], ids, True
    unique, places = op("Unique", x=ids)
    rows = embedding_lookup(
        tables, unique, partition_strategy=strategy, max_norm=max_norm
    )
    return rows, places, False


def _weighted(
    rows: Any,
    places: Tensor,
    segment_ids: Tensor,
    weights: Tensor,
    combiner: str,
    name: str,
) -> Tensor:
    """Add up rows times weights, segment by segment."""
    if segment_ids.dtype != dtypes.int32:
        segment_ids = cast(segment_ids, dtypes.int32)
    rows = array.gather(rows, places)
    original = rows.dtype
    if original in (dtypes.float16, dtypes.bfloat16):
        rows = cast(rows, dtypes.float32)
    if weights.dtype != rows.dtype:
        weights = cast(weights, rows.dtype)
    weights = _beside_rows(weights, rows)
    rows = rows * weights
    if combiner == "sum":
        result = segment_sum(rows, segment_ids, name=name)
    else:
        total = segment_sum(rows, segment_ids)
        if combiner == "mean":
            divisor = segment_sum(weights, segment_ids)
        else:
            divisor = sqrt(segment_sum(power(weights, 2), segment_ids))
        result = div_no_nan(total, divisor, name=name)
    return result if result.dtype == original else cast(result, original)


def _beside_rows(weights: Tensor, rows: Tensor) -> Tensor:
    """Give weights an axis of size 1 for each axis of a row."""
    ones_shape = array.expand_dims(array.rank(rows) - 1, 0)
    weights_shape = array.shape(weights)
    ones = array.ones(ones_shape, dtype=weights_shape.dtype)
    known = weights.shape
    weights = array.reshape(weights, array.concat([weights_shape, ones], 0))
    rank = rows.shape.ndims
    if rank is not None:
        weights.set_shape(known.concatenate([1] * (rank - 1)))
    return weights


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: SparseTensor,
    sparse_weights: SparseTensor | None = None,
    combiner: str | None = "mean",
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: float | None = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """Look up sparse ids of which some are invalid and some rows have none.

    Args:
        embedding_weights: A table, a list of tables, or a partitioned variable.
        sparse_ids: Numbers of rows, `[..., m]`; negative ones are left out.
        sparse_weights: What each counts; those that are not positive are left out
            unless the combiner is `sum`.
        combiner: `sum`, `mean` or `sqrtn`.
        default_id: The id of rows without any; without it they get zeros.
        name: Name of the scope.
        partition_strategy: How rows are dealt to several tables: `mod` or `div`.
        max_norm: If given, rows are scaled down to this L2 norm.
        allow_fast_lookup: Whether ids are looked up without making them unique.

    Raises:
        ValueError: There is no table.
    """
    tables = typed_tables(embedding_weights, sparse_weights)
    with name_scope(
        name, "embedding_lookup", [*tables, sparse_ids, sparse_weights]
    ) as scope:
        shape = sparse_ids.dense_shape
        known_rank = dimension_value(shape.shape[0])
        rank: Any = array.size(shape) if known_rank is None else known_rank
        ids, weights = _in_rows(sparse_ids, sparse_weights, shape, rank)
        ids, weights = _valid(ids, weights, combiner)
        ids, is_empty = sparse_fill_empty_rows(ids, default_id or 0)
        if weights is not None:
            weights, _ = sparse_fill_empty_rows(weights, 1.0)
        result = embedding_lookup_sparse(
            tables,
            ids,
            weights,
            combiner=combiner,
            partition_strategy=partition_strategy,
            name=None if default_id is None else scope,
            max_norm=max_norm,
            allow_fast_lookup=allow_fast_lookup,
        )
        if default_id is None:
            result = zeroed_rows(result, is_empty, scope)
        outer = array.slice_(cast(shape, dtypes.int32), [0], [rank - 1])
        inner = array.slice_(array.shape(result), [1], [-1])
        final = array.reshape(result, array.concat([outer, inner], 0))
        leading: Any = None if known_rank is None else [None] * (known_rank - 1)
        final.set_shape(TensorShape(leading).concatenate(result.shape[1:]))
        return final


def zeroed_rows(rows: Tensor, is_empty: Tensor, name: str) -> Tensor:
    """Return a matrix of which the flagged rows are zero."""
    flags = array.reshape(is_empty, [-1, 1])
    widths = array.stack([1, array.shape(rows)[1]])
    flags = op("Tile", input=flags, multiples=widths)
    result: Tensor = where(flags, array.zeros_like(rows), rows, name=name)
    return result


def typed_tables(embedding_weights: Any, sparse_weights: Any) -> list[Any]:
    """Return a table, or all parts of one, as tensors of the type of weights.

    Raises:
        ValueError: There is none.
    """
    if embedding_weights is None:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    embedding_weights = tables_of(embedding_weights)
    if not embedding_weights:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    dtype = None if sparse_weights is None else sparse_weights.dtype
    return [
        table
        if isinstance(table, ResourceVariable) and dtype in (None, table.dtype)
        else convert_to_tensor(table, dtype=dtype)
        for table in embedding_weights
    ]


def _in_rows(
    ids: SparseTensor, weights: SparseTensor | None, shape: Tensor, rank: Any
) -> tuple[SparseTensor, SparseTensor | None]:
    """Return ids and weights as matrices."""
    outer = reduce_tensor("Prod", array.slice_(shape, [0], [rank - 1]))
    ids = sparse_reshape(ids, [outer, array.gather(shape, rank - 1)])
    if weights is not None:
        weights = SparseTensor(ids.indices, weights.values, ids.dense_shape)
    return ids, weights


def _valid(
    ids: SparseTensor, weights: SparseTensor | None, combiner: str | None
) -> tuple[SparseTensor, SparseTensor | None]:
    """Leave out negative ids and, where they would divide, weights of 0 and below."""
    is_valid = op("GreaterEqual", x=ids.values, y=0)
    if weights is None:
        return sparse_retain(ids, is_valid), None
    some = array.ones_like(weights.values, dtype=dtypes.bool)
    is_valid = op("LogicalAnd", x=is_valid, y=some)
    ids, weights = sparse_retain(ids, is_valid), sparse_retain(weights, is_valid)
    if combiner == "sum":
        return ids, weights
    is_positive = op("Greater", x=weights.values, y=0)
    return sparse_retain(ids, is_positive), sparse_retain(weights, is_positive)
