"""`MethodNameUpdater`: changes what kind of signatures a SavedModel has.

Source: tensorflow python/saved_model/method_name_updater.py.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from metagraft.formats import files
from metagraft.formats.saved_model_dir import (
    FINGERPRINT_FILENAME,
    SAVED_MODEL_FILENAME_PB,
    Folder,
    path_in,
    read_saved_model,
    write_saved_model,
)

_log = logging.getLogger(__name__)


class MethodNameUpdater:
    """Changes the method names of signatures in a SavedModel."""

    def __init__(self, export_dir: Folder) -> None:
        """Read a SavedModel.

        Args:
            export_dir: Its folder.

        Raises:
            OSError: There is none, or it is damaged.
        """
        self._export_dir = os.fsdecode(export_dir)
        self._saved_model = read_saved_model(export_dir)

    def replace_method_name(
        self, signature_key: str, method_name: str, tags: Any = None
    ) -> None:
        """Give a signature another method name.

        Args:
            signature_key: Name of the signature.
            method_name: The new method name.
            tags: A tag or a list of tags, all of those of the MetaGraph; None for the
                signatures of that name in all MetaGraphs.

        Raises:
            ValueError: An argument is empty, there is no MetaGraph of these tags, or it
                has no such signature.
        """
        if not signature_key:
            raise ValueError("`signature_key` must be defined.")
        if not method_name:
            raise ValueError("`method_name` must be defined.")
        if tags is not None and not isinstance(tags, list):
            tags = [tags]
        matching = [
            meta_graph_def
            for meta_graph_def in self._saved_model.meta_graphs
            if tags is None or set(tags) == set(meta_graph_def.meta_info_def.tags)
        ]
        if not matching:
            raise ValueError(
                f"MetaGraphDef associated with tags {tags} could not be found in "
                "SavedModel."
            )
        for meta_graph_def in matching:
            if signature_key not in meta_graph_def.signature_def:
                raise ValueError(
                    f"MetaGraphDef associated with tags {tags} does not have a "
                    f"signature_def with key: '{signature_key}'. It has "
                    f"{sorted(meta_graph_def.signature_def)}."
                )
            meta_graph_def.signature_def[signature_key].method_name = method_name

    def save(self, new_export_dir: Folder | None = None) -> None:
        """Write the file of the SavedModel.

        Args:
            new_export_dir: Folder to write it to; by default the one it was read from.
        """
        folder = os.fsdecode(new_export_dir) if new_export_dir else self._export_dir
        # TF: writes text where there is a text file, though the binary one was read.
        as_text = not files.exists(path_in(self._export_dir, SAVED_MODEL_FILENAME_PB))
        path = write_saved_model(self._saved_model, folder, as_text=as_text)
        # TF: leaves the checksums of the old content.
        fingerprint = path_in(folder, FINGERPRINT_FILENAME)
        if files.exists(fingerprint):
            files.remove(fingerprint)
        _log.info("SavedModel written to: %s", path)
