from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from tests.programs import summaries

GOLDEN = Path(__file__).parents[1] / "golden" / "summaries" / "outcomes.json"
OUTCOMES: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.golden
@pytest.mark.parametrize("name", summaries.CASES)
def test_summaries_equal_those_of_tensorflow(name: str) -> None:
    """The same bytes, names and collections; for a mistake the same error."""
    found = summaries.outcome(tf, name)
    if name.startswith("image") and "summary" in found:
        # Other builds of the compression library give other bytes.
        assert _inflated(found) == _inflated(OUTCOMES[name])
        return
    if "summary" in found and "summary" in OUTCOMES[name]:
        # Shown decoded where they differ.
        assert _decoded(found) == _decoded(OUTCOMES[name])
    assert found == OUTCOMES[name]


def _inflated(outcome: dict[str, Any]) -> tuple[list[Any], Any]:
    """Return the images uncompressed, and everything else."""
    summary = tf.Summary.FromString(bytes.fromhex(outcome["summary"]))
    images = []
    for value in summary.value:
        coded, value.image.encoded_image_string = value.image.encoded_image_string, b""
        position, data = 8, b""
        kinds = []
        while position < len(coded):
            size = int.from_bytes(coded[position : position + 4], "big")
            kind, content = coded[position + 4 : position + 8], coded[position + 8 :]
            kinds.append(kind)
            if kind == b"IDAT":
                data += content[:size]
            checked = coded[position + 4 : position + 8 + size]
            checksum = int.from_bytes(content[size : size + 4], "big")
            assert zlib.crc32(checked) == checksum
            position += 12 + size
        images.append([coded[:33], set(kinds), zlib.decompress(data)])
    return images, {**outcome, "summary": str(summary)}


def _decoded(outcome: dict[str, Any]) -> str:
    return str(tf.Summary.FromString(bytes.fromhex(outcome["summary"])))


def test_the_largest_number_is_counted() -> None:
    """It belongs to the last bucket."""
    largest = 1.7976931348623157e308
    with tf.Graph().as_default(), tf.Session() as session:
        values = tf.constant([largest], tf.float64)
        made = session.run(tf.summary.histogram("h", values))
    histogram = tf.Summary.FromString(made).value[0].histo
    assert list(histogram.bucket) == [0.0, 1.0]
    assert histogram.bucket_limit[-1] == largest


def test_summaries_of_a_training_step(tmp_path: Path) -> None:
    """Merged summaries run beside the step, and the writer keeps them."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        weight = tf.get_variable("w", [], initializer=tf.constant_initializer(2.0))
        loss = weight * weight
        tf.summary.scalar("loss", loss)
        tf.summary.histogram("weight", weight)
        merged = tf.summary.merge_all()
        step = tf.train.GradientDescentOptimizer(0.25).minimize(loss)
        session.run(tf.global_variables_initializer())
        with tf.summary.FileWriter(str(tmp_path), graph) as writer:
            for number in range(3):
                made, _ = session.run([merged, step])
                writer.add_summary(made, number)
    (path,) = tmp_path.iterdir()
    events = list(tf.train.summary_iterator(str(path)))
    losses = {
        event.step: value.simple_value
        for event in events
        for value in event.summary.value
        if value.tag == "loss"
    }
    assert losses == {0: 4.0, 1: 1.0, 2: 0.25}


def test_descriptions_are_of_nodes_of_one_type() -> None:
    """They are read from TensorSummary and refused elsewhere."""
    node = tf.NodeDef(op="TensorSummary")
    node.attr["description"].s = b"{}"
    assert tf.summary.get_summary_description(node) == tf.summary.SummaryDescription()
    with pytest.raises(ValueError, match="Can't get_summary_description on Mul"):
        tf.summary.get_summary_description(tf.NodeDef(op="Mul"))
