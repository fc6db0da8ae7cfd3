"""Files by path or URL: reading, atomic writing, and what else the formats need.

Paths without a scheme are local; `scheme://` goes through fsspec. Every write is
atomic: files are written under a temporary name in the same folder, local ones are
synchronised to the disk, and then renamed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from metagraft import errors

if TYPE_CHECKING:
    from typing_extensions import Buffer

PathLike = str | os.PathLike[str]

# TensorFlow's marker, so that its tools and ours know leftovers of interrupted writes.
TEMPORARY_MARK: Final = ".tempstate"

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_BUFFER_BYTES: Final = 1 << 20
_ErrorClass = Callable[[None, None, str], errors.OpError]
_ERROR_CLASSES: Final[dict[int, _ErrorClass]] = {
    errno.ENOENT: errors.NotFoundError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EROFS: errors.PermissionDeniedError,
    errno.ENOSPC: errors.ResourceExhaustedError,
    errno.EMFILE: errors.ResourceExhaustedError,
    errno.EINVAL: errors.InvalidArgumentError,
    errno.ENAMETOOLONG: errors.InvalidArgumentError,
}


def read_bytes(path: PathLike) -> bytes:
    """Return the content of a file.

    Raises:
        NotFoundError: There is no such file.
        OpError: It cannot be read; the class tells why.
    """
    name = local_path(path)
    with _translated(path):
        if name is None:
            file_system, remote = _remote(path)
            content: bytes = file_system.cat_file(remote)
            return content
        with open(name, "rb") as file:  # noqa: PTH123  # a name may be no valid Path
            return file.read()


def write_bytes(path: PathLike, content: Buffer) -> None:
    """Write a file atomically."""
    with AtomicFile(path) as file:
        file.write(content)
        file.commit()


def exists(path: PathLike) -> bool:
    """Return whether there is a file or folder of that name."""
    name = local_path(path)
    if name is not None:
        return os.path.exists(name)  # noqa: PTH110
    with _translated(path):
        file_system, remote = _remote(path)
        return bool(file_system.exists(remote))


def is_folder(path: PathLike) -> bool:
    """Return whether there is a folder of that name."""
    name = local_path(path)
    if name is not None:
        return os.path.isdir(name)  # noqa: PTH112
    with _translated(path):
        file_system, remote = _remote(path)
        return bool(file_system.isdir(remote))


def size_bytes(path: PathLike) -> int:
    """Return the size of a file."""
    name = local_path(path)
    with _translated(path):
        if name is not None:
            return os.stat(name).st_size  # noqa: PTH116
        file_system, remote = _remote(path)
        return int(file_system.size(remote))


def modified_seconds(path: PathLike) -> float:
    """Return when a file was last changed, in seconds since 1970."""
    name = local_path(path)
    with _translated(path):
        if name is not None:
            return os.stat(name).st_mtime  # noqa: PTH116
        file_system, remote = _remote(path)
        return float(file_system.modified(remote).timestamp())


def list_folder(path: PathLike) -> list[str]:
    """Return the names in a folder, sorted."""
    name = local_path(path)
    with _translated(path):
        if name is not None:
            return sorted(os.listdir(name or "."))  # noqa: PTH208
        file_system, remote = _remote(path)
        found = file_system.ls(remote, detail=False)
        return sorted(entry.rstrip("/").rpartition("/")[2] for entry in found)


def make_folders(path: PathLike) -> None:
    """Make a folder and those above it, where they do not exist."""
    name = local_path(path)
    with _translated(path):
        if name is None:
            file_system, remote = _remote(path)
            file_system.makedirs(remote, exist_ok=True)
        elif name:
            os.makedirs(name, exist_ok=True)  # noqa: PTH103


def rename(source: PathLike, target: PathLike) -> None:
    """Give a file another name, replacing a file of that name."""
    old, new = local_path(source), local_path(target)
    with _translated(source):
        if old is not None and new is not None:
            os.replace(old, new)  # noqa: PTH105
            return
        file_system, remote = _remote(source)
        file_system.mv(remote, _remote(target)[1])


def remove(path: PathLike) -> None:
    """Delete a file."""
    name = local_path(path)
    with _translated(path):
        if name is not None:
            os.unlink(name)  # noqa: PTH108
            return
        file_system, remote = _remote(path)
        file_system.rm_file(remote)


def remove_folder(path: PathLike) -> None:
    """Delete an empty folder; object stores have none and ignore it."""
    name = local_path(path)
    with _translated(path):
        if name is not None:
            os.rmdir(name)  # noqa: PTH106
            return
        file_system, remote = _remote(path)
        if file_system.isdir(remote):
            file_system.rmdir(remote)


class AtomicFile:
    """A file being written, which appears under its name only when it is committed.

    As a context manager it discards what is not committed at the end.
    """

    def __init__(self, path: PathLike, *, overwrites: bool = True) -> None:
        """Open a temporary file beside `path`.

        Args:
            path: The name that the file will have.
            overwrites: Whether a file of that name is replaced; else it is an
                `AlreadyExistsError`.
        """
        self._path = os.fspath(path)
        name = local_path(path)
        self._is_local = name is not None
        self._temporary = temporary_name(self._path if name is None else name)
        self._written_bytes = 0
        if not overwrites and exists(path):
            raise errors.AlreadyExistsError(None, None, f"{self._path} exists")
        self._stream: BinaryIO | None
        with _translated(path):
            if self._is_local:
                self._stream = open(  # noqa: PTH123, SIM115
                    self._temporary, "xb", buffering=_BUFFER_BYTES
                )
            else:
                file_system, remote = _remote(self._temporary)
                self._stream = file_system.open(remote, "wb")

    @property
    def written_bytes(self) -> int:
        """How many bytes have been written so far."""
        return self._written_bytes

    def write(self, data: Buffer) -> None:
        """Append `data`; large buffers are not copied."""
        if self._stream is None:
            raise errors.FailedPreconditionError(
                None, None, f"{self._path}: already committed or discarded"
            )
        with _translated(self._path):
            self._stream.write(data)
        self._written_bytes += memoryview(data).nbytes

    def close(self) -> None:
        """Bring the content to the disk, still under the temporary name."""
        stream = self._stream
        if stream is None or stream.closed:
            return
        with _translated(self._path):
            if self._is_local:
                stream.flush()
                os.fsync(stream.fileno())
            stream.close()

    def commit(self) -> None:
        """Let the file appear under its name."""
        self.close()
        if self._stream is None:
            raise errors.FailedPreconditionError(
                None, None, f"{self._path}: already committed or discarded"
            )
        rename(self._temporary, self._path)
        self._stream = None
        if self._is_local:
            _sync_folder(self._temporary)

    def discard(self) -> None:
        """Delete what was written; without effect after `commit`."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        with contextlib.suppress(OSError):
            stream.close()
        with contextlib.suppress(OSError, errors.OpError):
            remove(self._temporary)

    def __enter__(self) -> AtomicFile:
        """Return the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Discard what is not committed."""
        self.discard()


