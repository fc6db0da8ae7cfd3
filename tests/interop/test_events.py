"""Files of records and of events go from one library to the other."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_tensorflow_reads_our_records(
    tmp_path: Path, compression: str, tf: ModuleType, mg: ModuleType
) -> None:
    """Plain and compressed, and back."""
    records = [b"", b"a", b"hello" * 1000]
    for number, (writer, reader) in enumerate([(mg, tf), (tf, mg)]):
        path = str(tmp_path / str(number))
        with writer.io.TFRecordWriter(path, compression) as file:
            for record in records:
                file.write(record)
        assert list(reader.io.tf_record_iterator(path, compression)) == records


def test_tensorflow_reads_our_events(
    tmp_path: Path, tf: ModuleType, mg: ModuleType
) -> None:
    """Graph, MetaGraph and summaries come out as they went in."""
    with mg.Graph().as_default() as graph, mg.Session() as session:
        made = session.run(mg.summary.scalar("loss", 0.5))
        with mg.summary.FileWriter(str(tmp_path), graph) as writer:
            writer.add_summary(made, 3)
            writer.add_summary(tf.Summary.FromString(made), 4)
    (path,) = tmp_path.iterdir()
    first, graph_event, meta_graph, *summaries = tf.train.summary_iterator(str(path))
    assert first.file_version == "brain.Event:2"
    assert tf.GraphDef.FromString(graph_event.graph_def).node[-1].name == "loss"
    nodes = tf.MetaGraphDef.FromString(meta_graph.meta_graph_def).graph_def.node
    assert nodes[-1].op == "ScalarSummary"
    assert [event.summary.value[0].simple_value for event in summaries] == [0.5, 0.5]
    assert [event.step for event in summaries] == [3, 4]
