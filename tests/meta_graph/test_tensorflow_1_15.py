"""Files that TensorFlow 1.15 wrote: opened, run, trained on and written back."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.meta_graph.files import read_meta_graph_file
from metagraft.proto import DataType, MetaGraphDef
from tests import same_meta_graph

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "tensorflow_1_15"
MODELS = ["convnet", "loops", "contrib"]
# Shapes that this release infers otherwise, or better.
CHANGED = {"_output_shapes"}


def recorded(model: str) -> tuple[dict[str, Any], list[str], list[list[Any]]]:
    """Return what was fed, what was fetched, and the values after each step."""
    values = json.loads((GOLDEN / model / "values.json").read_text(encoding="utf-8"))
    feeds = {name: np.asarray(value) for name, value in values["feeds"].items()}
    return feeds, values["fetches"], values["values"]


@pytest.mark.golden
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("options", [{}, {"import_scope": "s", "clear_devices": True}])
def test_same_values(model: str, options: dict[str, Any]) -> None:
    """MG-130, MG-136, MG-163, MG-176: restored, run and trained, also in a scope."""
    feeds, fetches, expected = recorded(model)
    inside = "s/" if options else ""
    feeds = {inside + name: value for name, value in feeds.items()}
    fetches = [inside + name for name in fetches]
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        saver = tf.train.import_meta_graph(
            str(GOLDEN / model / "model.meta"), **options
        )
        saver.restore(sess, str(GOLDEN / model / "model"))
        for step, wanted in enumerate(expected):
            if step:
                sess.run(graph.get_collection("train_op"), feeds)
            for found, value in zip(sess.run(fetches, feeds), wanted, strict=True):
                np.testing.assert_allclose(found, value, rtol=2e-5, atol=1e-6)


@pytest.mark.golden
@pytest.mark.parametrize("model", MODELS)
def test_nodes_are_written_back(model: str) -> None:
    """MG-144: as they were, but for attributes that later releases added."""
    meta = read_meta_graph_file(str(GOLDEN / model / "model.meta"))
    with tf.Graph().as_default():
        tf.train.import_meta_graph(meta)
        again = tf.train.export_meta_graph(saver_def=meta.saver_def)
    assert again.saver_def == meta.saver_def
    assert again.graph_def.versions.producer == meta.graph_def.versions.producer == 134
    assert set(meta.collection_def) == set(again.collection_def)
    nodes = {node.name: node for node in again.graph_def.node}
    assert len(nodes) == len(meta.graph_def.node)
    for old in meta.graph_def.node:
        new = nodes[old.name]
        assert sorted(new.input) == sorted(old.input)
        kept = {key: new.attr[key] for key in old.attr if key not in CHANGED}
        assert kept == {key: old.attr[key] for key in kept}


@pytest.mark.golden
@pytest.mark.parametrize("scope", ["", "s"])
def test_same_as_a_current_tensorflow(scope: str) -> None:
    """MG-130, MG-139, MG-144, MG-163, MG-175: exported again, message for message."""
    name = f"loops_in_{scope}.pb.gz" if scope else "loops.pb.gz"
    content = gzip.decompress((GOLDEN.parent / "old_imports" / name).read_bytes())
    with tf.Graph().as_default():
        path = str(GOLDEN / "loops" / "model.meta")
        saver = tf.train.import_meta_graph(path, import_scope=scope or None)
        found = tf.train.export_meta_graph(saver_def=saver.as_saver_def())
    expected = MetaGraphDef.FromString(content)
    assert same_meta_graph.differences(expected, found) == ""


@pytest.mark.golden
def test_gradients_of_loops() -> None:
    """MG-222: a new gradient is the one that the file has."""
    feeds, _, _ = recorded("loops")
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        saver = tf.train.import_meta_graph(str(GOLDEN / "loops" / "model.meta"))
        saver.restore(sess, str(GOLDEN / "loops" / "model"))
        loss, stored = map(graph.get_tensor_by_name, ("add:0", "gradient:0"))
        (new,) = tf.gradients(loss, tf.trainable_variables()[0])
        # Not in one run: both sum their parts in the same tensor arrays.
        np.testing.assert_allclose(
            sess.run(new, feeds), sess.run(stored, feeds), rtol=1e-5
        )


@pytest.mark.golden
def test_gradients_of_loops_without_contexts() -> None:
    """MG-222: the same of the nodes alone, with the recorded value."""
    feeds, _, expected = recorded("loops")
    meta = read_meta_graph_file(str(GOLDEN / "loops" / "model.meta"))
    meta.ClearField("collection_def")
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        saver = tf.train.import_meta_graph(meta)
        saver.restore(sess, str(GOLDEN / "loops" / "model"))
        loss, w = map(graph.get_tensor_by_name, ("add:0", "w/read:0"))
        found = sess.run(tf.gradients(loss, w)[0], feeds)
    np.testing.assert_allclose(found, expected[0][1], rtol=1e-5)


def test_ops_of_contrib_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    """MG-142: told all at once, with places and module; the rest of the file runs."""
    feeds, fetches, _ = recorded("contrib")
    meta = read_meta_graph_file(str(GOLDEN / "contrib" / "model.meta"))
    nodes = meta.graph_def.node
    (image,) = (node.input[0] for node in nodes if node.op == "BipartiteMatch")
    for name in ("one", "two"):
        node = nodes.add(name=name, op="SingleImageRandomDotStereograms", input=[image])
        node.attr["T"].type = DataType.DT_FLOAT
    with tf.Graph().as_default(), tf.Session() as sess:
        with caplog.at_level(logging.WARNING):
            saver = tf.train.import_meta_graph(meta)
        assert "1 op type is not registered" in caplog.text
        assert "SingleImageRandomDotStereograms (2 nodes: 'one" in caplog.text
        saver.restore(sess, str(GOLDEN / "contrib" / "model"))
        assert sess.run(fetches, feeds) == [18.0]
        with pytest.raises(errors.UnimplementedError) as caught:
            sess.run(["one:0", "two:0", "matched:0"], feeds)
    text = str(caught.value)
    wanted = "1 op type has no kernel: SingleImageRandomDotStereograms (from tf.contrib"
    assert wanted in text
    assert "tf.contrib.image; 2 nodes, first" in text
