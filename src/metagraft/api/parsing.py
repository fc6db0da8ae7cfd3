"""Training examples, records of text and serialized tensors taken apart.

Source: tensorflow python/ops/parsing_ops.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from metagraft.api.assertion import assert_
from metagraft.api.parsing_composites import composites_of, ragged_batches
from metagraft.api.parsing_features import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    ParsedFeatures,
    RaggedFeature,
    SparseFeature,
    VarLenFeature,
)
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import equal
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "decode_compressed",
    "decode_csv",
    "decode_json_example",
    "parse_example",
    "parse_sequence_example",
    "parse_single_example",
    "parse_single_sequence_example",
    "parse_tensor",
    "serialize_tensor",
]

Features = Mapping[str, Any]
Parsed = dict[str, Any]


def parse_example(
    serialized: Any,
    features: Features,
    name: str | None = None,
    example_names: Any = None,
) -> Parsed:
    """Read features of serialized `Example` messages.

    Args:
        serialized: A vector of messages.
        features: What to read, by key.
        name: Name scope of the nodes.
        example_names: A vector of names, told in errors.

    Returns:
        A tensor, sparse tensor or ragged tensor for each key.

    Raises:
        ValueError: A feature is not valid, or there is none.
    """
    if not features:
        raise ValueError(f"Argument `features` cannot be None or falsy. Got {features}")
    features = _with_steps(features)
    wanted = ParsedFeatures(
        features,
        (
            VarLenFeature,
            SparseFeature,
            FixedLenFeature,
            FixedLenSequenceFeature,
            RaggedFeature,
        ),
    )
    found = _parse_example(serialized, example_names, wanted, name)
    return composites_of(features, found)


def _with_steps(features: Features) -> Features:
    """Put the axis of the steps before the shape of each sequence."""
    changed = dict(features)
    for key, feature in features.items():
        if isinstance(feature, FixedLenSequenceFeature):
            if not feature.allow_missing:
                raise ValueError(
                    "Unsupported: FixedLenSequenceFeature requires allow_missing to be "
                    "True."
                )
            changed[key] = feature._replace(shape=[None, *feature.shape])
    return changed


def _parse_example(
    serialized: Any, names: Any, wanted: ParsedFeatures, name: str | None
) -> Parsed:
    with name_scope(name, "ParseExample", [serialized, names]):
        serialized = convert_to_tensor(serialized, name="serialized")
        _check_rank_for_ragged(serialized, has_ragged=bool(wanted.ragged))
        indices, values, shapes, dense, ragged_values, splits = op(
            "ParseExampleV2",
            serialized=serialized,
            names=[] if names is None else names,
            sparse_keys=list(wanted.sparse),
            dense_keys=wanted.dense_keys,
            ragged_keys=list(wanted.ragged),
            dense_defaults=wanted.default_tensors(),
            num_sparse=len(wanted.sparse),
            sparse_types=list(wanted.sparse.values()),
            ragged_value_types=[types[0] for types in wanted.ragged.values()],
            ragged_split_types=[types[1] for types in wanted.ragged.values()],
            dense_shapes=wanted.dense_shapes,
            name=name,
        )
        ragged = ragged_batches(serialized.shape, ragged_values, splits)
        sparse = _sparse_tensors(indices, values, shapes)
        return dict(zip(wanted.keys, [*sparse, *dense, *ragged], strict=True))


def _check_rank_for_ragged(serialized: Tensor, *, has_ragged: bool) -> None:
    if has_ragged and serialized.shape.ndims is None:
        raise ValueError(
            "serialized must have statically-known rank to parse ragged features."
        )


def _sparse_tensors(
    indices: Sequence[Tensor], values: Sequence[Tensor], shapes: Sequence[Tensor]
) -> list[SparseTensor]:
    return [SparseTensor(*parts) for parts in zip(indices, values, shapes, strict=True)]


def parse_single_example(
    serialized: Any,
    features: Features,
    name: str | None = None,
    example_names: Any = None,
) -> Parsed:
    """Read features of one serialized `Example` message, a scalar.

    Raises:
        ValueError: A feature is not valid, there is none, or `serialized` is no scalar.
    """
    if features is None:
        raise ValueError("Invalid argument: features cannot be None.")
    if not features:
        raise ValueError("Invalid argument: features cannot be empty.")
    with name_scope(name, "ParseSingleExample", [serialized, example_names]):
        scalar = _scalar(convert_to_tensor(serialized, name="serialized"))
        return parse_example(scalar, features, name, example_names)


def _scalar(serialized: Tensor) -> Tensor:
    """Demand a scalar, when the graph runs if its rank is not known.

    Raises:
        ValueError: It is none.
    """
    rank = serialized.shape.rank
    if rank == 0:
        return serialized
    if rank is not None:
        raise ValueError("Input serialized must be a scalar")
    check = assert_(
        equal(array.rank(serialized), 0),
        ["Input serialized must be a scalar"],
        name="SerializedIsScalar",
    )
    checked = with_dependencies([check], serialized, name="serializedDependencies")
    checked.set_shape([])
    return checked


_CONTEXT_KINDS = (VarLenFeature, FixedLenFeature, RaggedFeature)
_LIST_KINDS = (VarLenFeature, FixedLenSequenceFeature, RaggedFeature)


def parse_sequence_example(
    serialized: Any,
    context_features: Features | None = None,
    sequence_features: Features | None = None,
    example_names: Any = None,
    name: str | None = None,
) -> tuple[Parsed, Parsed, dict[str, Tensor]]:
    """Read features of serialized `SequenceExample` messages.

    Returns:
        The features of the context, those of the sequences, and how many steps each
        dense sequence has.

    Raises:
        ValueError: A feature is not valid, or there is none.
    """
    if not (context_features or sequence_features):
        raise ValueError(
            "Both `context_features` and `sequence_features` argument are None, but at "
            "least one should have values."
        )
    context = ParsedFeatures(context_features, _CONTEXT_KINDS)
    lists = ParsedFeatures(sequence_features, _LIST_KINDS)
    with name_scope(name, "ParseSequenceExample", [serialized, example_names]):
        found = _parse_sequences(serialized, example_names, context, lists, name)
        return _with_ragged(found, context_features, sequence_features, context, lists)


def parse_single_sequence_example(
    serialized: Any,
    context_features: Features | None = None,
    sequence_features: Features | None = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[Parsed, Parsed]:
    """Read features of one serialized `SequenceExample` message, a scalar.

    Returns:
        The features of the context and those of the sequences.

    Raises:
        ValueError: A feature is not valid, there is none, or `serialized` is no scalar.
    """
    if not (context_features or sequence_features):
        raise ValueError(
            "Both context_features and sequence_features are None, but at least one "
            "should have values."
        )
    context = ParsedFeatures(context_features, _CONTEXT_KINDS)
    lists = ParsedFeatures(sequence_features, _LIST_KINDS)
    with name_scope(name, "ParseSingleSequenceExample", [serialized, example_name]):
        with name_scope(name, "ParseSingleExample", [serialized, example_name]):
            scalar = _scalar(convert_to_tensor(serialized, name="serialized"))
        found = _parse_sequences(scalar, example_name, context, lists, name)
        return _with_ragged(found, context_features, sequence_features, context, lists)[
            :2
        ]


def _with_ragged(
    found: tuple[Parsed, Parsed, dict[str, Tensor]],
    context_features: Features | None,
    sequence_features: Features | None,
    context: ParsedFeatures,
    lists: ParsedFeatures,
) -> tuple[Parsed, Parsed, dict[str, Tensor]]:
    of_context, of_lists, lengths = found
    if context.ragged:
        of_context = composites_of(context_features or {}, of_context)
    if lists.ragged:
        of_lists = composites_of(sequence_features or {}, of_lists)
    return of_context, of_lists, lengths


def _parse_sequences(
    serialized: Any,
    names: Any,
    context: ParsedFeatures,
    lists: ParsedFeatures,
    name: str | None,
) -> tuple[Parsed, Parsed, dict[str, Tensor]]:
    with name_scope(name, "ParseSequenceExample", [serialized]):
        for key, value in lists.dense_defaults.items():
            if value is not None:
                raise ValueError(
                    f"Value feature_list.dense_defaults[{key}] must be None"
                )
        serialized = convert_to_tensor(serialized, name="serialized")
        has_ragged = bool(context.ragged or lists.ragged)
        _check_rank_for_ragged(serialized, has_ragged=has_ragged)
        parsed = op(
            "ParseSequenceExampleV2",
            serialized=serialized,
            debug_name=[] if names is None else names,
            context_sparse_keys=list(context.sparse),
            context_dense_keys=context.dense_keys,
            context_ragged_keys=list(context.ragged),
            feature_list_sparse_keys=list(lists.sparse),
            feature_list_dense_keys=lists.dense_keys,
            feature_list_ragged_keys=list(lists.ragged),
            feature_list_dense_missing_assumed_empty=[
                key in lists.dense_defaults for key in lists.dense_keys
            ],
            context_dense_defaults=context.default_tensors(),
            Ncontext_sparse=len(context.sparse),
            Nfeature_list_sparse=len(lists.sparse),
            Nfeature_list_dense=len(lists.dense_keys),
            context_sparse_types=list(context.sparse.values()),
            context_ragged_value_types=[t[0] for t in context.ragged.values()],
            context_ragged_split_types=[t[1] for t in context.ragged.values()],
            feature_list_dense_types=lists.dense_types,
            feature_list_sparse_types=list(lists.sparse.values()),
            feature_list_ragged_value_types=[t[0] for t in lists.ragged.values()],
            feature_list_ragged_split_types=[t[1] for t in lists.ragged.values()],
            context_dense_shapes=context.dense_shapes,
            feature_list_dense_shapes=lists.dense_shapes,
            name=name,
        )
        shape = serialized.shape
        context_ragged = ragged_batches(shape, *parsed[4:6])
        list_ragged = ragged_batches(shape, parsed[11], parsed[12], parsed[13])
        of_context = [*_sparse_tensors(*parsed[:3]), *parsed[3], *context_ragged]
        of_lists = [*_sparse_tensors(*parsed[6:9]), *parsed[9], *list_ragged]
        return (
            dict(zip(context.keys, of_context, strict=True)),
            dict(zip(lists.keys, of_lists, strict=True)),
            dict(zip(lists.dense_keys, parsed[10], strict=True)),
        )


def decode_csv(
    records: Any,
    record_defaults: Any,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: str | None = None,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
) -> list[Tensor]:
    """Read records of text, one tensor for each column.

    Args:
        records: Strings, one record each.
        record_defaults: For each column a scalar, or an empty vector if it is required.
        field_delim: What stands between the fields.
        use_quote_delim: Whether double quotes enclose fields.
        name: Name of the operation.
        na_value: A field that counts as missing, as the empty one does.
        select_cols: The columns to read, in increasing order; all by default.

    Raises:
        ValueError: The columns are not increasing, or not as many as the defaults.
    """
    if select_cols is not None:
        _check_columns(select_cols, len(record_defaults))
    columns: list[Tensor] = op(
        "DecodeCSV",
        records=records,
        record_defaults=record_defaults,
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=select_cols,
        name=name,
    )
    return columns


def _check_columns(columns: Sequence[int], count: int) -> None:
    if any(a >= b for a, b in pairwise(columns)):
        raise ValueError("select_cols is not strictly increasing.")
    if columns[0] < 0:
        raise ValueError("select_cols contains negative values.")
    if len(columns) != count:
        raise ValueError("Length of select_cols and record_defaults do not match.")


def decode_json_example(json_examples: Any, name: str | None = None) -> Tensor:
    """Turn `Example` messages written as JSON into serialized ones."""
    return _tensor(op("DecodeJSONExample", json_examples=json_examples, name=name))


def decode_compressed(
    bytes: Any, compression_type: str = "", name: str | None = None
) -> Tensor:
    """Decompress every string: `ZLIB`, `GZIP`, or unchanged."""
    return _tensor(
        op(
            "DecodeCompressed",
            bytes=bytes,
            compression_type=compression_type,
            name=name,
        )
    )


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """Read a tensor from a serialized `TensorProto`, a scalar."""
    return _tensor(
        op("ParseTensor", serialized=serialized, out_type=out_type, name=name)
    )


def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """Write a tensor as a serialized `TensorProto`, a scalar."""
    return _tensor(op("SerializeTensor", tensor=tensor, name=name))


def _tensor(value: Any) -> Tensor:
    result: Tensor = value
    return result
