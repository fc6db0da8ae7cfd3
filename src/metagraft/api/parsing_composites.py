"""What parsed features are put together to: sparse and ragged tensors.

Source: tensorflow python/ops/parsing_config.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.api.checks import assert_equal
from metagraft.api.parsing_features import RaggedFeature, SparseFeature
from metagraft.api.ragged import ragged_range
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.repeat import repeat
from metagraft.api.row_partition import row_splits_to_segment_ids
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import add, cast, cumsum
from metagraft.graph.build.sparse import sparse_reorder
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
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
            made[key] = _ragged(key, feature, found)
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

    Args:
        shape: Of the examples.
        values: The flat values of each feature.
        splits: The bounds of the examples.
        inner_splits: The bounds of the steps, if they are sequences.
    """
    rows: list[Any] = list(values)
    if inner_splits is not None:
        rows = [_split(*pair) for pair in zip(values, inner_splits, strict=True)]
    if shape.ndims == 0:
        return rows
    return [_split(*pair) for pair in zip(rows, splits, strict=True)]


def _split(values: Any, splits: Any) -> Any:
    return RaggedTensor.from_row_splits(values, splits, validate=False)


def _ragged(key: str, feature: RaggedFeature, found: Mapping[str, Any]) -> Any:
    """Divide the values of a feature as others tell."""
    values = found[feature.value_key or key]
    if not isinstance(values, RaggedTensor):
        for partition in reversed(feature.partitions):
            values = _divided(values, partition, found, feature)
        return values
    outer = None
    if values.ragged_rank > 1:
        # Examples and their steps are taken together, and put apart in the end.
        outer, values = values.row_splits, values.values
    for partition in reversed(feature.partitions):
        batch = _Batch(values, key, feature.validate, outer)
        values = batch.divided(partition, found)
    if outer is None:
        return values
    return RaggedTensor.from_row_splits(values, outer, validate=feature.validate)


# How rows are told, and what makes rows of them.
_FACTORIES = (
    (RaggedFeature.RowSplits, RaggedTensor.from_row_splits),
    (RaggedFeature.RowLengths, RaggedTensor.from_row_lengths),
    (RaggedFeature.RowStarts, RaggedTensor.from_row_starts),
    (RaggedFeature.RowLimits, RaggedTensor.from_row_limits),
    (RaggedFeature.ValueRowIds, RaggedTensor.from_value_rowids),
)


def _without_first(rows: Any) -> Any:
    """Leave out the first value of every row."""
    with name_scope(None, "RaggedGetItem", [rows]):
        starts, limits = rows.row_splits[:-1], rows.row_splits[1:]
        one = cast(1, starts.dtype)
        starts = op("Minimum", x=starts + one, y=limits)
        step = cast(convert_to_tensor(1, name="step"), starts.dtype)
        places = ragged_range(starts, limits, step, row_splits_dtype=starts.dtype)
        return places.with_values(array.gather(rows.values, places.values))


def _reshaped(values: Tensor, length: int) -> Tensor:
    shape = array.concat([[-1, length], array.shape(values)[1:]], axis=0)
    return array.reshape(values, shape)


def _divided(
    values: Any, partition: Any, found: Mapping[str, Any], feature: RaggedFeature
) -> Any:
    """Divide the values of a single example."""
    splits_type = feature.row_splits_dtype
    if isinstance(partition, RaggedFeature.UniformRowLength):
        if not isinstance(values, RaggedTensor):
            return _reshaped(values, partition.length)
        length = convert_to_tensor(partition.length, dtype=splits_type)
        return RaggedTensor.from_uniform_row_length(
            values, length, validate=feature.validate
        )
    told = cast(found[partition.key], splits_type)
    make = next(make for kind, make in _FACTORIES if isinstance(partition, kind))
    return make(values, told, validate=feature.validate)


@dataclass(frozen=True, slots=True)
class _Batch:
    """The values of a batch of examples.

    Attributes:
        values: `[examples, ...]`.
        key: The feature's name, for messages.
        validate: Whether a run checks the partitions.
        outer: The bounds of the examples, if `values` are those of their steps.
    """

    values: Any
    key: str
    validate: bool
    outer: Any

    def divided(self, partition: Any, found: Mapping[str, Any]) -> Any:
        """Divide the values of each example."""
        if isinstance(partition, RaggedFeature.UniformRowLength):
            return self._uniform(partition.length)
        told = found[partition.key]
        if told.values.dtype != self.values.row_splits.dtype:
            told = told.with_flat_values(
                cast(told.flat_values, self.values.row_splits.dtype)
            )
        checks = []
        if self.outer is not None:
            if self.validate:
                message = f"Feature {self.key}: values and partitions are not aligned"
                checks.append(
                    assert_equal(self.outer, told.row_splits, message=message)
                )
            told = told.values
        with control_dependencies(checks):
            return self._by(partition, told)

    def _uniform(self, length: int) -> Any:
        values = self.values
        if values.ragged_rank > 1:
            size = convert_to_tensor(length, values.row_splits.dtype)
            inner = RaggedTensor.from_uniform_row_length(
                values.values, size, validate=self.validate
            )
            return self._rows(inner, values.row_splits // size)
        reshaped = _reshaped(values.values, length)
        return self._rows(reshaped, values.row_splits // length)

    def _rows(self, values: Any, splits: Any) -> Any:
        return RaggedTensor.from_row_splits(values, splits, validate=self.validate)

    def _by(self, partition: Any, told: Any) -> Any:
        """Divide the values of all examples, and put the rows back into these."""
        values, validate = self.values, self.validate
        if isinstance(partition, (RaggedFeature.RowSplits, RaggedFeature.RowLimits)):
            if isinstance(partition, RaggedFeature.RowSplits):
                told = _without_first(told)
            limits = told.values + self._first_values(told)
            inner = RaggedTensor.from_row_limits(
                values.values, limits, validate=validate
            )
            return told.with_values(inner)
        if isinstance(partition, RaggedFeature.RowStarts):
            starts = told.values + self._first_values(told)
            inner = RaggedTensor.from_row_starts(
                values.values, starts, validate=validate
            )
            return told.with_values(inner)
        if isinstance(partition, RaggedFeature.RowLengths):
            inner = RaggedTensor.from_row_lengths(
                values.values, told.values, validate=validate
            )
            return told.with_values(inner)
        return self._by_row_numbers(told)

    def _first_values(self, told: Any) -> Tensor:
        """Return for each row where the values of its example begin."""
        return repeat(self.values.row_starts(), told.row_lengths())

    def _by_row_numbers(self, told: Any) -> Any:
        one = convert_to_tensor(1, dtype=told.dtype, name="Const")
        after = told.with_flat_values(add(told.flat_values, one))
        rows = op("Maximum", x=_largest_of_rows(after), y=0)
        before = cumsum(rows, exclusive=True)
        numbers = told.values + repeat(before, told.row_lengths())
        inner = RaggedTensor.from_value_rowids(
            self.values.values, numbers, validate=self.validate
        )
        return RaggedTensor.from_row_lengths(inner, rows, validate=self.validate)


def _largest_of_rows(rows: Any) -> Tensor:
    """Return the largest value of every row."""
    with name_scope(None, "RaggedReduceMax", [rows]):
        count = array.shape(rows.row_splits)[0] - 1
        result: Tensor = op(
            "UnsortedSegmentMax",
            data=rows.values,
            segment_ids=row_splits_to_segment_ids(rows.row_splits),
            num_segments=count,
        )
        return result
