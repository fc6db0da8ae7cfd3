"""Attributes of ops that take examples apart contradict each other as in TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf

# What TensorFlow 2.21 says to these attributes, which are otherwise empty.
MISTAKES = [
    ("V1", {"dense_shapes": [[2]]}, "len(dense_keys) != len(dense_shapes)"),
    ("V1", {"sparse_types": ["int64"]}, "len(sparse_keys) != len(sparse_types)"),
    ("V1", {"dense_keys": ["a"]}, "len(dense_keys) != len(dense_types)"),
    ("V2", {"num_sparse": 1}, "len(sparse_keys) != len(sparse_types)"),
    (
        "V2",
        {"ragged_value_types": ["int64"]},
        "len(ragged_keys) != len(ragged_split_types)",
    ),
    (
        "Single",
        {"num_sparse": 1},
        "num_sparse (1) must match the size of sparse_keys (0) and sparse_types (0)",
    ),
    ("Single", {"dense_keys": ["a"]}, "len(dense_keys) != len(dense_types)"),
    (
        "Sequence",
        {"context_sparse_types": ["int64"]},
        "num_context_sparse (0) must match the size of context_sparse_types (1)",
    ),
    (
        "Sequence",
        {"Nfeature_list_dense": 1},
        "num_feature_list_dense (1) must match the size of feature_list_dense_keys (0)",
    ),
    (
        "SequenceV2",
        {"feature_list_ragged_value_types": ["int64"]},
        (
            "num_feature_list_ragged (1) must match the size of"
            " feature_list_ragged_value_types (1) and"
            " feature_list_ragged_split_types (0)"
        ),
    ),
    (
        "SequenceV2",
        {"feature_list_dense_shapes": [[1]]},
        (
            "num_feature_list_dense (0) must match the size of"
            " feature_list_dense_types (0) and feature_list_dense_shapes (1)"
        ),
    ),
    (
        "SingleSequence",
        {"feature_list_dense_types": ["int64"]},
        "len(feature_list_dense_keys) != len(feature_list_dense_types)",
    ),
]
LISTS = (
    "context_sparse_types context_dense_shapes feature_list_dense_types"
    " feature_list_sparse_types feature_list_dense_shapes context_dense_defaults"
)
KEYS = (
    "context_sparse_keys context_dense_keys feature_list_sparse_keys"
    " feature_list_dense_keys"
)
RAGGED = (
    "context_ragged_value_types context_ragged_split_types"
    " feature_list_ragged_value_types feature_list_ragged_split_types"
)


def _empty(names: str, value: Any = ()) -> dict[str, Any]:
    return {name: list(value) for name in names.split()}


def _made(kind: str, changed: dict[str, Any]) -> Any:
    none = tf.constant([], tf.string)
    common = _empty("dense_defaults sparse_types dense_shapes")
    counts = {"Ncontext_sparse": 0, "Nfeature_list_sparse": 0, "Nfeature_list_dense": 0}
    if kind in {"V1", "V2"}:
        common |= {"serialized": none, "names": none}
        if kind == "V1":
            return tf.raw_ops.ParseExample(
                **common | _empty("sparse_keys dense_keys") | changed
            )
        common |= dict.fromkeys(("sparse_keys", "dense_keys", "ragged_keys"), none)
        common |= _empty("ragged_value_types ragged_split_types") | {"num_sparse": 0}
        return tf.raw_ops.ParseExampleV2(**common | changed)
    if kind == "Single":
        common |= _empty("sparse_keys dense_keys") | {"num_sparse": 0}
        return tf.raw_ops.ParseSingleExample(serialized="", **common | changed)
    lists = _empty(LISTS)
    missing = "feature_list_dense_missing_assumed_empty"
    if kind == "Sequence":
        lists |= _empty(f"{KEYS} {missing}") | counts | {"Ncontext_dense": 0}
        lists |= {"serialized": none, "debug_name": none}
        return tf.raw_ops.ParseSequenceExample(**lists | changed)
    if kind == "SingleSequence":
        lists |= _empty(KEYS) | {missing: none, "debug_name": "", "serialized": ""}
        return tf.raw_ops.ParseSingleSequenceExample(**lists | changed)
    keys = f"{KEYS} context_ragged_keys feature_list_ragged_keys serialized debug_name"
    lists |= dict.fromkeys(keys.split(), none) | _empty(RAGGED) | counts
    lists[missing] = tf.constant([], tf.bool)
    return tf.raw_ops.ParseSequenceExampleV2(**lists | changed)


@pytest.mark.parametrize(("kind", "changed", "said"), MISTAKES)
def test_lists_that_do_not_fit_are_refused(
    kind: str, changed: dict[str, Any], said: str
) -> None:
    """The graph is not built, and the numbers are told."""
    with tf.Graph().as_default():
        _made(kind, {})
        changed = {
            name: [tf.as_dtype(each) for each in value]
            if name.endswith("_types")
            else value
            for name, value in changed.items()
        }
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - text compared below
            _made(kind, changed)
    assert str(caught.value).startswith(said)
