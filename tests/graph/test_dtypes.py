"""What types say of themselves. The values are TensorFlow 2.21's."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf

_LIMITS = {
    "float32": 1,
    "float64": 1,
    "int8": 127,
    "int16": 32767,
    "int32": 2**31 - 1,
    "int64": 2**63 - 1,
    "uint8": 255,
    "uint16": 65535,
    "uint32": 2**32 - 1,
    "uint64": 2**64 - 1,
    "bool": True,
}


@pytest.mark.parametrize("name", _LIMITS)
def test_limits_of_images(name: str) -> None:
    """The darkest value is 0, whatever the type has below."""
    assert tf.as_dtype(name).limits == (0, _LIMITS[name])


@pytest.mark.parametrize(
    "name", ["float16", "bfloat16", "int4", "complex64", "string", "qint8", "variant"]
)
def test_types_without_limits(name: str) -> None:
    """Images have no other types."""
    with pytest.raises(ValueError, match=f"<dtype: '{name}'> does not have defined"):
        tf.as_dtype(name).limits  # noqa: B018


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bool", "imum value of <dtype: 'bool'> with type <dtype: 'bool'>."),
        ("string", "imum value of <dtype: 'string'> with type <dtype: 'string'>."),
        (
            "qint8",
            "imum value of <dtype: 'qint8'> with quantized type <dtype: 'qint8'>",
        ),
        ("resource", "imum value of <dtype: 'resource'>."),
    ],
)
def test_types_without_order(name: str, text: str) -> None:
    """Neither end is told."""
    dtype = tf.as_dtype(name)
    with pytest.raises(TypeError, match=f"Cannot find min{text}"):
        dtype.min  # noqa: B018
    with pytest.raises(TypeError, match=f"Cannot find max{text}"):
        dtype.max  # noqa: B018


def test_types_of_two_bits() -> None:
    """They have names; handles and variants have no size."""
    assert tf.dtypes.experimental.int2 == tf.as_dtype("int2")
    assert tf.dtypes.experimental.uint2.max == 3
    assert tf.resource.size == tf.variant.size == tf.string.size == 0
    assert tf.as_dtype("int32_ref").real_dtype == tf.as_dtype("int32_ref")
    assert tf.as_dtype("complex64_ref").real_dtype == tf.float32
