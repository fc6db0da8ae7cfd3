"""Programs that add the nodes of savers."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _halves(shape: Any, dtype: Any) -> list[int]:
    """Cut the first axis in two."""
    del dtype
    return [2] + [1] * (len(shape) - 1)


def saver_plain(tf: ModuleType) -> None:
    """Reference and resource variables, two savers of the same name."""
    tf.Variable([1.0, 2.0], name="b")
    tf.get_variable("a", initializer=[1.0, 2.0], use_resource=True)
    tf.Variable(3, name="c")
    tf.Variable(["x"], name="s")
    tf.train.Saver()
    tf.train.Saver(max_to_keep=2)


def saver_chosen(tf: ModuleType) -> None:
    """Some variables, by list and by name, with names of files and scopes."""
    a = tf.Variable(1.0, name="a")
    b = tf.get_variable("b", initializer=1.0, use_resource=True)
    with tf.name_scope("outer"):
        tf.train.Saver([b, a], name="mine", filename="elsewhere")
        tf.train.Saver({"new/b": b, "new/a": a})
        tf.train.Saver([[a], (b,)])


def saver_reshape(tf: ModuleType) -> None:
    """Restored values take the variables' shapes, which may be unknown."""
    tf.Variable([[1.0], [2.0]], name="a")
    tf.get_variable("b", initializer=np.ones([2, 3]), use_resource=True)
    x = tf.placeholder(tf.float32, [None])
    tf.Variable(x, validate_shape=False, name="c")
    tf.Variable(x, validate_shape=False, name="d", use_resource=True)
    tf.train.Saver(reshape=True)
    tf.train.Saver()


def saver_sharded(tf: ModuleType) -> None:
    """One file for each device."""
    with tf.device("/job:ps/task:1"):
        tf.Variable(1.0, name="a")
        tf.Variable(1.0, name="z")
    with tf.device("/job:ps/task:0/gpu:1"):
        tf.get_variable("b", initializer=1.0, use_resource=True)
    tf.Variable(1.0, name="c")
    tf.train.Saver(sharded=True)


def saver_sharded_one(tf: ModuleType) -> None:
    """Without devices there is one file."""
    tf.Variable(1.0, name="a")
    tf.train.Saver(sharded=True, restore_sequentially=True)


def saver_partitioned(tf: ModuleType) -> None:
    """Pieces are saved as slices of the whole."""
    ones = tf.ones_initializer()
    a = tf.get_variable("a", [5, 2], initializer=ones, partitioner=_halves)
    tf.get_variable("b", [4], initializer=ones, partitioner=_halves, use_resource=True)
    tf.train.Saver()
    tf.train.Saver({"whole": a})
    tf.train.Saver([a])


def saver_after_import(tf: ModuleType) -> None:
    """A saver of imported variables."""
    with tf.Graph().as_default():
        tf.Variable(1.0, name="a")
        tf.get_variable("b", initializer=1.0, use_resource=True)
        exported = tf.train.export_meta_graph()
    tf.train.import_meta_graph(exported, import_scope="imported")
    tf.train.Saver()


PROGRAMS: tuple[Callable[[ModuleType], None], ...] = (
    saver_plain,
    saver_chosen,
    saver_reshape,
    saver_sharded,
    saver_sharded_one,
    saver_partitioned,
    saver_after_import,
)
