"""`tf.gfile` and `tf.io.gfile`: files and folders by path or URL.

The functions of `tf.io.gfile` are here under their names; those of `tf.gfile` differ
in argument names and end with `_v1`.

Source: tensorflow python/lib/io/file_io.py.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from metagraft import errors
from metagraft.api.file_io import Path, path_text
from metagraft.formats import files, folders
from metagraft.formats.folders import FileStatistics

Listing = tuple[str, list[str], list[str]]


def exists(path: Path) -> bool:
    """Return whether there is a file or folder of that name."""
    name = path_text(path)
    return bool(name) and files.exists(name)


def isdir(path: Path) -> bool:
    """Return whether there is a folder of that name; False if that cannot be told."""
    try:
        return files.is_folder(path_text(path))
    except errors.OpError:
        return False


def remove(path: Path) -> None:
    """Delete a file.

    Raises:
        NotFoundError: There is no such file.
        FailedPreconditionError: It is a folder.
    """
    files.remove(path_text(path))


def rmtree(path: Path) -> None:
    """Delete a folder with everything in it, or a file.

    Raises:
        NotFoundError: There is nothing of that name.
    """
    folders.remove_tree(path_text(path))


def mkdir(path: Path) -> None:
    """Make a folder in one that exists; nothing happens if the name is taken.

    Raises:
        NotFoundError: The folder above does not exist.
    """
    folders.make_folder(path_text(path))


def makedirs(path: Path) -> None:
    """Make a folder and those above it, where they do not exist.

    Raises:
        FailedPreconditionError: One of them is a file.
    """
    folders.make_folders(path_text(path))


def listdir(path: Path) -> list[str]:
    """Return the names in a folder.

    Raises:
        NotFoundError: There is no such folder.
    """
    if not isdir(path):
        raise errors.NotFoundError(None, None, f"Could not find directory {path!s}")
    return files.list_folder(path_text(path))


def glob(pattern: str | Iterable[str]) -> list[str]:
    """Return the files and folders that match one of the patterns.

    Args:
        pattern: One pattern or several; see `folders.matching` for the signs.

    Raises:
        TypeError: A pattern is no text.
    """
    patterns = [pattern] if isinstance(pattern, str) else pattern
    found: list[str] = []
    for single in patterns:
        if not isinstance(single, str | bytes):
            raise TypeError(f"Expected binary or unicode string, got {single!r}")
        found.extend(folders.matching(path_text(single)))
    return found


def copy(src: Path, dst: Path, overwrite: bool = False) -> None:
    """Copy a file.

    Raises:
        AlreadyExistsError: The target exists and may not be overwritten.
        NotFoundError: There is no such file.
    """
    folders.copy(path_text(src), path_text(dst), overwrites=overwrite)


def rename(src: Path, dst: Path, overwrite: bool = False) -> None:
    """Give a file or folder another name.

    Raises:
        AlreadyExistsError: The target exists and may not be overwritten.
        NotFoundError: There is no such file.
    """
    folders.rename(path_text(src), path_text(dst), overwrites=overwrite)


def stat(path: Path) -> FileStatistics:
    """Return size, time and kind of a file.

    Raises:
        NotFoundError: There is nothing of that name.
    """
    return folders.statistics(path_text(path))


def join(path: Any, *paths: Any) -> Any:
    """Join the parts of a path or URL, all text or all bytes.

    Raises:
        TypeError: They are mixed.
    """
    is_url = "://" in path_text(path)[1:]
    return (posixpath if is_url else os.path).join(path, *paths)


def walk(
    top: Path,
    topdown: bool = True,
    onerror: Callable[[errors.OpError], Any] | None = None,
) -> Iterator[Listing]:
    """Yield every folder below one, with the names of folders and files in it.

    Args:
        top: The folder to begin with; nothing is yielded if it does not exist.
        topdown: Whether a folder comes before those in it.
        onerror: Told that a folder does not exist.
    """
    folder = path_text(top)
    try:
        names = listdir(folder)
    except errors.NotFoundError as error:
        if onerror is not None:
            onerror(error)
        return
    inner = [name for name in names if isdir(join(folder, name))]
    outer = [name for name in names if name not in set(inner)]
    here = (folder, inner, outer)
    if topdown:
        yield here
    for name in inner:
        yield from walk(join(folder, name), topdown, onerror)
    if not topdown:
        yield here


def get_registered_schemes() -> list[str]:
    """Return the schemes of URLs that can be used."""
    schemes = ["", "file"]
    try:
        import fsspec
    except ImportError:
        return schemes
    return sorted({*schemes, *fsspec.available_protocols()})


def exists_v1(filename: Path) -> bool:
    """Return whether there is a file or folder of that name."""
    return exists(filename)


def isdir_v1(dirname: Path) -> bool:
    """Return whether there is a folder of that name."""
    return isdir(dirname)


def remove_v1(filename: Path) -> None:
    """Delete a file; see `remove`."""
    remove(filename)


def rmtree_v1(dirname: Path) -> None:
    """Delete a folder with everything in it; see `rmtree`."""
    rmtree(dirname)


def mkdir_v1(dirname: Path) -> None:
    """Make a folder in one that exists; see `mkdir`."""
    mkdir(dirname)


def makedirs_v1(dirname: Path) -> None:
    """Make a folder and those above it; see `makedirs`."""
    makedirs(dirname)


def listdir_v1(dirname: Path) -> list[str]:
    """Return the names in a folder; see `listdir`."""
    return listdir(dirname)


def glob_v1(filename: str | Iterable[str]) -> list[str]:
    """Return what matches one of the patterns; see `glob`."""
    return glob(filename)


def copy_v1(oldpath: Path, newpath: Path, overwrite: bool = False) -> None:
    """Copy a file; see `copy`."""
    copy(oldpath, newpath, overwrite)


def rename_v1(oldname: Path, newname: Path, overwrite: bool = False) -> None:
    """Give a file or folder another name; see `rename`."""
    rename(oldname, newname, overwrite)


def stat_v1(filename: Path) -> FileStatistics:
    """Return size, time and kind of a file; see `stat`."""
    return stat(filename)


def walk_v1(top: Path, in_order: bool = True) -> Iterator[Listing]:
    """Yield every folder below one; see `walk`."""
    return walk(top, in_order)
