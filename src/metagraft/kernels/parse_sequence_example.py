"""Examples of sequences taken apart; twin of `ops/parse_sequence_example.py`.

An example has a context, which is read as `parse_example` reads an example, and lists
of features, one feature for each step. The steps of all examples are read together.

Source: tensorflow core/kernels/example_parsing_ops.cc,
core/util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.shapes import Dims, show
from metagraft.kernels.example_columns import Column, DamagedFeature, read_column
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.parse_example import (
    check_batch,
    check_scalars,
    invalid,
    read_messages,
    row_splits,
    shown,
    sparse_matrix,
    unreadable,
    value_name,
)
from metagraft.kernels.sequence_columns import SequenceColumns

_Arrays = Sequence[Array]
_Typed = Sequence[tuple[bytes, DType]]


@dataclass(frozen=True, slots=True)
class _Context:
    """A dense feature of the context."""

    key: bytes
    dtype: DType
    shape: Dims
    default: Array


@dataclass(frozen=True, slots=True)
class _Steps:
    """A dense feature of every step; examples without it may count as empty."""

    key: bytes
    dtype: DType
    shape: Dims
    may_be_missing: bool


@dataclass(frozen=True, slots=True)
class _Rows:
    """The values of one list of features.

    Attributes:
        column: One row for each step of every example.
        steps: How many steps each example has: `int64[examples]`.
        present: Which examples have the list.
    """

    column: Column
    steps: Array
    present: Array


class _Sequences:
    """The features of a batch of sequences, by name and as bytes."""

    def __init__(
        self, texts: Sequence[bytes], names: Sequence[bytes], wanted: _Wanted
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

    def steps(self, key: bytes, dtype: DType) -> _Rows:
        """Read one list of features.

        Raises:
            InvalidArgumentError: One step has another type or is damaged.
        """
        from metagraft.proto import UnparsedFeatureList

        known = self._columns and self._columns.steps(key, dtype)
        if self._columns and known:
            return _Rows(*known, self._columns.lists[key][1] > 0)
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
        return _Rows(column, steps, np.array([key in each for each in maps], bool))

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

    def missing_context(self, feature: _Context, _index: int) -> str:
        """Say that an example lacks a feature of the context."""
        return (
            f"Feature: {shown(feature.key)} (data type: {kernel_name(feature.dtype)}) "
            "is required but could not be found."
        )

    def wrong_context_size(
        self, feature: _Context, size: int, counts: Array, index: int
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

    def wrong_step_size(self, feature: _Steps, rows: _Rows, place: int) -> str:
        """Say that a step has more or fewer values."""
        index, step = _place(rows.steps, place)
        ends = np.cumsum(rows.steps)
        values_before = np.concatenate(([0], np.cumsum(rows.column.counts)))
        totals = values_before[ends] - values_before[ends - rows.steps]
        size = int(np.prod(_known(feature.shape), dtype=np.int64))
        if size and totals.max() % size:
            shape = (None, *_known(feature.shape))
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


class _SingleSequence(_Sequences):
    """The features of one sequence, of which some faults are told in other words."""

    def damaged(self, text: bytes, index: int) -> str:
        del index
        return unreadable(text)

    def missing_context(self, feature: _Context, index: int) -> str:
        return (
            f"Name: {self.name(index)}, Context feature '{shown(feature.key)}' is "
            "required but could not be found."
        )

    def wrong_context_size(
        self, feature: _Context, size: int, counts: Array, index: int
    ) -> str:
        del size
        return self._wrong_size(feature, index, int(counts[0]))

    def wrong_step_size(self, feature: _Steps, rows: _Rows, place: int) -> str:
        return self._wrong_size(feature, place, int(rows.column.counts[place]))

    def _wrong_size(self, feature: _Context | _Steps, place: int, count: int) -> str:
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


def _context_dense(sequences: _Sequences, feature: _Context) -> Array:
    """Read a dense feature of the context: one row for each example."""
    column = sequences.context(feature.key, feature.dtype)
    shape = _known(feature.shape)
    size = int(np.prod(shape, dtype=np.int64))
    is_named = sequences.has_context(feature.key)
    if not is_named.all() and not feature.default.size:
        raise invalid(sequences.missing_context(feature, int(np.argmin(is_named))))
    wrong = np.flatnonzero(column.counts != np.where(is_named, size, 0))
    if wrong.size:
        raise invalid(
            sequences.wrong_context_size(feature, size, column.counts, int(wrong[0]))
        )
    rows = np.empty((column.counts.size, size), column.values.dtype)
    rows[is_named] = column.values.reshape(-1, size)
    if not is_named.all():
        rows[~is_named] = feature.default.reshape(-1)
    return rows.reshape(column.counts.size, *shape)


def _known(shape: Dims) -> tuple[int, ...]:
    if shape is None or None in shape:
        raise invalid(f"Feature shapes must be fully defined, got {show(shape)}")
    return tuple(size for size in shape if size is not None)


def _steps_dense(sequences: _Sequences, feature: _Steps) -> tuple[Array, Array]:
    """Read a dense feature of every step: `[examples, steps, ...]`, and the lengths."""
    rows = sequences.steps(feature.key, feature.dtype)
    if not rows.present.all() and not feature.may_be_missing:
        index = int(np.argmin(rows.present))
        raise invalid(sequences.missing_list(feature.key, index))
    shape = _known(feature.shape)
    size = int(np.prod(shape, dtype=np.int64))
    wrong = np.flatnonzero(rows.column.counts != size)
    if wrong.size:
        raise invalid(sequences.wrong_step_size(feature, rows, int(wrong[0])))
    most = int(rows.steps.max(initial=0))
    filling: Any = b"" if rows.column.values.dtype == object else 0
    steps = np.full((rows.steps.size, most, size), filling, rows.column.values.dtype)
    used = np.arange(most) < rows.steps[:, None]
    steps[used] = rows.column.values.reshape(-1, size)
    return steps.reshape(rows.steps.size, most, *shape), rows.steps


def _steps_sparse(rows: _Rows) -> tuple[Array, Array, Array]:
    """Return indices `[n, 3]`, values `[n]` and shape `[3]` of a list of features."""
    indices, values, shape = sparse_matrix(rows.column)
    examples = np.repeat(np.arange(rows.steps.size), rows.steps)
    first = np.cumsum(rows.steps) - rows.steps
    example = examples[indices[:, 0]]
    step = indices[:, 0] - first[example]
    sizes = [rows.steps.size, rows.steps.max(initial=0), shape[1]]
    return (
        np.stack([example, step, indices[:, 1]], axis=1),
        values,
        np.array(sizes, np.int64),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The features that an op asks for; ragged ones with the type of their splits."""

    context_sparse: _Typed
    context_dense: Sequence[_Context]
    steps_sparse: _Typed
    steps_dense: Sequence[_Steps]
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


