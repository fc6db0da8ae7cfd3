"""Waiting for other runs of a session, until the session is closed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

__all__ = ["Waits"]


class Waits:
    """Where threads wait, so that all waits can be ended together.

    A part of a run may have waits of its own, which end with those it belongs to.
    """

    def __init__(self, outer: Waits | None = None) -> None:
        """Start without waits.

        Args:
            outer: The waits that these belong to.
        """
        self._lock = threading.Lock()
        self._conditions: Counter[threading.Condition] = Counter()
        self._inner: set[Waits] = set()
        self._outer = outer
        self._is_cancelled = False
        if outer is not None:
            outer.add(self)

    @property
    def is_cancelled(self) -> bool:
        """Whether waiting has ended."""
        return self._is_cancelled

    def add(self, inner: Waits) -> None:
        """Let waits end with these."""
        with self._lock:
            self._inner.add(inner)
            is_cancelled = self._is_cancelled
        if is_cancelled:
            inner.cancel()

    def discard(self, inner: Waits) -> None:
        """Let waits go on without these."""
        with self._lock:
            self._inner.discard(inner)

    def release(self) -> None:
        """Leave the waits that these belong to."""
        if self._outer is not None:
            self._outer.discard(self)

    def wait(self, condition: threading.Condition, is_done: Callable[[], bool]) -> bool:
        """Wait until something holds.

        Args:
            condition: It is held, and is notified when that may have changed.
            is_done: Whether it holds.

        Returns:
            Whether it holds; False if the wait was cancelled.
        """
        with self._lock:
            self._conditions[condition] += 1
        try:
            while not is_done():
                if self._is_cancelled:
                    return False
                condition.wait()
            return True
        finally:
            with self._lock:
                self._conditions[condition] -= 1
                if not self._conditions[condition]:
                    del self._conditions[condition]

    def cancel(self) -> None:
        """End all waits, also those that begin later."""
        with self._lock:
            self._is_cancelled = True
            conditions = list(self._conditions)
            inner = list(self._inner)
        for condition in conditions:
            with condition:
                condition.notify_all()
        for waits in inner:
            waits.cancel()
