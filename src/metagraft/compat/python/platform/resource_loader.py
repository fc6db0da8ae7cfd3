"""`tensorflow.python.platform.resource_loader`: files beside programs."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.resource_loader",
        "get_data_files_path get_path_to_datafile readahead_file_path",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
