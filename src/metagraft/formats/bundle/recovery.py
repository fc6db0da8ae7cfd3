"""Finishing a save that was killed between its last two steps.

A save over an older checkpoint of the same prefix renames its data file and then its
index. Killed in between it leaves new data, the old index, and the new index, complete,
under its temporary name. That can be told: only the new index has the checksums of the
data.
"""

from __future__ import annotations

import logging

from metagraft.errors import OpError
from metagraft.formats import files
from metagraft.formats.bundle.format import index_path
from metagraft.formats.bundle.reader import BundleReader

_log = logging.getLogger(__name__)


def finish_interrupted_save(prefix: str) -> bool:
    """Give the index of an interrupted save its name, if that makes all data fit.

    Args:
        prefix: A checkpoint that could not be read.

    Returns:
        Whether it is another checkpoint now.
    """
    index = index_path(prefix)
    if files.is_remote(index):
        return False
    folder, slash, name = index.rpartition("/")
    try:
        left = [
            f"{folder}{slash}{entry}"
            for entry in files.list_folder(folder + slash or ".")
            if entry.startswith(f"{name}{files.TEMPORARY_MARK}")
        ]
        left.sort(key=files.modified_seconds, reverse=True)
    except OpError:
        return False
    for candidate in left:
        try:
            with BundleReader(prefix, index=candidate) as reader:
                reader.check_data()
            files.rename(candidate, index)
        except OpError:
            continue
        _log.warning("%s: finished the save that was interrupted", prefix)
        return True
    return False
