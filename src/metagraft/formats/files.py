"""Files by path or URL: reading, atomic writing, and what else the formats need.

Paths without a scheme are local; `scheme://` goes through fsspec. Every write is
atomic: files are written under a temporary name in the same folder, local ones are
synchronised to the disk, and then renamed.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from metagraft import errors
from metagraft.formats import in_use
from metagraft.formats.replaced import freed_later
from metagraft.formats.writeback import Writeback

if TYPE_CHECKING:
    from io import FileIO

    from typing_extensions import Buffer

PathLike = str | os.PathLike[str]

# TensorFlow's marker, so that its tools and ours know leftovers of interrupted writes.
TEMPORARY_MARK: Final = ".tempstate"
# Numbers of TensorFlow have no leading zero: these files are ours.
OWN_TEMPORARY_MARK: Final = f"{TEMPORARY_MARK}0"

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_BUFFER_BYTES: Final = 1 << 20
_ErrorClass = Callable[[None, None, str], errors.OpError]
_ERROR_CLASSES: Final[dict[int, _ErrorClass]] = {
    errno.ENOENT: errors.NotFoundError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOTEMPTY: errors.FailedPreconditionError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EROFS: errors.PermissionDeniedError,
    errno.ENOSPC: errors.ResourceExhaustedError,
    errno.EDQUOT: errors.ResourceExhaustedError,
    errno.EFBIG: errors.ResourceExhaustedError,
    errno.EMFILE: errors.ResourceExhaustedError,
    errno.EINVAL: errors.InvalidArgumentError,
    errno.ENAMETOOLONG: errors.InvalidArgumentError,
}
_NUMBERS: Final[dict[type[OSError], int]] = {
    FileNotFoundError: errno.ENOENT,
    NotADirectoryError: errno.ENOTDIR,
    IsADirectoryError: errno.EISDIR,
    FileExistsError: errno.EEXIST,
    PermissionError: errno.EACCES,
}


def read_bytes(path: PathLike) -> bytes:
    """Return the content of a file.

    Raises:
        NotFoundError: There is no such file.
        OpError: It cannot be read; the class tells why.
    """
    name = local_path(path)
    with translated(path):
        if name is None:
            file_system, remote = remote_of(path)
            content: bytes = file_system.cat_file(remote)
            return content
        with open(name, "rb") as file:  # noqa: PTH123  # a name may be no valid Path
            return file.read()


def open_stream(path: PathLike, mode: str) -> BinaryIO:
    """Open a file that is read or grows in place; atomic writes are `AtomicFile`'s.

    Wrap what is done with the stream in `translated`.

    Args:
        path: The file.
        mode: `rb`, `wb` or `ab`.

    Raises:
        NotFoundError: There is no such file, or no such folder.
        OpError: It cannot be opened; the class tells why.
    """
    name = local_path(path)
    with translated(path):
        if name is not None:
            return open(name, mode)  # type: ignore[return-value]  # noqa: PTH123
        file_system, remote = remote_of(path)
        stream: BinaryIO = file_system.open(remote, mode)
        return stream


def write_bytes(path: PathLike, content: Buffer) -> None:
    """Write a file atomically."""
    with AtomicFile(path) as file:
        file.write(content)
        file.commit()


def write_changed_bytes(path: PathLike, content: bytes) -> None:
    """Write a file atomically, unless a local one has this content already."""
    if _holds(path, content):
        return
    write_bytes(path, content)


def _holds(path: PathLike, content: bytes) -> bool:
    name = local_path(path)
    if name is None or not os.path.isfile(name):  # noqa: PTH113
        return False
    return size_bytes(path) == len(content) and read_bytes(path) == content


def exists(path: PathLike) -> bool:
    """Return whether there is a file or folder of that name."""
    name = local_path(path)
    if name is not None:
        return os.path.exists(name)  # noqa: PTH110
    with translated(path):
        file_system, remote = _uncached(path)
        return bool(file_system.exists(remote))


def is_folder(path: PathLike) -> bool:
    """Return whether there is a folder of that name."""
    name = local_path(path)
    if name is not None:
        return os.path.isdir(name)  # noqa: PTH112
    with translated(path):
        file_system, remote = _uncached(path)
        return bool(file_system.isdir(remote))


def size_bytes(path: PathLike) -> int:
    """Return the size of a file."""
    name = local_path(path)
    with translated(path):
        if name is not None:
            return os.stat(name).st_size  # noqa: PTH116
        file_system, remote = _uncached(path)
        return int(file_system.size(remote))


def modified_seconds(path: PathLike) -> float:
    """Return when a file was last changed, in seconds since 1970."""
    name = local_path(path)
    with translated(path):
        if name is not None:
            return os.stat(name).st_mtime  # noqa: PTH116
        file_system, remote = _uncached(path)
        return float(file_system.modified(remote).timestamp())


def list_folder(path: PathLike) -> list[str]:
    """Return the names in a folder, sorted."""
    name = local_path(path)
    with translated(path):
        if name is not None:
            return sorted(os.listdir(name or "."))  # noqa: PTH208
        file_system, remote = _uncached(path)
        found = file_system.ls(remote, detail=False)
        return sorted(entry.rstrip("/").rpartition("/")[2] for entry in found)


def matching(path: str) -> list[str]:
    """Return the files that a name, with `?` for any one character, stands for."""
    folder, slash, name = path.rpartition("/")
    if "?" not in name:
        return [path] if exists(path) and not is_folder(path) else []
    where = folder + slash
    if where and not is_folder(where):
        return []
    pattern = name.replace("[", "[[]").replace("*", "[*]")
    return [
        f"{where}{entry}"
        for entry in list_folder(where or ".")
        if fnmatch.fnmatchcase(entry, pattern)
    ]


def make_folders(path: PathLike) -> None:
    """Make a folder and those above it, where they do not exist."""
    name = local_path(path)
    with translated(path):
        if name is None:
            file_system, remote = remote_of(path)
            file_system.makedirs(remote, exist_ok=True)
        elif name:
            os.makedirs(name, exist_ok=True)  # noqa: PTH103


def make_folders_above(path: PathLike) -> None:
    """Make the folder that a file is to be in, and those above it."""
    folder, slash, _ = os.fspath(path).rpartition("/")
    if folder:
        make_folders(folder + slash)


def rename(source: PathLike, target: PathLike) -> None:
    """Give a file another name, replacing a file of that name."""
    old, new = local_path(source), local_path(target)
    with translated(source):
        if old is not None and new is not None:
            with freed_later(new):
                os.replace(old, new)  # noqa: PTH105
            return
        file_system, remote = remote_of(source)
        file_system.mv(remote, remote_of(target)[1])


def remove(path: PathLike) -> None:
    """Delete a file."""
    name = local_path(path)
    with translated(path):
        if name is not None:
            os.unlink(name)  # noqa: PTH108
            return
        file_system, remote = remote_of(path)
        try:
            file_system.rm_file(remote)
        except FileNotFoundError:
            if file_system.isdir(remote):
                raise IsADirectoryError(f"{remote} is a folder") from None
            raise


def remove_folder(path: PathLike) -> None:
    """Delete an empty folder; object stores have none and ignore it."""
    name = local_path(path)
    with translated(path):
        if name is not None:
            os.rmdir(name)  # noqa: PTH106
            return
        file_system, remote = remote_of(path)
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
        self._hold: int | None = None  # the file, once it is closed and has no name
        self._writeback = Writeback()
        with translated(path):
            if name is not None:
                self._stream = self._opened(name)
            else:
                file_system, remote = remote_of(self._temporary)
                self._stream = file_system.open(remote, "wb")

    def _opened(self, name: str) -> BinaryIO:
        """Open a new file that other processes do not take for a leftover."""
        while True:
            stream = open(self._temporary, "xb", _BUFFER_BYTES)  # noqa: PTH123, SIM115
            if in_use.hold(stream.fileno(), self._temporary):
                return stream
            stream.close()
            self._temporary = temporary_name(name)

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
        size = memoryview(data).nbytes
        try:
            self._stream.write(data)
            if self._is_local:
                self._writeback.add(self._stream, size)
        except OSError as error:
            raise _translation(error, self._path) from error
        self._written_bytes += size

    def write_many(self, pieces: Sequence[Buffer], size: int) -> None:
        """Append up to 1,000 contiguous buffers, of `size` bytes together, uncopied."""
        if self._stream is None or not self._is_local or not hasattr(os, "writev"):
            for piece in pieces:
                self.write(piece)
            return
        with translated(self._path):
            self._stream.flush()
            done = os.writev(self._stream.fileno(), pieces)
            if done < size:  # more than 2 GB, or interrupted
                content = b"".join(bytes(memoryview(piece)) for piece in pieces)
                self._stream.write(content[done:])
            self._writeback.add(self._stream, size)
        self._written_bytes += size

    def start_sync(self) -> None:
        """Begin to bring the content to the disk, without waiting for it."""
        if self._stream is not None and self._is_local:
            with translated(self._path):
                self._writeback.start(self._stream)

    def close(self) -> None:
        """Bring the content to the disk, still under the temporary name."""
        stream = self._stream
        if stream is None or stream.closed:
            return
        with translated(self._path):
            self._writeback.finish()
            if self._is_local:
                stream.flush()
                os.fsync(stream.fileno())
                if in_use.is_possible():
                    self._hold = os.dup(stream.fileno())
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
        in_use.let_go(self._hold)
        if self._is_local:
            _sync_folder(self._temporary)

    def keep(self) -> None:
        """Leave what was written under its temporary name, closed."""
        if self._stream is not None:
            in_use.let_go(self._hold)
        self._stream = None

    def discard(self) -> None:
        """Delete what was written; without effect after `commit` and `keep`."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        with contextlib.suppress(OSError):
            self._writeback.finish()
        with contextlib.suppress(OSError):
            stream.close()
        with contextlib.suppress(OSError, errors.OpError):
            remove(self._temporary)
        in_use.let_go(self._hold)

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


