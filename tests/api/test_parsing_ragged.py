"""Features of examples that become ragged tensors."""

from __future__ import annotations

from typing import Any

import metagraft.compat.v1 as tf

KIND = tf.io.RaggedFeature


def example(**lists: list[int]) -> bytes:
    """Return an example of integers."""
    features = {
        name: tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        for name, values in lists.items()
    }
    message = tf.train.Example(features=tf.train.Features(feature=features))
    written: bytes = message.SerializeToString()
    return written


EXAMPLES = [
    example(v=[1, 2, 3, 4, 5, 6], splits=[0, 2, 2, 6], lengths=[2, 0, 4], ids=[0] * 6),
    example(v=[7, 8], splits=[0, 2], lengths=[2], ids=[1, 1]),
]


def parsed(partitions: list[Any], *, single: bool = False) -> Any:
    """Return the values of the examples, or of the first, in rows."""
    features = {"x": KIND(tf.int64, "v", partitions)}
    with tf.Graph().as_default(), tf.Session() as session:
        if single:
            found = tf.io.parse_single_example(EXAMPLES[0], features)["x"]
        else:
            found = tf.io.parse_example(EXAMPLES, features)["x"]
        value = session.run(found)
        return value.to_list() if hasattr(value, "to_list") else value.tolist()


def test_rows_of_batches() -> None:
    """Each example is divided as its own features tell."""
    rows = [[[1, 2], [], [3, 4, 5, 6]], [[7, 8]]]
    assert parsed([]) == [[1, 2, 3, 4, 5, 6], [7, 8]]
    assert parsed([KIND.RowSplits("splits")]) == rows
    assert parsed([KIND.RowLengths("lengths")]) == rows
    assert parsed([KIND.UniformRowLength(2)]) == [[[1, 2], [3, 4], [5, 6]], [[7, 8]]]
    assert parsed([KIND.ValueRowIds("ids")]) == [[[1, 2, 3, 4, 5, 6]], [[], [7, 8]]]
    deep = [KIND.RowLengths("lengths"), KIND.UniformRowLength(1)]
    assert parsed(deep)[1] == [[[7], [8]]]


def test_rows_of_a_single_example() -> None:
    """One example has no axis for the batch."""
    assert parsed([], single=True) == [1, 2, 3, 4, 5, 6]
    rows = [[1, 2], [], [3, 4, 5, 6]]
    assert parsed([KIND.RowSplits("splits")], single=True) == rows
    assert parsed([KIND.UniformRowLength(3)], single=True) == [[1, 2, 3], [4, 5, 6]]
