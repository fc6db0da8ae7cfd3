from __future__ import annotations

import gc
import shutil
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.formats.events import EventReader

GOLDEN = Path(__file__).parents[1] / "golden" / "records" / "graph.tfevents"


def _events(folder: Path) -> list[Any]:
    return [
        event
        for path in sorted(folder.iterdir())
        for event in tf.train.summary_iterator(str(path))
    ]


def _summary(tag: str, display_name: str = "") -> Any:
    value = tf.Summary.Value(tag=tag, simple_value=0.5)
    if display_name:
        value.metadata.display_name = display_name
    return tf.Summary(value=[value])


def _steps(folder: Path) -> list[int]:
    return [event.step for event in _events(folder) if not event.file_version]


@pytest.mark.golden
def test_the_file_equals_that_of_tensorflow(tmp_path: Path) -> None:
    """The calls of the recorder make the same events, but for times and producers."""
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="c")
        writer = tf.summary.FileWriter(str(tmp_path), graph=graph)
    summary = tf.Summary()
    summary.value.add(tag="loss", simple_value=0.5)
    summary.value.add(tag="words", simple_value=2.0).metadata.display_name = "Words"
    for step in (3, 4):
        writer.add_summary(summary, step)
    writer.add_session_log(tf.summary.SessionLog(status="START"), 5)
    writer.add_run_metadata(tf.RunMetadata(), "tag", 6)
    writer.add_event(tf.Event(step=7))
    writer.close()
    found = [_comparable(event) for event in _events(tmp_path)]
    assert found == [_comparable(event) for event in EventReader(GOLDEN)]
    assert summary.value[1].metadata.display_name == "Words"  # as it was


def _comparable(event: Any) -> Any:
    """Return an event without time, and its messages decoded."""
    event.wall_time = 0.0
    graph = tf.GraphDef.FromString(event.graph_def)
    meta_graph = tf.MetaGraphDef.FromString(event.meta_graph_def)
    meta_graph.meta_info_def.ClearField("tensorflow_git_version")
    kind = event.WhichOneof("what")
    if kind in ("graph_def", "meta_graph_def"):
        event.ClearField(kind)
    return kind, event, graph, meta_graph


def test_metadata_are_written_once(tmp_path: Path) -> None:
    """A tag's metadata come with its first value, given as message or bytes."""
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_summary(_summary("a", "A").SerializeToString(), 1)
        writer.add_summary(_summary("a", "A"), 2)
    values = [event.summary.value[0] for event in _events(tmp_path)[1:]]
    assert [value.metadata.display_name for value in values] == ["A", ""]


def test_flushed_events_are_seen(tmp_path: Path) -> None:
    """The first event at once, others after `flush`."""
    folder = tmp_path / "a" / "b"
    writer = tf.summary.FileWriter(folder, filename_suffix=".suffix", max_queue=1)
    assert writer.get_logdir() == str(folder)
    for step in range(5):
        writer.add_summary(_summary("a"), step)
    writer.flush()
    assert _steps(folder) == [0, 1, 2, 3, 4]
    (path,) = folder.iterdir()
    assert path.name.endswith(".suffix")
    writer.close()


def test_a_closed_writer_warns_and_can_be_reopened(tmp_path: Path) -> None:
    """What comes between is dropped; nothing written is lost."""
    writer = tf.summary.FileWriter(str(tmp_path))
    writer.add_summary(_summary("a"), 1)
    writer.close()
    writer.close()
    with pytest.warns(UserWarning, match="Attempting to use a closed FileWriter"):
        writer.add_summary(_summary("a"), 2)
    with pytest.warns(UserWarning, match="Attempting to use a closed FileWriter"):
        writer.flush()
    writer.reopen()
    writer.add_summary(_summary("a"), 3)
    writer.close()
    assert _steps(tmp_path) == [1, 3]


def test_a_forgotten_writer_is_completed(tmp_path: Path) -> None:
    """Its events are in the file when it is collected."""
    writer = tf.summary.FileWriter(str(tmp_path), flush_secs=1000)
    for step in range(3):
        writer.add_summary(_summary("a"), step)
    del writer
    gc.collect()
    assert _steps(tmp_path) == [0, 1, 2]


def test_failures_of_the_thread_are_raised(tmp_path: Path) -> None:
    """An event that cannot be written is told by the next call."""
    folder = tmp_path / "folder"
    writer = tf.summary.FileWriter(str(folder))
    shutil.rmtree(folder)
    writer.add_summary(_summary("a"), 1)
    with pytest.raises(tf.errors.NotFoundError, match="No such file"):
        writer.flush()
    folder.mkdir()
    writer.add_summary(_summary("a"), 2)
    writer.close()
    assert _steps(folder) == [2]


def test_graphs_may_be_given_in_several_ways(tmp_path: Path) -> None:
    """A graph, or its message, is written as a graph and as a MetaGraph."""
    with tf.Graph().as_default() as graph:
        tf.add_to_collection("words", tf.constant(1.0, name="c").name)
        graph_def = graph.as_graph_def()
        for number, arguments in enumerate(
            [{"graph": graph}, {"graph_def": graph_def}, {"graph": graph_def}]
        ):
            folder = tmp_path / str(number)
            tf.summary.FileWriter(str(folder), **arguments).close()
            _, first, second = _events(folder)
            assert tf.GraphDef.FromString(first.graph_def).node[0].name == "c"
            meta_graph = tf.MetaGraphDef.FromString(second.meta_graph_def)
            assert meta_graph.graph_def.node[0].name == "c"
            assert "words" in meta_graph.collection_def


def test_mistakes_are_told(tmp_path: Path) -> None:
    """Wrong arguments raise TensorFlow's errors."""
    graph = tf.Graph()
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        with pytest.raises(ValueError, match="Please pass only graph, or graph_def"):
            writer.add_graph(graph, graph_def=graph.as_graph_def())
        with pytest.raises(TypeError, match="must be an instance of `Graph`"):
            writer.add_graph("graph")
        with pytest.raises(TypeError, match="meta_graph_def must be type MetaGraphDef"):
            writer.add_meta_graph("graph")
        with pytest.raises(TypeError, match="expected a Event message"):
            writer.add_event("event")
        writer.add_run_metadata(tf.RunMetadata(), "tag")
        with pytest.raises(ValueError, match="tag was already used"):
            writer.add_run_metadata(tf.RunMetadata(), "tag")


def test_writers_are_shared_by_folder(tmp_path: Path) -> None:
    """The cache makes one writer a folder, which writes the default graph."""
    cache = tf.summary.FileWriterCache
    with tf.Graph().as_default():
        writer = cache.get(str(tmp_path))
        assert cache.get(str(tmp_path)) is writer
    cache.clear()
    assert [event.WhichOneof("what") for event in _events(tmp_path)] == [
        "file_version",
        "graph_def",
        "meta_graph_def",
    ]
