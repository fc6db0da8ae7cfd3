"""Examples of sequences taken apart; twin of `ops/parse_sequence_example.py`.

An example has a context, which is read as `parse_example` reads an example, and lists
of features, one feature for each step. The steps of all examples are read together.

What is read by name, and what is said of faults, is in `sequence_messages.py`.

Source: tensorflow core/kernels/example_parsing_ops.cc,
core/util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.parse_example import (
    check_batch,
    check_scalars,
    invalid,
    row_splits,
    sparse_matrix,
)
from metagraft.kernels.sequence_messages import (
    ContextFeature,
    Sequences,
    SingleSequence,
    StepRows,
    StepsFeature,
    Wanted,
    known_sizes,
)

_Arrays = Sequence[Array]


def _context_dense(sequences: Sequences, feature: ContextFeature) -> Array:
    """Read a dense feature of the context: one row for each example."""
    column = sequences.context(feature.key, feature.dtype)
    shape = known_sizes(feature.shape)
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


def _steps_dense(sequences: Sequences, feature: StepsFeature) -> tuple[Array, Array]:
    """Read a dense feature of every step: `[examples, steps, ...]`, and the lengths."""
    rows = sequences.steps(feature.key, feature.dtype)
    if not rows.present.all() and not feature.may_be_missing:
        index = int(np.argmin(rows.present))
        raise invalid(sequences.missing_list(feature.key, index))
    shape = known_sizes(feature.shape)
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


def _steps_sparse(rows: StepRows) -> tuple[Array, Array, Array]:
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


def _read(sequences: Sequences, wanted: Wanted) -> _Found:
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
    return _read(Sequences(texts, debug_name.tolist(), wanted), wanted).flat()


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
) -> Wanted:
    context = [
        ContextFeature(*parts)
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
        StepsFeature(*parts)
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
    return Wanted(sparse[0], context, sparse[1], steps, *ragged)


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
        single = Sequences([serialized.item()], names, wanted)
        return _without_batch(_read(single, wanted)).flat()
    texts = check_batch(serialized, debug_name, "debug_name")
    return _read(Sequences(texts, names, wanted), wanted).flat()


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
    found = _without_batch(_read(SingleSequence([text], names, wanted), wanted))
    # This op does not return the lengths: they are the first sizes.
    outputs = found.flat()
    return outputs[: -len(wanted.steps_dense) or None]


KERNELS = {
    "ParseSequenceExample": Kernel(parse_sequence_example, host=True),
    "ParseSequenceExampleV2": Kernel(parse_sequence_example_v2, host=True),
    "ParseSingleSequenceExample": Kernel(parse_single_sequence_example, host=True),
}
