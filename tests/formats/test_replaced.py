"""Large files that are replaced are freed in the background, and are replaced."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from metagraft.formats import files, replaced


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_large_file_is_replaced_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new content is there at once; nothing stays open."""
    monkeypatch.setattr(replaced, "_LARGE_BYTES", 1000)
    before = _open_files()
    (tmp_path / "a").write_bytes(b"new" * 1000)
    (tmp_path / "b").write_bytes(b"old" * 1000)
    files.rename(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"new" * 1000
    assert not (tmp_path / "a").exists()
    deadline = time.monotonic() + 10
    while _open_files() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _open_files() == before


def test_it_is_closed_where_no_thread_can_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of the interpreter there are no new threads."""
    monkeypatch.setattr(replaced, "_LARGE_BYTES", 1)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    before = _open_files()
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    files.rename(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"new"
    assert _open_files() == before


def test_what_is_no_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe would wait for a writer for ever."""
    monkeypatch.setattr(replaced, "_LARGE_BYTES", 0)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a").write_bytes(b"new")
    files.rename(tmp_path / "a", tmp_path / "pipe")
    assert (tmp_path / "pipe").read_bytes() == b"new"
