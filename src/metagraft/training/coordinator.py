"""`Coordinator`: threads that stop together and hand on what went wrong.

Source: tensorflow python/training/coordinator.py.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

from metagraft.errors import OutOfRangeError

__all__ = ["Coordinator", "LooperThread"]

_log = logging.getLogger("metagraft")
ExcInfo = tuple[Any, Any, TracebackType | None]
_CHECK_SECONDS: Final = 1.0
_SHORTEST_WAIT_SECONDS: Final = 0.001


class Coordinator:
    """Stops a group of threads, and raises in `join` what stopped them."""

    def __init__(
        self,
        clean_stop_exception_types: Iterable[type[BaseException]] | None = None,
    ) -> None:
        """Start without threads.

        Args:
            clean_stop_exception_types: Errors that mean an orderly end; by default
                `OutOfRangeError`.
        """
        types = clean_stop_exception_types
        self._clean_types = (OutOfRangeError,) if types is None else tuple(types)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._joined = False
        self._threads: set[threading.Thread] = set()

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop.

        Args:
            ex: The error that was the reason, or the triple of `sys.exc_info()`. The
                first one is raised by `join`, unless it means an orderly end.

        Raises:
            BaseException: `ex`, if the threads were joined already.
        """
        error = ex[1] if isinstance(ex, tuple) else ex
        with self._lock:
            if isinstance(error, self._clean_types):
                ex = error = None
            if self._joined:
                # TF: it raises the error that is being handled, if there is one.
                if error is not None:
                    raise error
                return
            if self._stop.is_set():
                return
            if ex and self._error is None:
                _log.info("Error reported to Coordinator: %s, %s", type(error), error)
                self._error = _raisable(ex)
            self._stop.set()

    def clear_stop(self) -> None:
        """Forget that a stop was asked for, and why."""
        with self._lock:
            self._joined = False
            self._error = None
            self._stop.clear()

    def should_stop(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Open a block whose errors ask for a stop."""
        try:
            yield
        except BaseException:  # noqa: BLE001 - handed on by `join`
            self.request_stop(ex=sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until a stop is asked for.

        Args:
            timeout: How many seconds to wait; None for no limit.

        Returns:
            Whether a stop was asked for.
        """
        return self._stop.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """Let `join` wait for a thread."""
        with self._lock:
            self._threads.add(thread)

    def join(
        self,
        threads: Iterable[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Wait until a stop is asked for, then until all threads have ended.

        Args:
            threads: More threads than those registered.
            stop_grace_period_secs: How long threads may take to stop.
            ignore_live_threads: Whether threads that did not are only reported.

        Raises:
            BaseException: What stopped the threads, if that was an error.
            RuntimeError: Threads have not stopped in time.
        """
        with self._lock:
            waiting = list(self._threads.union(threads or ()))
        while _any_alive(waiting) and not self._stop.wait(_CHECK_SECONDS):
            pass
        _wait_for_end(waiting, stop_grace_period_secs)
        stragglers = [thread.name for thread in waiting if thread.is_alive()]
        with self._lock:
            self._joined = True
            self._threads = set()
            if self._error is not None:
                raise self._error
        if not stragglers:
            return
        problem = "Coordinator stopped with threads still running: "
        problem += " ".join(stragglers)
        if not ignore_live_threads:
            raise RuntimeError(problem)
        _log.info("%s", problem)

    @property
    def joined(self) -> bool:
        """Whether `join` has ended."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raise the error that stopped the threads, if there was one."""
        with self._lock:
            if self._error is not None:
                raise self._error


def _raisable(ex: Any) -> BaseException:
    """Return the error behind what `request_stop` was given."""
    info = ex if isinstance(ex, tuple) else sys.exc_info()
    if len(info) == 3 and info[0] and info[1]:
        error: BaseException = info[1]
        return error
    # TF: it fails to format this message, and raises TypeError.
    return ValueError(
        f"ex must be a tuple or sys.exc_info must return the current exception: {info}"
    )


def _any_alive(threads: Sequence[threading.Thread]) -> bool:
    return any(thread.is_alive() for thread in threads)


def _wait_for_end(threads: Sequence[threading.Thread], grace_seconds: float) -> None:
    """Wait, at growing intervals, until all threads have ended or time is up."""
    wait = _SHORTEST_WAIT_SECONDS
    while _any_alive(threads) and grace_seconds >= 0.0:
        time.sleep(wait)
        grace_seconds -= wait
        wait = max(min(2 * wait, grace_seconds), _SHORTEST_WAIT_SECONDS)


class LooperThread(threading.Thread):
    """Runs a function again and again until its coordinator stops."""

    def __init__(
        self,
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., object] | None = None,
        args: Any = None,
        kwargs: Any = None,
    ) -> None:
        """Make a thread; it has to be started.

        Args:
            coord: The coordinator.
            timer_interval_secs: Seconds from one call to the next; None for no pause.
            target: What to call; a subclass may define `run_loop` instead.
            args: Its arguments.
            kwargs: Its keyword arguments.

        Raises:
            ValueError: `coord` is no coordinator, or there are arguments without
                `target`.
        """
        if not isinstance(coord, Coordinator):
            raise ValueError(  # noqa: TRY004 - as TensorFlow does
                f"'coord' argument must be a Coordinator: {coord}"
            )
        super().__init__()
        self.daemon = True
        self._coord = coord
        self._timer_interval_secs = timer_interval_secs
        self._function = target
        if target is None and (args or kwargs):
            raise ValueError(
                "'args' and 'kwargs' argument require that you also pass 'target'"
            )
        self._arguments = args or ()
        self._keywords = kwargs or {}
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., object],
        args: Any = None,
        kwargs: Any = None,
    ) -> LooperThread:
        """Make a thread and start it; see `__init__`."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        """Call the function until a stop is asked for; an error asks for one."""
        with self._coord.stop_on_exception():
            self.start_loop()
            if self._timer_interval_secs is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                following = time.time()
                while not self._coord.wait_for_stop(following - time.time()):
                    following += self._timer_interval_secs
                    self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """Called before the first call; for subclasses."""

    def stop_loop(self) -> None:
        """Called after the last call; for subclasses."""

    def run_loop(self) -> None:
        """Call the function once."""
        if self._function is not None:
            self._function(*self._arguments, **self._keywords)