class RandomAccessFile:
    """A file of which parts are read, each with one copy, by any number of threads.

    # Mapping it into memory instead would crash the process where the file is cut
    # while it is read.
    """

    def __init__(self, path: PathLike) -> None:
        """Open a file.

        Raises:
            NotFoundError: There is no such file.
        """
        self.path = os.fspath(path)
        name = local_path(path)
        self._lock = threading.Lock()
        with translated(path):
            self._remote = None if name is not None else remote_of(path)
            if name is None:
                self._stream = None
                self.size_bytes = size_bytes(path)
            else:
                self._stream = open(name, "rb", buffering=0)  # noqa: PTH123, SIM115
                self.size_bytes = os.fstat(self._stream.fileno()).st_size

    def read_into(self, target: memoryview, offset: int) -> int:
        """Fill `target` with what starts at `offset`; return how many bytes there were.

        Args:
            target: Writable bytes.
            offset: Where to start, in bytes.
        """
        try:
            if self._stream is None:
                content = self._read_remote(offset, len(target))
                target[: len(content)] = content
                return len(content)
            done = self._read_some(target, offset)
            while done < len(target):  # more than 2 GB, or the end of the file
                count = self._read_some(target[done:], offset + done)
                if count == 0:
                    break
                done += count
        except OSError as error:
            raise _translation(error, self.path) from error
        return done

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset` on; fewer at the end of the file."""
        size = max(0, min(size, self.size_bytes - offset))
        if self._stream is None:
            with translated(self.path):
                return self._read_remote(offset, size)
        content = bytearray(size)
        count = self.read_into(memoryview(content), offset)
        return bytes(content[:count])

    def close(self) -> None:
        """Close the file; reading on opens it again."""
        if self._stream is not None:
            self._stream.close()

    def _read_some(self, target: memoryview, offset: int) -> int:
        stream = self._open_stream()
        if hasattr(os, "preadv"):
            return os.preadv(stream.fileno(), [target], offset)
        with self._lock:  # the system has one position for all threads
            stream.seek(offset)
            return stream.readinto(target) or 0

    def _open_stream(self) -> FileIO:
        assert self._stream is not None
        with self._lock:
            if self._stream.closed:
                name = self._stream.name
                self._stream = open(name, "rb", buffering=0)  # noqa: PTH123, SIM115
            return self._stream

    def _read_remote(self, offset: int, size: int) -> bytes:
        assert self._remote is not None
        file_system, remote = self._remote
        content: bytes = file_system.cat_file(remote, start=offset, end=offset + size)
        return content


def temporary_name(name: str) -> str:
    """Return a name for a file until it is complete, in the folder of `name`."""
    return f"{name}{OWN_TEMPORARY_MARK}{secrets.randbits(64)}"


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


def remote_of(path: PathLike) -> tuple[Any, str]:  # fsspec's file systems are untyped
    """Return the file system that `path` is on, and its name there.

    Raises:
        UnimplementedError: There is no access to such file systems.
    """
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


def _uncached(path: PathLike) -> tuple[Any, str]:
    """Return the file system that a path is on, without what it remembers of there.

    File systems of clouds answer from listings; another process may have written since.
    """
    file_system, remote = remote_of(path)
    file_system.invalidate_cache(remote)
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
def translated(path: PathLike) -> Iterator[None]:
    """Turn the system's errors in a block into ours, naming the file."""
    try:
        yield
    except NotImplementedError as error:
        if isinstance(error, errors.OpError):
            raise
        raise errors.UnimplementedError(
            None,
            None,
            f"{os.fspath(path)}; not possible there: {error or type(error).__name__}",
        ) from error
    except OSError as error:
        if isinstance(error, errors.OpError):
            raise
        raise _translation(error, path) from error


def _translation(error: OSError, path: PathLike) -> errors.OpError:
    number = error.errno
    if number is None:  # as fsspec raises them
        kinds = (kind for kind in _NUMBERS if isinstance(error, kind))
        number = _NUMBERS.get(next(kinds, OSError), 0)
    cls: _ErrorClass = _ERROR_CLASSES.get(number, errors.UnknownError)
    reason = error.strerror or str(error) or type(error).__name__
    return cls(None, None, f"{os.fspath(path)}; {reason}")
