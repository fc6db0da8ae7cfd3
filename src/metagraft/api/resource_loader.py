"""`tf.resource_loader`: paths of files beside the script that asks.

Source: tensorflow python/platform/resource_loader.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

__all__ = ["get_data_files_path", "get_path_to_datafile", "readahead_file_path"]


def get_data_files_path() -> str:
    """Return the folder of the file that the caller is in."""
    return str(Path(sys._getframe(1).f_code.co_filename).parent)  # noqa: SLF001


def get_path_to_datafile(path: str) -> str:
    """Return the path of a file beside the caller's.

    Args:
        path: Relative to the folder of the caller's file.
    """
    return str(Path(sys._getframe(1).f_code.co_filename).parent / path)  # noqa: SLF001


def readahead_file_path(path: Any, readahead: str = "128M") -> Any:
    """Return the path as it is.

    Args:
        path: A path.
        readahead: How much could be read early; no file system here does that.
    """
    del readahead
    return path
