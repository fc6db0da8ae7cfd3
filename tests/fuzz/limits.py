"""A limit of time and memory for a piece of work, where the system has such limits."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]


class TooSlow(BaseException):
    """The work took longer than it may; no `except Exception` swallows it."""


@contextmanager
def limited(seconds: float, more_bytes: int) -> Iterator[None]:
    """Stop the block after some time; let allocations beyond a limit fail.

    Args:
        seconds: The time of the block.
        more_bytes: The address space that the block may take on top of what is taken.

    Raises:
        TooSlow: The time is over.
    """
    with _limited_memory(more_bytes), _limited_time(seconds):
        yield


@contextmanager
def _limited_time(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise TooSlow


@contextmanager
def _limited_memory(more_bytes: int) -> Iterator[None]:
    taken = Path("/proc/self/statm")
    if resource is None or not taken.exists():
        yield
        return
    pages = int(taken.read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
