"""Reading where a save was killed during its last steps, or is at them.

A save over an older checkpoint of the same prefix gives its data files their names, one
after the other, and then its index (`commit.py`). Killed in between it leaves data of
both, the old index, and what has no name yet, complete, under temporary names. What
belongs together can be told: only the new index has the checksums of the new data.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar

from metagraft.errors import OpError
from metagraft.formats import files
from metagraft.formats.bundle.format import index_path, shard_path
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.folder_lock import folder_lock
from metagraft.formats.in_use import is_held

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_State: TypeAlias = tuple[int, ...] | None

_ATTEMPTS: Final = 20


def read_through_saves(
    prefix: str, read: Callable[[], _T], opened_at: _State = None
) -> _T:
    """Return what `read` returns, though a checkpoint is replaced meanwhile.

    Where it fails it is tried again, if an interrupted save could be finished, or
    another process has saved under the same prefix since.

    Args:
        prefix: The checkpoint.
        read: Opens the checkpoint and reads; called again to try again.
        opened_at: What `index_state` returned before the checkpoint was opened, if
            `read` does not open it the first time.

    Raises:
        OpError: What `read` raised last.
    """
    state = opened_at or index_state(prefix)
    for _ in range(_ATTEMPTS):
        try:
            return read()
        except OpError:
            if not finish_interrupted_save(prefix):
                now = index_state(prefix)
                if now == state:
                    raise
                state = now
    return read()


def index_state(prefix: str) -> _State:
    """Return what tells the index from another that replaces it; None if remote."""
    name = files.local_path(index_path(prefix))
    if name is None:
        return None
    try:
        found = os.stat(name)  # noqa: PTH116
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def finish_interrupted_save(prefix: str) -> bool:
    """Give the files of an interrupted save their names, if all of them are there.

    Args:
        prefix: A checkpoint that could not be read.

    Returns:
        Whether it is another checkpoint now.
    """
    if files.is_remote(prefix):
        return False
    with folder_lock(prefix):
        for index in temporary_files(index_path(prefix)):
            # A save that is going on, and waits for its turn, finishes itself.
            if is_held(files.local_path(index) or index):
                continue
            try:
                moves = _moves(prefix, index)
                if moves is None:
                    continue
                for source, target in [*moves, (index, index_path(prefix))]:
                    files.rename(source, target)
            except OpError:
                continue
            _log.warning("%s: finished the save that was interrupted", prefix)
            return True
    return False


def _moves(prefix: str, index: str) -> list[tuple[str, str]] | None:
    """Return which data files need which names to fit an index; None if some lack."""
    moves = []
    with BundleReader(prefix, index=index) as reader:
        count = reader.shard_count
    for number in range(count):
        target = shard_path(prefix, number, count)
        # The first is renamed first, or nothing was interrupted here.
        others = temporary_files(target) if number else []
        fitting = (
            path for path in (target, *others) if _fits(prefix, index, number, path)
        )
        found = next(fitting, None)
        if found is None:
            return None
        if found != target:
            moves.append((found, target))
    return moves


def _fits(prefix: str, index: str, number: int, path: str) -> bool:
    """Return whether a data file has all that an index says of it."""
    try:
        with BundleReader(prefix, index=index, shards={number: path}) as reader:
            reader.check_data(number)
    except OpError:
        return False
    return True


def temporary_files(path: str) -> list[str]:
    """Return what was to be a file, the newest first."""
    folder, slash, name = path.rpartition("/")
    try:
        found = [
            f"{folder}{slash}{entry}"
            for entry in files.list_folder(folder + slash or ".")
            if entry.startswith(f"{name}{files.TEMPORARY_MARK}")
        ]
        return sorted(found, key=files.modified_seconds, reverse=True)
    except OpError:
        return []
