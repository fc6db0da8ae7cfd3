"""Runs that wait for each other: nothing is locked meanwhile, waits can be ended."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.kernels.waits import Waits


@pytest.fixture(autouse=True)
def _own_graph() -> Iterator[None]:
    with tf.Graph().as_default():
        yield


class _Background:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self.result = call()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.error = error

    def joined(self) -> _Background:
        self._thread.join(20)
        assert not self._thread.is_alive(), "it still waits"
        return self

    @property
    def waits(self) -> bool:
        return self._thread.is_alive()


def _until_waiting(count: int) -> None:
    """Wait until so many threads wait for something of a session."""
    deadline = time.monotonic() + 20
    while _waiting_threads() < count:
        assert time.monotonic() < deadline, "nothing began to wait"
        time.sleep(0.002)


def _waiting_threads() -> int:
    found = 0
    for top in sys._current_frames().values():
        frame: FrameType | None = top
        while frame is not None and frame.f_code is not Waits.wait.__code__:
            frame = frame.f_back
        found += frame is not None
    return found


def test_a_step_that_waits_locks_no_variable() -> None:
    """Another run updates the variable that the step will use, and gets it going."""
    queue = tf.FIFOQueue(3, tf.float32, [[]])
    v = tf.get_variable("v", initializer=1.0)
    update = v.assign_add(queue.dequeue())
    other = v.assign_add(10.0)
    with tf.Session() as session:
        session.run(v.initializer)
        step = _Background(lambda: session.run(update))
        _until_waiting(1)
        assert session.run(other) == 11.0
        assert step.waits
        session.run(queue.enqueue(5.0))
        assert step.joined().result == 16.0
        assert session.run(v) == 16.0


def test_no_update_of_many_threads_is_lost() -> None:
    """Several threads train at once, each on what it takes from one queue."""
    queue = tf.FIFOQueue(100, tf.float32, [[2]])
    w = tf.get_variable("w", initializer=[0.0, 0.0])
    step = tf.train.get_or_create_global_step()
    rate = 1.0 / (1.0 + tf.cast(step, tf.float32) * 0.0)
    loss = -tf.reduce_sum(w * queue.dequeue())
    train = tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step=step)
    rows = np.arange(80, dtype=np.float32).reshape(40, 2)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        threads = [
            _Background(lambda: [session.run(train) for _ in range(10)])
            for _ in range(4)
        ]
        session.run(queue.enqueue_many(rows))
        for thread in threads:
            assert thread.joined().error is None
        assert session.run(step) == 40
        np.testing.assert_array_equal(session.run(w), rows.sum(axis=0))


@pytest.mark.parametrize("waiting", ["dequeue", "enqueue", "close", "read", "take"])
def test_closing_the_session_ends_waits(waiting: str) -> None:
    """With `CancelledError`, whatever is waited for."""
    queue = tf.FIFOQueue(1, tf.string, [[]])
    put = queue.enqueue("a")
    gradients = tf.ConditionalAccumulator(tf.float32)
    fetches = {
        "dequeue": queue.dequeue(),
        "enqueue": put,
        "close": queue.close(),
        "read": tf.WholeFileReader().read(queue).value,
        "take": gradients.take_grad(1),
    }
    session = tf.Session()
    runs = []
    if waiting in ("enqueue", "close"):
        session.run(put)
        runs.append(_Background(lambda: session.run(put)))
        _until_waiting(1)
    runs.append(_Background(lambda: session.run(fetches[waiting])))
    _until_waiting(len(runs))
    session.close()
    assert isinstance(runs[0].joined().error, errors.CancelledError)
    for run in runs:
        run.joined()


def test_closing_a_queue_cancels_who_puts_in() -> None:
    """And lets those who take out have what is left."""
    queue = tf.FIFOQueue(1, tf.int32, [[]])
    put, taken = queue.enqueue(7), queue.dequeue()
    cancel = queue.close(cancel_pending_enqueues=True)
    with tf.Session() as session:
        session.run(put)
        run = _Background(lambda: session.run(put))
        _until_waiting(1)
        session.run(cancel)
        with pytest.raises(errors.CancelledError, match="operation was cancelled"):
            raise run.joined().error or AssertionError("it did not fail")
        assert session.run(taken) == 7
        with pytest.raises(errors.OutOfRangeError, match="insufficient elements"):
            session.run(taken)
        session.run(cancel)  # again: no error


def test_closing_waits_for_who_puts_in() -> None:
    """What is being put in when a queue is closed comes out of it."""
    queue = tf.FIFOQueue(1, tf.int32, [[]])
    put, taken, close = queue.enqueue_many([[1, 2, 3]]), queue.dequeue(), queue.close()
    with tf.Session() as session:
        runs = [_Background(lambda: session.run(put))]
        _until_waiting(1)
        runs.append(_Background(lambda: session.run(close)))
        _until_waiting(2)
        assert [session.run(taken) for _ in range(3)] == [1, 2, 3]
        assert [run.joined().error for run in runs] == [None, None]
        with pytest.raises(errors.OutOfRangeError):
            session.run(taken)


def test_who_waits_is_served_in_order() -> None:
    """An element goes to the run that has waited longest."""
    queue = tf.FIFOQueue(9, tf.int32, [[]])
    two, one = queue.dequeue_many(2), queue.dequeue()
    put = queue.enqueue_many([[1, 2, 3]])
    with tf.Session() as session:
        first = _Background(lambda: session.run(two))
        _until_waiting(1)
        second = _Background(lambda: session.run(one))
        _until_waiting(2)
        session.run(put)
        assert first.joined().result.tolist() == [1, 2]
        assert second.joined().result == 3


def test_a_failure_ends_the_waits_of_its_run() -> None:
    """Operations of one run wait at the same time; the first error is raised."""
    empty = tf.FIFOQueue(9, tf.int32, [[]])
    closed = tf.FIFOQueue(9, tf.int32, [[]])
    with tf.Session() as session:
        session.run(closed.close())
        with pytest.raises(errors.OutOfRangeError, match="insufficient"):
            session.run([empty.dequeue(), closed.dequeue()])
        session.run(empty.enqueue(4))
        assert session.run(empty.dequeue()) == 4


def test_waiting_for_what_was_waited_for() -> None:
    """One queue feeds another in the same run, with a variable in between."""
    a, b = tf.FIFOQueue(9, tf.int32, [[]]), tf.FIFOQueue(9, tf.int32, [[]])
    v = tf.get_variable("v", initializer=1)
    moved = b.enqueue(v.assign_add(a.dequeue()))
    with tf.control_dependencies([moved]):
        out = b.dequeue() * 100 + v
    with tf.Session() as session:
        session.run(v.initializer)
        session.run(a.enqueue_many([[3, 4]]))
        assert [session.run(out), session.run(out)] == [404, 808]
        assert session.run([a.size(), b.size(), v]) == [0, 0, 8]


@pytest.mark.parametrize("taken", [True, False])
def test_waiting_in_a_branch(taken: bool) -> None:
    """Only the branch that is taken waits."""
    queue = tf.FIFOQueue(9, tf.int32, [[]])
    p = tf.placeholder(tf.bool, [])
    out = tf.cond(p, lambda: queue.dequeue() + 1, lambda: tf.constant(-1))
    with tf.Session() as session:
        session.run(queue.enqueue(5))
        assert session.run(out, {p: taken}) == (6 if taken else -1)
        assert session.run(queue.size()) == (0 if taken else 1)


def test_waiting_in_a_loop() -> None:
    """A loop takes one element after the other, and nothing is locked meanwhile."""
    queue = tf.FIFOQueue(9, tf.int32, [[]])
    v = tf.get_variable("v", initializer=0)
    total = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, total: (i + 1, total + queue.dequeue()),
        [0, 0],
    )[1]
    with tf.Session() as session:
        session.run(v.initializer)
        run = _Background(lambda: session.run(total))
        _until_waiting(1)
        session.run(v.assign_add(1))
        session.run(queue.enqueue_many([[1, 2, 3]]))
        assert run.joined().result == 6


def test_a_failed_wait_changes_no_variable_after_it() -> None:
    """What comes after the waiting does not run."""
    queue = tf.FIFOQueue(9, tf.float32, [[]])
    v = tf.get_variable("v", initializer=1.0)
    update = v.assign_add(queue.dequeue())
    with tf.Session() as session:
        session.run(v.initializer)
        session.run(queue.close())
        with pytest.raises(errors.OutOfRangeError):
            session.run(update)
        assert session.run(v) == 1.0


def test_sessions_have_queues_of_their_own() -> None:
    """Each session starts with empty queues; nodes of one name share one."""
    queue = tf.FIFOQueue(9, tf.int32, [[]], shared_name="both")
    same = tf.FIFOQueue(9, tf.int32, [[]], shared_name="both")
    for _ in range(2):
        with tf.Session() as session:
            session.run(queue.enqueue(3))
            assert session.run([same.size(), queue.size()]) == [1, 1]


def test_waits_end_with_those_they_belong_to() -> None:
    """Also those that begin later."""
    outer = Waits()
    inner = Waits(outer)
    condition = threading.Condition()

    def wait() -> bool:
        with condition:
            return inner.wait(condition, lambda: False)

    run = _Background(wait)
    _until_waiting(1)
    outer.cancel()
    assert run.joined().result is False
    with condition:
        assert not Waits(outer).wait(condition, lambda: False)
        assert outer.wait(condition, lambda: True)


@pytest.mark.parametrize("of_session", [True, False])
def test_a_run_that_waits_too_long(of_session: bool) -> None:
    """`DeadlineExceededError`; the queue and the session go on."""
    queue = tf.FIFOQueue(9, tf.int32, [[]])
    config = tf.ConfigProto(operation_timeout_in_ms=50 if of_session else 0)
    options = None if of_session else tf.RunOptions(timeout_in_ms=50)
    with tf.Session(config=config) as session:
        with pytest.raises(errors.DeadlineExceededError, match="Timed out waiting"):
            session.run(queue.dequeue(), options=options)
        session.run(queue.enqueue(3), options=options)
        assert session.run(queue.dequeue(), options=options) == 3
        assert session.run(queue.size(), options=options) == 0


@pytest.mark.parametrize("of_session", [False, True])
def test_a_loop_that_takes_too_long(of_session: bool) -> None:
    """A loop without an end is ended by the limit of the session or of the run."""
    config = tf.ConfigProto(operation_timeout_in_ms=50 if of_session else 0)
    options = None if of_session else tf.RunOptions(timeout_in_ms=50)
    endless = tf.while_loop(lambda i: i >= 0, lambda i: i * 1, [0])
    short = tf.while_loop(lambda i: i < 9, lambda i: i + 1, [0])
    with tf.Session(config=config) as session:
        with pytest.raises(errors.DeadlineExceededError, match="Timed out waiting"):
            session.run(endless, options=options)
        assert session.run(short, options=options) == 9


def test_closing_the_session_ends_loops() -> None:
    """A loop that runs on the host ends with its session."""
    i = tf.while_loop(lambda i: i >= 0, lambda i: i * 1, [0])
    session = tf.Session()
    run = _Background(lambda: session.run(i))
    time.sleep(0.05)
    session.close()
    error = run.joined().error
    assert isinstance(error, errors.CancelledError)
    assert error.message.startswith("Loop execution was cancelled.")


def test_python_functions_wait_for_each_other() -> None:
    """Functions of one run that take long run side by side."""
    begun = [threading.Event(), threading.Event()]

    def meet(here: int) -> np.float32:
        begun[here].set()
        return np.float32(begun[1 - here].wait(20))

    both = [tf.py_func(lambda i=i: meet(i), [], tf.float32) for i in (0, 1)]
    with tf.Session() as session:
        assert session.run(both) == [1.0, 1.0]


def test_short_python_functions_run_in_order() -> None:
    """Functions that are not waited for run in the order in which they were made."""
    order: list[int] = []
    made = [tf.py_func(lambda i=i: order.append(i), [], []) for i in range(9)]
    with tf.Session() as session:
        session.run(made)
    assert order == list(range(9))


def test_a_python_function_waits_for_a_thread_that_runs_the_session() -> None:
    """Nothing is locked while a function runs, also if its run uses variables."""
    v = tf.Variable(3.0)
    session = tf.Session()
    session.run(v.initializer)

    def of_thread() -> Any:
        return _Background(lambda: session.run(v) + np.float32(1)).joined().result

    total = v * 2.0 + tf.py_func(of_thread, [], tf.float32)
    assert session.run(total) == 10.0