@dataclass(frozen=True, slots=True)
class _Found:
    """The outputs of an op, by kind; sparse ones as (indices, values, shape)."""

    context_sparse: list[tuple[Array, Array, Array]]
    context_dense: list[Array]
    context_ragged: list[tuple[Array, Array]]
    steps_sparse: list[tuple[Array, Array, Array]]
    steps_dense: list[tuple[Array, Array]]
    steps_ragged: list[tuple[Array, Array, Array]]

    def flat(self) -> tuple[Array, ...]:
        """Return the outputs in the order of the ops."""
        groups = (
            self.context_sparse,
            [(value,) for value in self.context_dense],
            self.context_ragged,
            self.steps_sparse,
            self.steps_dense,
            self.steps_ragged,
        )
        return tuple(
            array
            for group in groups
            for kind in zip(*group, strict=True)
            for array in kind
        )


def _read(sequences: _Sequences, wanted: _Wanted) -> _Found:
    context_ragged = []
    for key, dtype, split_type in wanted.context_ragged:
        column = sequences.context(key, dtype)
        context_ragged.append((column.values, row_splits(column, split_type)))
    steps_ragged = []
    for key, dtype, split_type in wanted.steps_ragged:
        rows = sequences.steps(key, dtype)
        outer = np.concatenate(([0], np.cumsum(rows.steps)))
        steps_ragged.append(
            (
                rows.column.values,
                outer.astype(split_type.as_numpy_dtype),
                row_splits(rows.column, split_type),
            )
        )
    return _Found(
        [sparse_matrix(sequences.context(*each)) for each in wanted.context_sparse],
        [_context_dense(sequences, each) for each in wanted.context_dense],
        context_ragged,
        [_steps_sparse(sequences.steps(*each)) for each in wanted.steps_sparse],
        [_steps_dense(sequences, each) for each in wanted.steps_dense],
        steps_ragged,
    )


