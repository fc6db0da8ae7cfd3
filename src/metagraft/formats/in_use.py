"""Telling other processes that a temporary file or folder is in use.

The mark is a lock (`flock`) on what is open; the system removes it when the process
ends, however it ends. Where there are no such locks nothing is marked or removed.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

try:
    import fcntl
except ImportError:  # not on this system
    fcntl = None  # type: ignore[assignment]


_MARK: Final = "in_use"


def is_possible() -> bool:
    """Return whether this system can mark files."""
    return fcntl is not None


def hold(descriptor: int, path: str) -> bool:
    """Mark an open file or folder as in use, until every copy of `descriptor` closes.

    Args:
        descriptor: What is open.
        path: Its path.

    Returns:
        Whether it is still there; another process may have taken it for a leftover.
    """
    if fcntl is None:
        return True
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))  # noqa: PTH116
    except OSError:
        return False


def let_go(descriptor: int | None) -> None:
    """Close a copy of a descriptor, if there is one, kept for the mark alone."""
    if descriptor is not None:
        os.close(descriptor)


def make_held_folder(path: str) -> int | None:
    """Make a folder and mark it; return what is to be closed to remove the mark.

    The mark is on a file in it: the folder itself is locked to rename there.
    """
    mark = os.path.join(path, _MARK)  # noqa: PTH118
    while True:
        os.makedirs(path, exist_ok=True)  # noqa: PTH103
        if fcntl is None:
            return None
        try:
            descriptor = os.open(mark, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # taken for a leftover, empty as it was
            continue
        if hold(descriptor, mark):
            return descriptor
        os.close(descriptor)


def remove_held_folder(path: str, descriptor: int | None) -> None:
    """Remove a folder that this process has made, and the mark.

    Args:
        path: The folder; without files.
        descriptor: What `make_held_folder` returned.
    """
    with contextlib.suppress(OSError):
        if descriptor is not None:
            os.unlink(os.path.join(path, _MARK))  # noqa: PTH108, PTH118
        os.rmdir(path)  # noqa: PTH106
    if descriptor is not None:
        os.close(descriptor)


def is_held(path: str) -> bool:
    """Return whether a process, this one included, holds a file that is to be one."""
    if fcntl is None:
        return False
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # cannot be locked here
        return False
    else:
        return False
    finally:
        os.close(descriptor)


def remove_unless_held(path: str) -> None:
    """Remove a file, or a folder and the files in it, unless it is in use."""
    if fcntl is None:
        return
    mark = os.path.join(path, _MARK)  # noqa: PTH118
    with contextlib.suppress(OSError):
        is_folder = os.path.isdir(path)  # noqa: PTH112
        if is_folder and not os.path.exists(mark):  # noqa: PTH110
            os.rmdir(path)  # noqa: PTH106
            return
        # Some shared file systems lock only what is open for writing.
        descriptor = os.open(mark if is_folder else path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_folder:
                _remove_folder(path)
            else:
                os.unlink(path)  # noqa: PTH108
        finally:
            os.close(descriptor)


def _remove_folder(path: str) -> None:
    """Remove a folder and its files, the mark last."""
    for name in sorted(os.listdir(path), key=_MARK.__eq__):  # noqa: PTH208
        os.unlink(os.path.join(path, name))  # noqa: PTH108, PTH118
    os.rmdir(path)  # noqa: PTH106
