"""The state file `checkpoint` and the files that make up a checkpoint.

Source: tensorflow python/checkpoint/checkpoint_management.py.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Sequence
from typing import Final

from metagraft.errors import NotFoundError
from metagraft.formats import checkpoint_paths, checkpoint_state, files
from metagraft.proto import CheckpointState, SaverDef

_log = logging.getLogger(__name__)

_SHARD_SUFFIX: Final = re.compile(r"-[\d\?]+-of-\d+$")


def generate_checkpoint_state_proto(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: list[str] | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> CheckpointState:
    """Return the content of a state file.

    Args:
        save_dir: Folder of the state file.
        model_checkpoint_path: The newest checkpoint.
        all_model_checkpoint_paths: All that are kept, oldest first; the newest is added
            if it is not last. Not changed.
        all_model_checkpoint_timestamps: When each was written, in seconds since 1970.
        last_preserved_timestamp: When the last one to keep for good was written.

    Returns:
        A message; where `save_dir` is relative, relative paths are relative to it.

    Raises:
        ValueError: Timestamps and paths differ in number.
    """
    return checkpoint_state.generate_state(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        timestamps=all_model_checkpoint_timestamps,
        last_preserved_timestamp=last_preserved_timestamp,
    )


def update_checkpoint_state(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: list[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:
    """Write the state file atomically.

    Args:
        save_dir: Folder of the state file.
        model_checkpoint_path: The newest checkpoint.
        all_model_checkpoint_paths: All that are kept, oldest first.
        latest_filename: Name of the state file, `checkpoint` by default.
        all_model_checkpoint_timestamps: When each was written, in seconds since 1970.
        last_preserved_timestamp: When the last one to keep for good was written.

    Raises:
        RuntimeError: The checkpoint has the path of the state file.
    """
    checkpoint_state.write_state(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        latest_filename=latest_filename,
        timestamps=all_model_checkpoint_timestamps,
        last_preserved_timestamp=last_preserved_timestamp,
    )


def get_checkpoint_state(
    checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None
) -> CheckpointState | None:
    """Return what a state file says, with relative paths joined to its folder.

    Args:
        checkpoint_dir: Folder of the state file.
        latest_filename: Name of the state file, `checkpoint` by default.

    Returns:
        The state, or None if the file does not exist or cannot be understood.

    Raises:
        ValueError: It names no checkpoint.
    """
    return checkpoint_state.read_state(checkpoint_dir, latest_filename)


def latest_checkpoint(
    checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None
) -> str | None:
    """Return the prefix of the newest checkpoint of a folder, or None.

    Args:
        checkpoint_dir: Folder of the state file.
        latest_filename: Name of the state file, `checkpoint` by default.
    """
    return checkpoint_paths.latest_in_state(checkpoint_dir, latest_filename)


def checkpoint_exists(checkpoint_prefix: str | os.PathLike[str]) -> bool:
    """Return whether there is a checkpoint with this prefix, of either format."""
    return bool(checkpoint_paths.existing_files(os.fspath(checkpoint_prefix)))


def get_checkpoint_mtimes(checkpoint_prefixes: Iterable[str]) -> list[float]:
    """Return when checkpoints were last written, in seconds since 1970.

    Those that do not exist are left out, so there may be fewer times than prefixes.
    """
    times = []
    for prefix in checkpoint_prefixes:
        found = checkpoint_paths.existing_files(prefix)
        if found:
            times.append(files.modified_seconds(found[0]))
    return times


def remove_checkpoint(
    checkpoint_prefix: str,
    checkpoint_format_version: int = SaverDef.V2,
    meta_graph_suffix: str = "meta",
) -> None:
    """Delete the files of a checkpoint and its MetaGraph; missing ones do not matter.

    Args:
        checkpoint_prefix: What `Saver.save` returned.
        checkpoint_format_version: `SaverDef.V1` or `SaverDef.V2`.
        meta_graph_suffix: Extension of the MetaGraph file.
    """
    _remove([meta_graph_filename(checkpoint_prefix, meta_graph_suffix)])
    if checkpoint_format_version == SaverDef.V2:
        remove_tensor_files(checkpoint_prefix)
    else:
        _remove(files.matching(checkpoint_prefix))


def remove_tensor_files(prefix: str) -> None:
    """Delete the index and the data files of a checkpoint; missing ones do not matter.

    The index goes first: without it the rest is no checkpoint.
    """
    _remove([f"{prefix}.index"])
    _remove(files.matching(f"{prefix}.data-?????-of-?????"))


def meta_graph_filename(
    checkpoint_filename: str, meta_graph_suffix: str = "meta"
) -> str:
    """Return the MetaGraph file of a checkpoint: its name without shard numbers."""
    return f"{_SHARD_SUFFIX.sub('', checkpoint_filename)}.{meta_graph_suffix}"


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        try:
            files.remove(path)
        except NotFoundError:
            _log.debug("%s is gone already", path)