# TF: the splits of a single example's ragged features are left as memory has them.
def _without_batch(found: _Found) -> _Found:
    """Return the outputs for the single example of a batch."""

    def unbatched(
        parts: tuple[Array, Array, Array],
    ) -> tuple[Array, Array, Array]:
        indices, values, shape = parts
        return indices[:, 1:], values, shape[1:]

    return _Found(
        list(map(unbatched, found.context_sparse)),
        [value.reshape(value.shape[1:]) for value in found.context_dense],
        [(values, splits[:0]) for values, splits in found.context_ragged],
        list(map(unbatched, found.steps_sparse)),
        [
            (value.reshape(value.shape[1:]), length.reshape(()))
            for value, length in found.steps_dense
        ],
        [(values, outer[:0], inner) for values, outer, inner in found.steps_ragged],
    )


def parse_sequence_example(
    attrs: Attrs, serialized: Array, debug_name: Array, context_dense_defaults: _Arrays
) -> tuple[Array, ...]:
    texts = check_batch(serialized, debug_name, "debug_name")
    missing = set(attrs["feature_list_dense_missing_assumed_empty"])
    wanted = _wanted(
        attrs,
        {name: attrs[name] for name in _KEYS},
        [key in missing for key in attrs["feature_list_dense_keys"]],
        context_dense_defaults,
    )
    return _read(_Sequences(texts, debug_name.tolist(), wanted), wanted).flat()


_KEYS = (
    "context_sparse_keys",
    "context_dense_keys",
    "feature_list_sparse_keys",
    "feature_list_dense_keys",
)


def _wanted(
    attrs: Attrs,
    keys: Mapping[str, Sequence[bytes]],
    may_be_missing: Sequence[bool],
    defaults: _Arrays,
) -> _Wanted:
    context = [
        _Context(*parts)
        for parts in zip(
            keys["context_dense_keys"],
            attrs["Tcontext_dense"],
            attrs["context_dense_shapes"],
            defaults,
            strict=True,
        )
    ]
    for place, feature in enumerate(context):
        if feature.default.size and feature.default.shape != feature.shape:
            raise invalid(
                f"default_value[{place}].shape() == {show(feature.default.shape)} != "
                f"context_dense_shapes[{place}] == {show(feature.shape)}"
            )
    steps = [
        _Steps(*parts)
        for parts in zip(
            keys["feature_list_dense_keys"],
            attrs["feature_list_dense_types"],
            attrs["feature_list_dense_shapes"],
            may_be_missing,
            strict=True,
        )
    ]
    sparse = [
        list(
            zip(keys[f"{part}_sparse_keys"], attrs[f"{part}_sparse_types"], strict=True)
        )
        for part in ("context", "feature_list")
    ]
    ragged: list[Any] = [
        list(
            zip(
                keys[f"{part}_ragged_keys"],
                attrs[f"{part}_ragged_value_types"],
                attrs[f"{part}_ragged_split_types"],
                strict=True,
            )
        )
        if f"{part}_ragged_keys" in keys
        else []
        for part in ("context", "feature_list")
    ]
    return _Wanted(sparse[0], context, sparse[1], steps, *ragged)


