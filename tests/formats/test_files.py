import builtins
import os
from pathlib import Path
from typing import Any

import fsspec
import pytest

from metagraft import errors
from metagraft.formats import files, writeback


@pytest.fixture(params=["local", "file://", "memory://"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder in each kind of place."""
    if request.param == "memory://":
        memory = fsspec.filesystem("memory")
        memory.store.clear()
        memory.pseudo_dirs[:] = [""]
        return "memory://folder"
    return str(tmp_path) if request.param == "local" else f"file://{tmp_path}"


def test_what_is_written_is_read(folder: str) -> None:
    """A committed file has its content, size, time and place in the folder."""
    path = f"{folder}/a"
    files.write_bytes(path, b"first")
    files.write_bytes(path, memoryview(b"second"))
    assert files.read_bytes(path) == b"second"
    assert files.size_bytes(path) == 6
    assert files.modified_seconds(path) > 1e9
    assert files.exists(path)
    assert files.is_folder(folder)
    assert not files.is_folder(path)
    assert files.list_folder(folder) == ["a"]


def test_uncommitted_files_leave_nothing(folder: str) -> None:
    """What is not committed leaves the former file and no other."""
    path = f"{folder}/a"
    files.write_bytes(path, b"former")
    with files.AtomicFile(path) as file:
        file.write(b"half")
    assert files.read_bytes(path) == b"former"
    assert files.list_folder(folder) == ["a"]


def test_a_file_is_committed_once(folder: str) -> None:
    """After the end neither writing nor committing is possible."""
    with files.AtomicFile(f"{folder}/a") as file:
        file.write(b"x")
        assert file.written_bytes == 1
        file.commit()
        with pytest.raises(errors.FailedPreconditionError, match="already"):
            file.write(b"y")
        with pytest.raises(errors.FailedPreconditionError, match="already"):
            file.commit()
    assert files.read_bytes(f"{folder}/a") == b"x"


def test_existing_files_can_be_protected(folder: str) -> None:
    """Writing without overwriting refuses an existing file."""
    files.write_bytes(f"{folder}/a", b"x")
    with pytest.raises(errors.AlreadyExistsError, match="exists"):
        files.AtomicFile(f"{folder}/a", overwrites=False)


def test_renaming_and_removing(folder: str) -> None:
    """Files move, replacing others, and go away."""
    files.make_folders(f"{folder}/deep/er")
    files.write_bytes(f"{folder}/a", b"a")
    files.write_bytes(f"{folder}/b", b"b")
    files.rename(f"{folder}/a", f"{folder}/b")
    assert files.read_bytes(f"{folder}/b") == b"a"
    assert not files.exists(f"{folder}/a")
    files.remove(f"{folder}/b")
    assert not files.exists(f"{folder}/b")
    files.remove_folder(f"{folder}/deep/er")
    assert files.list_folder(folder) == ["deep"]


def test_missing_files_are_not_found(folder: str) -> None:
    """A missing file is a NotFoundError that names it."""
    for action in (files.read_bytes, files.size_bytes, files.remove):
        with pytest.raises(errors.NotFoundError, match="missing; "):
            action(f"{folder}/missing")


def test_other_failures_have_their_class(tmp_path: Path) -> None:
    """Reading a folder and writing below a file are told apart from missing files."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(errors.FailedPreconditionError):
        files.read_bytes(tmp_path)
    with pytest.raises(errors.FailedPreconditionError):
        files.write_bytes(tmp_path / "file" / "below", b"")
    with pytest.raises(errors.NotFoundError):
        files.write_bytes(tmp_path / "nowhere" / "below", b"")


def test_unknown_schemes_are_refused() -> None:
    """A scheme that nothing implements is named."""
    with pytest.raises(errors.UnimplementedError, match="nosuch"):
        files.read_bytes("nosuch://x")


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fsspec, a URL says which extra to install."""
    real_import = builtins.__import__

    def no_fsspec(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "fsspec":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_fsspec)
    message = r"pip install metagraft\[remote\]"
    with pytest.raises(errors.UnimplementedError, match=message):
        files.read_bytes("memory://x")


def test_places_are_told_apart() -> None:
    """Only other schemes than `file` are remote; a drive letter is no scheme."""
    assert files.is_remote("gs://bucket/x")
    assert not files.is_remote("file:///x")
    assert not files.is_remote("C:/x")
    assert files.local_path("file:///x") == "/x"
    assert files.local_path(Path("a") / "b") == "a/b"


def test_large_files_are_synchronised_while_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of many pieces has all of them, whatever was written meanwhile."""
    monkeypatch.setattr(writeback, "_STARTED_BYTES", 1000)
    piece = bytes(range(256)) * 4
    with files.AtomicFile(tmp_path / "a") as file:
        for _ in range(20):
            file.write(piece)
        file.start_sync()
        file.commit()
    assert files.read_bytes(tmp_path / "a") == piece * 20


@pytest.mark.parametrize("failing_call", [1, 2])
def test_failures_of_the_disk_are_told(
    failing_call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A synchronisation that fails, early or late, fails the file."""
    calls = []

    def failing_sync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == failing_call:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing_sync)
    monkeypatch.setattr(writeback, "_STARTED_BYTES", 1000)
    with files.AtomicFile(tmp_path / "a") as file:
        file.write(bytes(2000))
        with pytest.raises(errors.ResourceExhaustedError, match="a; No space left"):
            file.close()
    assert list(tmp_path.iterdir()) == []


def test_failures_while_writing_are_told(tmp_path: Path) -> None:
    """A full disk is told by class."""
    if not Path("/dev/full").exists():
        pytest.skip("needs a device that is always full")
    with files.AtomicFile(tmp_path / "a") as file:
        file.close()
        file._stream = open("/dev/full", "wb", buffering=0)  # noqa: SIM115, PTH123
        with pytest.raises(errors.ResourceExhaustedError, match="No space left"):
            file.write(b"x")


@pytest.mark.parametrize("has_preadv", [True, False])
def test_parts_of_files_are_read(
    has_preadv: bool, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts are read from any place; at the end there are fewer bytes."""
    if not has_preadv:
        monkeypatch.delattr(os, "preadv", raising=False)
    files.write_bytes(f"{folder}/a", b"0123456789")
    file = files.RandomAccessFile(f"{folder}/a")
    assert file.size_bytes == 10
    assert file.read(3, 4) == b"3456"
    assert file.read(8, 4) == b"89"
    assert file.read(12, 4) == b""
    target = bytearray(4)
    assert file.read_into(memoryview(target), 2) == 4
    assert bytes(target) == b"2345"
    assert file.read_into(memoryview(target), 9) == 1
    assert bytes(target) == b"9345"
    file.close()


def test_failures_while_reading_are_told(tmp_path: Path) -> None:
    """A file that cannot be read is told by class."""
    fsspec.filesystem("memory").store.clear()
    files.write_bytes("memory://a", b"x")
    file = files.RandomAccessFile("memory://a")
    fsspec.filesystem("memory").store.clear()
    with pytest.raises(errors.NotFoundError, match="memory://a; "):
        file.read_into(memoryview(bytearray(1)), 0)
    with pytest.raises(errors.NotFoundError):
        files.RandomAccessFile(tmp_path / "none")


def test_empty_folder_names_are_the_current_folder() -> None:
    """The folder of a bare file name exists."""
    files.make_folders("")
    assert files.list_folder("") == files.list_folder(".")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (FileNotFoundError("x"), errors.NotFoundError),
        (PermissionError("x"), errors.PermissionDeniedError),
        (FileExistsError("x"), errors.AlreadyExistsError),
        (IsADirectoryError("x"), errors.FailedPreconditionError),
        (NotADirectoryError("x"), errors.FailedPreconditionError),
        (NotImplementedError("x"), errors.UnimplementedError),
        (OSError("x"), errors.UnknownError),
    ],
)
def test_errors_of_remote_places_have_their_class(
    raised: Exception, expected: type[errors.OpError]
) -> None:
    """They come without the number that the system's errors have."""
    with (
        pytest.raises(expected, match=r"memory://a; .*x"),
        files.translated("memory://a"),
    ):
        raise raised
