"""`Coordinator` and `LooperThread`: threads stop together, `join` raises errors."""

from __future__ import annotations

import threading

import pytest

import metagraft.compat.v1 as tf
from metagraft import errors


def _started(coordinator: tf.train.Coordinator, work: object) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


def test_threads_stop_when_one_asks_for_it() -> None:
    """All others see it, and `join` returns."""
    coordinator = tf.train.Coordinator()
    seen = []

    def waits() -> None:
        coordinator.wait_for_stop()
        seen.append(coordinator.should_stop())

    threads = [_started(coordinator, waits) for _ in range(2)]
    threads.append(_started(coordinator, coordinator.request_stop))
    coordinator.join(threads)
    assert seen == [True, True]
    assert coordinator.joined


def test_the_first_error_is_raised() -> None:
    """The error of a thread is what `join` raises; later ones are not."""
    coordinator = tf.train.Coordinator()

    def fails() -> None:
        with coordinator.stop_on_exception():
            raise KeyError("first")

    thread = _started(coordinator, fails)
    thread.join()
    coordinator.request_stop(ValueError("second"))
    with pytest.raises(KeyError, match="first"):
        coordinator.raise_requested_exception()
    with pytest.raises(KeyError, match="first"):
        coordinator.join([thread])


def test_the_end_of_input_is_no_error() -> None:
    """`OutOfRangeError` stops the threads, as does any type that is given."""
    end = errors.OutOfRangeError(None, None, "end")
    coordinator = tf.train.Coordinator()
    coordinator.request_stop(end)
    coordinator.join([])
    assert coordinator.should_stop()
    other = tf.train.Coordinator(clean_stop_exception_types=(KeyError,))
    with other.stop_on_exception():
        raise KeyError("fine")
    other.join([])
    with other.stop_on_exception():
        other.clear_stop()
        raise end
    with pytest.raises(errors.OutOfRangeError):
        other.join([])


def test_an_error_without_its_traceback_is_refused() -> None:
    """An exception that was never raised is replaced by one that says so."""
    coordinator = tf.train.Coordinator()
    coordinator.request_stop(KeyError("never raised"))
    with pytest.raises(ValueError, match="ex must be a tuple or"):
        coordinator.join([])


def test_an_error_after_the_end_is_raised_at_once() -> None:
    """Nobody will call `join` any more."""
    coordinator = tf.train.Coordinator()
    coordinator.request_stop()
    coordinator.join([])
    coordinator.request_stop()
    with pytest.raises(KeyError):
        coordinator.request_stop(KeyError("late"))


@pytest.mark.parametrize("ignores", [False, True])
def test_threads_that_do_not_stop(ignores: bool) -> None:
    """They are named in an error, or only logged."""
    coordinator = tf.train.Coordinator()
    release = threading.Event()
    thread = threading.Thread(target=release.wait, name="stubborn", daemon=True)
    thread.start()
    coordinator.register_thread(thread)
    coordinator.request_stop()
    try:
        if ignores:
            coordinator.join(stop_grace_period_secs=0.01, ignore_live_threads=True)
        else:
            with pytest.raises(RuntimeError, match="still running: stubborn"):
                coordinator.join(stop_grace_period_secs=0.01)
    finally:
        release.set()
        thread.join()


@pytest.mark.parametrize("seconds", [None, 0.001])
def test_a_looper_calls_until_the_stop(seconds: float | None) -> None:
    """With or without a pause; its thread belongs to the coordinator."""
    coordinator = tf.train.Coordinator()
    calls: list[int] = []

    def work(limit: int) -> None:
        calls.append(limit)
        if len(calls) == limit:
            coordinator.request_stop()

    tf.train.LooperThread.loop(coordinator, seconds, work, args=(3,))
    coordinator.join()
    assert calls == [3, 3, 3]


def test_a_looper_tells_its_error() -> None:
    """What the function raises comes out of `join`."""
    coordinator = tf.train.Coordinator()

    class Looper(tf.train.LooperThread):  # type: ignore[misc]
        def run_loop(self) -> None:
            raise KeyError("loop")

    Looper(coordinator, None).start()
    with pytest.raises(KeyError, match="loop"):
        coordinator.join()