def parse_sequence_example_v2(
    attrs: Attrs,
    serialized: Array,
    debug_name: Array,
    context_sparse_keys: Array,
    context_dense_keys: Array,
    context_ragged_keys: Array,
    feature_list_sparse_keys: Array,
    feature_list_dense_keys: Array,
    feature_list_ragged_keys: Array,
    feature_list_dense_missing_assumed_empty: Array,
    context_dense_defaults: _Arrays,
) -> tuple[Array, ...]:
    keys = {
        "context_sparse_keys": context_sparse_keys.tolist(),
        "context_dense_keys": context_dense_keys.tolist(),
        "context_ragged_keys": context_ragged_keys.tolist(),
        "feature_list_sparse_keys": feature_list_sparse_keys.tolist(),
        "feature_list_dense_keys": feature_list_dense_keys.tolist(),
        "feature_list_ragged_keys": feature_list_ragged_keys.tolist(),
    }
    _check_counts(attrs, keys, feature_list_dense_missing_assumed_empty)
    wanted = _wanted(
        attrs,
        keys,
        feature_list_dense_missing_assumed_empty.tolist(),
        context_dense_defaults,
    )
    names = np.ravel(debug_name).tolist()
    if np.ndim(serialized) == 0:
        single = _Sequences([serialized.item()], names, wanted)
        return _without_batch(_read(single, wanted)).flat()
    texts = check_batch(serialized, debug_name, "debug_name")
    return _read(_Sequences(texts, names, wanted), wanted).flat()


def _check_counts(
    attrs: Attrs, keys: Mapping[str, Sequence[bytes]], assumed_empty: Array
) -> None:
    """Demand as many keys as types, for the kinds of which there are types."""
    size = attrs["Nfeature_list_dense"]
    name = "feature_list_dense_missing_assumed_empty"
    found = [(name, assumed_empty.size, "Nfeature_list_dense", size)]
    for name, given in keys.items():
        part, kind = name.removesuffix("_keys").rsplit("_", 1)
        types, counter = f"{part}_{kind}_types", f"N{part}_{kind}"
        if kind == "ragged":
            types = f"{part}_ragged_value_types"
            counter = f"len({types})"
        types = "Tcontext_dense" if types == "context_dense_types" else types
        found.append((f"{name})", len(given), counter, len(attrs[types])))
    for name, size, counter, count in found[1:] + found[:1]:
        if count and size != count:
            raise invalid(f"Expected len({name} to match {counter}")


def parse_single_sequence_example(
    attrs: Attrs,
    serialized: Array,
    feature_list_dense_missing_assumed_empty: Array,
    context_sparse_keys: _Arrays,
    context_dense_keys: _Arrays,
    feature_list_sparse_keys: _Arrays,
    feature_list_dense_keys: _Arrays,
    context_dense_defaults: _Arrays,
    debug_name: Array,
) -> tuple[Array, ...]:
    if np.ndim(serialized):
        raise invalid(
            f"Expected serialized to be a scalar, got shape: {show(serialized.shape)}"
        )
    given = (
        context_sparse_keys,
        context_dense_keys,
        feature_list_sparse_keys,
        feature_list_dense_keys,
    )
    for name, arrays in zip(_KEYS, given, strict=True):
        check_scalars(name, arrays)
    keys = {
        name: [key.item() for key in arrays]
        for name, arrays in zip(_KEYS, given, strict=True)
    }
    missing = set(feature_list_dense_missing_assumed_empty.tolist())
    may_be_missing = [key in missing for key in keys["feature_list_dense_keys"]]
    wanted = _wanted(attrs, keys, may_be_missing, context_dense_defaults)
    names = np.ravel(debug_name).tolist()
    text = serialized.item()
    found = _without_batch(_read(_SingleSequence([text], names, wanted), wanted))
    # This op does not return the lengths: they are the first sizes.
    outputs = found.flat()
    return outputs[: -len(wanted.steps_dense) or None]


KERNELS = {
    "ParseSequenceExample": Kernel(parse_sequence_example, host=True),
    "ParseSequenceExampleV2": Kernel(parse_sequence_example_v2, host=True),
    "ParseSingleSequenceExample": Kernel(parse_single_sequence_example, host=True),
}