def temporary_name(name: str) -> str:
    """Return a name for a file until it is complete, in the folder of `name`."""
    return f"{name}{TEMPORARY_MARK}{secrets.randbits(64)}"


def local_path(path: PathLike) -> str | None:
    """Return the local path that `path` means, or None if it is remote."""
    name = os.fspath(path)
    found = _URL.match(name)
    if found is None:
        return name
    return name[found.end() :] if found[1].lower() == "file" else None


def is_remote(path: PathLike) -> bool:
    """Return whether `path` is a URL of something that is not local."""
    return local_path(path) is None


def _remote(path: PathLike) -> tuple[Any, str]:  # fsspec's file systems are untyped
    try:
        import fsspec
    except ImportError as error:
        raise errors.UnimplementedError(
            None,
            None,
            f"{os.fspath(path)}: remote files need fsspec; install it with "
            "`pip install metagraft[remote]`",
        ) from error
    try:
        file_system, remote = fsspec.core.url_to_fs(os.fspath(path))
    except (ValueError, ImportError) as error:
        raise errors.UnimplementedError(
            None, None, f"{os.fspath(path)}: {error}"
        ) from error
    return file_system, remote


def _sync_folder(name: str) -> None:
    """Make a rename durable, where the system can open folders."""
    with contextlib.suppress(OSError):
        folder = os.open(os.path.dirname(name) or ".", os.O_RDONLY)  # noqa: PTH120
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def _translated(path: PathLike) -> Iterator[None]:
    """Turn the system's errors into ours, naming the file."""
    try:
        yield
    except OSError as error:
        if isinstance(error, errors.OpError):
            raise
        number = error.errno
        if number is None and isinstance(error, FileNotFoundError):
            number = errno.ENOENT  # fsspec raises it without a number
        cls: _ErrorClass = _ERROR_CLASSES.get(number or 0, errors.UnknownError)
        reason = error.strerror or str(error) or type(error).__name__
        raise cls(None, None, f"{os.fspath(path)}; {reason}") from error
