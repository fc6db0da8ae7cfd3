"""Functions of tensors called with ragged ones: values and mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from tests.programs.ragged_runs import PROGRAMS

PATH = Path(__file__).resolve().parent.parent / "golden" / "ragged_runs" / "values.json"
RECORDED = json.loads(PATH.read_text("utf-8"))


def flattened(rows: Any) -> tuple[Any, list[float]]:
    """Return the lengths of nested lists, and their elements."""
    if not isinstance(rows, list):
        return (), [rows]
    parts = [flattened(row) for row in rows]
    return [shape for shape, _ in parts], [n for _, flat in parts for n in flat]


@pytest.mark.golden
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_values(program: Any) -> None:
    """What TensorFlow returns, row by row."""
    with tf.Graph().as_default(), tf.Session() as session:
        values = session.run(program(tf))
    found = [v.to_list() if hasattr(v, "to_list") else v.tolist() for v in values]
    expected = RECORDED[program.__name__]
    assert len(found) == len(expected)
    for rows, wanted in zip(found, expected, strict=True):
        shape, numbers = flattened(rows)
        wanted_shape, wanted_numbers = flattened(wanted)
        assert shape == wanted_shape
        np.testing.assert_allclose(numbers, wanted_numbers, rtol=1e-6)


def test_softmax_of_rows() -> None:
    """Each row adds up to one."""
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.ragged.constant([[1.0, 1.0], [3.0], [0.0, 0.0, 0.0, 0.0]])
        found = session.run(tf.nn.softmax(rows)).to_list()
    assert found == [[0.5, 0.5], [1.0], [0.25] * 4]


def test_mistakes() -> None:
    """TensorFlow's errors."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.ragged.constant([[3.0, 1.0], [1.0]])
        with pytest.raises(ValueError, match="must have an axis argument"):
            tf.squeeze(x)
        with pytest.raises(TypeError, match="Axis must be a list or tuple"):
            tf.squeeze(x, axis=["a"])
        with pytest.raises(ValueError, match="axis=5 out of bounds"):
            tf.reduce_sum(x, axis=5)
        with pytest.raises(ValueError, match="axis must be known at graph"):
            tf.reduce_sum(x, axis=tf.placeholder(tf.int32, []))
        with pytest.raises(ValueError, match="must be greater than indices"):
            tf.one_hot(tf.cast(x, tf.int32), 3, axis=1)
        with pytest.raises(ValueError, match="Cannot index into an inner ragged"):
            x[:, 0]
        with pytest.raises(IndexError, match="Too many indices for RaggedTensor"):
            x[..., 1, 1, 1]
        with pytest.raises(TypeError, match="slice offsets must be integers"):
            x[:, "a":]
        with pytest.raises(ValueError, match="noise_shape is not supported"):
            tf.nn.dropout(x, rate=0.5, noise_shape=[1])
        with pytest.raises(ValueError, match="both None or both non-None"):
            tf.where(x > 1.0, x)
        with pytest.raises(ValueError, match="mismatched row_splits dtypes"):
            _ = x + x.with_row_splits_dtype(tf.int32)
        with pytest.raises(ValueError, match="batch_dims must be less than rank"):
            tf.gather(x, tf.ragged.constant([[[0]], [[0]]]), batch_dims=2)
        unequal = x + tf.ragged.constant([[1.0], [1.0, 2.0]])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Unable to broadcast"):
            session.run(unequal)
