"""Opening a checkpoint of either version."""

from __future__ import annotations

import os
from typing import TypeAlias

from metagraft.errors import NotFoundError
from metagraft.formats import files
from metagraft.formats.bundle.format import index_path
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.folders import files_of
from metagraft.formats.slices.reader import SliceReader

TensorReader: TypeAlias = BundleReader | SliceReader


def open_checkpoint(prefix: files.PathLike) -> TensorReader:
    """Return a reader of a checkpoint: version 2 if there is an index, else version 1.

    Args:
        prefix: What its files start with; of version 1, a pattern of their names.

    Raises:
        NotFoundError: There is no checkpoint.
        DataLossError: It is damaged.
    """
    path = os.fspath(prefix)
    if files.exists(index_path(path)):
        return BundleReader(path)
    if not files_of(path):
        raise NotFoundError(
            None,
            None,
            "Unsuccessful TensorSliceReader constructor: Failed to find any matching "
            f"files for {path}",
        )
    return SliceReader(path)
