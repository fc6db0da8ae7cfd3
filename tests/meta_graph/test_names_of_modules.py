"""The modules of TensorFlow's that programs import although they are not public."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.compat.python.framework import ops
from metagraft.compat.python.training import saver
from metagraft.proto import VersionDef


@pytest.mark.parametrize(
    "name",
    [
        "framework.ops",
        "framework.meta_graph",
        "lib.io.file_io",
        "tools.freeze_graph",
        "tools.inspect_checkpoint",
        "tools.strip_unused_lib",
        "training.checkpoint_management",
        "training.moving_averages",
        "training.saver",
    ],
)
def test_every_name_is_there(name: str) -> None:
    """All names of the table can be loaded."""
    module = importlib.import_module(f"metagraft.compat.python.{name}")
    for public in dir(module):
        assert getattr(module, public) is not None


def test_same_objects() -> None:
    """`ops.X` is `tf.X` where `tf` has it."""
    for name in ("Graph", "GraphKeys", "name_scope", "get_collection", "Tensor"):
        assert getattr(ops, name) is getattr(tf, name)


def test_collections_of_users_classes() -> None:
    """A class registered through `ops` goes through a MetaGraph."""

    class Limits:
        def __init__(self, least: int) -> None:
            self.least = least

    ops.register_proto_function(
        "limits_by_ops",
        proto_type=VersionDef,
        to_proto=lambda value, export_scope=None: VersionDef(producer=value.least),
        from_proto=lambda message, import_scope=None: Limits(message.producer),
    )
    with tf.Graph().as_default():
        tf.constant(1.0)
        tf.add_to_collection("limits_by_ops", Limits(7))
        exported = tf.train.export_meta_graph()
    with tf.Graph().as_default():
        tf.train.import_meta_graph(exported)
        (found,) = tf.get_collection("limits_by_ops")
        assert found.least == 7
    assert ops.get_collection_proto_type("limits_by_ops") is VersionDef


def test_versions() -> None:
    """The versions are those that exported files name."""
    with tf.Graph().as_default():
        tf.constant(1.0)
        exported = tf.train.export_meta_graph()
    assert exported.meta_info_def.tensorflow_version == tf.version.VERSION
    assert exported.graph_def.versions.producer == tf.version.GRAPH_DEF_VERSION
    assert tf.__version__ == tf.VERSION == tf.version.VERSION
    assert tf.__compiler_version__ == tf.COMPILER_VERSION
    assert isinstance(tf.version.COMPILER_VERSION, str)
    for limit in ("GRAPH_DEF_VERSION_MIN_CONSUMER", "GRAPH_DEF_VERSION_MIN_PRODUCER"):
        assert getattr(tf, limit) == getattr(tf.version, limit) == 0
    assert tf.GRAPH_DEF_VERSION == tf.version.GRAPH_DEF_VERSION


def test_saveable_objects_of_users_classes(tmp_path: Path) -> None:
    """A class derived from the builder's, as programs write it, is saved."""

    class Doubled(saver.BaseSaverBuilder.SaveableObject):
        """A variable of which the checkpoint has the double."""

        def __init__(self, variable: Any) -> None:
            spec = saver.BaseSaverBuilder.SaveSpec(2 * variable, "", "doubled")
            super().__init__(variable, [spec], "doubled")

        def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
            return self.op.assign(restored_tensors[0] / 2)

    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=3.0)
        session.run(v.initializer)
        made = saver.Saver([Doubled(v)])
        path = made.save(session, str(tmp_path / "m"))
        assert tf.train.load_variable(path, "doubled") == 6.0
        session.run(v.assign(0.0))
        made.restore(session, path)
        assert session.run(v) == 3.0
