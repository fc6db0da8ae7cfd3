"""Writers of event files, by ops, write what TensorFlow's write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from tests.programs import summary_writers

GOLDEN = Path(__file__).parents[1] / "golden" / "summary_writers" / "outcomes.json"
RECORDED: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.golden
@pytest.mark.parametrize("name", summary_writers.CASES)
def test_events_equal_those_of_tensorflow(name: str) -> None:
    """The same events in as many files; for a mistake the same error."""
    found, recorded = summary_writers.outcome(tf, name), RECORDED["outcomes"][name]
    assert found.get("error", [""])[0] == recorded.get("error", [""])[0]
    if name != "closed_twice":  # TensorFlow's words are of its implementation
        assert found.get("error") == recorded.get("error")
    assert found["files"] == recorded["files"]
    assert _decoded(found["events"]) == _decoded(recorded["events"])


def _decoded(events: list[Any]) -> list[Any]:
    """Return events, images without bytes, which depend on the zlib of a build."""
    found = []
    for step, kind, content in events:
        event = tf.Event.FromString(bytes.fromhex(content))
        for value in event.summary.value:
            if value.HasField("image"):
                value.image.encoded_image_string = b""
        found.append((step, kind, str(event)))
    return found


@pytest.mark.golden
@pytest.mark.parametrize("suffix", [None, ".s"])
def test_nodes_equal_those_of_tensorflow(suffix: str | None) -> None:
    """A `FileWriter` of a session adds the same nodes to its graph."""
    found = summary_writers.nodes(tf, suffix)
    assert found == RECORDED["nodes"][0 if suffix is None else 1]


def _steps() -> list[list[int]]:
    return [
        [event.step for event in tf.train.summary_iterator(path)][1:]
        for path in sorted(Path("logs").iterdir(), key=lambda p: p.stat().st_mtime_ns)
    ]


def test_writer_of_a_session() -> None:
    """Events are written by runs, seen when flushed, and go on in another file."""
    with tf.Graph().as_default(), tf.Session() as session:
        writer = tf.summary.FileWriter("logs", session=session)
        shared = tf.summary.FileWriter("logs", session=session)
        writer.add_summary(tf.Summary(), 3)
        shared.add_summary(tf.Summary(), 4)
        assert _steps() == [[]]
        writer.flush()
        assert _steps() == [[3, 4]]
        assert writer.get_logdir() == "logs"
        writer.close()
        with pytest.warns(UserWarning, match="closed FileWriter"):
            writer.add_summary(tf.Summary(), 5)
        with (
            pytest.warns(UserWarning, match="closed FileWriter"),
            pytest.raises(tf.errors.NotFoundError, match="logdir:logs does not exist"),
        ):
            writer.flush()
        writer.reopen()
        writer.add_summary(tf.Summary(), 6)
        writer.close()
    assert sorted(_steps()) == [[3, 4], [6]]


def test_queue_is_bounded() -> None:
    """More events than may wait are written without being asked for."""
    with tf.Graph().as_default(), tf.Session() as session:
        writer = tf.summary.FileWriter("logs", session=session, max_queue=1)
        for step in (1, 2, 3):
            writer.add_summary(tf.Summary(), step)
        assert _steps() == [[1, 2]]
        writer.close()
    assert _steps() == [[1, 2, 3]]


def test_operands_that_end_tensorflow() -> None:
    """What must be a scalar and is none is refused."""
    with tf.Graph().as_default(), tf.Session() as session:
        handle = tf.raw_ops.SummaryWriter(shared_name="w", container="")
        write = tf.raw_ops.WriteScalarSummary(
            writer=handle, step=[1, 2], tag="t", value=1.0
        )
        with pytest.raises(tf.errors.InvalidArgumentError, match="step must be a sc"):
            session.run(write)
