"""Optionals and their specs, outside of what programs compute with them."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf

NUMBER = tf.TensorSpec([], tf.int32)


def test_specs() -> None:
    """A spec is known by the structure of the value; a function takes it."""
    with tf.Graph().as_default():
        held = tf.experimental.Optional.from_value({"a": 1, "b": (2,)})
        spec = tf.OptionalSpec.from_value(held)
        assert tf.type_spec_from_value(held) == spec
        assert spec == tf.OptionalSpec({"a": NUMBER, "b": (NUMBER,)})
        assert spec != tf.OptionalSpec({"a": NUMBER, "c": (NUMBER,)})
        assert spec != tf.OptionalSpec(NUMBER)
        assert hash(spec) == hash(tf.OptionalSpec({"a": NUMBER, "b": (NUMBER,)}))
        assert spec.is_compatible_with(held)
        assert issubclass(spec.value_type, tf.experimental.Optional)


def test_no_such_values() -> None:
    """Values of other kinds are refused."""
    with tf.Graph().as_default():
        slices = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))
        with pytest.raises(TypeError, match="not a value of IndexedSlicesSpec"):
            tf.experimental.Optional.from_value(slices)
        with pytest.raises(TypeError, match="Could not build a TypeSpec"):
            tf.experimental.Optional.from_value(object())
