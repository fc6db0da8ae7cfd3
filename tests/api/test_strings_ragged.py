"""Functions of text that return ragged tensors."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf


def run(build: Any) -> Any:
    """Return the values of what a function builds, as nested lists."""
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(build())
        parts = found if isinstance(found, tuple) else (found,)
        lists = [
            part.to_list() if hasattr(part, "to_list") else part.tolist()
            for part in parts
        ]
        return lists if isinstance(found, tuple) else lists[0]


def test_characters_and_back() -> None:
    """Characters are numbers, with the bytes at which they start."""
    text = ["aé", "", "日"]
    decode = tf.strings.unicode_decode_with_offsets
    numbers, starts = run(lambda: decode(text, "UTF-8"))
    assert numbers == [[97, 233], [], [0x65E5]]
    assert starts == [[0, 1], [], [0]]
    encode = tf.strings.unicode_encode
    found = run(lambda: encode(tf.strings.unicode_decode(text, "UTF-8"), "UTF-8"))
    assert found == [word.encode() for word in text]
    assert run(lambda: tf.strings.unicode_split(text, "UTF-8")) == [
        [b"a", "é".encode()],
        [],
        ["日".encode()],
    ]


def test_pieces() -> None:
    """Bytes and words of each string are a row of their own."""
    assert run(lambda: tf.strings.bytes_split(["ab", ""])) == [[b"a", b"b"], []]
    words = tf.strings.split
    rows = [[b"a", b"b"], [], [b"c"]]
    assert run(lambda: words(["a b", "", "c"], result_type="RaggedTensor")) == rows
    found = run(lambda: words([["a b", "c"]], result_type="RaggedTensor"))
    assert found == [[[b"a", b"b"], [b"c"]]]


def test_neighbours() -> None:
    """Rows are padded and joined by themselves."""
    rows = [["a", "b", "c"], ["d"]]
    found = run(lambda: tf.strings.ngrams(tf.ragged.constant(rows), 2))
    assert found == [[b"a b", b"b c"], []]
    grams = tf.strings.ngrams
    found = run(lambda: grams(["a", "b"], 2, pad_values=("<", ">"), separator=""))
    assert found == [b"<a", b"ab", b"b>"]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: tf.strings.ngrams("a", 2), "rank>0"),
        (lambda: tf.strings.ngrams(["a"], 0), "greater than 0"),
        (lambda: tf.strings.ngrams(["a"], 1, padding_width=1), "pad_values"),
        (lambda: tf.strings.unicode_encode(65, "UTF-8"), "at least 1"),
        (lambda: tf.strings.bytes_split(tf.placeholder(tf.string)), "rank"),
        (lambda: tf.string_split(["a"], result_type="list"), "result_type"),
    ],
)
def test_mistakes(build: Any, message: str) -> None:
    """What cannot be divided is refused in TensorFlow's words."""
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        build()


class RaggedAssertions(tf.test.TestCase):
    """Assertions of `tf.test` about ragged tensors."""

    def test_equal_rows(self) -> None:
        """Ragged tensors are compared as nested lists."""
        with self.session():
            ragged = tf.ragged.constant([[1, 2], [], [3]])
            self.assertAllEqual(ragged, [[1, 2], [], [3]])
            with pytest.raises(AssertionError):
                self.assertAllEqual(ragged, [[1, 2], [3], []])
