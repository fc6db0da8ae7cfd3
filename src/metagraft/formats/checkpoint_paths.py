"""Which checkpoint a path means: its prefix, one of its files, or the folder it is in.

Programs written for TensorFlow use `prefix_of` and `latest_in_state`; the native
functions take any path that people have at hand and use `checkpoint_prefix`.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from typing import Final

from metagraft.errors import NotFoundError, OpError
from metagraft.formats import checkpoint_state, files
from metagraft.formats.bundle.format import index_path
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.saved_model_dir import contains_saved_model, variables_prefix

_INDEX: Final = ".index"
_OWN_SUFFIX: Final = re.compile(r"\.(index|meta|data-\d+-of-\d+)$")
_DATA_SUFFIX: Final = re.compile(r"\.data-\d+-of-\d+$")
_SLICE_SHARD: Final = re.compile(r"-\d{5}-of-(\d{5})$")

_log = logging.getLogger(__name__)


def checkpoint_prefix(path: files.PathLike) -> str:
    """Return the prefix of the checkpoint that a path means.

    Args:
        path: A prefix, `model-10`; one of its files, `model-10.meta`, `.index`,
            `.data-00000-of-00001` or a shard of version 1; or a folder, which stands
            for the latest that its state file names, else for its newest, or for the
            variables of the SavedModel in it.

    Returns:
        The prefix, which need not exist; of shards of version 1 with `?` for the digits
        of their numbers.

    Raises:
        NotFoundError: It is a folder that holds no checkpoint.
        ValueError: The state file of the folder names no latest checkpoint.
    """
    name = os.fspath(path)
    if not existing_files(name) and files.is_folder(name):
        return _prefix_in(name)
    prefix = prefix_of(name)
    if files.exists(index_path(prefix)):
        return prefix
    found = _SLICE_SHARD.search(prefix)
    if found is not None:
        return f"{prefix[: found.start()]}-?????-of-{found[1]}"
    if files.matching(prefix):
        return prefix
    shards = _slice_shards(prefix)
    return checkpoint_prefix(shards[0]) if shards else prefix


def prefix_of(path: str) -> str:
    """Return the prefix of the checkpoint that a path is the prefix or a file of."""
    if not files.exists(index_path(path)):
        prefix = _OWN_SUFFIX.sub("", path)
        if prefix != path and (existing_files(prefix) or _slice_shards(prefix)):
            return prefix
        if _DATA_SUFFIX.search(path):  # the index is lost
            return prefix
    return path


def _slice_shards(prefix: str) -> list[str]:
    """Return the shards of version 1 of a checkpoint that was saved as `prefix`."""
    return files.matching(f"{prefix}-?????-of-?????")


def existing_files(prefix: str) -> list[str]:
    """Return what tells that a checkpoint exists: its index, or files of version 1.

    Raises:
        UnimplementedError: It is on a file system that nobody here knows.
    """
    index = index_path(prefix)
    return [index] if files.exists(index) else files.matching(prefix)


def latest_in_state(
    folder: files.PathLike, latest_filename: str | None = None
) -> str | None:
    """Return the prefix of the latest checkpoint that a state file names.

    # TF: does not look in the folder of the state file where the folder was moved, and
    # the names in the file are absolute.

    Args:
        folder: Where the state file is.
        latest_filename: Its name, if not `checkpoint`.

    Returns:
        The prefix, or None if there is no state, or no such checkpoint.

    Raises:
        ValueError: The state names no latest checkpoint.
    """
    state = checkpoint_state.read_state(folder, latest_filename)
    if state is None:
        return None
    prefix = state.model_checkpoint_path
    here = checkpoint_state.joined_path(folder, prefix.rpartition("/")[2])
    places = [prefix, here]
    # TF: follows `..` to any place.
    if checkpoint_state.leads_out(folder, prefix):
        places = [here]
    if files.is_remote(prefix) and not files.is_remote(folder):
        places.reverse()  # a folder that was copied from there
    for place in places:
        if _is_there(place):
            if place != prefix:
                _log.info("Checkpoint %s is not there; taking %s", prefix, here)
            return place
    _log.error("Couldn't match files for checkpoint %s", prefix)
    return None


def _is_there(prefix: str) -> bool:
    try:
        return bool(existing_files(prefix))
    except OpError as error:
        _log.warning("%s: %s", type(error).__name__, error)
        return False


def newest_complete_checkpoint(folder: files.PathLike) -> str | None:
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
    return _newest(folder, _is_complete)


def _prefix_in(folder: str) -> str:
    if contains_saved_model(folder):
        return variables_prefix(folder)
    found = (
        latest_in_state(folder)
        or newest_complete_checkpoint(folder)
        or _newest(folder, lambda prefix: True)
    )
    if found is not None:
        return found
    for name in files.list_folder(folder):
        if _DATA_SUFFIX.search(name):
            return checkpoint_state.joined_path(folder, _DATA_SUFFIX.sub("", name))
    raise NotFoundError(
        None,
        None,
        f"{folder} holds no checkpoint: neither a state file that names one nor an "
        "index",
    )


def _newest(folder: files.PathLike, is_wanted: Callable[[str], bool]) -> str | None:
    prefixes = [
        checkpoint_state.joined_path(folder, name.removesuffix(_INDEX))
        for name in files.list_folder(folder)
        if name.endswith(_INDEX)
    ]
    written_at = {
        prefix: files.modified_seconds(prefix + _INDEX) for prefix in prefixes
    }
    newest_first = sorted(prefixes, key=lambda p: (written_at[p], p), reverse=True)
    return next((prefix for prefix in newest_first if is_wanted(prefix)), None)


def _is_complete(prefix: str) -> bool:
    try:
        with BundleReader(prefix) as reader:
            reader.check_sizes()
    except OpError:
        return False
    return True
