"""MetaGraphs and checkpoints go from one library to the other and back."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from metagraft import meta_graph
from tests import same_meta_graph
from tests.programs.meta_graphs import EXPORTS


@pytest.mark.parametrize("name", EXPORTS)
def test_same_meta_graph(name: str, tf: ModuleType, mg: ModuleType) -> None:
    """The same program exports the same MetaGraph."""
    exported = []
    for library in (tf, mg):
        with library.Graph().as_default():
            exported.append(same_meta_graph.parsed(EXPORTS[name](library)))
    differences = same_meta_graph.differences(*exported)
    assert not differences, f"{name}:\n{differences}"


@pytest.mark.parametrize("name", ["export_plain", "export_savers", "export_variables"])
def test_messages_of_the_other_library(
    name: str, tf: ModuleType, mg: ModuleType
) -> None:
    """Both import what the other exports, and export it again as it was."""
    again = []
    for source, target in ((tf, mg), (mg, tf)):
        with source.Graph().as_default():
            exported = EXPORTS[name](source)
        moved = target.MetaGraphDef.FromString(exported.SerializeToString())
        with target.Graph().as_default():
            target.train.import_meta_graph(moved, import_scope="scope")
            again.append(same_meta_graph.parsed(target.train.export_meta_graph()))
    differences = same_meta_graph.differences(*again)
    assert not differences, f"{name}:\n{differences}"


def test_part_with_nested_contexts(tf: ModuleType, mg: ModuleType) -> None:
    """MG-099: TensorFlow imports a loop with a branch in it from another scope."""
    with mg.Graph().as_default(), mg.name_scope("s"):
        x = mg.placeholder(mg.float32, [], name="x")

        def body(i: Any) -> Any:
            return mg.cond(x > 0.0, lambda: i * x, lambda: i + 1.0)

        mg.identity(mg.while_loop(lambda i: i < 9.0, body, [1.0]), name="y")
        exported = mg.train.export_meta_graph(export_scope="s")
    with tf.Graph().as_default() as graph, tf.Session() as session:
        moved = tf.MetaGraphDef.FromString(exported.SerializeToString())
        tf.train.import_meta_graph(moved, import_scope="t")
        y, x = (graph.get_tensor_by_name(name) for name in ("t/y:0", "t/x:0"))
        gradient = tf.gradients(y, x)[0]
        assert session.run([y, gradient], {x: 3.0}) == [9.0, 6.0]


def test_text_files(tmp_path: Path, tf: ModuleType, mg: ModuleType) -> None:
    """MG-108: both read the text that the other writes, and write the same text."""
    written = []
    for library in (tf, mg):
        path = tmp_path / library.__name__
        with library.Graph().as_default():
            EXPORTS["export_variables"](library)
            exported = library.train.export_meta_graph(str(path), as_text=True)
        written.append(path)
    theirs, ours = written
    with mg.Graph().as_default():
        mg.train.import_meta_graph(str(theirs))
        assert len(mg.global_variables()) == 6
    with tf.Graph().as_default():
        tf.train.import_meta_graph(str(ours))
        assert len(tf.global_variables()) == 6
    again = tf.MetaGraphDef.FromString(exported.SerializeToString())
    rewritten = tf.io.write_graph(again, str(tmp_path), "again")
    assert Path(rewritten).read_bytes() == ours.read_bytes()


def test_their_message_as_argument(tf: ModuleType, mg: ModuleType) -> None:
    """A message object of TensorFlow's is taken as it is."""
    with tf.Graph().as_default():
        exported = EXPORTS["export_savers"](tf)
    with mg.Graph().as_default():
        saver = mg.train.import_meta_graph(exported)
        assert saver.as_saver_def().max_to_keep == 3
        mg.train.export_meta_graph(
            meta_info_def=exported.meta_info_def, saver_def=exported.saver_def
        )
        before = sum(len(node.attr) for node in exported.graph_def.node)
        meta_graph.strip_graph_default_valued_attrs(exported)
        assert exported.meta_info_def.stripped_default_attrs
        assert sum(len(node.attr) for node in exported.graph_def.node) < before
        mg.add_to_collection("texts", "mine")
        meta_graph.add_collection_def(exported, "texts")
        assert list(exported.collection_def["texts"].bytes_list.value) == [b"mine"]
        assert isinstance(exported, tf.MetaGraphDef)


def _model(tf: ModuleType) -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(3, 2))
    b = tf.get_variable("b", initializer=[1.0, 2.0], use_resource=True)
    tf.Variable(["a", "bc"], name="s")
    tf.get_variable(
        "p",
        shape=[5, 2],
        initializer=tf.ones_initializer(),
        partitioner=lambda shape, dtype: [2, 1],
    )
    tf.Variable(5, name="n", trainable=False)
    tf.add_to_collection("y", tf.add(tf.matmul(x, w), b, name="y"))


def _result(sess: Any, scope: str = "") -> Any:
    feeds = {f"{scope}x:0": np.ones((1, 3), np.float32)}
    fetches = [f"{scope}{name}:0" for name in ("y", "n", "s", "p/part_1")]
    return [np.asarray(value).tolist() for value in sess.run(fetches, feeds)]


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("first_is_ours", [False, True])
def test_checkpoints(
    tmp_path: Path, sharded: bool, first_is_ours: bool, tf: ModuleType, mg: ModuleType
) -> None:
    """Saved by one, restored and saved again by the other, restored by the first."""
    first, second = (mg, tf) if first_is_ours else (tf, mg)
    path = str(tmp_path / "model")
    with first.Graph().as_default(), first.Session() as sess:
        _model(first)
        sess.run(first.global_variables_initializer())
        expected = _result(sess)
        saved = first.train.Saver(sharded=sharded).save(sess, path, global_step=7)
    with second.Graph().as_default(), second.Session() as sess:
        saver = second.train.import_meta_graph(f"{saved}.meta")
        saver.restore(sess, saved)
        assert _result(sess) == expected
        assert len(second.global_variables()) == 6
        again = saver.save(sess, path, global_step=8)
    assert first.train.latest_checkpoint(str(tmp_path)) == again
    assert first.train.list_variables(again) == second.train.list_variables(saved)
    with first.Graph().as_default(), first.Session() as sess:
        saver = first.train.import_meta_graph(f"{again}.meta", import_scope="in")
        saver.restore(sess, again)
        assert _result(sess, "in/") == expected
