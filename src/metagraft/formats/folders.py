"""What programs do with files and folders by name: copy, list, match, remove.

Paths are those of `files.py`, local or remote. Nothing is opened here for long.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import Final

from metagraft import errors
from metagraft.formats import files

_SPECIAL: Final = re.compile(r"[*?\[\\]")
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class FileStatistics:
    """What is known of a file without reading it.

    Attributes:
        length: Its size in bytes.
        mtime_nsec: When it was last changed, in nanoseconds since 1970.
        is_directory: Whether it is a folder.
    """

    length: int
    mtime_nsec: int
    is_directory: bool


def statistics(path: files.PathLike) -> FileStatistics:
    """Return what is known of a file or folder.

    Raises:
        NotFoundError: There is nothing of that name.
    """
    name = files.local_path(path)
    if name is not None:
        with files.translated(path):
            found = os.stat(name)  # noqa: PTH116
        # TF: cuts the time to whole seconds.
        return FileStatistics(found.st_size, found.st_mtime_ns, files.is_folder(path))
    if files.is_folder(path):
        return FileStatistics(0, 0, True)
    changed = int(files.modified_seconds(path) * 1e9)
    return FileStatistics(files.size_bytes(path), changed, False)


def make_folder(path: files.PathLike) -> None:
    """Make a folder in one that exists; fine if there is one, or a file, already.

    Raises:
        NotFoundError: The folder above does not exist.
    """
    name = files.local_path(path)
    if name is None:
        files.make_folders(path)
    elif name and not files.exists(path):
        with files.translated(path):
            os.mkdir(name)  # noqa: PTH102


def make_folders(path: files.PathLike) -> None:
    """Make a folder and those above it, where they do not exist.

    Raises:
        FailedPreconditionError: One of them is a file.
    """
    name = files.local_path(path)
    part = name or ""
    if name is None and files.exists(path) and not files.is_folder(path):
        raise errors.FailedPreconditionError(
            None, None, f"{os.fspath(path)} is not a directory"
        )
    while part and part != os.path.dirname(part):  # noqa: PTH120
        if files.exists(part):
            if not files.is_folder(part):
                raise errors.FailedPreconditionError(
                    None, None, f"{part} is not a directory"
                )
            break
        part = os.path.dirname(part)  # noqa: PTH120
    files.make_folders(path)


def copy(source: files.PathLike, target: files.PathLike, *, overwrites: bool) -> None:
    """Copy a file; the copy appears when it is complete.

    Raises:
        NotFoundError: There is no such file.
        AlreadyExistsError: The target exists and `overwrites` is false.
        InvalidArgumentError: The source is a folder.
        FailedPreconditionError: The target is a folder.
    """
    _check_target(target, overwrites=overwrites)
    if files.is_folder(source):
        raise errors.InvalidArgumentError(
            None, None, f"{os.fspath(source)}; Is a directory, cannot be copied"
        )
    if files.is_folder(target):
        raise errors.FailedPreconditionError(
            None, None, f"{os.fspath(target)}; Is a directory"
        )
    with files.open_stream(source, "rb") as stream, _target_file(target) as copied:
        while True:
            with files.translated(source):
                chunk = stream.read(_CHUNK_BYTES)
            if not chunk:
                break
            copied.write(chunk)
        copied.commit()


def _target_file(target: files.PathLike) -> files.AtomicFile:
    try:
        return files.AtomicFile(target)
    except errors.NotFoundError as error:  # tells the name that was asked for
        raise errors.NotFoundError(
            None, None, f"{os.fspath(target)}; No such file or directory"
        ) from error


def rename(source: files.PathLike, target: files.PathLike, *, overwrites: bool) -> None:
    """Give a file or folder another name.

    Raises:
        NotFoundError: There is no such file.
        AlreadyExistsError: The target exists and `overwrites` is false.
    """
    _check_target(target, overwrites=overwrites)
    if not files.is_remote(source) or not files.is_folder(source):
        files.rename(source, target)
        return
    if files.exists(target):  # it would end inside
        raise errors.FailedPreconditionError(
            None, None, f"{os.fspath(target)}; a folder replaces nothing"
        )
    with files.translated(source):
        file_system, remote = files.remote_of(source)
        file_system.mv(remote, files.remote_of(target)[1], recursive=True)


def _check_target(target: files.PathLike, *, overwrites: bool) -> None:
    if not overwrites and files.exists(target):
        raise errors.AlreadyExistsError(None, None, "file already exists")


def remove_tree(path: files.PathLike) -> None:
    """Delete a file, or a folder with everything in it; links are not followed.

    Raises:
        NotFoundError: There is nothing of that name.
    """
    if not files.exists(path):
        raise errors.NotFoundError(None, None, f"{os.fspath(path)} not found")
    if not files.is_folder(path):
        files.remove(path)
        return
    name = files.local_path(path)
    with files.translated(path):
        if name is not None:
            shutil.rmtree(name)
            return
        file_system, remote = files.remote_of(path)
        file_system.rm(remote, recursive=True)


def matching(pattern: str) -> list[str]:
    r"""Return the files and folders whose names match, sorted by folder.

    `*` and `?` stand for characters other than `/`, `[a-z]`, `[^a]` and `[!a]` for one
    of a set or none of it, `\` takes the next character as it is. Results of a pattern
    that begins with such a sign begin with `./`.
    """
    special = _SPECIAL.search(pattern)
    if special is None:
        return [pattern] if pattern and files.exists(pattern) else []
    above, slash, _ = pattern[: special.start()].rpartition("/")
    folder = above + slash
    found = [folder or "./"]
    parts = pattern[len(folder) :].split("/")
    for number, part in enumerate(parts):
        end = "/" if number < len(parts) - 1 else ""
        found = [
            base + name + end
            for base in found
            if files.is_folder(base)
            for name in _matching_names(base, part)
        ]
    return found


def files_of(pattern: str) -> list[str]:
    r"""Return the files of a checkpoint of version 1, given their name or a pattern.

    # TF: takes any name as a pattern; here a file of this very name comes first, and
    # the signs of folders mean themselves if that leads to files.

    Args:
        pattern: A name, with the signs of `matching`.
    """
    return files.matching(pattern) or [
        path for path in matching(pattern) if not files.is_folder(path)
    ]


def _matching_names(folder: str, part: str) -> list[str]:
    if part in ("", ".", ".."):
        return [part]
    expression = _expression(part)
    if expression is None:
        return []
    return [name for name in files.list_folder(folder) if expression.fullmatch(name)]


def _expression(part: str) -> re.Pattern[str] | None:
    """Return a pattern for names as a regular expression; None if it matches none."""
    pieces = []
    place = 0
    while place < len(part):
        sign = part[place]
        place += 1
        if sign == "*":
            pieces.append(".*")
        elif sign == "?":
            pieces.append(".")
        elif sign == "[":
            end = part.find("]", place + 1)
            if end < 0:
                return None
            pieces.append(_set_expression(part[place:end]))
            place = end + 1
        else:
            if sign == "\\" and place < len(part):
                sign = part[place]
                place += 1
            pieces.append(re.escape(sign))
    try:
        return re.compile("".join(pieces), re.DOTALL)
    except re.error:  # a range from high to low
        return None


def _set_expression(members: str) -> str:
    is_negated = members[0] in "!^"
    escaped = re.sub(r"([\[\]^&~|])", r"\\\1", members[is_negated:])
    return f"[{'^' if is_negated else ''}{escaped}]"
