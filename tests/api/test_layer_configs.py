"""`get_config` and `from_config` of layers and cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from tests.programs.layer_configs import KINDS, cells, layers

PATH = Path(__file__).resolve().parent.parent / "golden" / "layer_configs"
RECORDED = json.loads((PATH / "configs.json").read_text("utf-8"))


@pytest.mark.golden
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_configs(kind: Any) -> None:
    """What TensorFlow returns, in its order."""
    with tf.Graph().as_default():
        found = [layer.get_config() for layer in kind(tf)]
    for config, expected in zip(found, RECORDED[kind.__name__], strict=True):
        assert json.dumps(config) == json.dumps(expected)


@pytest.mark.parametrize("kind", [cells, layers], ids=lambda kind: kind.__name__)
def test_made_again(kind: Any) -> None:
    """A layer made of a config has the same one."""
    with tf.Graph().as_default():
        for layer in kind(tf):
            config = layer.get_config()
            assert type(layer).from_config(config).get_config() == config


def test_wrapped_cell_is_needed() -> None:
    """A wrapper is made again around a cell, not around its description."""
    with tf.Graph().as_default():
        inner = tf.nn.rnn_cell.GRUCell(2)
        config = tf.nn.rnn_cell.DropoutWrapper(inner, 0.5, seed=3).get_config()
        with pytest.raises(ValueError, match="cannot reconstruct the wrapped cell"):
            tf.nn.rnn_cell.DropoutWrapper.from_config(config)
        made = tf.nn.rnn_cell.DropoutWrapper.from_config({**config, "cell": inner})
        assert made.get_config() == config


def test_unknown_names() -> None:
    """Names that mean nothing are told."""
    inputs = tf.zeros([1, 1])
    with pytest.raises(ValueError, match="Unknown initializer: 'nope'"):
        tf.layers.dense(inputs, 1, kernel_initializer="nope")
    with pytest.raises(ValueError, match="Could not interpret initializer identifier"):
        tf.layers.dense(inputs, 1, kernel_initializer=3)
    with pytest.raises(ValueError, match="names of functions are Keras's"):
        tf.layers.dense(inputs, 1, kernel_regularizer="l2")
    with pytest.raises(ValueError, match="evenly divisible by the number of groups"):
        tf.layers.Conv2D(3, 1, groups=2)
