"""What types, specs and tensors tell of themselves."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf


def test_numbers() -> None:
    """All types of `tf` but four hold numbers."""
    types = {name: getattr(tf, name) for name in dir(tf)}
    found = {
        name
        for name, kind in types.items()
        if isinstance(kind, tf.DType) and not kind.is_numeric
    }
    assert found == {"bool", "resource", "string", "variant"}


def test_supertypes() -> None:
    """A type is only one of itself."""
    assert tf.float32.is_subtype_of(tf.float32)
    assert not tf.float32.is_subtype_of(tf.float64)
    assert tf.float32.most_specific_common_supertype([tf.float32]) == tf.float32
    assert tf.float32.most_specific_common_supertype([tf.int32]) is None


def test_tensors_of_a_spec() -> None:
    """A value of a spec of tensors is one tensor."""
    spec = tf.TensorSpec([2, None], tf.float32, "n")
    assert spec.flatten() == [spec]
    assert spec.value_type is tf.Tensor
    with tf.Graph().as_default():
        tensor = tf.zeros([2, 3])
        assert spec.to_tensors(tensor) == [tensor]
        assert spec.from_tensors([tensor]) is tensor
        with pytest.raises(TypeError, match="Can not cast"):
            spec.to_tensors(tf.zeros([3]))


def test_operators() -> None:
    """Tensors have all operators that they list."""
    assert len(tf.Tensor.OVERLOADABLE_OPERATORS) == 34
    assert all(hasattr(tf.Tensor, one) for one in tf.Tensor.OVERLOADABLE_OPERATORS)
