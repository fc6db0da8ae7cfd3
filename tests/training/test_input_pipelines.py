"""Input pipelines of TensorFlow's MetaGraphs: they go back as they came, and run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from metagraft.meta_graph.files import read_meta_graph_file
from metagraft.proto import MetaGraphDef
from tests import same_meta_graph
from tests.golden.record import record_input_pipelines as recorder

pytestmark = pytest.mark.golden

AGES = ("new", "old")


@pytest.mark.parametrize("age", AGES)
def test_a_pipeline_goes_back_as_it_came(age: str) -> None:
    """MG-083: nodes and collections of queues, runners and tables are the same."""
    original = read_meta_graph_file(recorder.FOLDER / f"{age}.meta")
    with tf.Graph().as_default():
        tf.train.import_meta_graph(recorder.FOLDER / f"{age}.meta")
        exported = tf.train.export_meta_graph(saver_def=original.saver_def)
    for key in ("queue_runners", "table_initializer", "asset_filepaths", "summaries"):
        assert exported.collection_def[key] == original.collection_def[key]
    if age == "new":
        assert not same_meta_graph.differences(_plain(original), _plain(exported))


def _plain(meta_graph: MetaGraphDef) -> MetaGraphDef:
    """Leave out what an export says of itself."""
    copied = MetaGraphDef()
    copied.CopyFrom(meta_graph)
    copied.ClearField("meta_info_def")
    return copied


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("scope", [None, "outer"])
def test_a_pipeline_runs(
    age: str, scope: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MG-044, MG-224: runners fill the queues of an imported graph, also in a scope."""
    for name, content in recorder.FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with tf.Graph().as_default():
        tf.train.import_meta_graph(recorder.FOLDER / f"{age}.meta", import_scope=scope)
        found = recorder.run(tf)
    recorded = (recorder.FOLDER / f"{age}.json").read_text(encoding="utf-8")
    assert found == json.loads(recorded)


def test_our_own_pipeline_is_the_same() -> None:
    """Building it here gives the MetaGraph that TensorFlow gave."""
    with tf.Graph().as_default():
        exported = tf.train.export_meta_graph(saver_def=recorder.build(tf))
    original = read_meta_graph_file(recorder.FOLDER / "new.meta")
    assert not same_meta_graph.differences(_plain(original), _plain(exported))
