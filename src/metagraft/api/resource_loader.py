"""`tf.resource_loader`: paths of files beside the script that asks.

Source: tensorflow python/platform/resource_loader.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

__all__ = [
    "get_data_files_path",
    "get_path_to_datafile",
    "get_root_dir_with_all_resources",
    "load_resource",
    "readahead_file_path",
]


def get_data_files_path() -> str:
    """Return the folder of the file that the caller is in."""
    return str(Path(sys._getframe(1).f_code.co_filename).parent)  # noqa: SLF001


def get_path_to_datafile(path: str) -> str:
    """Return the path of a file beside the caller's.

    Args:
        path: Relative to the folder of the caller's file.
    """
    return str(Path(sys._getframe(1).f_code.co_filename).parent / path)  # noqa: SLF001


def get_root_dir_with_all_resources() -> str:
    """Return the folder of the caller's file, or that above it with all run files."""
    folder = Path(sys._getframe(1).f_code.co_filename).parent  # noqa: SLF001
    for inner, outer in zip([folder, *folder.parents], folder.parents, strict=False):
        if ".runfiles" in outer.name:
            return str(inner)
    return str(folder)


def load_resource(path: str) -> bytes:
    """Return the content of a file beside the caller's.

    Args:
        path: Relative to the folder of the caller's file.

    Raises:
        OSError: It cannot be read.
    """
    folder = Path(sys._getframe(1).f_code.co_filename).parent  # noqa: SLF001
    return (folder / path).read_bytes()


def readahead_file_path(path: Any, readahead: str = "128M") -> Any:
    """Return the path as it is.

    Args:
        path: A path.
        readahead: How much could be read early; no file system here does that.
    """
    del readahead
    return path
