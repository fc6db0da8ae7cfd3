"""Specs of sparse tensors, ragged tensors and indexed slices, as TensorFlow's are.

The expected texts are what TensorFlow 2.21 shows.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf

SPARSE = tf.SparseTensorSpec([None, 3], tf.int32)
RAGGED = tf.RaggedTensorSpec([2, None], tf.int32)
OPEN = "TensorShape([Dimension(None), Dimension(None)])"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            SPARSE,
            "SparseTensorSpec(TensorShape([Dimension(None), Dimension(3)]), tf.int32)",
        ),
        (
            tf.IndexedSlicesSpec([2, None], tf.float32, tf.int32, tf.int64, [None]),
            (
                "IndexedSlicesSpec(TensorShape([Dimension(2), Dimension(None)]),"
                " tf.float32, tf.int32, tf.int64, TensorShape([Dimension(None)]))"
            ),
        ),
        (
            RAGGED,
            (
                "RaggedTensorSpec(TensorShape([Dimension(2), Dimension(None)]),"
                " tf.int32, 1, tf.int64)"
            ),
        ),
        (
            tf.RaggedTensorSpec(None, tf.int32, ragged_rank=2),
            "RaggedTensorSpec(TensorShape(None), tf.int32, 2, tf.int64)",
        ),
    ],
)
def test_shown_and_equal(spec: Any, text: str) -> None:
    """A spec shows what it was made of; a copy is equal to it."""
    assert repr(spec) == text
    copy = pickle.loads(pickle.dumps(spec))
    assert copy == spec
    assert hash(copy) == hash(spec)


def test_what_is_compatible() -> None:
    """Values and specs fit where shapes and types do."""
    with tf.Graph().as_default():
        same = tf.SparseTensor([[0, 0]], [1], [2, 3])
        other = tf.SparseTensor([[0, 0]], [1.0], [2, 3])
        rows = tf.ragged.constant([[1], [2, 3]])
        assert SPARSE.is_compatible_with(same)
        assert not SPARSE.is_compatible_with(other)
        assert not SPARSE.is_compatible_with(5)
        assert SPARSE.is_compatible_with(tf.SparseTensorSpec([2, 3], tf.int32))
        assert RAGGED.is_compatible_with(rows)
        assert tf.RaggedTensorSpec.from_value(rows) == RAGGED
        assert tf.SparseTensorSpec.from_value(same).shape.as_list() == [2, 3]
    value = tf.SparseTensorValue(np.zeros((1, 2)), np.ones(1, np.float32), [2, 3])
    assert tf.SparseTensorSpec.from_value(value).dtype == tf.float32
    with pytest.raises(TypeError, match="Expected SparseTensor or SparseTensorValue"):
        tf.SparseTensorSpec.from_value(3)


def test_what_specs_agree_on() -> None:
    """Sizes that differ are forgotten; types must be the same."""
    found = SPARSE.most_specific_compatible_type(tf.SparseTensorSpec([2, 4], tf.int32))
    assert repr(found) == f"SparseTensorSpec({OPEN}, tf.int32)"
    assert SPARSE.is_subtype_of(found)
    other = tf.SparseTensorSpec([2, 4], tf.int64)
    assert SPARSE.most_specific_common_supertype([other]) is None
    with pytest.raises(ValueError, match="No TypeSpec is compatible with both"):
        SPARSE.most_specific_compatible_type(other)
    found = RAGGED.most_specific_compatible_type(
        tf.RaggedTensorSpec([3, None], tf.int32)
    )
    assert repr(found) == f"RaggedTensorSpec({OPEN}, tf.int32, 1, tf.int64)"


def test_parts() -> None:
    """A spec tells the specs of its parts, and takes values apart and together."""
    assert [part.shape.as_list() for part in SPARSE.flatten()] == [
        [None, 2],
        [None],
        [2],
    ]
    assert [part.shape.as_list() for part in RAGGED.flatten()] == [[None], [3]]
    assert isinstance(tf.TensorSpec([1]), tf.TypeSpec)
    with tf.Graph().as_default():
        rows = tf.ragged.constant([[1], [2, 3]])
        again = RAGGED.from_tensors(RAGGED.to_tensors(rows))
        assert again.shape.as_list() == [2, None]
        sparse = tf.SparseTensor([[0, 0]], [1], tf.placeholder(tf.int64, [2]))
        again = SPARSE.from_tensors(SPARSE.to_tensors(sparse))
        assert again.shape.as_list() == [None, 3]
        slices = tf.IndexedSlices(tf.ones([2, 3]), tf.constant([0, 4], tf.int64))
        spec = tf.IndexedSlicesSpec([None, 3])
        assert spec.is_compatible_with(slices)
        assert spec.from_tensors(spec.to_tensors(slices)).values is slices.values


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"shape": None}, "Must specify ragged_rank or a shape with a known rank"),
        ({"shape": [2], "ragged_rank": 1}, r"\(1\) must be less than rank \(1\)"),
    ],
)
def test_ragged_rank_must_fit(arguments: dict[str, Any], text: str) -> None:
    """How many axes are ragged is given or follows, and leaves one axis."""
    with pytest.raises(ValueError, match=text):
        tf.RaggedTensorSpec(dtype=tf.int32, **arguments)
