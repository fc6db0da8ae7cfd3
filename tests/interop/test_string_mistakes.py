"""What TensorFlow says about wrong operands of string ops, and Metagraft says too."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest


def _fed(tf: ModuleType, value: Any, dtype: Any = object) -> Any:
    """Return a tensor whose shape and value only a run knows."""
    return tf.placeholder_with_default(np.array(value, dtype), None)


def _pattern(pattern: str) -> Callable[[ModuleType], Any]:
    return lambda tf: tf.strings.regex_full_match(_fed(tf, [b"a"]), pattern)


def _base64(text: bytes) -> Callable[[ModuleType], Any]:
    return lambda tf: tf.decode_base64(_fed(tf, [text]))


def _as_string(dtype: Any, **attrs: Any) -> Callable[[ModuleType], Any]:
    return lambda tf: tf.as_string(_fed(tf, [1], dtype), **attrs)


def _reduced(axes: Any) -> Callable[[ModuleType], Any]:
    return lambda tf: tf.reduce_join(_fed(tf, [[b"a", b"b"]]), _fed(tf, axes, np.int32))


def _substr(pos: Any, size: Any, **attrs: Any) -> Callable[[ModuleType], Any]:
    return lambda tf: tf.substr(
        _fed(tf, ["aé".encode(), b"bc", b"de"]),
        _fed(tf, pos, np.int32),
        _fed(tf, size, np.int32),
        **attrs,
    )


def _segments(ids: Any, count: Any) -> Callable[[ModuleType], Any]:
    return lambda tf: tf.strings.unsorted_segment_join(
        _fed(tf, [b"a", b"b", b"c"]), _fed(tf, ids, np.int32), _fed(tf, count, np.int32)
    )


def _padded(size: Any) -> Callable[[ModuleType], Any]:
    return lambda tf: tf.raw_ops.DecodePaddedRaw(
        input_bytes=_fed(tf, [b"a"]),
        fixed_length=_fed(tf, size, np.int32),
        out_type=tf.int32,
    )


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "precision_of_integers": _as_string(np.int32, precision=3),
    "precision_of_booleans": _as_string(np.bool_, precision=3),
    "scientific_integers": _as_string(np.int64, scientific=True),
    "long_fill": _as_string(np.float32, fill="ab"),
    "unknown_fill": _as_string(np.float32, fill="*"),
    "both_notations": _as_string(np.float32, scientific=True, shortest=True),
    "no_number": lambda tf: tf.string_to_number(_fed(tf, [b"1", b"abc"])),
    "empty_number": lambda tf: tf.string_to_number(_fed(tf, [b""]), tf.int32),
    "large_number": lambda tf: tf.string_to_number(_fed(tf, [b"2147483648"]), tf.int32),
    "negative_unsigned": lambda tf: tf.string_to_number(_fed(tf, [b"-0"]), tf.uint32),
    "spaces_in_number": lambda tf: tf.string_to_number(_fed(tf, [b"1 2"])),
    "short_key": lambda tf: tf.string_to_hash_bucket_strong(_fed(tf, [b"a"]), 5, [1]),
    "axis_too_large": _reduced(2),
    "axis_twice": _reduced([0, -2]),
    "position_too_large": _substr(4, 1),
    "position_too_small": _substr(-4, 1),
    "position_of_characters": _substr(3, 1, unit="UTF8_CHAR"),
    "other_lengths": _substr([0, 1], [1]),
    "other_shapes": _substr([0, 1], [1, 1]),
    "split_scalar": lambda tf: tf.string_split(_fed(tf, b"a")),
    "split_by_vector": lambda tf: tf.string_split([b"a"], _fed(tf, [b"a"])),
    "split_whole_by_vector": lambda tf: tf.strings.split([b"a"], _fed(tf, [b"a"])),
    "unknown_encoding": lambda tf: tf.strings.lower(_fed(tf, [b"a"]), "ascii"),
    "base64_length": _base64(b"YWJjY"),
    "base64_padding": _base64(b"YQ="),
    "base64_alphabet": _base64(b"//79"),
    "base64_only_padding": _base64(b"===="),
    "raw_lengths": lambda tf: tf.decode_raw(_fed(tf, [b"abcd", b"ab"]), tf.int16),
    "raw_part": lambda tf: tf.decode_raw(_fed(tf, [b"abc"]), tf.int16),
    "padded_to_nothing": _padded(0),
    "padded_to_part": _padded(6),
    "padded_to_vector": _padded([4]),
    "segment_too_large": _segments([0, 2, 1], 2),
    "segment_negative": _segments([0, -1, 1], 2),
    "segments_negative": _segments([0, 0, 0], -1),
    "segments_vector": _segments([0, 0, 0], [1]),
    "segment_scalar": _segments(0, 1),
    "pattern_vector": lambda tf: tf.regex_replace(
        _fed(tf, [b"a"]), _fed(tf, [b"a"]), _fed(tf, b"a")
    ),
    "rewrite_vector": lambda tf: tf.regex_replace(
        _fed(tf, [b"a"]), _fed(tf, b"a"), _fed(tf, [b"a"])
    ),
    "group_open": _pattern("(a"),
    "group_closed": _pattern("a)"),
    "class_open": _pattern("[a"),
    "class_range": _pattern("[b-a]"),
    "repeated_nothing": _pattern("*a"),
    "repeated_nothing_in_group": _pattern("a|(+)"),
    "repeated_twice": _pattern("a++"),
    "repeated_twice_lazily": _pattern("a*?{2}"),
    "repeated_too_often": _pattern("a{1001}"),
    "repeated_backwards": _pattern("a{3,2}"),
    "look_ahead": _pattern("a(?=b)"),
    "look_behind": _pattern("(?<=a)b"),
    "group_again": _pattern(r"(a)\1"),
    "escape_unknown": _pattern(r"\q"),
    "escape_unfinished": _pattern("a\\"),
    "category_unknown": _pattern(r"\pX"),
}


def _said(tf: ModuleType, mistake: Callable[[ModuleType], Any]) -> tuple[str, str]:
    """Return class and text of the error of one run."""
    with tf.Graph().as_default(), tf.Session() as session:
        fetched = mistake(tf)
        with pytest.raises(tf.errors.OpError) as caught:
            session.run(fetched)
    text = str(caught.value).rpartition("Node: '")[2]
    if text.count("'\n"):
        text = text.partition("'\n")[2]
    return type(caught.value).__name__, text.partition("\n")[0]


@pytest.mark.parametrize("name", MISTAKES)
def test_same_error(name: str, tf: ModuleType, mg: ModuleType) -> None:
    """The classes are equal, and Metagraft's text says what TensorFlow's says."""
    expected, text = _said(tf, MISTAKES[name])
    found, ours = _said(mg, MISTAKES[name])
    assert found == expected
    assert text in ours
