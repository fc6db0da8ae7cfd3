"""Programs that add the nodes of savers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _halves(shape: Any, dtype: Any) -> list[int]:
    """Cut the first axis in two."""
    del dtype
    return [2] + [1] * (len(shape) - 1)


def saver_plain(tf: ModuleType) -> None:
    """MG-240, MG-241, MG-242: both kinds of variables, two savers of the same name."""
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
    """MG-247: restored values take the variables' shapes, which may be unknown."""
    tf.Variable([[1.0], [2.0]], name="a")
    tf.get_variable("b", initializer=np.ones([2, 3]), use_resource=True)
    x = tf.placeholder(tf.float32, [None])
    tf.Variable(x, validate_shape=False, name="c")
    tf.Variable(x, validate_shape=False, name="d", use_resource=True)
    tf.train.Saver(reshape=True)
    tf.train.Saver()


def saver_sharded(tf: ModuleType) -> None:
    """MG-243, MG-244, MG-245: one file for each device."""
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
    """MG-236, MG-246, MG-248: pieces are saved as slices of the whole."""
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


def saver_version_1(tf: ModuleType) -> None:
    """MG-242, MG-243, MG-244: the older format, in one file and in shards."""
    v1 = tf.train.SaverDef.V1
    with tf.device("/job:ps/task:1"):
        tf.Variable(1.0, name="a")
    tf.get_variable("b", initializer=1.0, use_resource=True)
    tf.train.Saver(write_version=v1)
    tf.train.Saver(write_version=v1, sharded=True, reshape=True, name="shards")
    tf.train.Saver([tf.global_variables()[0]], write_version=v1, filename="elsewhere")


def _base_builder(tf: ModuleType) -> Any:
    return importlib.import_module(tf.train.Saver.__module__).BaseSaverBuilder


def saver_with_builder(tf: ModuleType) -> None:
    """MG-230: a builder that reads variable by variable, one after the other."""
    builder = _base_builder(tf)
    with tf.device("/gpu:1"):
        tf.Variable([1.0], name="a")
        tf.get_variable("b", initializer=1.0, use_resource=True)
    tf.Variable(1.0, name="c")
    tf.train.Saver(builder=builder(), restore_sequentially=True)
    tf.train.Saver(builder=builder(), reshape=True)
    tf.train.Saver(builder=builder(), sharded=True)
    tf.train.Saver(restore_sequentially=True)


def saver_of_saveables(tf: ModuleType) -> None:
    """MG-231: saveable objects of users, with several tensors and with functions."""
    builder = _base_builder(tf)

    class Pair(builder.SaveableObject):  # type: ignore[misc,name-defined]
        """Two variables in one."""

        def __init__(self, first: Any, second: Any, name: str) -> None:
            self.parts = [first, second]
            specs = [
                builder.SaveSpec(first, "", f"{name}/first"),
                builder.SaveSpec(
                    lambda: tf.identity(second.read_value(), name="late"),
                    "",
                    f"{name}/second",
                    dtype=second.dtype,
                    device=second.device,
                ),
            ]
            super().__init__(first, specs, name)

        def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
            assert restored_shapes is None
            pairs = zip(self.parts, restored_tensors, strict=True)
            return tf.group(*(tf.assign(var, value) for var, value in pairs))

    first = tf.Variable([1.0], name="x", trainable=False)
    second = tf.get_variable("y", initializer=[2.0], use_resource=True)
    tf.Variable(1.0, name="z")
    tf.add_to_collection(tf.GraphKeys.SAVEABLE_OBJECTS, Pair(first, second, "pair"))
    tf.train.Saver()
    tf.train.Saver({"other": Pair(first, second, "pair")}, sharded=True)
    # A MetaGraph of TensorFlow's would name an object that nobody finds in it.
    tf.get_default_graph().clear_collection(tf.GraphKeys.SAVEABLE_OBJECTS)


def saver_built_later(tf: ModuleType) -> None:
    """MG-233, MG-240: nodes are added by `build`, in its scope and device."""
    tf.Variable(1.0, name="a")
    saver = tf.train.Saver(defer_build=True, name="later", max_to_keep=3)
    tf.Variable(1.0, name="b")
    with tf.name_scope("outer"), tf.device("/cpu:1"):
        saver.build()
        saver.build()


def saver_of_tables(tf: ModuleType) -> None:
    """MG-231: tables that change are saved with the variables."""
    tf.Variable(1.0, name="a")
    tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1, name="words")
    tf.train.Saver()
    # TensorFlow writes this collection to MetaGraphs, but cannot import it.
    tf.get_default_graph().clear_collection(tf.GraphKeys.SAVEABLE_OBJECTS)


PROGRAMS: tuple[Callable[[ModuleType], None], ...] = (
    saver_plain,
    saver_chosen,
    saver_reshape,
    saver_sharded,
    saver_sharded_one,
    saver_partitioned,
    saver_after_import,
    saver_version_1,
    saver_with_builder,
    saver_of_saveables,
    saver_built_later,
    saver_of_tables,
)
