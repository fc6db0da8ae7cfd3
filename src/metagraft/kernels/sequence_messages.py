"""Examples of sequences: their features by name, and what is said of wrong ones.

Source: tensorflow core/kernels/example_parsing_ops.cc,
core/util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.shapes import Dims, show
from metagraft.kernels.example_columns import Column, DamagedFeature, read_column
from metagraft.kernels.kernel import Array
from metagraft.kernels.parse_example import (
    invalid,
    read_messages,
    shown,
    unreadable,
    value_name,
)
from metagraft.kernels.sequence_columns import SequenceColumns

__all__ = [
    "ContextFeature",
    "Sequences",
    "SingleSequence",
    "StepRows",
    "StepsFeature",
    "Wanted",
    "known_sizes",
]


@dataclass(frozen=True, slots=True)
class ContextFeature:
    """A dense feature of the context."""

    key: bytes
    dtype: DType
    shape: Dims
    default: Array


@dataclass(frozen=True, slots=True)
class StepsFeature:
    """A dense feature of every step; examples without it may count as empty."""

    key: bytes
    dtype: DType
    shape: Dims
    may_be_missing: bool


@dataclass(frozen=True, slots=True)
class StepRows:
    """The values of one list of features.

    Attributes:
        column: One row for each step of every example.
        steps: How many steps each example has: `int64[examples]`.
        present: Which examples have the list.
    """

    column: Column
    steps: Array
    present: Array


@dataclass(frozen=True, slots=True)
class Wanted:
    """The features that an op asks for; ragged ones with the type of their splits."""

    context_sparse: Sequence[tuple[bytes, DType]]
    context_dense: Sequence[ContextFeature]
    steps_sparse: Sequence[tuple[bytes, DType]]
    steps_dense: Sequence[StepsFeature]
    context_ragged: Sequence[tuple[bytes, DType, DType]] = ()
    steps_ragged: Sequence[tuple[bytes, DType, DType]] = ()

    def keys(self) -> tuple[list[bytes], list[bytes]]:
        """Return the names of features of the context, and of lists of features."""
        context = (self.context_sparse, self.context_ragged)
        steps = (self.steps_sparse, self.steps_ragged)
        return (
            [each[0] for group in context for each in group]
            + [each.key for each in self.context_dense],
            [each[0] for group in steps for each in group]
            + [each.key for each in self.steps_dense],
        )


def known_sizes(shape: Dims) -> tuple[int, ...]:
    """Return the sizes of a shape that must be known whole.

    Raises:
        InvalidArgumentError: It is not.
    """
    if shape is None or None in shape:
        raise invalid(f"Feature shapes must be fully defined, got {show(shape)}")
    return tuple(size for size in shape if size is not None)


class Sequences:
    """The features of a batch of sequences, by name and as bytes."""

    def __init__(
        self, texts: Sequence[bytes], names: Sequence[bytes], wanted: Wanted
    ) -> None:
        """Read the examples down to the bytes of features and of their lists.

        Raises:
            InvalidArgumentError: One of them is no message.
        """
        self._texts = texts
        self._names = names
        self._columns = SequenceColumns.of(texts, *wanted.keys())
        if self._columns is None:
            _ = self.examples

    @cached_property
    def examples(self) -> Sequence[Any]:
        """The examples as messages, for what is not written the usual way."""
        from metagraft.proto import UnparsedSequenceExample

        examples, damaged = read_messages(
            self._texts, UnparsedSequenceExample.FromString
        )
        if damaged is not None:
            raise invalid(self.damaged(self._texts[damaged], damaged))
        return examples

    def name(self, index: int) -> str:
        """Return the name of an example for messages."""
        return shown(self._names[index]) if self._names else "<unknown>"

    def context(self, key: bytes, dtype: DType) -> Column:
        """Read one feature of the context.

        Raises:
            InvalidArgumentError: It has another type or is damaged.
        """
        known = self._columns and self._columns.feature(key, dtype)
        if known:
            return known
        texts = [example.context.feature.get(key, b"") for example in self.examples]
        try:
            return read_column(texts, dtype)
        except DamagedFeature as damage:
            name = self.name(damage.index)
            if damage.found is None:
                raise invalid(
                    f"Error in context feature {shown(key)} in example {name}"
                ) from damage
            raise invalid(self.wrong_context(key, dtype, damage.index)) from damage

    def has_context(self, key: bytes) -> Array:
        """Tell which examples name a feature of the context, even without a value."""
        if self._columns:
            named: Array = self._columns.context[key][1] > 0
            return named
        return np.array([key in e.context.feature for e in self.examples], bool)

    def steps(self, key: bytes, dtype: DType) -> StepRows:
        """Read one list of features.

        Raises:
            InvalidArgumentError: One step has another type or is damaged.
        """
        from metagraft.proto import UnparsedFeatureList

        known = self._columns and self._columns.steps(key, dtype)
        if self._columns and known:
            return StepRows(*known, self._columns.lists[key][1] > 0)
        maps = [example.feature_lists.feature for example in self.examples]
        lists, damaged = read_messages(
            [each.get(key, b"") for each in maps], UnparsedFeatureList.FromString
        )
        if damaged is not None:
            raise invalid(self._damaged_list(key, damaged))
        steps = np.array([len(each.feature) for each in lists], np.int64)
        texts = [text for each in lists for text in each.feature]
        try:
            column = read_column(texts, dtype)
        except DamagedFeature as damage:
            index, step = _place(steps, damage.index)
            if damage.found is None:
                raise invalid(self._damaged_list(key, index)) from damage
            raise invalid(self.wrong_step(key, dtype, index, step)) from damage
        return StepRows(column, steps, np.array([key in each for each in maps], bool))

    def _damaged_list(self, key: bytes, index: int) -> str:
        return f"Error in sequence feature {shown(key)} in example {self.name(index)}"

    def damaged(self, _text: bytes, index: int) -> str:
        """Say that an example is no message."""
        return f"Invalid protocol message input, example id: {self.name(index)}"

    def wrong_context(self, key: bytes, dtype: DType, index: int) -> str:
        """Say that a feature of the context has another type."""
        return (
            f"Name: {self.name(index)}, Context feature: {shown(key)}.  Data types "
            f"don't match. Expected type: {kernel_name(dtype)}"
        )

    def missing_context(self, feature: ContextFeature, _index: int) -> str:
        """Say that an example lacks a feature of the context."""
        return (
            f"Feature: {shown(feature.key)} (data type: {kernel_name(feature.dtype)}) "
            "is required but could not be found."
        )

    def wrong_context_size(
        self, feature: ContextFeature, size: int, counts: Array, index: int
    ) -> str:
        """Say that a feature of the context has more or fewer values."""
        most = int(counts.max())
        if most > size or len(self._texts) == 1:
            return (
                "Inconsistent max number of elements for feature "
                f"{shown(feature.key)}: expected {size}, but found {most}"
            )
        return f"Unexpected number of elements in example {self.name(index)}"

    def wrong_step(self, key: bytes, dtype: DType, index: int, step: int) -> str:
        """Say that a step has another type."""
        return (
            f"Name: {self.name(index)}, Feature list: {shown(key)}, Index: {step}.  "
            f"Data types don't match. Expected type: {kernel_name(dtype)}"
        )

    def wrong_step_size(self, feature: StepsFeature, rows: StepRows, place: int) -> str:
        """Say that a step has more or fewer values."""
        index, step = _place(rows.steps, place)
        ends = np.cumsum(rows.steps)
        values_before = np.concatenate(([0], np.cumsum(rows.column.counts)))
        totals = values_before[ends] - values_before[ends - rows.steps]
        size = int(np.prod(known_sizes(feature.shape), dtype=np.int64))
        if size and totals.max() % size:
            shape = (None, *known_sizes(feature.shape))
            return (
                f"Feature list '{shown(feature.key)}' has an unexpected number of "
                f"values.  Total values size: {totals.max()} is not consistent with "
                f"output shape: {show(shape)}"
            )
        return (
            f"Name: {self.name(index)}, Key: {shown(feature.key)}, Index: {step}.  "
            f"Number of values != expected.  values size: {rows.column.counts[place]} "
            f"but output shape: {show(feature.shape)}"
        )

    def missing_list(self, key: bytes, index: int) -> str:
        """Say that an example lacks a list of features."""
        return (
            f"Name: {self.name(index)}, Feature list '{shown(key)}' is required but "
            "could not be found.  Did you mean to include it in "
            "feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?"
        )


class SingleSequence(Sequences):
    """The features of one sequence, of which some faults are told in other words."""

    def damaged(self, text: bytes, index: int) -> str:
        """Say that an example is no message."""
        del index
        return unreadable(text)

    def missing_context(self, feature: ContextFeature, index: int) -> str:
        """Say that the context has no such feature."""
        return (
            f"Name: {self.name(index)}, Context feature '{shown(feature.key)}' is "
            "required but could not be found."
        )

    def wrong_context_size(
        self, feature: ContextFeature, size: int, counts: Array, index: int
    ) -> str:
        """Say that a feature of the context has another size."""
        del size
        return self._wrong_size(feature, index, int(counts[0]))

    def wrong_step_size(self, feature: StepsFeature, rows: StepRows, place: int) -> str:
        """Say that a feature of a step has another size."""
        return self._wrong_size(feature, place, int(rows.column.counts[place]))

    def _wrong_size(
        self, feature: ContextFeature | StepsFeature, place: int, count: int
    ) -> str:
        return (
            f"Name: {self.name(0)}, Key: {shown(feature.key)}, Index: {place}.  Number "
            f"of {value_name(feature.dtype)} values != expected.  values size: {count} "
            f"but output shape: {show(feature.shape)}"
        )


def _place(steps: Array, row: int) -> tuple[int, int]:
    """Return the example that a row belongs to, and which of its steps it is."""
    ends = np.cumsum(steps)
    index = int(np.searchsorted(ends, row, "right"))
    return index, row - int(ends[index] - steps[index])
