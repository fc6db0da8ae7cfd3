"""Rows of tables looked up for ragged ids and put together.

Source: tensorflow python/ops/ragged/ragged_embedding_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.gather import boolean_mask_v2
from metagraft.api.nn_embedding_sparse import (
    checked_combiner,
    combined_rows,
    tables_of,
    typed_tables,
    zeroed_rows,
)
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph.apply_op import op
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["embedding_lookup_sparse", "safe_embedding_lookup_sparse"]


def embedding_lookup_sparse(
    params: Any,
    sp_ids: RaggedTensor,
    sp_weights: RaggedTensor | None,
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
        sp_ids: Numbers of rows of the table, ragged, of rank 2.
        sp_weights: What each counts; None for 1.
        partition_strategy: How rows are dealt to several tables: `mod` or `div`.
        name: Name of the operation.
        combiner: `sum`, `mean` or `sqrtn`; `mean` by default.
        max_norm: If given, rows are scaled down to this L2 norm.
        allow_fast_lookup: Whether ids are looked up without making them unique.

    Raises:
        TypeError: Ids or weights are not ragged, and the others are.
        ValueError: The combiner is unknown, or weights do not fit ids.
    """
    combiner = checked_combiner(combiner)
    tables = tables_of(params)
    if sp_weights is not None:
        if type(sp_ids) is not type(sp_weights):
            raise TypeError(
                "sp_ids must be of the same type as sp_weights, received"
                f" {type(sp_ids).__name__!r} for sp_ids and"
                f" {type(sp_weights).__name__!r} for sp_weights."
            )
        sp_ids.values.shape.assert_is_compatible_with(sp_weights.values.shape)
        sp_ids.shape.assert_is_compatible_with(sp_weights.shape)
    with name_scope(name, "embedding_lookup_sparse", [*tables, sp_ids]) as scope:
        return combined_rows(
            tables,
            sp_ids.value_rowids(),
            sp_ids.flat_values,
            None if sp_weights is None else sp_weights.values,
            combiner=combiner,
            strategy=partition_strategy,
            max_norm=max_norm,
            is_fast=allow_fast_lookup,
            name=scope,
        )


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: RaggedTensor,
    sparse_weights: RaggedTensor | None = None,
    combiner: str | None = "mean",
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: float | None = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """Look up ragged ids of which some are invalid and some rows have none.

    Args:
        embedding_weights: A table, a list of tables, or a partitioned variable.
        sparse_ids: Numbers of rows, ragged, of rank 2; negative ones are left out.
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
        is_valid = op("GreaterEqual", x=sparse_ids.values, y=0)
        ids, weights = _kept(sparse_ids, sparse_weights, is_valid)
        if combiner != "sum" and weights is not None:
            is_positive = op("Greater", x=weights.values, y=0)
            ids, weights = _kept(ids, weights, is_positive)
        ids, is_empty = _filled(ids, default_id or 0)
        if weights is not None:
            weights, _ = _filled(weights, 1.0)
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
            return zeroed_rows(result, is_empty, scope)
        return result


def _kept(
    ids: RaggedTensor, weights: RaggedTensor | None, flags: Tensor
) -> tuple[RaggedTensor, RaggedTensor | None]:
    """Leave out ids, and their weights, by flags."""
    count = ids.nrows()
    values = boolean_mask_v2(ids.values, flags)
    rowids = boolean_mask_v2(ids.value_rowids(), flags)
    kept = RaggedTensor.from_value_rowids(values, rowids, nrows=count, validate=False)
    if weights is None:
        return kept, None
    values = boolean_mask_v2(weights.values, flags)
    return kept, RaggedTensor.from_value_rowids(
        values, rowids, nrows=count, validate=False
    )


def _filled(ragged: RaggedTensor, default: Any) -> tuple[RaggedTensor, Tensor]:
    """Return one value in each empty row, and which rows were empty."""
    with name_scope(None, "RaggedFillEmptyRows", [ragged]):
        rowids, values, is_empty, _ = op(
            "RaggedFillEmptyRows",
            default_value=convert_to_tensor(default, dtype=ragged.dtype),
            value_rowids=ragged.value_rowids(),
            values=ragged.values,
            nrows=ragged.nrows(),
        )
        filled = RaggedTensor.from_value_rowids(values, rowids, validate=False)
        return filled, is_empty
