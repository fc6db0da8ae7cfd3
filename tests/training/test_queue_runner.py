"""Queue runners: from TensorFlow's files, back into them, and their threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.meta_graph.files import read_meta_graph_file
from metagraft.training.queue_runner import QueueRunner

GOLDEN = Path(__file__).parent.parent / "golden" / "input_queues"


@pytest.fixture(autouse=True)
def _own_graph() -> Iterator[None]:
    with tf.Graph().as_default():
        yield


def test_a_graph_with_queues_runs_with_fed_batches() -> None:
    """MG-224: runners are data; what comes after the dequeue runs without them."""
    saver = tf.train.import_meta_graph(GOLDEN / "model.meta")
    with np.load(GOLDEN / "values.npz") as values, tf.Session() as sess:
        saver.restore(sess, GOLDEN / "model")
        out = sess.run("out:0", {"input/batch:0": values["rows"]})
        np.testing.assert_allclose(out, values["out"], rtol=1e-6)
    runners = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
    assert [runner.name for runner in runners] == [
        "input/input_producer",
        "input/batch/random_shuffle_queue",
    ]
    assert runners[0].queue.type == "FIFOQueueV2"


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("model.meta", {}),
        ("input.meta", {"export_scope": "outer"}),
    ],
)
def test_runners_go_back_as_they_came(path: str, options: dict[str, str]) -> None:
    """MG-083, MG-044: the same messages, without the scope."""
    tf.train.import_meta_graph(GOLDEN / path, import_scope=options.get("export_scope"))
    original = read_meta_graph_file(GOLDEN / path)
    exported = tf.train.export_meta_graph(**options)
    assert (
        exported.collection_def["queue_runners"]
        == original.collection_def["queue_runners"]
    )


def test_runners_outside_the_scope_are_left_out() -> None:
    """MG-096: as variables outside the scope."""
    tf.train.import_meta_graph(GOLDEN / "model.meta")
    exported = tf.train.export_meta_graph(export_scope="kernel")
    assert "queue_runners" not in exported.collection_def


class _Operation:
    def __init__(self, name: str) -> None:
        self.name = name


class _Session:
    """Runs an operation a few times before its queue is closed."""

    def __init__(self, error: Exception) -> None:
        self.graph = tf.get_default_graph()
        self.ran: list[str] = []
        self._error = error

    def run(self, op: _Operation) -> None:
        self.ran.append(op.name)
        if op.name == "enqueue" and self.ran.count("enqueue") > 3:
            raise self._error

    def make_callable(self, op: _Operation) -> Any:
        return lambda: self.run(op)


def _runner() -> QueueRunner:
    close, cancel = _Operation("close"), _Operation("cancel")
    queue: Any = _Operation("queue")
    return QueueRunner(queue, [_Operation("enqueue")], close, cancel)


def test_threads_close_the_queue_at_the_end_of_its_input() -> None:
    """The last thread to end closes the queue."""
    sess = _Session(errors.OutOfRangeError(None, None, "end"))
    runner = _runner()
    tf.train.add_queue_runner(runner)
    (thread,) = tf.train.start_queue_runners(sess)
    thread.join(10)
    assert sess.ran == [*["enqueue"] * 4, "close"]
    assert runner.exceptions_raised == []


class _Coordinator:
    """Remembers what threads tell it."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.errors: list[Exception] = []
        self._stopped = threading.Event()

    def register_thread(self, thread: threading.Thread) -> None:
        self.threads.append(thread)

    def should_stop(self) -> bool:
        return self._stopped.is_set()

    def wait_for_stop(self) -> None:
        self._stopped.wait(10)

    def request_stop(self, error: Exception) -> None:
        self.errors.append(error)
        self._stopped.set()


def test_errors_stop_the_coordinator() -> None:
    """An error of another kind ends the coordinator's other threads too."""
    error = errors.InvalidArgumentError(None, None, "wrong")
    sess, coord = _Session(error), _Coordinator()
    runner = _runner()
    threads = runner.create_threads(sess, coord=coord, start=True)
    for thread in threads:
        thread.join(10)
    assert threads == coord.threads
    assert coord.errors == [error]
    assert sess.ran[-1] == "cancel"


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({}, ValueError, "Must provide queue and enqueue_ops"),
        (
            {"queue": _Operation("q"), "queue_runner_def": object()},
            ValueError,
            "mutually exclusive",
        ),
        ({"queue_runner_def": 3}, TypeError, "QueueRunnerDef"),
        (
            {
                "queue": _Operation("q"),
                "enqueue_ops": [_Operation("e")],
                "close_op": _Operation("c"),
                "cancel_op": _Operation("d"),
                "queue_closed_exception_types": [ValueError],
            },
            TypeError,
            "must be a tuple of tf.error types",
        ),
    ],
)
def test_refusals(
    arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    """Arguments that contradict each other."""
    with pytest.raises(error, match=match):
        tf.train.QueueRunner(**arguments)


def test_starting_without_runners_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A warning in TensorFlow's words."""
    with tf.Session() as session:
        assert tf.train.start_queue_runners(session) == []
    assert "called when no queue runners were defined" in caplog.text


def test_a_monitored_session_has_started_its_runners() -> None:
    """Nothing is started a second time."""
    queue = tf.FIFOQueue(3, tf.int32)
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [queue.enqueue(1)]))
    monitored = type("MonitoredSession", (), {})()
    assert tf.train.start_queue_runners(monitored) == []
