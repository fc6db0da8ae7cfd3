"""Statistics of steps as traces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from metagraft.compat.python.client.timeline import Timeline
from tests.programs.step_stats import fill

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "timelines"


@pytest.mark.golden
@pytest.mark.parametrize("name", ["with_flow", "without_flow"])
def test_traces(name: str) -> None:
    """Every event of TensorFlow's, in its order."""
    made = Timeline(fill(tf.RunMetadata().step_stats))
    found = made.generate_chrome_trace_format(show_dataflow=name == "with_flow")
    expected = (GOLDEN / f"{name}.json").read_text("utf-8")
    assert json.loads(found) == json.loads(expected)


def test_a_run_can_be_traced() -> None:
    """What a session writes about a run is a trace of one entry."""
    with tf.Graph().as_default(), tf.Session() as session:
        told = tf.RunMetadata()
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        session.run(tf.constant(1.0) + 1.0, options=options, run_metadata=told)
    events = json.loads(Timeline(told.step_stats).generate_chrome_trace_format())
    (entry,) = [e for e in events["traceEvents"] if e["ph"] == "X"]
    assert entry["name"] == "Run"
    assert entry["dur"] > 0


def test_what_is_not_shown() -> None:
    """Memory is not known, nor the time of a GPU."""
    made = Timeline(tf.RunMetadata().step_stats)
    with pytest.raises(tf.errors.UnimplementedError, match="shows no memory"):
        made.generate_chrome_trace_format(show_memory=True)
