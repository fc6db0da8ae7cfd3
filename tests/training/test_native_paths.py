"""Each native function that takes a model or a checkpoint takes any path of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf

# What comes after the folder that the checkpoint `model-10` is in.
FORMS = (
    "/model-10",
    "/model-10.meta",
    "/model-10.index",
    "/model-10.data-00000-of-00001",
    "",
    "/",
)
FORMS_OF_SHARDS = (
    "/old",
    "/old.meta",
    "/old-00000-of-00001",
    "/old-?????-of-00001",
    "",
)
NO_PATHS = {
    "Graph",
    "Operation",
    "Session",
    "Tensor",
    "array_namespace",
    "errors",
    "export_meta_graph",  # writes
    "newest_complete_checkpoint",  # asks for a folder, whatever is in it
    "repair_frozen_graph",  # changes a message
    "unregister_op",
}


def _restored(path: str, _: Path) -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.get_variable("v", [2])
        report = metagraft.restore(sess, path)
        assert sess.run(v).tolist() == [3, 4]
        assert dict(report.restored) == {"v": "v"}


def _imported(path: str, _: Path) -> None:
    with tf.Graph().as_default():
        assert list(metagraft.import_meta_graph(path).variables) == ["v"]


def _compared(path: str, folder: Path) -> None:
    graph = tf.Graph()
    metagraft.import_meta_graph(folder, graph=graph)
    assert not metagraft.diff(path, folder)
    assert not metagraft.diff(folder, path)
    assert not metagraft.diff(graph.as_graph_def(), path)
    other = metagraft.diff(tf.GraphDef(), path)
    assert "v" in other.nodes.added


def _checked(path: str, _: Path) -> None:
    report = metagraft.check(path)
    assert report.kind == "MetaGraph"
    assert "VariableV2" in report.graphs[0].op_types


def _converted(path: str, folder: Path) -> None:
    metagraft.convert_checkpoint(path, folder.parent / "new" / "converted")
    _is_v(folder.parent / "new" / "converted")


def _exported(path: str, folder: Path) -> None:
    metagraft.export_weights(path, folder.parent / "new" / "v.npz")
    with np.load(folder.parent / "new" / "v.npz") as arrays:
        assert {name: arrays[name].tolist() for name in arrays} == {"v": [3, 4]}


def _as_weights(path: str, folder: Path) -> None:
    metagraft.import_weights(path, folder.parent / "new" / "imported")
    _is_v(folder.parent / "new" / "imported")


def _salvaged(path: str, folder: Path) -> None:
    report = metagraft.salvage(path, folder.parent / "new" / "salvaged")
    assert report.kept == ("v",)
    _is_v(folder.parent / "new" / "salvaged")


def _verified(path: str, _: Path) -> None:
    report = metagraft.verify(path)
    assert report.ok
    assert report.intact == ("v",)


def _recovered(path: str, folder: Path) -> None:
    (folder / "graph.pbtxt").write_text(
        'node { name: "v" op: "VariableV2" attr { key: "dtype" value { type: DT_FLOAT '
        '} } attr { key: "shape" value { shape { dim { size: 2 } } } } }'
    )
    message = metagraft.recover_meta_graph(path)
    assert [node.name for node in message.graph_def.node] == ["v"]


def _registered(path: str, folder: Path) -> None:
    for meta in folder.glob("*.meta"):
        message = tf.MetaGraphDef.FromString(meta.read_bytes())
        message.graph_def.node.add(name="z", op="Zebra", input=["v"])
        meta.write_bytes(message.SerializeToString())
    with metagraft.register_op("Zebra", derived_from=path) as registration:
        (name,) = (arg.name for arg in registration.op_def.input_arg)
        assert name == "input_0"


TAKERS: Mapping[str, Callable[[str, Path], None]] = {
    "check": _checked,
    "convert_checkpoint": _converted,
    "diff": _compared,
    "export_weights": _exported,
    "import_meta_graph": _imported,
    "import_weights": _as_weights,
    "recover_meta_graph": _recovered,
    "register_op": _registered,
    "restore": _restored,
    "salvage": _salvaged,
    "verify": _verified,
}


def _is_v(prefix: Path) -> None:
    assert tf.train.load_variable(str(prefix), "v").tolist() == [3, 4]


def _saved(prefix: Path, version: int) -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.get_variable("v", initializer=tf.constant([3.0, 4.0]))
        sess.run(v.initializer)
        saver = tf.train.Saver(write_version=version, sharded=version == 1)
        step = None if version == 1 else 10
        saver.save(sess, str(prefix), step)


def test_every_name_is_here() -> None:
    """A new name takes paths, and is tested here, or takes none."""
    assert {*TAKERS, *NO_PATHS, "__version__"} == set(metagraft.__all__)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", TAKERS)
def test_forms(name: str, form: str, tmp_path: Path) -> None:
    """The prefix, each file, and the folder mean the same; writers make folders."""
    folder = tmp_path / "train"
    _saved(folder / "model", tf.train.SaverDef.V2)
    TAKERS[name](f"{folder}{form}", folder)


@pytest.mark.parametrize("form", FORMS_OF_SHARDS)
@pytest.mark.parametrize("name", TAKERS)
def test_forms_of_shards(name: str, form: str, tmp_path: Path) -> None:
    """The same of a checkpoint of version 1 in shards."""
    folder = tmp_path / "train"
    folder.mkdir()
    _saved(folder / "old", tf.train.SaverDef.V1)
    TAKERS[name](f"{folder}{form}", folder)


def test_single_file(tmp_path: Path) -> None:
    """A file of version 1 stands for the `.meta` file beside it."""
    _saved(tmp_path / "train" / "model", tf.train.SaverDef.V2)
    metagraft.convert_checkpoint(tmp_path / "train", tmp_path / "one.ckpt", version=1)
    (tmp_path / "train" / "model-10.meta").rename(tmp_path / "one.ckpt.meta")
    for name in ("one.ckpt", "one.ckpt.meta"):
        path = str(tmp_path / name)
        assert not metagraft.diff(path, f"{tmp_path}/one.ckpt.meta")
        assert metagraft.check(path).kind == "MetaGraph"
        _imported(path, tmp_path)
        _restored(path, tmp_path)
