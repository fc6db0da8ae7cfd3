"""`tf.raw_ops`: one function for every op."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf


def test_names_of_the_module_do_not_hide_ops() -> None:
    """Every op type is a function that says which op it adds."""
    for name in dir(tf.raw_ops):
        assert getattr(tf.raw_ops, name).__name__ == name


def test_arguments_need_their_names() -> None:
    """The error tells these, as Python has them."""
    with tf.Graph().as_default():
        keys = r"possible keys: \['input', 'axis', 'keep_dims', 'name'\]"
        with pytest.raises(TypeError, match=f"Any only takes keyword args.*{keys}"):
            tf.raw_ops.Any([True], axis=[0])
        assert tf.raw_ops.Any(input=[True], axis=[0]).op.type == "Any"
