"""What killed processes leave under temporary names, told from what is being written.

Who writes a file or folder under a temporary name holds a lock (`flock`) on it, which
ends with the process. What nobody holds has been left.

Remote places have no locks. There only age tells: what is a day older, by the clock of
the place, than the file that was written instead. A save that was suspended so long
finds its file gone and fails with an error; it damages nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from typing import Final

from metagraft.formats import files
from metagraft.formats.in_use import is_possible, remove_unless_held

_STALE_SECONDS: Final = 24 * 60 * 60

_log = logging.getLogger(__name__)


def remove_leftovers(path: files.PathLike) -> None:
    """Remove what was to be a file, or files that start with a prefix, of our writers.

    Those of other writers, TensorFlow's among them, stay: nothing tells whether they
    are still written. So does everything where files cannot be locked.

    Args:
        path: The file or the prefix; has been written again, as a whole. Its folder is
            locked: a merge holds its files no longer while it renames them.
    """
    name = files.local_path(path)
    if name is None:
        _remove_stale(os.fspath(path))
        return
    if not is_possible():
        return
    folder, base = os.path.split(name)
    pattern = _names_of(base)
    with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
        found = [entry.path for entry in entries if pattern.fullmatch(entry.name)]
        for each in found:
            remove_unless_held(each)


def _names_of(base: str) -> re.Pattern[str]:
    """Return a pattern for temporary names of a file, or of those with a prefix."""
    return re.compile(
        re.escape(base)
        + r"(\.index|\.meta|\.data-\d+-of-\d+|-\d+-of-\d+|_temp[^/]*)?"
        + re.escape(files.OWN_TEMPORARY_MARK)
        + r"\d+"
    )


def _remove_stale(path: str) -> None:
    """Remove what is much older than the file of this name, or the index."""
    folder, _, base = path.rpartition("/")
    pattern = _names_of(base)
    try:
        found = [name for name in files.list_folder(folder) if pattern.fullmatch(name)]
        written = [
            name for name in (path, f"{path}.index") if found and _is_there(name)
        ]
        if not written:
            return
        newest = max(map(files.modified_seconds, written))
        for name in found:
            temporary = f"{folder}/{name}"
            if files.modified_seconds(temporary) < newest - _STALE_SECONDS:
                files.remove(temporary)
    # The save is complete, and what is left does no harm.
    except Exception as error:  # noqa: BLE001 - of any file system
        _log.debug("%s: nothing was removed: %s", path, error)


def _is_there(name: str) -> bool:
    return files.exists(name) and not files.is_folder(name)
