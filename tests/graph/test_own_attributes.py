"""Attributes that programs set on objects of graphs, as tf.contrib.slim its aliases."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import metagraft.compat.v1 as tf

MAKERS: dict[str, Callable[[], Any]] = {
    "a tensor": lambda: tf.constant(1.0),
    "an operation": tf.no_op,
    "a slice of a variable": lambda: tf.get_variable("v", [2])[0],
    "a sparse tensor": lambda: tf.SparseTensor([[0]], [1.0], [3]),
    "rows": lambda: tf.IndexedSlices(tf.constant([1.0]), tf.constant([0])),
    "a ragged tensor": lambda: tf.ragged.constant([[1], [2, 3]]),
    "a shape": lambda: tf.TensorShape([1]),
    "a variable": lambda: tf.get_variable("v", [2]),
    "a graph": tf.Graph,
}


@pytest.mark.parametrize("name", MAKERS)
def test_objects_take_attributes(name: str) -> None:
    """Any attribute may be set, and weak references made."""
    with tf.Graph().as_default():
        made = MAKERS[name]()
        made.aliases = ["conv1"]
        assert made.aliases == ["conv1"]
        assert weakref.ref(made)() is made


def test_attributes_stay() -> None:
    """The graph gives the same tensor again, with what was noted on it."""
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="x").aliases = ["one"]
        gc.collect()
        assert graph.get_tensor_by_name("x:0").aliases == ["one"]
        assert graph.get_operation_by_name("x").outputs[0].aliases == ["one"]
