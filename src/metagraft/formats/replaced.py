"""Replacing a large file without waiting until its content is given back.

Renaming over a file deletes it, and to free the pages of a gigabyte takes the system a
fifth of the time in which they were written. While somebody has the file open it does
not; so it is opened before and closed by another thread.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import threading
from collections.abc import Iterator
from typing import Final

_LARGE_BYTES: Final = 64 << 20
_LEAST_PRIORITY: Final = 19


@contextlib.contextmanager
def freed_later(name: str) -> Iterator[None]:
    """Let a file that is replaced within the block be freed in the background."""
    descriptor = _opened_if_large(name)
    try:
        yield
    finally:
        if descriptor is not None:
            closing = threading.Thread(target=_close, args=(descriptor,), daemon=True)
            try:
                closing.start()
            except RuntimeError:  # the interpreter is about to end
                os.close(descriptor)


def _close(descriptor: int) -> None:
    """Close a file when the processor has nothing else to do."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST_PRIORITY)
    os.close(descriptor)


def _opened_if_large(name: str) -> int | None:
    if os.name != "posix":  # elsewhere an open file cannot be replaced
        return None
    try:
        found = os.stat(name)  # noqa: PTH116
        if not stat.S_ISREG(found.st_mode) or found.st_size < _LARGE_BYTES:
            return None
        return os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # there is none, or it may be replaced but not read
        return None
