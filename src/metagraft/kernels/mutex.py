"""How locks of a session run; twin of `ops/mutex.py`.

Source: tensorflow core/kernels/mutex_ops.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.errors import CancelledError
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import behind, handle_of, kept, on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation


class Mutex:
    """What one run at a time may hold."""

    def __init__(self) -> None:
        """Start unlocked."""
        self._changed = threading.Condition()
        self._is_held = False

    def lock(self, run: RunContext) -> Lock:
        """Wait until nobody holds it, and hold it."""
        with self._changed:
            if not run.waits.wait(self._changed, lambda: not self._is_held):
                raise CancelledError(None, None, "Lock acquisition cancelled.")
            self._is_held = True
        return Lock(self)

    def unlock(self) -> None:
        """Let the next one hold it."""
        with self._changed:
            self._is_held = False
            self._changed.notify_all()


class Lock:
    """Holds a mutex until it is consumed, or nobody has the lock any more."""

    def __init__(self, mutex: Mutex) -> None:
        """Hold a mutex that was locked."""
        self._mutex: Mutex | None = mutex

    def release(self) -> None:
        """Let go."""
        mutex, self._mutex = self._mutex, None
        if mutex is not None:
            mutex.unlock()

    def __del__(self) -> None:
        """Let go."""
        self.release()


def make(run: RunContext, op: Operation) -> tuple[Array]:
    """Return the handle of a mutex."""
    return kept(run, op, "mutex", lambda _: Mutex())


def lock(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """Hold a mutex, waiting for it."""
    del op
    mutex: Mutex = behind(handle, Mutex)
    return (handle_of(mutex.lock(run)),)


def consume(run: RunContext, op: Operation, handle: Array) -> tuple[()]:
    """Let a mutex go."""
    del run, op
    held: Lock = behind(handle, Lock)
    held.release()
    return ()


def release_locks(values: Iterable[Any]) -> None:
    """Let go of all locks among values: nobody will consume them."""
    for value in values:
        if isinstance(value, np.ndarray) and value.dtype == object and not value.ndim:
            held = value[()]
            if isinstance(held, Lock):
                held.release()


KERNELS = {
    "MutexV2": on_run(make),
    "MutexLock": on_run(lock, waits=True),
    "ConsumeMutexLock": on_run(consume),
}
