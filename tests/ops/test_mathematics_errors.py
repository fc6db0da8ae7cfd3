"""Mistakes in mathematics fail while the graph is built, in TensorFlow's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import OperatorNotAllowedInGraphError
from tests.programs.mathematics_errors import ERRORS, Operands

FOLDER = Path(__file__).parents[1] / "golden" / "math_errors"
RECORDED = json.loads((FOLDER / "errors.json").read_text(encoding="utf-8"))


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(ERRORS))
def test_words(name: str) -> None:
    """Class and message are TensorFlow's, up to the name of the node."""
    expected = RECORDED[name]
    with tf.Graph().as_default():
        operands = Operands(tf)
        with pytest.raises(Exception) as raised:  # noqa: PT011 - compared below
            ERRORS[name](operands)
    assert type(raised.value).__name__ == expected["class"]
    assert str(raised.value).startswith(expected["message"])


def test_a_failed_operation_is_named() -> None:
    """The message of a shape error ends with the operation and what it was given."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 3])
        with pytest.raises(
            ValueError, match=r"for 'tower/sum' \(op: 'AddV2'\) .*: \[2,3\], \[2\]\."
        ):
            tf.add(x, [1.0, 2.0], name="tower/sum")


@pytest.mark.parametrize("use", [bool, list, lambda x: 1 if x > 0 else 0])
def test_values_are_not_known_while_building(use: object) -> None:
    """A tensor is neither true nor false, and has no elements to go through."""
    assert callable(use)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2])
        with pytest.raises(OperatorNotAllowedInGraphError, match="symbolic"):
            use(x)


def test_equality_is_identity() -> None:
    """As in TensorFlow 1, `==` does not compare values, so tensors can be dict keys."""
    with tf.Graph().as_default():
        x, y = tf.constant(1.0), tf.constant(1.0)
        assert x == x
        assert x != y
        assert {x: 1, y: 2}[y] == 2
