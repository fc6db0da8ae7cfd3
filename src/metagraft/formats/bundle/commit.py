"""The last steps of writing a bundle: its files get their names, the index last.

They replace those of an older bundle of the same prefix. Every file is complete, under
a temporary name in the same folder, before the first one gets its name; so when these
steps are interrupted, `recovery.py` can finish them. Two processes that save under one
prefix take turns, or one's index would describe the other's data.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

from metagraft.errors import OpError
from metagraft.formats import files
from metagraft.formats.bundle.format import index_path, shard_path
from metagraft.formats.folder_lock import folder_lock
from metagraft.formats.leftovers import remove_leftovers


def commit_bundle(
    prefix: str, shards: Sequence[files.AtomicFile], index: files.AtomicFile
) -> None:
    """Give the files of a new bundle their names.

    Args:
        prefix: What the names start with.
        shards: The data files.
        index: The index.

    Raises:
        OpError: A file cannot be renamed. If it is the first, or there was no bundle of
            this prefix, what was written is gone; else it stays, to be finished.
    """
    for file in (*shards, index):
        file.close()
    with folder_lock(prefix):
        replaces = files.exists(index_path(prefix))
        for number, file in enumerate((*shards, index)):
            try:
                file.commit()
            except OpError:
                if number and replaces:  # to be finished, or both are lost
                    for each in (*shards, index):
                        each.keep()
                raise
        remove_leftovers(prefix)


def commit_parts(prefix: str, parts: Sequence[str], index: files.AtomicFile) -> None:
    """Give data files that others wrote, and a new index, the names of one bundle.

    Args:
        prefix: What the names start with.
        parts: The data files, in the order of their numbers.
        index: The index.

    Raises:
        OpError: A file cannot be renamed; as of `commit_bundle`.
    """
    index.close()
    count = max(1, len(parts))
    targets = [shard_path(prefix, number, count) for number in range(len(parts))]
    if files.is_remote(prefix):  # to rename is to copy there, and nothing recovers
        for part, target in zip(parts, targets, strict=True):
            files.rename(part, target)
        index.commit()
        remove_leftovers(prefix)
        return
    staged = [files.temporary_name(target) for target in targets]
    with folder_lock(prefix):
        try:
            for part, temporary in zip(parts, staged, strict=True):
                files.rename(part, temporary)
        except OpError:
            _remove((*staged, *parts))
            raise
        replaces = files.exists(index_path(prefix))
        try:
            for temporary, target in zip(staged, targets, strict=True):
                files.rename(temporary, target)
            index.commit()
        except OpError:
            if replaces and not files.exists(staged[0]):  # to be finished
                index.keep()
            else:
                _remove(staged)
            raise
        remove_leftovers(prefix)


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        with contextlib.suppress(OpError):
            files.remove(path)
