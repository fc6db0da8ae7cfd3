"""Looking for a checkpoint where the state file does not help."""

from __future__ import annotations

import os

from metagraft.errors import OpError
from metagraft.formats import files
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.checkpoint_state import joined_path

_INDEX = ".index"


def newest_complete_checkpoint(folder: str | os.PathLike[str]) -> str | None:
    """Return the prefix of the newest checkpoint in a folder that can be restored.

    The state file is not asked: it may be missing, or name what is gone. Only
    checkpoints of format V2 can tell whether they are complete.

    Args:
        folder: Where to look; not in the folders inside.

    Returns:
        The prefix, or None if there is no index with all of its data.

    Raises:
        NotFoundError: There is no such folder.
    """
    prefixes = [
        joined_path(folder, name.removesuffix(_INDEX))
        for name in files.list_folder(folder)
        if name.endswith(_INDEX)
    ]
    written_at = {
        prefix: files.modified_seconds(prefix + _INDEX) for prefix in prefixes
    }
    newest_first = sorted(prefixes, key=lambda p: (written_at[p], p), reverse=True)
    return next((prefix for prefix in newest_first if _is_complete(prefix)), None)


def _is_complete(prefix: str) -> bool:
    try:
        with BundleReader(prefix) as reader:
            reader.check_sizes()
    except OpError:
        return False
    return True
